"""What runs where in a stack, for people (INF-2)."""

from collections.abc import Iterator

from components import database, delivery
from components.observability import agent_names
from components.storage import CONTAINER as STORAGE_CONTAINER
from settings import Settings
from settings.backup import KINDS, container
from settings.capacity import pods
from settings.compute import Vm
from settings.coolify import CONTAINERS
from settings.database import REPLICA_NAME

_MACHINES = ("machine", "number", "on", "address", "what runs there")
_PODS = ("pods of", "namespace", "how many", "where")


def table(settings: Settings) -> list[str]:
    """Lines for people: every machine with what is on it alone, then the pods, which go where there is room."""
    found = [(name, vm, _of_vm(settings, vm)) for name, vm in settings.wanted_vms.items()]
    machines = [
        *((name, str(vm.id), vm.node, vm.address, "; ".join(what)) for name, vm, what in found),
        *(
            (
                name,
                str(lxc.id),
                lxc.node,
                lxc.address,
                "; ".join([lxc.role.replace("_", " "), "node exporter, log agent"]),
            )
            for name, lxc in settings.compute.containers.items()
        ),
    ]
    workers = ", ".join(settings.compute.workers) if settings.kubernetes.mode == "k3s" else "the cluster elsewhere"
    scheduled = [
        (each.of, each.namespace, _number(each.steady, each.peak), "every node" if each.on_every_node else workers)
        for each in pods.pods(settings)
    ]
    return [*_aligned([_MACHINES, *machines]), "", *_aligned([_PODS, *scheduled])]


def _of_vm(settings: Settings, vm: Vm) -> Iterator[str]:
    if vm.role == "docker_host":
        named = (found for hosts in settings.dns.hosts.values() for found in hosts.items())
        served = [name for name, addresses in named if vm.address in addresses]
        if served:
            yield f"serves {', '.join(served)}"
        if settings.observability.database.rpartition(":")[0] == vm.address:
            yield "the database"
        yield f"containers {', '.join(_containers(settings, vm))}"
        return
    if vm.role == "k3s_server":
        yield f"k3s server with etcd, which may hold {settings.kubernetes.api_address}"
    if vm in settings.compute.workers.values():
        held = (gateway.address for gateway in settings.edge.gateways.values())
        yield f"pods, which may hold {', '.join(held)}"
    yield f"on every node {', '.join(each.of for each in pods.pods(settings) if each.on_every_node)}"


def _containers(settings: Settings, host: Vm) -> Iterator[str]:
    seen = host in (settings.database_host, settings.database_replica)
    yield from ("node-exporter", *agent_names(settings.observability, host.address, seen=seen))
    if host == settings.database_host:
        yield from database.plan(settings).names
    if host == settings.database_replica:
        yield REPLICA_NAME
    if host == settings.compute.vms.get(settings.backup.host) and settings.backup.image is not None:
        yield from (container(kind) for kind in KINDS if kind != "database" or settings.database_host is not None)
    if host in settings.storage_hosts.values():
        yield STORAGE_CONTAINER
    if host.address == settings.coolify_address:
        yield from CONTAINERS
    if host.address == settings.registry_address:
        yield from (side.name for side in delivery.SIDES)


def _number(steady: int, peak: int) -> str:
    return str(steady) if steady == peak else f"{steady} to {peak}"


def _aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
