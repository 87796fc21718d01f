"""Rules on the object storage's own server (INF-5, BAK-1, ENV-4)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from math import ceil
from typing import Final

from settings.compute import Vm
from settings.report import Path, Problem, listed, show
from settings.rules.database import OTHERS_MIB
from settings.shape import whole
from settings.stack import Settings
from settings.storage_server import HOST, PORT

OTHERS_GIB: Final = 40
"""Disk of a Docker host for its system, images and what else has volumes there, in GiB."""
_SETTING: Final[Path] = ("storage", "server", "hosts")


def _machines(of: Settings) -> Mapping[str, Vm]:
    """The Docker hosts that the stack's own server is on; none while one of them is not known or not a Docker host."""
    server, known = of.storage.server, dict(whole(of.wanted_vms))
    found = {name: known[name] for name in server.hosts if name in known and known[name].role == "docker_host"}
    return found if server.brought and len(found) == len(server.hosts) else {}


def hosts(settings: Settings) -> Iterator[Problem]:
    """It runs on Docker hosts of the stack, each named once."""
    server, known = settings.storage.server, dict(whole(settings.wanted_vms))
    # One of which something is wrong may be it.
    if not server.brought or len(known) < len(settings.wanted_vms):
        return
    right = [name for name, vm in known.items() if vm.role == "docker_host"]
    for index, name in enumerate(server.hosts):
        if name not in right:
            give = f"give {listed(right, 'or')}" if right else "add one"
            yield Problem((*_SETTING, index), f"{show(name)} is not a machine of role docker_host; {give}")
        elif name in server.hosts[:index]:
            yield Problem((*_SETTING, index), f"{show(name)} is named already; it has one drive")


def majority(settings: Settings) -> Iterator[Problem]:
    """Of several hosts one may be lost: with two, neither alone is a majority."""
    if settings.storage.server.brought and len(settings.storage.server.hosts) == 2:
        text = "has 2 hosts; when one is lost, the other is no majority and takes no writes"
        yield Problem(_SETTING, f"{text}; give 1, or at least 3")


def nodes_apart(settings: Settings) -> Iterator[Problem]:
    """In prod the loss of a Proxmox node takes one host of several, as is borne (ENV-4)."""
    machines = _machines(settings)
    if settings.environment.name != "prod" or len(machines) < 3:
        return
    for node, count in Counter(vm.node for vm in machines.values()).items():
        if count > 1:
            there = [name for name, vm in machines.items() if vm.node == node]
            text = f"has {listed(there, 'and')} on node {node}, which takes them with it; put each on a node of its own"
            yield Problem(_SETTING, f"{text} (requirement ENV-4)")


def memory(settings: Settings) -> Iterator[Problem]:
    """Its hosts have the memory, beside the database if that is there too."""
    server = settings.storage.server
    for name, machine in _machines(settings).items():
        beside = settings.database.memory_mib.together if settings.database_host is machine else 0
        wanted = server.memory_mib + beside + OTHERS_MIB
        if wanted > machine.memory_mib:
            others = f", the database's {beside}" if beside else ""
            text = f"its {server.memory_mib} MiB{others} and the host's own {OTHERS_MIB} are more than the "
            right = f"{machine.memory_mib} of {name}; give compute.vms.{name}.memory_mib {wanted}, or less here"
            yield Problem(("storage", "server", "memory_mib"), f"{text}{right}")


def disk(settings: Settings) -> Iterator[Problem]:
    """Its hosts have room for full buckets: else one bucket's objects keep all others from being written.

    Of several hosts each keeps a part, so that what is there without those that may be lost is an object.
    """
    server = settings.storage.server
    quotas = sum(bucket.quota_gib for _, bucket in whole(settings.storage.buckets))
    data = len(server.hosts) - server.parity
    wanted = ceil(quotas / data) + OTHERS_GIB
    for name, machine in _machines(settings).items():
        if wanted > machine.disk_gib:
            share = f" in {data} parts" if data > 1 else ""
            text = f"the quotas of all buckets, {quotas} GiB{share}, and {OTHERS_GIB} for the rest are more than the "
            right = f"give compute.vms.{name}.disk_gib {wanted}, or the buckets less quota_gib"
            yield Problem(("storage", "buckets"), f"{text}{machine.disk_gib} of {name}; {right}")


def led_to(settings: Settings) -> Iterator[Problem]:
    """Its name leads to all its hosts, and everybody asks for it by that name, which its certificate has."""
    machines = _machines(settings)
    if not machines or settings.storage.server.mode != "deployed":
        return
    endpoint = f"{settings.environment.object_storage_host}:{PORT}"
    if settings.storage.endpoint != endpoint:
        text = f"{show(settings.storage.endpoint)} is not the stack's own server; give {endpoint}"
        yield Problem(("storage", "endpoint"), f"{text}, or storage.server.mode existing")
    given = settings.dns.hosts.get("core", {}).get(HOST)
    right = [machine.address for machine in machines.values()]
    if given is not None and sorted(given) != sorted(right):
        text = f"{listed(list(given), 'and')} is not where the server is; give [{', '.join(right)}]"
        whose = f"the address{'es' if len(right) > 1 else ''} of {listed(list(machines), 'and')}"
        yield Problem(("dns", "hosts", "core", HOST), f"{text}, {whose}")


def apart(settings: Settings) -> Iterator[Problem]:
    """In prod the database's backups are not lost with the host of the database (BAK-1)."""
    machines = _machines(settings)
    if settings.environment.name != "prod" or len(machines) != 1:
        return
    if settings.database_host in machines.values():
        text = "is the database's host, so its backups would be lost with it; give another Docker host"
        yield Problem((*_SETTING, 0), f"{text}, or three (requirement BAK-1)")


RULES = (hosts, majority, nodes_apart, memory, disk, led_to, apart)
