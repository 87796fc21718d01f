"""A machine has nothing of its hypervisor, and lies where its stack does (INF-1, SEC-3, SEC-6)."""

from __future__ import annotations

from collections.abc import Iterator

from ..judging import Level, Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding
from . import kinds
from .availability import amount

_GUESTS = (kinds.VM, kinds.LXC)
_OF_HOST = ("hostpcis", "usbs", "devicePassthroughs", "virtiofs")
_BEYOND = ("kvmArguments", "hookScriptFileId")
_SAFE_CACHES = frozenset({"", "none", "writethrough", "directsync", "writeback"})
_SPARE = 0.9


@resource_rule("machine-confined", requirements=("INF-1", "SEC-3"), types=_GUESTS, severity=Severity.CRITICAL)
def machine_confined(resource: Resource) -> Iterator[Finding]:
    """A machine has no device, no folder and no script of its hypervisor, and an LXC holds no other one."""
    props = resource.props
    for name in _OF_HOST:
        for each in props.at(name).items():
            yield each.wrong("gives a part of the hypervisor away", "remove it")
    for name in _BEYOND:
        if props.at(name).text:
            yield props.at(name).wrong("is done by the hypervisor's root", "remove it")
    for mount in props.at("mountPoints").items():
        if mount.at("volume").text.startswith("/"):
            yield mount.at("volume").wrong("is a folder of the hypervisor", "give a volume of a data store")
    features = props.at("features")
    for name in ("keyctl", "fuse", "nesting"):
        if features.at(name).flag:
            yield features.at(name).wrong("is true", "remove it")
    for each in features.at("mounts").items():
        yield each.wrong(f"lets it mount {each.text}", "remove it")


@resource_rule("machine-runs", requirements=("ENV-4", "INF-1"), types=_GUESTS)
def machine_runs(resource: Resource) -> Iterator[Finding]:
    """A machine is started, is no template, has its processors, and its disk keeps what it was told to keep."""
    props = resource.props
    if props.at("started").flag is False:
        yield props.at("started").wrong("is false", "remove it")
    if props.at("template").flag:
        yield props.at("template").wrong("is true: a template does not run", "remove it")
    limit = props.at("cpu", "limit")
    if limit.number and limit.number < (props.at("cpu", "cores").number or 1):
        yield limit.wrong(f"is {limit.text}, less than the cores", "remove it")
    for disk in props.at("disks").items():
        if disk.at("cache").text not in _SAFE_CACHES:
            yield disk.at("cache").wrong(f"is {disk.at('cache').text}: a lost hypervisor loses data", "give none")


@stack_rule("machine-network", requirements=("SEC-3", "SEC-6"), types=_GUESTS, severity=Severity.CRITICAL)
def machine_network(stack: Stack) -> Iterator[Finding]:
    """The machines of a stack are in one network of their own, each with one interface: none joins two networks."""
    first: tuple[str, str] | None = None
    for machine in stack.of(*_GUESTS):
        interfaces = [
            *machine.props.at("networkDevices").items(),
            *machine.props.at("networkInterfaces").items(),
        ]
        for interface in interfaces[1:]:
            yield interface.wrong("is a second one", "remove it")
        for interface in interfaces[:1]:
            place = interface.at("bridge").text, interface.at("vlanId").text
            first = first or place
            if place != first:
                told = " with VLAN ".join(first) if first[1] else f"{first[0]} without a VLAN"
                yield interface.at("vlanId").wrong("is another network than the other machines'", f"give {told}")


@stack_rule(
    "volumes-fit",
    requirements=("INF-1", "ENV-4"),
    types=(kinds.STATEFUL_SET, kinds.VM),
    dev=Level.ADVISORY,
    because="dev's volumes are as large as their programs want, and its tests never fill them",
)
def volumes_fit(stack: Stack) -> Iterator[Finding]:
    """The volumes that pods claim have room on the disks of the nodes: each on one, and all together."""
    nodes = [each for each in stack.of(kinds.VM) if "k3s-agent" in each.props.at("tags").texts()]
    if not nodes:
        return
    disks = [
        sum((disk.at("size").number or 8) for disk in each.props.at("disks").items()) * 2**30 * _SPARE for each in nodes
    ]
    claimed = 0.0
    for workload in stack.of(kinds.STATEFUL_SET):
        replicas = workload.props.at("spec", "replicas").number
        for claim in workload.props.at("spec", "volumeClaimTemplates").items():
            size = claim.at("spec", "resources", "requests", "storage")
            claimed += amount(size.text) * (1 if replicas is None else replicas)
            if amount(size.text) > max(disks):
                yield size.wrong(f"is {size.text}, which no node's disk has", "give less, or a larger disk")
    if claimed > sum(disks):
        smallest = nodes[disks.index(min(disks))]
        yield smallest.props.at("disks", 0, "size").wrong(
            f"and the other nodes' disks hold less than the {claimed / 2**30:g} GiB that pods claim", "give more"
        )


RULES = (machine_confined, machine_runs, machine_network, volumes_fit)
