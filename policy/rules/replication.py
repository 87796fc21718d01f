"""The replica of the database: on another hypervisor in production, and alone in coming from elsewhere (INF-4)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .database import BESIDE, SERVER, files
from .exposure import REPLICATION_PORT

_FOLLOWER = "supabase-db-replica"
_HOST_LABEL = "luxima.id/host"


def _is_one(address: str) -> bool:
    try:
        return ipaddress.ip_network(address).num_addresses == 1
    except ValueError:
        return False


@resource_rule(
    "database-replication",
    requirements=("SEC-3", "INF-4"),
    types=(kinds.DOCKER_CONTAINER, *kinds.FIREWALL_RULES),
    severity=Severity.CRITICAL,
)
def database_replication(resource: Resource) -> Iterator[Finding]:
    """From another machine PostgreSQL is reached by its replica alone: one address, one role, over TLS."""
    for content in files(resource, "pg_hba.conf"):
        for line in content.text.splitlines():
            fields = line.partition("#")[0].split()
            if fields[1:2] == ["replication"] and fields[0] == "host" and fields[-1] != "reject":
                yield content.wrong(f"says {line.strip()}: more than the replica follows", "reject it")
            if len(fields) < 5 or fields[0] == "local" or fields[3] in BESIDE or fields[-1] == "reject":
                continue
            if not _is_one(fields[3]) or fields[2] == "all" or fields[0] != "hostssl":
                yield content.wrong(
                    f"says {line.strip()}: more than the replica comes from elsewhere",
                    "name its role and its one address, with hostssl",
                )
    for rule in resource.props.at("rules").items():
        if rule.at("type").text.lower() != "in" or rule.at("action").text.upper() != "ACCEPT":
            continue
        if rule.at("enabled").flag is False or str(REPLICATION_PORT) not in rule.at("dport").text.split(","):
            continue
        source = rule.at("source")
        if not all(_is_one(part.strip()) for part in source.text.split(",")):
            yield source.wrong(f"is {source.text or 'missing'}: others than the replica come in", "name its address")


def _host(container: Resource) -> Value:
    labels = container.props.at("labels").items()
    found = (label.at("value") for label in labels if label.at("label").text == _HOST_LABEL)
    return next(found, container.props.at("labels"))


@stack_rule("database-replica", requirements=("INF-4", "ENV-4", "MON-2"), types=(kinds.DOCKER_CONTAINER, kinds.VM))
def database_replica(stack: Stack) -> Iterator[Finding]:
    """In production a replica follows the database, on another hypervisor, with an exporter beside it."""
    runs = [
        each
        for each in stack.of(kinds.DOCKER_CONTAINER)
        if SERVER.search(each.props.at("image").text) and each.props.at("start").flag is not False
    ]
    replicas = [each for each in runs if each.props.at("name").text == _FOLLOWER]
    nodes = {each.props.at("name").text: each.props.at("nodeName").text for each in stack.of(kinds.VM)}
    if replicas and len(replicas) == len(runs):
        yield replicas[0].props.at("name").wrong("follows no database", f"run one, or remove {_FOLLOWER}")
    exporters = [
        each for each in stack.of(kinds.DOCKER_CONTAINER) if "/postgres-exporter:" in each.props.at("image").text
    ]
    for replica in replicas:
        if _host(replica).text not in [_host(each).text for each in exporters]:
            yield replica.props.at("name").wrong("has no exporter on its host", "run one beside it")
    for each in runs:
        labels = each.props.at("labels")
        production = any(
            label.at("label").text == "environment" and label.at("value").text == "production"
            for label in labels.items()
        )
        if each in replicas or "/supabase/" not in each.props.at("image").text or not production:
            continue
        if not replicas:
            yield each.props.at("name").wrong("has no replica", f"run {_FOLLOWER} on another hypervisor")
        here = nodes.get(_host(each).text, _host(each).text)
        for replica in replicas:
            if nodes.get(_host(replica).text, _host(replica).text) == here:
                yield _host(replica).wrong("is lost with the database's hypervisor", "put it on another one")


RULES = (database_replication, database_replica)
