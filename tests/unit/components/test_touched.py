"""What each everyday operation on machines touches, and whether one after another: as the guide says it (INF-8).

The machines and the cluster are recorded twice, and compared as the engine does. No server; on the real engine some of
these are in tests/e2e/providers/test_machines.py.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from functools import cache
from itertools import pairwise
from typing import Any, Final

import pytest

from components.compute import ComputeCluster
from components.kubernetes import ClusterArgs, KubernetesCluster, Machine, k3s_vms
from sandbox.credentials import private_key
from sandbox.providers.changes import compare, without_ignored
from settings import Settings
from settings.compute import Compute
from tests import arguments
from tests.recording import ROOT, Identity, Recorder, record, stack_settings
from tests.unit.sandbox.proxmox import TOKEN

_KEY: Final = private_key()
_MACHINE: Final = re.compile(r"(k3s-server|k3s-agent|docker|ns)-?\d")


def _guests(key: str, value: Callable[[Any], Any], *names: str) -> Callable[[dict[str, Any]], None]:
    """Another value of a setting of some machines, or of all."""

    def apply(data: dict[str, Any]) -> None:
        for name, guest in {**data["vms"], **data["containers"]}.items():
            if name in names or not names:
                guest[key] = value(guest[key])

    return apply


def _one_more(data: dict[str, Any]) -> None:
    data["vms"]["k3s-agent-4"] = {**data["vms"]["k3s-agent-3"], "id": 3124, "address": "10.10.30.34"}


OPERATIONS: Final[Mapping[str, Callable[[dict[str, Any]], None]]] = {
    "more memory for every machine": _guests("memory_mib", lambda size: size + 1024),
    "a larger disk of `docker-1`": _guests("disk_gib", lambda size: size + 10, "docker-1"),
    "another `node` of `docker-1`": _guests("node", lambda _node: "pve2", "docker-1"),
    "a new machine `k3s-agent-4`": _one_more,
}
"""Changes of `luxima:compute`, by what the guide calls them."""


@cache
def _recorded(operation: str | None) -> Recorder:
    """Machines and cluster of prod after an operation; as they are with None."""
    settings = stack_settings("prod")
    if operation is not None:
        data = settings.compute.model_dump()
        OPERATIONS[operation](data)
        settings = settings.model_copy(update={"compute": Compute.model_validate(data)})
    return record(lambda: _declare(settings), "prod")


def _declare(settings: Settings) -> None:
    cluster = KubernetesCluster("kubernetes", ClusterArgs(settings.kubernetes, settings.compute))

    def joined(name: str, vm: Any) -> list[Any]:
        machine = Machine(vm.login, vm.hypervisor, vm.made, vm.settled)
        return [cluster.join(name, machine)] if name in k3s_vms(settings.compute) else []

    ComputeCluster("compute", dataclasses.replace(arguments.machines(settings, TOKEN, _KEY), joined=joined))
    cluster.complete()


def _touched(operation: str) -> list[Identity]:
    """What the operation touches, with nothing before what it waits for."""
    old, new = _recorded(None), _recorded(operation)
    before = {each.identity: each.inputs for each in old.resources}
    found: set[Identity] = set()
    for each in new.resources:
        changes = compare(dict(before.get(each.identity, {})), dict(each.inputs), (), lambda _path, a, b: a == b)
        if each.type.startswith("luxima:"):
            continue
        if each.identity not in before or without_ignored(changes, new.ignored.get(each.identity, frozenset())):
            found.add(each.identity)
    declared = {each.identity: each for each in new.resources if each.identity in found}
    return sorted(found, key=lambda each: (len(new.before(declared[each])), each))


def _in_turn(operation: str, touched: list[Identity]) -> bool:
    """Whether all that is done for a machine waits for all that is done for the one of its role before it."""
    recorder = _recorded(operation)
    waits = {each.identity: recorder.before(each) for each in recorder.resources}
    by_role: dict[str, dict[str, list[Identity]]] = {}
    for each in touched:
        if found := _MACHINE.search(each[1]):
            by_role.setdefault(found[1], {}).setdefault(found[0], []).append(each)
    return all(
        earlier in waits[later]
        for machines in by_role.values()
        for first, second in pairwise(sorted(machines))
        for earlier in machines[first]
        for later in machines[second]
    )


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_guide_says_what_is_touched_and_in_which_order(operation: str) -> None:
    touched = _touched(operation)
    names = dict.fromkeys(f"`{_MACHINE.sub('*', name)}`" for _, name in touched)
    machines = {found[0] for _, name in touched if (found := _MACHINE.search(name))}
    order = "one machine"
    if len(machines) > 1:
        order = "one after another" if _in_turn(operation, touched) else "at once"
    row = f"| {operation} | {', '.join(names)} | {order} |"
    assert row in (ROOT / "docs/how-to/machines.md").read_text(encoding="utf-8")
