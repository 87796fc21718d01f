"""The replica of the database: on another hypervisor in production, and alone in coming from elsewhere (INF-4)."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator

from ..judging import Resource, Severity, Stack, stack_rule
from ..values import Finding, UnevaluableError
from . import kinds
from .addresses import let_in, listed
from .database import BESIDE, PLATFORM, files
from .exposure import REPLICATION_PORT

_FOLLOWER = "supabase-db-replica"


def _is_one(address: str) -> bool:
    try:
        return ipaddress.ip_network(address).num_addresses == 1
    except ValueError:
        return False


@stack_rule(
    "database-replication",
    requirements=("SEC-3", "INF-4"),
    types=(kinds.DOCKER_CONTAINER, *kinds.FIREWALL_RULES),
    severity=Severity.CRITICAL,
)
def database_replication(stack: Stack) -> Iterator[Finding]:
    """From another machine PostgreSQL is reached by its replica alone: one address, one role, over TLS."""
    followers: set[str] = set()
    for container in stack.of(kinds.DOCKER_CONTAINER):
        yield from _admitted(container, followers)
        for content in files(container, "service.conf"):
            # It holds a password, which is not known before the first update.
            with contextlib.suppress(UnevaluableError):
                if "sslmode=verify-full" not in content.text.split():
                    yield content.wrong("does not check whom it follows", "give sslmode=verify-full")
    for firewall in stack.of(*kinds.FIREWALL_RULES):
        for rule in let_in(firewall):
            source = rule.at("source")
            known = all(_is_one(each) and each in (followers or {each}) for each in listed(source))
            if str(REPLICATION_PORT) in listed(rule.at("dport")) and not (source.text and known):
                yield source.wrong(
                    f"is {source.text or 'missing'}: others than the replica come in", "name its address"
                )


def _admitted(container: Resource, followers: set[str]) -> Iterator[Finding]:
    """What is wrong with who comes from elsewhere; those who may are added to `followers`."""
    for content in files(container, "pg_hba.conf"):
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
            followers.add(fields[3].removesuffix("/32"))


@stack_rule("database-replica", requirements=("INF-4", "ENV-4", "MON-2"), types=(kinds.DOCKER_CONTAINER, kinds.VM))
def database_replica(stack: Stack) -> Iterator[Finding]:
    """In production a replica follows the database, on another hypervisor, with an exporter beside it."""
    runs = kinds.running(stack, PLATFORM)
    replicas = [each for each in runs if each.props.at("name").text == _FOLLOWER]
    nodes = {each.props.at("name").text: each.props.at("nodeName").text for each in stack.of(kinds.VM)}
    if replicas and len(replicas) == len(runs):
        yield replicas[0].props.at("name").wrong("follows no database", f"run one, or remove {_FOLLOWER}")
    exporters = [
        each for each in stack.of(kinds.DOCKER_CONTAINER) if "/postgres-exporter:" in each.props.at("image").text
    ]
    for replica in replicas:
        if kinds.host_of(replica) not in {kinds.host_of(each) for each in exporters}:
            yield replica.props.at("name").wrong("has no exporter on its host", "run one beside it")
    for each in runs:
        production = kinds.label_of(each, "environment") == "production"
        if each in replicas or not production:
            continue
        if not replicas:
            yield each.props.at("name").wrong("has no replica", f"run {_FOLLOWER} on another hypervisor")
        here = nodes.get(kinds.host_of(each), kinds.host_of(each))
        for replica in replicas:
            if nodes.get(kinds.host_of(replica), kinds.host_of(replica)) == here:
                place = replica.props.at("labels")
                yield place.wrong("is lost with the database's hypervisor", "put it on another one")
