"""On every Docker host runs who watches it, and Supabase and the registry are whole (MON-2, LOG-7, INF-4, INF-6)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..judging import Stack, stack_rule
from ..values import Finding
from . import kinds
from .database import PLATFORM

_AGENTS: Mapping[str, re.Pattern[str]] = {
    "node exporter (MON-2)": re.compile(r"/node-exporter:"),
    "cAdvisor (MON-2)": re.compile(r"/cadvisor:"),
    "log agent (LOG-7)": re.compile(r"/(?:alloy|promtail):"),
}
_PARTS: Mapping[str, re.Pattern[str]] = {
    "Auth": re.compile(r"/gotrue:"),
    "REST": re.compile(r"/postgrest:"),
    "Realtime": re.compile(r"/realtime:"),
    "Storage": re.compile(r"/storage-api:"),
    "Functions": re.compile(r"/edge-runtime:"),
    "Studio": re.compile(r"/studio:"),
    "meta, which Studio asks": re.compile(r"/postgres-meta:"),
    "imgproxy, which Storage asks": re.compile(r"/imgproxy:"),
    "gateway": re.compile(r"/traefik:"),
    "exporter (MON-2)": re.compile(r"/postgres-exporter:"),
}
_READS: Mapping[str, frozenset[str]] = {
    "log agent (LOG-7)": frozenset({"/var/lib/docker/containers", "/var/log"}),
    "node exporter (MON-2)": frozenset({"/host"}),
}
"""What an agent has to have of its host."""


@stack_rule("docker-hosts-watched", requirements=("MON-2", "LOG-7"), types=(kinds.DOCKER_CONTAINER, kinds.VM))
def docker_hosts_watched(stack: Stack) -> Iterator[Finding]:
    """On every Docker host run an exporter, cAdvisor and a log agent, with what they are to read."""
    containers = [each for each in stack.of(kinds.DOCKER_CONTAINER) if kinds.runs(each)]
    hosts = {each.props.at("name").text: each for each in stack.of(kinds.VM)}
    hosts = {name: each for name, each in hosts.items() if "docker-host" in each.props.at("tags").texts()}
    for name, machine in hosts.items() if containers else ():
        here = [each for each in containers if kinds.host_of(each) == name]
        for what, image in _AGENTS.items():
            found = [each for each in here if image.search(each.props.at("image").text)]
            if not found:
                yield machine.props.at("tags").wrong(f"are those of a host without {what}", "run it there")
            for each in found:
                mounts = each.props.at("mounts")
                given = {mount.at("target").text for mount in mounts.items()}
                for path in sorted(_READS.get(what, frozenset[str]()) - given):
                    yield mounts.wrong(f"lack {path}, which it is to read", "mount it")


@stack_rule("supabase-whole", requirements=("INF-4", "ENV-2", "MON-2"), types=(kinds.DOCKER_CONTAINER,))
def supabase_whole(stack: Stack) -> Iterator[Finding]:
    """Beside Supabase's PostgreSQL run its parts, the one door to them, which is published, and what measures it."""
    servers = kinds.running(stack, PLATFORM)
    for what, image in _PARTS.items() if servers else ():
        found = kinds.running(stack, image)
        if not found:
            yield servers[0].props.at("image").wrong(f"is without its {what}", "run it")
        if what == "gateway" and found and not any(list(each.props.at("ports").items()) for each in found):
            yield found[0].props.at("ports").wrong("are none: nobody reaches the API", "publish its port")


@stack_rule("registry-there", requirements=("INF-6", "REL-5"), types=(kinds.DOCKER_CONTAINER, kinds.DNS_RECORD))
def registry_there(stack: Stack) -> Iterator[Finding]:
    """Where a stack has a name for its registry, both sides of it run."""
    names = [each for each in stack.of(kinds.DNS_RECORD) if each.props.at("name").text.startswith("registry.")]
    running = kinds.running(stack, _REGISTRY)
    if names and stack.of(kinds.DOCKER_CONTAINER) and len(running) < _SIDES:
        yield names[0].props.at("name").wrong("names a registry of which a side does not run", "run both")


_SIDES = 2
_REGISTRY = re.compile(r"/registry:")
