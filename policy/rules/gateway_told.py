"""What a gateway writes down, and that each of its names leads somewhere (LOG-1, LOG-5, MON-4, ENV-2, SEC-6)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .documents import GATEWAY, INSIDE, ROUTING, contents, of_resource, of_stack
from .exposure import is_private
from .https import is_at_home, plain_hosts
from .routes import LOGINS

_CORRELATED = ("X-Request-Id", "X-Trace-Id", "X-Tenant-Id")
_HOST = re.compile(r"(!?)\bHost\(([^)]*)\)")
_QUOTED = re.compile(r"`([^`]+)`")
_PART = re.compile(rf"(?<!!)\bPath(?:Prefix|Regexp)?\(|{kinds.FIGURES.pattern}")
"""A rule that names its paths, or leaves the figures out."""
_PATHS = r"(\(PathPrefix\([^()]*\)(?: \|\| PathPrefix\([^()]*\))*\))"
_LEFT, _TAKEN = re.compile(f"!{_PATHS}"), re.compile(f"(?<!!){_PATHS}")
_OF_SLOT = re.compile(r"[\w-]+-(?:blue|green)\.")
_MOST_AVERAGE = 10_000
_ADDRESSES = "kube-vip.io/loadbalancerIPs"


_LOGIN = re.compile(r"authorization|cookie|key|token|secret", re.IGNORECASE)
"""In the name of a header that holds a login."""


@resource_rule(
    "gateway-told",
    requirements=("LOG-1", "LOG-5", "MON-1", "MON-4", "SEC-2", "SEC-4"),
    types=(kinds.CONFIG_MAP, kinds.DOCKER_CONTAINER),
)
def gateway_told(resource: Resource) -> Iterator[Finding]:
    """A gateway writes down every request with its ids, and no login; it tells figures and traces."""
    for content in contents(resource, GATEWAY):
        yield from _access(content.at("accessLog"), () if resource.type == kinds.DOCKER_CONTAINER else _CORRELATED)
        if resource.type == kinds.DOCKER_CONTAINER:
            yield from _points(content)
            continue
        for name in ("metrics", "tracing"):
            if not content.at(name).present:
                yield content.at(name).wrong("is missing", "give it")
        figures = content.at("metrics", "prometheus")
        if figures.at("addServicesLabels").flag is False:
            yield figures.at("addServicesLabels").wrong("is false: no service has figures", "set it to true")
        for name in content.at("tracing", "capturedRequestHeaders").items():
            if _LOGIN.search(name.text):
                yield name.wrong(f"writes {name.text} into traces", "remove it")
        rate = content.at("tracing", "sampleRate")
        if rate.number == 0:
            yield rate.wrong("is 0: there are no traces", "give more")
        for name, leaf in content.named_leaves():
            if name == "endpoint" and any(not is_at_home(host) for host in plain_hosts(leaf.text)):
                yield leaf.wrong("speaks plain HTTP to another host", "use https://")
        yield from _points(content)


def _points(content: Value) -> Iterator[Finding]:
    for name, point in content.at("entryPoints").entries():
        for network in point.at("forwardedHeaders", "trustedIPs").items():
            if network.text.endswith("/0"):
                yield network.wrong("believes everybody who he says he is", "name the networks")
        options = point.at("http", "tls", "options")
        if options.text not in {"", "default"}:
            yield options.wrong(f"is {options.text} at {name}", "remove it: default is judged")


def _access(log: Value, correlated: Iterable[str]) -> Iterator[Finding]:
    if not log.present:
        yield log.wrong("is missing", "give it, in JSON (LOG-1)")
        return
    if log.at("format").text != "json":
        yield log.at("format").wrong(f"is {log.at('format').text or 'missing'}", "give json")
    for name in ("filters", "filePath"):
        if log.at(name).present:
            yield log.at(name).wrong("keeps requests from the log agent", "remove it")
    fields = log.at("fields")
    if fields.at("defaultMode").text == "drop":
        yield fields.at("defaultMode").wrong("is drop", "give keep")
    headers, queries = fields.at("headers"), fields.at("queryParameters", "defaultMode")
    if headers.at("defaultMode").text not in {"", "drop"}:
        yield headers.at("defaultMode").wrong("writes logins down", "give drop, and name what is kept")
    if queries.text != "drop":
        yield queries.wrong("writes tokens in addresses down", "give drop")
    for name, mode in headers.at("names").entries():
        if _LOGIN.search(name) and mode.text != "drop":
            yield mode.wrong(f"writes {name} down", "remove it")
    for name in correlated:
        if headers.at("names", name).text != "keep":
            yield headers.at("names", name).wrong("is not keep", "keep it (LOG-5)")


@resource_rule("route-guarded", requirements=("SEC-4", "SEC-6", "LOG-5", "INF-4"), types=(kinds.CONFIG_MAP,))
def route_guarded(resource: Resource) -> Iterator[Finding]:
    """A public route gives requests ids, bounds them, shows nobody figures, and leads to something that is there."""
    for document in of_resource(resource):
        http = document.content.at("http") if document.kind == ROUTING else None
        if http is None:
            continue
        middlewares = dict(http.at("middlewares").entries())
        services = set(http.at("services").names())
        rules = [router.at("rule").text for _, router in http.at("routers").entries()]
        closed, taken = _closed(rules), {paths for rule in rules for paths in _TAKEN.findall(rule)}
        for _, router in http.at("routers").entries():
            service = router.at("service")
            inside = service.text.endswith("@internal")
            if not inside and service.text.removesuffix("@file") not in services:
                yield service.wrong(f"is {service.text or 'missing'}, which is not declared", "name a service")
            for left in _LEFT.findall(router.at("rule").text):
                if left not in taken:
                    yield router.at("rule").wrong("leaves out what no other route takes", "give that its own (INF-4)")
            if router.at("entryPoints").texts() != INSIDE and not inside:
                yield from _guarded(router, middlewares, closed)
        yield from _lead_somewhere(http)
        for name, each in middlewares.items():
            if each.at("ipAllowList", "ipStrategy").present:
                yield each.at("ipAllowList", "ipStrategy").wrong(f"lets {name} believe what senders say", "remove it")


def _guarded(router: Value, middlewares: Mapping[str, Value], closed: set[str]) -> Iterator[Finding]:
    used, rule = router.at("middlewares"), router.at("rule")
    given = [middlewares[each] for each in used.texts() if each in middlewares]
    # Logins are in a document of their own, which is secret.
    asked = any(each.startswith("login") for each in used.texts())
    asked = asked or any(each.at(kind).present for each in given for kind in LOGINS)
    if not any(each.at("plugin").present for each in given):
        yield used.wrong("gives requests no id", "name the middleware of correlation (LOG-5)")
    if not any(0 < (each.at("rateLimit", "average").number or 0) <= _MOST_AVERAGE for each in given):
        yield used.wrong("bounds nobody's requests", "name the middleware with rateLimit")
    if not asked and not _PART.search(rule.text):
        yield rule.wrong("shows everybody the figures", "leave /metrics out")
    if hosts_of(rule.text) & closed and not _is_closed(rule.text, given):
        yield used.wrong("lets everybody to what is for trusted networks", "name the middleware trusted")


def hosts_of(rule: str) -> set[str]:
    """The names that a rule of a route is for."""
    return {host for no, named in _HOST.findall(rule) if not no for host in _QUOTED.findall(named)}


def _closed(rules: list[str]) -> set[str]:
    """Hosts of slots, and those of which probes alone, by their address, see something without a trusted network."""
    hosts = {(host, "ClientIP(" in rule) for rule in rules for host in hosts_of(rule)}
    return {host for host, probed in hosts if probed or _OF_SLOT.match(host)}


def _is_closed(rule: str, given: list[Value]) -> bool:
    return "ClientIP(" in rule or any(each.at("ipAllowList").present for each in given)


def _lead_somewhere(http: Value) -> Iterator[Finding]:
    for _, service in http.at("services").entries():
        servers = service.at("loadBalancer", "servers")
        if service.at("loadBalancer").present and not list(servers.items()):
            yield servers.wrong("is nowhere", "name a server")
        failover = service.at("failover")
        if failover.present:
            if not failover.at("fallback").text:
                yield failover.at("fallback").wrong("is missing", "name the other place (INF-4)")
            own = http.at("services", failover.at("service").text, "loadBalancer", "healthCheck")
            if not own.present:
                yield own.wrong("is missing: nobody notices that the other place is needed", "give it")


@stack_rule(
    "private-names-closed",
    requirements=("SEC-6",),
    types=(kinds.CONFIG_MAP, kinds.DNS_RECORD, kinds.SERVICE),
    severity=Severity.CRITICAL,
)
def private_names_closed(stack: Stack) -> Iterator[Finding]:
    """A name whose record is for the private network is served to nobody else, where a gateway has public addresses."""
    public = {address for known in addresses_of(stack).values() for address in known if not is_private(address)}
    private = {
        record.props.at("name").text
        for record in stack.of(kinds.DNS_RECORD)
        if record.props.at("type").text == "A" and all(map(is_private, record.props.at("records").texts()))
    }
    for document in of_stack(stack, ROUTING) if public else ():
        http = document.content.at("http")
        for _, router in http.at("routers").entries() if document.place.subject.type == kinds.CONFIG_MAP else ():
            given = [http.at("middlewares", name) for name in router.at("middlewares").texts()]
            hosts = hosts_of(router.at("rule").text) & private
            if hosts and not _is_closed(router.at("rule").text, given):
                yield router.at("middlewares").wrong(
                    f"serve {min(hosts)} to everybody", "name the middleware trusted: its record is a private one"
                )


@stack_rule(
    "names-served",
    requirements=("ENV-2", "ENV-3", "REL-1"),
    types=(kinds.CONFIG_MAP, kinds.DNS_RECORD, kinds.SERVICE),
    severity=Severity.CRITICAL,
)
def names_served(stack: Stack) -> Iterator[Finding]:
    """Every name that a gateway serves has a record, every record that leads to one is served, in its own slot."""
    addresses, served = addresses_of(stack), _served(stack)
    gateways = set[str]().union(*addresses.values())
    records = {each.props.at("name").text: each for each in stack.of(kinds.DNS_RECORD) if _leads(each)}
    if not gateways or not served or not records:
        return
    for host, rule in served.items():
        if host not in records:
            yield rule.wrong(f"serves {host}, which has no record", "declare it")
    for name, record in records.items():
        led, place = set(record.props.at("records").texts()), record.props.at("records")
        if not led:
            yield place.wrong("leads nowhere", "give an address")
        if led & gateways and name not in served:
            yield record.props.at("name").wrong(f"{name} is served by no gateway", "give it a route")
        if "-service-" in record.name:
            slot = record.name.rpartition("-")[2]
            if len(led) > 1 or (slot in addresses and not led <= addresses[slot]):
                yield place.wrong("leads to another slot than its own, or to two", "name one gateway's address")


def addresses_of(stack: Stack) -> dict[str, set[str]]:
    """Those of the gateways, by slot."""
    found: dict[str, set[str]] = {}
    for service in stack.of(kinds.SERVICE):
        told = service.props.at("metadata", "annotations", _ADDRESSES).text.split(",")
        slot = service.props.at("metadata", "labels", "luxima.id/slot").text
        found.setdefault(slot, set()).update(each.strip() for each in told if each.strip())
    return found


def _served(stack: Stack) -> dict[str, Value]:
    """The hosts of public routes."""
    found: dict[str, Value] = {}
    for document in of_stack(stack, ROUTING):
        for _, router in document.content.at("http", "routers").entries():
            if router.at("entryPoints").texts() != INSIDE:
                found |= dict.fromkeys(hosts_of(router.at("rule").text), router.at("rule"))
    return found


def _leads(record: Resource) -> bool:
    return record.props.at("type").text.upper() in {"A", "AAAA"}


@resource_rule("record-in-zone", requirements=("ENV-2", "REL-1"), types=(kinds.DNS_RECORD,))
def record_in_zone(resource: Resource) -> Iterator[Finding]:
    """A record is kept in the zone of its name."""
    name, zone = resource.props.at("name"), resource.props.at("zone")
    if zone.text and name.text != zone.text and not name.text.endswith(f".{zone.text}"):
        yield zone.wrong(f"is {zone.text}, in which {name.text} is not", "give the name's own")
