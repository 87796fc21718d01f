"""PostgreSQL has no route from outside its host's private network (SEC-3); object storage is not open to the world."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator
from typing import cast

from ..judging import Resource, Severity, resource_rule
from ..values import Finding, Value
from . import kinds
from .buckets import MEDIA, class_of
from .https import is_public

DATABASE_PORTS = frozenset({5432, 6543})
"""PostgreSQL, and the pooler before it."""
_ANYWHERE = frozenset({"", "0.0.0.0/0", "::/0", "0.0.0.0", "::", "0/0"})  # noqa: S104 - what is looked for, not bound
_NAMES = ("postgres", "postgresql", "supavisor", "pgbouncer")


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
    "database-port-private",
    requirements=("SEC-3",),
    types=(kinds.DOCKER_CONTAINER,),
    severity=Severity.CRITICAL,
)
def database_port_private(resource: Resource) -> Iterator[Finding]:
    """A Docker container publishes the database's ports on a private address at most."""
    published = False
    for port in resource.props.at("ports").items():
        if any(_is_database_port(port.at(key)) for key in ("internal", "external")):
            published = True
            ip = port.at("ip")
            if not _is_private(ip.text):
                yield ip.wrong(
                    f"is {ip.text or 'missing'}: the database listens on every interface",
                    "give 127.0.0.1 or the host's private address, or publish nothing",
                )
    every = resource.props.at("publishAllPorts")
    if every.flag and (published or any(name in resource.props.at("image").text for name in _NAMES)):
        yield every.wrong("publishes the database on every interface", "remove it")


def _is_private(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return (parsed.is_private or parsed.is_loopback) and not parsed.is_unspecified


@resource_rule(
    "database-firewall",
    requirements=("SEC-3",),
    types=kinds.FIREWALL_RULES,
    severity=Severity.CRITICAL,
)
def database_firewall(resource: Resource) -> Iterator[Finding]:
    """No firewall rule lets everyone reach the database's ports."""
    for rule in resource.props.at("rules").items():
        if rule.at("type").text.lower() != "in" or rule.at("action").text.upper() != "ACCEPT":
            continue
        if rule.at("enabled").flag is False or not _reaches_database(rule):
            continue
        source = rule.at("source")
        if any(part.strip() in _ANYWHERE for part in source.text.split(",")):
            yield source.wrong(
                f"is {source.text or 'missing'}: everyone reaches the database's ports",
                "name the private network, or the ports that are meant",
            )


def _reaches_database(rule: Value) -> bool:
    macro = rule.at("macro").text
    if macro:
        return macro.lower() == "postgresql"
    if rule.at("proto").text.lower() in {"icmp", "udp", "ipv6-icmp", "icmpv6"}:
        return False
    ports = rule.at("dport").text
    if not ports:
        return True
    for part in re.split(r"\s*,\s*", ports):
        low, _, high = part.partition(":")
        if part in _NAMES or (low.isdigit() and any(int(low) <= port <= int(high or low) for port in DATABASE_PORTS)):
            return True
    return False


@resource_rule(
    "database-network-policy",
    requirements=("SEC-3",),
    types=(kinds.NETWORK_POLICY,),
    severity=Severity.CRITICAL,
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


def _covers(port: Value) -> bool:
    if port.at("protocol").text in {"UDP", "SCTP"}:
        return False
    first, last = port.at("port"), port.at("endPort").number
    if not first.present or _is_database_port(first):
        return True
    return last is not None and any((first.number or 0) <= each <= last for each in DATABASE_PORTS)


@resource_rule(
    "bucket-not-public",
    requirements=("SEC-3", "INF-5"),
    types=(kinds.BUCKET, kinds.BUCKET_POLICY),
)
def bucket_not_public(resource: Resource) -> Iterator[Finding]:
    """No bucket is open to the world; single objects of media may be read."""
    if resource.type == kinds.BUCKET:
        acl = resource.props.at("acl")
        if acl.text not in {"", "private"}:
            yield acl.wrong(f"is {acl.text!r}", "give private, and a policy for what may be read")
        return
    policy = resource.props.at("policy")
    is_media = class_of(kinds.bucket_of(resource).text) == MEDIA
    for statement in _allowed(policy.text):
        if '"*"' not in json.dumps(statement.get("Principal")):
            continue
        beyond = [action for action in _listed(statement.get("Action")) if not is_media or action != "s3:GetObject"]
        if beyond:
            yield policy.wrong(f"lets everyone {', '.join(beyond)}", "name the users; media may allow s3:GetObject")


@resource_rule(
    "storage-least-privilege",
    requirements=("INF-5", "SEC-3"),
    types=(kinds.IAM_POLICY, kinds.SERVICE_ACCOUNT),
)
def storage_least_privilege(resource: Resource) -> Iterator[Finding]:
    """A key for object storage reaches the buckets it needs, with the actions it needs."""
    policy = resource.props.at("policy")
    for statement in _allowed(policy.text):
        for action in _listed(statement.get("Action")):
            if action in {"*", "s3:*"} or action.startswith(("admin:", "kms:*")):
                yield policy.wrong(f"allows {action}", "name the actions, as in s3:GetObject")
        for target in _listed(statement.get("Resource")):
            if target in {"*", "arn:aws:s3:::*", "arn:aws:s3:::*/*"}:
                yield policy.wrong(f"allows every bucket ({target})", "name the bucket, as in arn:aws:s3:::<bucket>/*")


def _allowed(policy: str) -> list[dict[str, object]]:
    """The statements of a policy document that allow something."""
    if not policy:
        return []
    document = cast("dict[str, object]", json.loads(policy))
    statements = document.get("Statement")
    listed = cast("list[object]", statements) if isinstance(statements, list) else [statements]
    return [
        cast("dict[str, object]", each)
        for each in listed
        if isinstance(each, dict) and cast("dict[str, object]", each).get("Effect") == "Allow"
    ]


def _listed(value: object) -> list[str]:
    return [str(each) for each in cast("list[object]", value)] if isinstance(value, list) else [str(value or "*")]


RULES = (
    database_service_private,
    database_port_private,
    database_firewall,
    database_network_policy,
    bucket_not_public,
    storage_least_privilege,
)
