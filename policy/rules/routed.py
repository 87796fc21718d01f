"""What a gateway does with requests, and that each name leads to its own program (ENV-2, REL-1, SEC-6)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .documents import GATEWAY, INSIDE, ROUTING, contents
from .gateway_told import addresses_of, hosts_of

_DOES = frozenset({"basicAuth", "digestAuth", "headers", "ipAllowList", "plugin", "rateLimit", "retry"})
"""Middlewares of the gateways that rules read."""
TENANT = "X-Scope-OrgID"
_BLANKED = ("X-Tenant-Id", TENANT)
"""What only the platform itself may say of a request."""
_BOUNDED = re.compile(r"(prometheus|alertmanager|alertmanager-record|loki)\.observability\.svc")
"""Programs whose other pages change what they keep."""
_SERVICE = re.compile(r"-service-(.+?)(?:-(blue|green))?$")
_NARROW = re.compile(r"(?<!!)\b(?:Path\w*|Method|ClientIP|Header|Query)\(")
"""A route that takes some of a name's requests only."""
_MOST_BETWEEN = 30
"""Seconds between two looks whether somebody is there."""
_LEAST_READ, _LEAST_ANSWER, _LEAST_GRACE = 1, 1, 10
_SECONDS = re.compile(r"(\d+)(ms|s|m|h)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}


def _seconds(value: Value) -> float:
    found = _SECONDS.fullmatch(value.text)
    return int(found[1]) * _UNITS[found[2]] if found else 0


@resource_rule(
    "routes-known", requirements=("SEC-1", "SEC-4", "SEC-6", "LOG-5", "LOG-2", "REL-1"), types=(kinds.CONFIG_MAP,)
)
def routes_known(resource: Resource) -> Iterator[Finding]:
    """A gateway does with requests what rules read: redirects none, loses none, and bounds each sender."""
    for content in contents(resource, ROUTING):
        for protocol in ("tcp", "udp"):
            if content.at(protocol).present:
                yield content.at(protocol).wrong("knows neither login nor limit", "route by http")
        http = content.at("http")
        middlewares = dict(http.at("middlewares").entries())
        for each in middlewares.values():
            yield from _kept_to(each)
        used: set[str] = set()
        for _, router in http.at("routers").entries():
            service = router.at("service")
            used.add(service.text.removesuffix("@file"))
            if router.at("entryPoints").texts() != INSIDE:
                yield from _routed(router, middlewares, http.at("services"))
            elif not service.text.endswith("@internal"):
                yield router.at("entryPoints").wrong(f"serve {service.text} over plain HTTP", "give websecure")
        yield from _led(http.at("services"), used)


def _kept_to(middleware: Value) -> Iterator[Finding]:
    for name, each in middleware.entries():
        if name not in _DOES:
            yield each.wrong(f"is {name}, which no rule reads", "remove it")
    limit, listed = middleware.at("rateLimit"), middleware.at("ipAllowList")
    for place in (limit.at("sourceCriterion"), listed.at("rejectStatusCode")):
        if place.present:
            yield place.wrong("lets the sender choose, or hides that he was refused", "remove it")
    headers = middleware.at("headers")
    if headers.at("stsSeconds").present:
        told = headers.at("customRequestHeaders")
        for name in _BLANKED:
            if name not in told.names() or told.at(name).text:
                yield told.at(name).wrong("believes what the sender says of his tenant", 'give ""')
        return
    for name in headers.names():
        if name != "customRequestHeaders":
            yield headers.at(name).wrong("takes back what the other headers say", "remove it")
    for name, said in headers.at("customRequestHeaders").entries():
        if name != TENANT or not said.text:
            yield said.wrong(f"changes {name}", "leave the sender's, and the platform's own")


def _routed(router: Value, middlewares: Mapping[str, Value], services: Value) -> Iterator[Finding]:
    rule, used = router.at("rule"), router.at("middlewares")
    given = {name: middlewares[name] for name in used.texts() if name in middlewares}
    closed = any(each.at("ipAllowList").present for each in given.values())
    retried = any(each.at("retry").present for each in given.values())
    service = router.at("service").text.removesuffix("@file")
    urls = _urls(service, services)
    for each in given.values():
        size = each.at("plugin", "correlation", "maxBodyBytes")
        if size.present and not size.number and not closed:
            yield used.wrong("takes bodies of any size from everybody", "name the middleware correlation")
        inside = size.number and any(".svc" in url for url in urls)
        if inside and retried is services.at(service, "mirroring").present:
            if retried:
                yield used.wrong("could send twice what is copied", "leave the middleware retry out")
            else:
                yield used.wrong("loses requests when a pod ends", "name the middleware retry (REL-1)")
    if not hosts_of(rule.text):
        yield rule.wrong("is for every name", "name the hosts")
    if not any(_BOUNDED.search(url) for url in urls):
        return
    if "Method(" not in rule.text or "Path" not in rule.text:
        yield rule.wrong("leads to pages that change what is kept", "name methods and paths")
    tenants = [each.at("headers", "customRequestHeaders", TENANT).text for each in given.values()]
    tenants = [each for each in tenants if each]
    if any("//loki." in url for url in urls) and not tenants:
        yield used.wrong("lets the sender choose the tenant", "name the middleware of one tenant (LOG-2)")
    asked = re.search(rf"Header\(`{TENANT}`, `([^`]+)`\)", rule.text)
    if asked and tenants and asked[1] not in tenants:
        yield used.wrong(f"keeps lines of {asked[1]} for {tenants[0]}", f"name the middleware of {asked[1]}")


def _urls(name: str, services: Value, seen: frozenset[str] = frozenset()) -> list[str]:
    """Where a service leads to, by way of others."""
    service, found = services.at(name), list[str]()
    if not name or name in seen:
        return found
    for server in service.at("loadBalancer", "servers").items():
        found.append(server.at("url").text)
    for each in _others(service):
        found += _urls(each, services, seen | {name})
    return found


def _others(service: Value) -> Iterator[str]:
    """Names of the services to which one hands requests."""
    for way in (("failover", "service"), ("failover", "fallback"), ("mirroring", "service")):
        yield service.at(*way).text
    for kind in (("weighted", "services"), ("mirroring", "mirrors")):
        for each in service.at(*kind).items():
            yield each.at("name").text


def _led(services: Value, used: set[str]) -> Iterator[Finding]:
    for _, service in services.entries():
        used.update(_others(service))
        asked = service.at("loadBalancer", "healthCheck", "interval")
        if _seconds(asked) > _MOST_BETWEEN:
            yield asked.wrong(f"is {asked.text}: users wait as long", f"give {_MOST_BETWEEN}s at most (INF-4)")
        for mirror in service.at("mirroring", "mirrors").items():
            if any(".svc" not in url for url in _urls(mirror.at("name").text, services)):
                yield mirror.wrong("copies requests to somewhere outside of the cluster", "name a candidate (REL-4)")
    for name, service in services.entries():
        if name not in used:
            yield service.wrong("is where no router leads to", "give it a router, or remove it")


@resource_rule("gateway-serves", requirements=("ENV-4", "SEC-2", "SEC-4", "LOG-5", "REL-1"), types=(kinds.CONFIG_MAP,))
def gateway_serves(resource: Resource) -> Iterator[Finding]:
    """A gateway reads its routes anew, gives answers and the end of a pod their time, and says nothing secret."""
    for content in contents(resource, GATEWAY):
        if content.at("log", "level").text.upper() in {"DEBUG", "TRACE"}:
            yield content.at("log", "level").wrong("writes down what people send", "give INFO")
        if content.at("providers", "file", "watch").flag is False:
            yield content.at("providers", "file", "watch").wrong("is false: no release comes", "give true")
        if not content.at("experimental", "localPlugins", "correlation").present:
            yield content.at("experimental", "localPlugins").wrong("has not correlation", "give it (LOG-5)")
        if content.at("core").present:
            yield content.at("core").wrong("reads routes in another way than rules do", "remove it")
        waits = content.at("serversTransport", "forwardingTimeouts", "responseHeaderTimeout")
        if waits.present and _seconds(waits) < _LEAST_ANSWER:
            yield waits.wrong(f"is {waits.text}", "give 60s")
        for _, point in content.at("entryPoints").entries():
            yield from _kept_open(point)


def _kept_open(point: Value) -> Iterator[Finding]:
    reads = point.at("transport", "respondingTimeouts", "readTimeout")
    grace = point.at("transport", "lifeCycle", "graceTimeOut")
    if reads.present and _seconds(reads) < _LEAST_READ:
        yield reads.wrong("lets a sender hold a connection for ever, or none finish", "give 60s")
    if grace.present and _seconds(grace) < _LEAST_GRACE:
        yield grace.wrong("cuts requests off", f"give {_LEAST_GRACE}s at least")
    if list(point.at("http", "middlewares").items()):
        yield point.at("http", "middlewares").wrong("is on every route", "name it in the routes")
    if point.at("http3").present:
        yield point.at("http3").wrong("is announced, and no UDP is let in", "remove it")


@stack_rule(
    "names-lead-home",
    requirements=("ENV-2", "REL-1"),
    types=(kinds.CONFIG_MAP, kinds.DNS_RECORD, kinds.SERVICE),
    severity=Severity.CRITICAL,
)
def names_lead_home(stack: Stack) -> Iterator[Finding]:
    """Each service's names lead to its own pods alone, on the gateway to which their record leads."""
    names: dict[str, tuple[str, Resource]] = {}
    for record in stack.of(kinds.DNS_RECORD):
        found = _SERVICE.search(record.name)
        if found is not None:
            names[record.props.at("name").text] = found[1], record
    served: dict[str, set[str]] = {}
    for resource in stack.of(kinds.CONFIG_MAP):
        slot = resource.props.at("metadata", "labels", "luxima.id/slot").text
        for content in contents(resource, ROUTING):
            yield from _home(content.at("http"), names, served.setdefault(slot, set()))
    addresses = addresses_of(stack)
    # Of what is not released yet there is no Service.
    there = [each.props.at("metadata", "name").text for each in stack.of(kinds.SERVICE)]
    released = {each[: hyphen.start()] for each in there for hyphen in re.finditer("-", each)}
    for host, (name, record) in names.items():
        led = set(record.props.at("records").texts())
        slots = [slot for slot in served if slot in addresses and led & addresses[slot]] or list(served)
        if served and name in released and not any(host in served[slot] for slot in slots):
            yield record.props.at("name").wrong(f"{host} leads to no pod of {name}", "give it a route there")


def _home(http: Value, names: Mapping[str, tuple[str, Resource]], served: set[str]) -> Iterator[Finding]:
    for _, router in http.at("routers").entries():
        service = router.at("service")
        urls = _urls(service.text.removesuffix("@file"), http.at("services"))
        for host in hosts_of(router.at("rule").text) & names.keys() if urls else ():
            if not _NARROW.search(router.at("rule").text):
                served.add(host)
            for url in (urlsplit(each).hostname or "" for each in urls):
                if ".svc" in url and not url.startswith(f"{names[host][0]}-"):
                    yield service.wrong(f"leads {host} to {url}", f"lead it to {names[host][0]}")
