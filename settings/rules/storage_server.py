"""Rules on the object storage's own server (INF-5, BAK-1)."""

from collections.abc import Iterator
from typing import Final

from settings.compute import Vm
from settings.report import Path, Problem, listed, show
from settings.rules.database import OTHERS_MIB
from settings.shape import whole
from settings.stack import Settings
from settings.storage_server import HOST, PORT

OTHERS_GIB: Final = 40
"""Disk of a Docker host for its system, images and what else has volumes there, in GiB."""
_SETTING: Final[Path] = ("storage", "server", "host")


def _machine(of: Settings) -> Vm | None:
    """The Docker host that the stack's own server is on."""
    server = of.storage.server
    found = dict(whole(of.wanted_vms)).get(server.host)
    return found if server.brought and found is not None and found.role == "docker_host" else None


def host(settings: Settings) -> Iterator[Problem]:
    """It runs on a Docker host of the stack."""
    given, known = settings.storage.server.host, dict(whole(settings.wanted_vms))
    # One of which something is wrong may be it.
    if not settings.storage.server.brought or _machine(settings) or len(known) < len(settings.wanted_vms):
        return
    hosts = [name for name, vm in known.items() if vm.role == "docker_host"]
    right = f"give {listed(hosts, 'or')}" if hosts else "add one"
    yield Problem(_SETTING, f"{show(given)} is not a machine of role docker_host; {right}")


def memory(settings: Settings) -> Iterator[Problem]:
    """Its host has the memory, beside the database if that is there too."""
    server, machine = settings.storage.server, _machine(settings)
    if machine is None:
        return
    beside = settings.database.memory_mib.together if settings.database_host is machine else 0
    wanted = server.memory_mib + beside + OTHERS_MIB
    if wanted > machine.memory_mib:
        others = f", the database's {beside}" if beside else ""
        text = f"its {server.memory_mib} MiB{others} and the host's own {OTHERS_MIB} are more than the "
        right = (
            f"{machine.memory_mib} of {server.host}; give compute.vms.{server.host}.memory_mib {wanted}, or less here"
        )
        yield Problem(("storage", "server", "memory_mib"), f"{text}{right}")


def disk(settings: Settings) -> Iterator[Problem]:
    """Its host has room for full buckets: else one bucket's objects keep all others from being written."""
    machine = _machine(settings)
    if machine is None:
        return
    quotas = sum(bucket.quota_gib for _, bucket in whole(settings.storage.buckets))
    if quotas + OTHERS_GIB > machine.disk_gib:
        text = f"the quotas of all buckets, {quotas} GiB, and {OTHERS_GIB} for the rest are more than the "
        name = settings.storage.server.host
        right = f"give compute.vms.{name}.disk_gib {quotas + OTHERS_GIB}, or the buckets less quota_gib"
        yield Problem(("storage", "buckets"), f"{text}{machine.disk_gib} of {name}; {right}")


def led_to(settings: Settings) -> Iterator[Problem]:
    """Its name leads to it, and everybody asks for it by that name, which its certificate has."""
    machine = _machine(settings)
    if machine is None or settings.storage.server.mode != "deployed":
        return
    endpoint = f"{settings.environment.object_storage_host}:{PORT}"
    if settings.storage.endpoint != endpoint:
        text = f"{show(settings.storage.endpoint)} is not the stack's own server; give {endpoint}"
        yield Problem(("storage", "endpoint"), f"{text}, or storage.server.mode existing")
    given = settings.dns.hosts.get("core", {}).get(HOST)
    if given is not None and tuple(given) != (machine.address,):
        text = f"{listed(list(given), 'and')} is not where the server is; give [{machine.address}]"
        yield Problem(("dns", "hosts", "core", HOST), f"{text}, the address of {settings.storage.server.host}")


def apart(settings: Settings) -> Iterator[Problem]:
    """In prod the database's backups are not lost with the host of the database (BAK-1)."""
    if settings.environment.name != "prod" or _machine(settings) is None:
        return
    if settings.database_host is _machine(settings):
        text = "is the database's host, so its backups would be lost with it; give another Docker host"
        yield Problem(_SETTING, f"{text} (requirement BAK-1)")


RULES = (host, memory, disk, led_to, apart)
