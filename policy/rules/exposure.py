"""PostgreSQL has no route from outside its host's private network (SEC-3); object storage is not open to the world."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator
from typing import cast

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .buckets import BACKUPS, MEDIA, class_of
from .https import is_public

DATABASE_PORTS = frozenset({5432, 6543})
"""PostgreSQL, and the pooler before it."""
_ANYWHERE = frozenset({"", "0.0.0.0/0", "::/0", "0.0.0.0", "::", "0/0"})  # noqa: S104 - what is looked for, not bound
_ACTIONS = frozenset(
    {
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetBucketLocation",
        "s3:GetObject",
        "s3:GetObjectTagging",
        "s3:GetObjectVersion",
        "s3:ListBucket",
        "s3:ListBucketMultipartUploads",
        "s3:ListBucketVersions",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
        "s3:PutObjectTagging",
    }
)
"""What a program does with objects. Everything else changes a bucket, a user, or what keeps a backup."""
_ONE_BUCKET = re.compile(r"arn:aws:s3:::([a-z0-9][a-z0-9.-]*)(?:/(.*))?")
_DELETED_BY_PROGRAMS = "deployment/"
"""The prefix of backups that a program (k3s) prunes itself; the others only their lifecycle."""
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
    "database-port-private",
    requirements=("SEC-3",),
    types=(kinds.DOCKER_CONTAINER,),
    severity=Severity.CRITICAL,
)
def database_port_private(resource: Resource) -> Iterator[Finding]:
    """No Docker container publishes the database's ports, but to its own host; who needs them is in its network."""
    published = False
    for port in resource.props.at("ports").items():
        if any(_is_database_port(port.at(key)) for key in ("internal", "external")):
            published = True
            ip = port.at("ip")
            if not _is_loopback(ip.text):
                yield ip.wrong(
                    f"is {ip.text or 'missing'}: the database listens outside of its host",
                    "publish nothing, and let who needs it join the container's network",
                )
    every = resource.props.at("publishAllPorts")
    if every.flag and (published or any(name in resource.props.at("image").text for name in _NAMES)):
        yield every.wrong("publishes the database on every interface", "remove it")


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
    "database-parts-private",
    requirements=("SEC-3",),
    types=(kinds.DOCKER_CONTAINER,),
    severity=Severity.CRITICAL,
)
def database_parts_private(resource: Resource) -> Iterator[Finding]:
    """No part of Supabase publishes a port: its API gateway is the one door."""
    image = resource.props.at("image").text
    if not any(name in image for name in _PARTS):
        return
    for name in ("ports", "publishAllPorts"):
        value = resource.props.at(name)
        if (name == "ports" and list(value.items())) or (name != "ports" and value.flag):
            yield value.wrong("publishes a part of the database", "remove it: the API gateway leads to it")
    mode = resource.props.at("networkMode")
    if mode.text == "host":
        yield mode.wrong("is the host's own, in which every port is published", "remove it")


@resource_rule(
    "docker-published-private",
    requirements=("SEC-3", "SEC-6"),
    types=(kinds.DOCKER_CONTAINER,),
)
def docker_published_private(resource: Resource) -> Iterator[Finding]:
    """What a Docker container publishes is on one private address: Docker's own rules pass by the host's firewall."""
    for port in resource.props.at("ports").items():
        ip = port.at("ip")
        if not is_private(ip.text):
            yield ip.wrong(f"is {ip.text or 'missing'}: every interface listens", "give the host's private address")


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
    if not policy.text and resource.type == kinds.IAM_POLICY:
        yield policy.wrong("is missing", "name actions and buckets")
    for statement in _allowed(policy.text):
        for name in ("NotAction", "NotResource", "NotPrincipal"):
            if name in statement:
                yield policy.wrong(f"allows all but what {name} says", "name what is allowed")
        actions = _listed(statement.get("Action"))
        for action in actions:
            if action not in _ACTIONS:
                yield policy.wrong(f"allows {action}", "name the actions, as in s3:GetObject")
        for target in _listed(statement.get("Resource")):
            named = _ONE_BUCKET.fullmatch(target)
            if named is None:
                yield policy.wrong(f"allows every bucket ({target})", "name the bucket, as in arn:aws:s3:::<bucket>/*")
            elif class_of(named[1]) == BACKUPS and named[2] is not None:
                prefix = named[2].partition("*")[0]
                if prefix in {"", _DELETED_BY_PROGRAMS}:
                    yield policy.wrong(f"allows all backups ({target})", "name the folder of the program")
                elif "s3:DeleteObject" in actions and not prefix.startswith(_DELETED_BY_PROGRAMS):
                    yield policy.wrong(f"lets backups be deleted ({target})", "leave that to the lifecycle")


@stack_rule(
    "storage-users",
    requirements=("INF-5", "SEC-3"),
    types=(kinds.IAM_ATTACHMENT, kinds.IAM_POLICY, kinds.IAM_USER, kinds.SERVICE_ACCOUNT),
)
def storage_users(stack: Stack) -> Iterator[Finding]:
    """Users of object storage have policies of this stack, and keys are for users of it."""
    users = {each.props.at("name").text for each in stack.of(kinds.IAM_USER)}
    policies = {each.props.at("name").text for each in stack.of(kinds.IAM_POLICY)}
    for attachment in stack.of(kinds.IAM_ATTACHMENT):
        for name, known in (("policyName", policies), ("userName", users)):
            value = attachment.props.at(name)
            if value.text not in known:
                yield value.wrong(f"{value.text} is not declared here", "name one that is")
    for key in stack.of(kinds.SERVICE_ACCOUNT):
        user = key.props.at("targetUser")
        if users and user.text not in users:
            yield user.wrong(f"{user.text} is not declared here", "name a user that is")


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
    database_parts_private,
    docker_published_private,
    database_firewall,
    database_network_policy,
    bucket_not_public,
    storage_least_privilege,
    storage_users,
)
