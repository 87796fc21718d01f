"""What a Docker host and its engine are told: networks, volumes, logs, updates, and how much fits on it (INF-2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .documents import of_resource
from .first_steps import engines, logged

_NETWORK_FILE_SYSTEMS = re.compile(r"nfs4?|cifs|smb3?|sshfs|ceph|glusterfs|9p")
_ENGINE: Mapping[str, bool] = {"icc": False, "no-new-privileges": True, "iptables": True, "ip-masq": True}
_MUST_SAY = frozenset({"icc", "no-new-privileges"})
"""What the engine does wrong when nobody says it."""


@resource_rule(
    "docker-volume-local", requirements=("SEC-3", "SEC-5"), types=(kinds.DOCKER_VOLUME, kinds.DOCKER_CONTAINER)
)
def docker_volume_local(resource: Resource) -> Iterator[Finding]:
    """A volume lies on its host's own disk: one over the network is readable on the way and at its other end."""
    if resource.type == kinds.DOCKER_VOLUME:
        yield from _volume(resource.props.at("driver"), resource.props.at("driverOpts"))
        return
    for mount in resource.props.at("mounts").items():
        yield from _volume(mount.at("volumeOptions", "driverName"), mount.at("volumeOptions", "driverOptions"))


def _volume(driver: Value, options: Value) -> Iterator[Finding]:
    if driver.text not in {"", "local"}:
        yield driver.wrong(f"is {driver.text}", "give local")
    if _NETWORK_FILE_SYSTEMS.fullmatch(options.at("type").text):
        yield options.at("type").wrong(f"is {options.at('type').text}", "use the host's own disk")
    elif options.names():
        yield options.wrong("leads elsewhere than into the engine's own folder", "remove it")


@resource_rule(
    "docker-network-closed", requirements=("SEC-3", "SEC-6"), types=(kinds.DOCKER_NETWORK,), severity=Severity.CRITICAL
)
def docker_network_closed(resource: Resource) -> Iterator[Finding]:
    """A Docker network is a bridge of its host's own, which nobody outside of it can reach into."""
    driver = resource.props.at("driver")
    if driver.text not in {"", "bridge"}:
        yield driver.wrong(f"is {driver.text}: its containers have addresses outside", "give bridge")
    if resource.props.at("ipv6").flag:
        yield resource.props.at("ipv6").wrong("is true: addresses that no firewall filters", "remove it")
    if list(resource.props.at("ipamConfigs").items()):
        yield resource.props.at("ipamConfigs").wrong("may be the machines' own network", "remove it")
    for name, value in resource.props.at("options").entries():
        if "trusted_host" in name:
            yield value.wrong("lets others reach into it", "remove it")
        if "gateway_mode" in name and value.text not in {"nat", "isolated"}:
            yield value.wrong(f"is {value.text}: every port is reachable", "give nat")
        if name.endswith("host_binding_ipv4") and value.text.startswith("0."):
            yield value.wrong("is every interface", "give the host's private address")


@resource_rule("docker-logs", requirements=("LOG-1", "LOG-7"), types=(kinds.DOCKER_CONTAINER,))
def docker_logs(resource: Resource) -> Iterator[Finding]:
    """What a container that runs says is written where the log agent reads it."""
    driver = resource.props.at("logDriver")
    if kinds.runs(resource) and driver.text not in {"", "json-file"}:
        yield driver.wrong(f"is {driver.text}", "give json-file")
    yield from logged(resource.props.at("logOpts"))


@resource_rule("docker-engine", requirements=("SEC-2", "SEC-6"), types=(kinds.FILE,), severity=Severity.CRITICAL)
def docker_engine(resource: Resource) -> Iterator[Finding]:
    """A Docker engine listens on no network, filters packets, keeps containers apart and lets none gain rights."""
    for engine in engines(resource):
        for host in engine.at("hosts").items():
            if host.text.startswith("tcp://"):
                yield host.wrong(f"is {host.text}", "remove it: the engine is reached over SSH")
        for name, wanted in _ENGINE.items():
            flag = engine.at(name).flag
            if (flag is None and name in _MUST_SAY) or (flag is not None and flag is not wanted):
                yield engine.at(name).wrong(f"is not {str(wanted).lower()}", f"set it to {str(wanted).lower()}")
        if list(engine.at("insecure-registries").items()):
            yield engine.at("insecure-registries").wrong("pulls without TLS", "remove it")
        if engine.at("log-driver").text not in {"", "json-file"}:
            yield engine.at("log-driver").wrong("is not what the log agent reads", "give json-file")


_PACKAGES = ("qemu-guest-agent", "unattended-upgrades")
_UPDATES = 'APT::Periodic::Unattended-Upgrade "1"'


@resource_rule("machine-updates", requirements=("INF-7", "BAK-3"), types=(kinds.FILE,))
def machine_updates(resource: Resource) -> Iterator[Finding]:
    """A machine takes in the fixes of its distribution by itself, from it alone, and can be frozen for a backup."""
    for document in of_resource(resource):
        config = document.content
        packages = config.at("packages")
        for name in _PACKAGES:
            if name not in packages.texts():
                yield packages.wrong(f"lacks {name}", "add it")
        if not any(_UPDATES in file.at("content").text for file in config.at("write_files").items()):
            yield config.at("write_files").wrong("switches no updates on", f"say {_UPDATES}")
        for name in ("apt_sources", "bootcmd"):
            if config.at(name).present:
                yield config.at(name).wrong("is set", "remove it: runcmd and the distribution's own sources are enough")
        if config.at("apt", "sources").present:
            yield config.at("apt", "sources").wrong("adds a source of packages", "remove it")


@stack_rule("docker-fits", requirements=("INF-1", "INF-2", "ENV-4"), types=(kinds.DOCKER_CONTAINER, kinds.VM))
def docker_fits(stack: Stack) -> Iterator[Finding]:
    """The containers of a Docker host may together take no more memory than the machine has."""
    rooms = {each.props.at("name").text: each.props.at("memory", "dedicated") for each in stack.of(kinds.VM)}
    taken: dict[str, float] = {}
    for container in stack.of(kinds.DOCKER_CONTAINER):
        if not kinds.runs(container):
            continue
        host = kinds.host_of(container)
        if host in rooms:
            taken[host] = taken.get(host, 0) + (container.props.at("memory").number or 0)
    for host, mebibytes in taken.items():
        if mebibytes > (rooms[host].number or 0):
            yield rooms[host].wrong(f"is less than the {mebibytes:g} MiB of its containers", "give more, or limit them")
