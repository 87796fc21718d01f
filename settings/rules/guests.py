"""Rules on VMs and LXCs: ids, names, nodes and sizes (INF-1)."""

from collections.abc import Iterator, Mapping
from typing import Final

from settings.compute import Guest, Role
from settings.report import Path, Problem, show, suggest
from settings.shape import whole
from settings.stack import Settings

LEAST: Final[Mapping[Role, Mapping[str, int]]] = {
    "k3s_server": {"cpus": 2, "memory_mib": 2048, "disk_gib": 20},
    "k3s_agent": {"cpus": 1, "memory_mib": 1024, "disk_gib": 20},
    "docker_host": {"cpus": 1, "memory_mib": 1024, "disk_gib": 20},
}
"""What k3s' documentation asks for, and half of that for agents and Docker; a disk also holds image and containers."""

SNAPSHOTS_OF_A_HOST: Final = 4
"""At least: the live one, the one before, the next, and a machine that is made from one."""

_MAJORITY: Final = 3
"""Nodes of which one can be lost and the others are still more than half."""


def all_guests(settings: Settings) -> Iterator[tuple[Path, Guest]]:
    """Every VM and LXC that is made and of which nothing is wrong in itself, with its path."""
    for name, vm in whole(settings.wanted_vms):
        yield ("compute", "vms", name), vm
    for name, container in whole(settings.compute.containers):
        yield ("compute", "containers", name), container


def ids(settings: Settings) -> Iterator[Problem]:
    """A number belongs to one guest of the Proxmox cluster."""
    first: dict[int, Path] = {}
    for path, guest in all_guests(settings):
        if guest.id in first:
            text = f"{guest.id} is the id of {_name(first[guest.id])} already; give each guest an id of its own"
            yield Problem((*path, "id"), text)
        first.setdefault(guest.id, path)


def snapshot_ids(settings: Settings) -> Iterator[Problem]:
    """Numbers of snapshots are nobody else's, and enough for each host: the live one, the one before, the next."""
    deployment = settings.backup.deployment
    if deployment is None:
        return
    path = ("backup", "deployment", "last_id")
    least = SNAPSHOTS_OF_A_HOST * len(settings.compute.by_role("docker_host"))
    if len(deployment.ids) < least:
        text = f"{deployment.last_id} leaves {len(deployment.ids)} numbers from {deployment.first_id} on"
        right = max(deployment.first_id + least - 1, deployment.first_id)
        yield Problem(path, f"{text}, too few for {least} snapshots; give at least {right}")
    for other, guest in all_guests(settings):
        if guest.id in deployment.ids:
            text = f"{deployment.first_id} to {deployment.last_id} has the id of {_name(other)}, {guest.id}"
            yield Problem(path, f"{text}; give snapshots numbers that no guest has")


def names(settings: Settings) -> Iterator[Problem]:
    """VMs and LXCs share the host names of their network."""
    for name in settings.compute.containers:
        if name in settings.compute.vms:
            yield Problem(("compute", "containers", name), f"{name} is the name of a VM already; give another name")


def nodes(settings: Settings) -> Iterator[Problem]:
    """A guest runs on a node that there is."""
    known = settings.compute.nodes
    for path, guest in all_guests(settings):
        if guest.node not in known:
            yield Problem((*path, "node"), f"{show(guest.node)} is not a node; {suggest(guest.node, known, 'nodes')}")


def guest_size(settings: Settings) -> Iterator[Problem]:
    """No guest is larger than its node."""
    known = dict(whole(settings.compute.nodes))
    for path, guest in all_guests(settings):
        node = known.get(guest.node)
        if node is None:
            continue
        if guest.cpus > node.cpus:
            text = f"{guest.cpus} is more than node {guest.node} has; give at most {node.cpus}"
            yield Problem((*path, "cpus"), text)
        if guest.memory_mib > node.memory_mib:
            text = f"{guest.memory_mib} is more than node {guest.node} has; give at most {node.memory_mib}"
            yield Problem((*path, "memory_mib"), text)


def machine_size(settings: Settings) -> Iterator[Problem]:
    """A machine is large enough for its image and for what runs on it."""
    for name, vm in whole(settings.wanted_vms):
        for key, least in LEAST[vm.role].items():
            given: int = getattr(vm, key)
            if given < least:
                text = f"{given} is too little for a machine of role {vm.role}; give at least {least}"
                yield Problem(("compute", "vms", name, key), text)


def node_memory(settings: Settings) -> Iterator[Problem]:
    """The guests of a node fit into its memory together; memory, unlike processors, is not overcommitted."""
    for name, node in whole(settings.compute.nodes):
        here = [(path, guest) for path, guest in all_guests(settings) if guest.node == name]
        total = sum(guest.memory_mib for _, guest in here)
        if total > node.memory_mib and all(guest.memory_mib <= node.memory_mib for _, guest in here):
            guests = ", ".join(f"{_name(path)} {guest.memory_mib}" for path, guest in here)
            text = f"{node.memory_mib} is less than its guests have together, {total} ({guests})"
            yield Problem(
                ("compute", "nodes", name, "memory_mib"), f"{text}; give them less, or move one to another node"
            )


def started_elsewhere(settings: Settings) -> Iterator[Problem]:
    """What Proxmox is to start on another node has all it needs there, and enough nodes to decide who is dead."""
    storage, nodes = settings.compute.storage, settings.compute.nodes
    for path, guest in all_guests(settings):
        if guest.ha and not storage.shared:
            # A VM whose cloud-init snippet is not where it starts does not start.
            text = f"is true, but no other node has what is on {storage.disks} and {storage.files}"
            right = "put both on storage that all nodes share and set storage.shared"
            yield Problem((*path, "ha"), f"{text}, so none could start {path[-1]}; {right}")
        elif guest.ha and len(nodes) < _MAJORITY:
            text = f"is true, but of {len(nodes)} nodes none can decide that the other is dead"
            yield Problem((*path, "ha"), f"{text}; give the cluster {_MAJORITY} nodes or more, or leave it out")


def _name(path: Path) -> str:
    return f"{path[1]}.{path[2]}"


RULES = (ids, snapshot_ids, names, nodes, guest_size, machine_size, node_memory, started_elsewhere)
