"""Everyday operations on prod's machines: recorded by a unit test, done on the real engine by a long one (INF-8)."""

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

from components.compute import ComputeCluster
from components.kubernetes import ClusterArgs, KubernetesCluster, Machine, k3s_vms
from sandbox.credentials import private_key
from settings import Settings
from settings.compute import Compute
from tests import arguments
from tests.unit.sandbox.proxmox import TOKEN

_Touched = TypeVar("_Touched")
_MACHINE: Final = re.compile(r"(k3s-server|k3s-agent|docker|ns)-?\d")
_KEYS: Final = (private_key(), private_key())


class Given(NamedTuple):
    """What a stack of machines is declared with."""

    settings: Settings
    token: str = TOKEN
    """Of Proxmox's API."""
    key: str = _KEYS[0]
    """Of SSH."""


def _compute(change: Callable[[dict[str, Any]], None]) -> Callable[[Given], Given]:
    """Another value in `luxima:compute`."""

    def apply(given: Given) -> Given:
        data = given.settings.compute.model_dump()
        change(data)
        return given._replace(settings=given.settings.model_copy(update={"compute": Compute.model_validate(data)}))

    return apply


def _guests(key: str, value: Callable[[Any], Any], *names: str) -> Callable[[Given], Given]:
    """Another value of a setting of some machines, or of all."""

    def change(data: dict[str, Any]) -> None:
        for name, guest in {**data["vms"], **data["containers"]}.items():
            if name in names or not names:
                guest[key] = value(guest[key])

    return _compute(change)


def _one_more(data: dict[str, Any]) -> None:
    data["vms"]["k3s-agent-4"] = {**data["vms"]["k3s-agent-3"], "id": 3124, "address": "10.10.30.34"}


def _newer(given: Given) -> Given:
    kubernetes = given.settings.kubernetes
    newer = kubernetes.model_copy(update={"version": kubernetes.version.replace("+k3s1", "+k3s2")})
    return given._replace(settings=given.settings.model_copy(update={"kubernetes": newer}))


SECOND_TOKEN: Final = TOKEN.replace("!tests", "!second")
REPLACED: Final = "k3s-agent-1"
OPERATIONS: Final[Mapping[str, Callable[[Given], Given]]] = {
    "more memory for every machine": _guests("memory_mib", lambda size: size + 1024),
    "a larger disk of `docker-1`": _guests("disk_gib", lambda size: size + 10, "docker-1"),
    "another `node` of `docker-1`": _guests("node", lambda _node: "pve2", "docker-1"),
    "a new machine `k3s-agent-4`": _compute(_one_more),
    f"`pulumi up --replace` of `{REPLACED}`, or one that somebody deleted": lambda given: given,
    "another `kubernetes.version`": _newer,
    "another `proxmoxApiToken`": lambda given: given._replace(token=SECOND_TOKEN),
    "another `sshPrivateKey`": lambda given: given._replace(key=_KEYS[1]),
}
"""By what the guide calls them."""


def declare(given: Given) -> None:
    """All machines, and the cluster on them."""
    compute = given.settings.compute
    cluster = KubernetesCluster("kubernetes", ClusterArgs(given.settings.kubernetes, compute))

    def joined(name: str, vm: Any) -> list[Any]:
        machine = Machine(vm.login, vm.hypervisor, vm.made, vm.settled)
        return [cluster.join(name, machine)] if name in k3s_vms(compute) else []

    machines = arguments.machines(given.settings, given.token, given.key)
    ComputeCluster("compute", dataclasses.replace(machines, joined=joined))
    cluster.complete()


def by_machine(touched: Iterable[_Touched], name: Callable[[_Touched], str]) -> dict[str, dict[str, list[_Touched]]]:
    """What is touched, by role and machine."""
    found: dict[str, dict[str, list[_Touched]]] = {}
    for each in touched:
        if machine := _MACHINE.search(name(each)):
            found.setdefault(machine[1], {}).setdefault(machine[0], []).append(each)
    return found


def masked(name: str) -> str:
    """A resource as the guide's table has it."""
    return f"`{_MACHINE.sub('*', name)}`"
