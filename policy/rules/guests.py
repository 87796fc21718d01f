"""A machine has nothing of its hypervisor, and lies where its stack does (INF-1, SEC-3, SEC-6)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping

from ..judging import Level, Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, UnevaluableError
from . import kinds
from .availability import amount
from .exposure import is_private

_GUESTS = (kinds.VM, kinds.LXC)
_OF_HOST = ("hostpcis", "usbs", "devicePassthroughs", "virtiofs")
_BEYOND = ("kvmArguments", "hookScriptFileId")
_TOLD_BESIDE = ("vendorDataFileId", "networkDataFileId", "metaDataFileId")
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
    for name in _TOLD_BESIDE:
        if props.at("initialization", name).text:
            yield props.at("initialization", name).wrong("tells it what no rule reads", "say it in the user data")
    yield from _made_otherwise(resource)
    features = props.at("features")
    for name in ("keyctl", "fuse", "nesting"):
        if features.at(name).flag:
            yield features.at(name).wrong("is true", "remove it")
    for each in features.at("mounts").items():
        yield each.wrong(f"lets it mount {each.text}", "remove it")


def _made_otherwise(resource: Resource) -> Iterator[Finding]:
    props = resource.props
    for name in ("clone", "idmaps"):
        if list(props.at(name).leaves()):
            yield props.at(name).wrong("makes it of another machine, or gives it users of the host", "remove it")
    if props.at("cdrom", "fileId").text not in {"", "none", "cdrom"}:
        yield props.at("cdrom", "fileId").wrong("may start it with another system", "remove it")
    if any(each.startswith("net") for each in props.at("bootOrders").texts()):
        yield props.at("bootOrders").wrong("starts it with what the network gives", "remove it")
    if props.at("console", "type").text == "shell":
        yield props.at("console", "type").wrong("is shell: root without a login", "remove it")
    for interface in (*props.at("networkDevices").items(), *props.at("networkInterfaces").items()):
        if interface.at("trunks").text:
            yield interface.at("trunks").wrong("joins other networks", "remove it")


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
    for interface in (*props.at("networkDevices").items(), *props.at("networkInterfaces").items()):
        if interface.at("disconnected").flag or interface.at("rateLimit").number:
            yield interface.wrong("is cut off, or slowed down", "remove it")
    for disk in props.at("disks").items():
        if disk.at("cache").text not in _SAFE_CACHES:
            yield disk.at("cache").wrong(f"is {disk.at('cache').text}: a lost hypervisor loses data", "give none")


@stack_rule("machine-network", requirements=("SEC-3", "SEC-6"), types=_GUESTS, severity=Severity.CRITICAL)
def machine_network(stack: Stack) -> Iterator[Finding]:
    """The machines of a stack are in one network of their own, each with one interface: none joins two networks."""
    first: tuple[str, str] | None = None
    for machine in stack.of(*_GUESTS):
        interfaces = [*machine.props.at("networkDevices").items(), *machine.props.at("networkInterfaces").items()]
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


@stack_rule(
    "machine-placed",
    requirements=("INF-1", "INF-8", "SEC-6"),
    types=(*_GUESTS, kinds.POOL, kinds.FILE, kinds.IPSET, kinds.DNS_RECORD),
)
def machine_placed(stack: Stack) -> Iterator[Finding]:
    """A machine starts from its stack's files, has a role and a pool, sends as itself, and asks the stack's servers."""
    pools = {each.props.at("poolId").text for each in stack.of(kinds.POOL)} or {""}
    first_steps = {each.props.at("sourceRaw", "fileName").text for each in stack.of(kinds.FILE)}
    roles = any(_ROLES & set(each.props.at("tags").texts()) for each in stack.of(*_GUESTS))
    own, told = dict[str, str](), dict[str, str]()
    routers: set[str] = set()
    for machine in stack.of(*_GUESTS):
        props = machine.props
        # What is not known yet is the output of the pool itself.
        with contextlib.suppress(UnevaluableError):
            if props.at("poolId").text not in pools:
                yield props.at("poolId").wrong(f"is {props.at('poolId').text or 'missing'}", "name the stack's pool")
        yield from _starts(machine, first_steps, told)
        if roles and not _ROLES & set(props.at("tags").texts()):
            yield props.at("tags").wrong("name no role", f"give one of {', '.join(sorted(_ROLES))}")
        for server in props.at("initialization", "dns", "servers").items():
            if not is_private(server.text):
                yield server.wrong(f"is {server.text}, out of the platform", "name the stack's name servers")
        for place in props.at("initialization", "ipConfigs").items():
            address, router = place.at("ipv4", "address"), place.at("ipv4", "gateway")
            if not address.text.partition("/")[0].replace(".", "").isdigit():
                yield address.wrong(f"is {address.text or 'missing'}", "give the machine's own address")
            own[address.text.partition("/")[0]] = props.at("vmId").text
            routers.add(router.text)
            if len(routers) > 1:
                yield router.wrong(f"is {router.text}, another one than other machines have", "give the network's")
    yield from _sends(stack, own)
    yield from _named(stack)


def _named(stack: Stack) -> Iterator[Finding]:
    """What is wrong with records that have the name of a machine."""
    addresses: dict[str, list[str]] = {}
    for machine in stack.of(kinds.VM):
        address = machine.props.at("initialization", "ipConfigs", 0, "ipv4", "address").text.partition("/")[0]
        addresses.setdefault(machine.props.at("name").text, []).append(address)
    for record in stack.of(kinds.DNS_RECORD):
        host = record.props.at("name").text.partition(".")[0]
        for address in addresses.get(host, ()):
            if record.props.at("records").texts() != [address]:
                yield record.props.at("records").wrong(f"is not {host}'s address", f"give {address}")


def _starts(resource: Resource, first_steps: set[str], others: dict[str, str]) -> Iterator[Finding]:
    """What is wrong with what a machine starts from: its image may be an earlier one of the stack."""
    machine = resource.props
    told = machine.at("initialization", "userDataFileId")
    with contextlib.suppress(UnevaluableError):
        if told.text and told.text.rpartition("/")[2] not in first_steps:
            yield told.wrong(f"is {told.text}, which the stack does not write", "name the file of its first steps")
        elif told.text and others.setdefault(told.text, resource.urn) != resource.urn:
            yield told.wrong(f"is {told.text}, another machine's", "name the file of its own first steps")
    images = [disk.at("importFrom") for disk in machine.at("disks").items()]
    for image in (*images, machine.at("operatingSystem", "templateFileId")):
        # What is not downloaded yet has no name of a volume.
        with contextlib.suppress(UnevaluableError):
            found = _VOLUME.fullmatch(image.text)
            if found is not None and not found[1].startswith(f"{machine.at('poolId').text}-"):
                yield image.wrong(f"is {image.text}, which the stack does not download", "name the stack's image")


_VOLUME = re.compile(r"[^:/]+:\w+/(.+)")
_ROLES = frozenset({"k3s-server", "k3s-agent", "docker-host", "lxc"})


def _sends(stack: Stack, own: Mapping[str, str]) -> Iterator[Finding]:
    for allowed in stack.of(kinds.IPSET):
        number = allowed.props.at("vmId").text or allowed.props.at("containerId").text
        for entry in allowed.props.at("cidrs").items():
            address = entry.at("name").text.partition("/")[0]
            if own.get(address, number) != number:
                yield entry.at("name").wrong(f"is {address}, another machine's", "remove it")
        names = {entry.at("name").text.partition("/")[0] for entry in allowed.props.at("cidrs").items()}
        if number in own.values() and not any(own.get(each) == number for each in names):
            yield allowed.props.at("cidrs").wrong("lack the machine's own address", "add it")
