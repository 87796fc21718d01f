"""PostgreSQL has no route from outside its host's private network (SEC-3)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from ..judging import Resource, Severity, resource_rule
from ..values import Finding, Value
from . import kinds
from .addresses import let_in
from .https import is_public

DATABASE_PORTS = frozenset({5432, 6543})
"""PostgreSQL, and the pooler before it."""
REPLICATION_PORT = 5433
"""Where the replica reaches PostgreSQL; who else does is judged by `database-replication`."""
_ANYWHERE = frozenset({"", "0.0.0.0/0", "::/0", "0.0.0.0", "::", "0/0"})  # noqa: S104 - what is looked for, not bound
_PRIVATE = tuple(
    ipaddress.ip_network(each)
    for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "fc00::/7", "::1/128")
)
_NAMES = ("postgres", "postgresql", "supavisor", "pgbouncer")
_PARTS = ("supabase/", "postgrest/", "/imgproxy:")
"""In the names of images that run beside the database."""


def _is_database_port(value: Value) -> bool:
    text = value.text
    return text in _NAMES or (text.isdigit() and int(text) in DATABASE_PORTS)


@resource_rule(
    "database-service-private",
    requirements=("SEC-3",),
    types=(kinds.SERVICE, kinds.INGRESS),
    severity=Severity.CRITICAL,
)
def database_service_private(resource: Resource) -> Iterator[Finding]:
    """No Service or Ingress opens the database to the outside."""
    spec = resource.props.at("spec")
    if resource.type == kinds.SERVICE:
        if is_public(spec):
            for port in spec.at("ports").items():
                if any(_is_database_port(port.at(key)) for key in ("port", "targetPort", "name")):
                    yield port.wrong("opens the database to the outside", "make the Service a ClusterIP")
        return
    backends = [spec.at("defaultBackend")]
    backends += [path.at("backend") for rule in spec.at("rules").items() for path in rule.at("http", "paths").items()]
    for backend in backends:
        port = backend.at("service", "port")
        if any(_is_database_port(port.at(key)) for key in ("number", "name")):
            yield port.wrong("opens the database to the outside", "remove it: queries go through the Supabase API")


@resource_rule(
    "database-port-private", requirements=("SEC-3",), types=(kinds.DOCKER_CONTAINER,), severity=Severity.CRITICAL
)
def database_port_private(resource: Resource) -> Iterator[Finding]:
    """No Docker container publishes the database's ports, but to its own host; who needs them is in its network."""
    published = False
    for port in resource.props.at("ports").items():
        if any(_is_database_port(port.at(key)) for key in ("internal", "external")):
            published = True
            ip = port.at("ip")
            if not _is_loopback(ip.text) and not _is_for_replica(port):
                yield ip.wrong(
                    f"is {ip.text or 'missing'}: the database listens outside of its host",
                    "publish nothing, and let who needs it join the container's network",
                )
    every = resource.props.at("publishAllPorts")
    if every.flag and (published or any(name in resource.props.at("image").text for name in _NAMES)):
        yield every.wrong("publishes the database on every interface", "remove it")


def _is_for_replica(port: Value) -> bool:
    return port.at("external").number == REPLICATION_PORT and is_private(port.at("ip").text)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def is_private(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in _PRIVATE)


@resource_rule(
    "database-parts-private", requirements=("SEC-3",), types=(kinds.DOCKER_CONTAINER,), severity=Severity.CRITICAL
)
def database_parts_private(resource: Resource) -> Iterator[Finding]:
    """No part of Supabase publishes a port: its API gateway is the one door."""
    image = resource.props.at("image").text
    if not any(name in image for name in _PARTS):
        return
    for name in ("ports", "publishAllPorts"):
        value = resource.props.at(name)
        if (name == "ports" and not all(map(_is_for_replica, value.items()))) or (name != "ports" and value.flag):
            yield value.wrong("publishes a part of the database", "remove it: the API gateway leads to it")
    mode = resource.props.at("networkMode")
    if mode.text == "host":
        yield mode.wrong("is the host's own, in which every port is published", "remove it")


def _reaches_database(rule: Value) -> bool:
    if rule.at("proto").text.lower() in {"icmp", "udp", "ipv6-icmp", "icmpv6"}:
        return False
    ports = rule.at("dport").text
    for part in re.split(r"\s*,\s*", ports):
        low, _, high = part.partition(":")
        if part in _NAMES or (low.isdigit() and any(int(low) <= port <= int(high or low) for port in DATABASE_PORTS)):
            return True
    return False


@resource_rule(
    "database-network-policy", requirements=("SEC-3",), types=(kinds.NETWORK_POLICY,), severity=Severity.CRITICAL
)
def database_network_policy(resource: Resource) -> Iterator[Finding]:
    """No network policy lets everyone reach the database's ports."""
    for rule in resource.props.at("spec", "ingress").items():
        ports = list(rule.at("ports").items())
        if ports and not any(_covers(port) for port in ports):
            continue
        peers = list(rule.at("from").items())
        if not peers:
            yield rule.at("from").wrong(
                "is missing: everyone reaches the database's ports", "name who may, or the ports that are meant"
            )
        for peer in peers:
            cidr = peer.at("ipBlock", "cidr")
            if cidr.text in _ANYWHERE - {""}:
                yield cidr.wrong(
                    f"is {cidr.text}: everyone reaches the database's ports",
                    "name who may, or the ports that are meant",
                )


@resource_rule(
    "database-unasked",
    requirements=("SEC-3",),
    types=(kinds.NETWORK_POLICY, *kinds.FIREWALL_RULES),
    severity=Severity.CRITICAL,
)
def database_unasked(resource: Resource) -> Iterator[Finding]:
    """Nothing on another machine may ask the database itself, by whatever name: the Supabase API is the way."""
    if resource.type == kinds.NETWORK_POLICY:
        for rule in resource.props.at("spec", "egress").items():
            for port in rule.at("ports").items():
                if port.at("port").present and _covers(port):
                    yield port.at("port").wrong(f"is {port.at('port').text}, the database's", "remove it")
        return
    for rule in let_in(resource):
        ports = rule.at("dport")
        if _reaches_database(rule):
            yield ports.wrong(f"is {ports.text}, with the database's port", "remove it")


def _covers(port: Value) -> bool:
    if port.at("protocol").text in {"UDP", "SCTP"}:
        return False
    first, last = port.at("port"), port.at("endPort").number
    if not first.present or _is_database_port(first):
        return True
    return last is not None and any((first.number or 0) <= each <= last for each in DATABASE_PORTS)
