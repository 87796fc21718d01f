"""Where machines are, and how one gets into them (INF-1, ENV-4, SEC-3)."""

from __future__ import annotations

from collections.abc import Iterator

from ..judging import Resource, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .documents import of_resource

_QUORUM = "k3s-server"
_OF_CLUSTER = frozenset({_QUORUM, "k3s-agent"})
_APART = ("k3s-agent", "docker-host", "lxc")
_ENVIRONMENTS = frozenset({"dev"})
_LEAST = {"k3s-server": (2, 4096), "k3s-agent": (2, 4096), "docker-host": (2, 4096)}
"""Cores and MiB below which what the machine is for does not run."""
_LEAST_LXC_MIB = 256
_LEAST_GIB = {kinds.VM: 20, kinds.LXC: 4}
_FORBIDDEN = ("chpasswd", "password", "ssh_pwauth_password", "ssh_keys", "ssh_import_id")
_LOGINS = {"PasswordAuthentication": "no", "KbdInteractiveAuthentication": "no", "PermitRootLogin": "no"}
_NEVER = {"PermitEmptyPasswords": "yes", "HostbasedAuthentication": "yes"}


def cluster_elsewhere(stack: Stack) -> bool:
    """Whether the stack's machines are none of a cluster, which is there already and whose machines nobody knows."""
    machines = stack.of(kinds.VM)
    return bool(machines) and not any(_OF_CLUSTER & set(each.props.at("tags").texts()) for each in machines)


@stack_rule("machines-apart", requirements=("ENV-4", "INF-1"), types=(kinds.VM, kinds.LXC))
def machines_apart(stack: Stack) -> Iterator[Finding]:
    """Outside of dev no hypervisor holds the majority of a quorum, nor all machines of one kind."""
    roles: dict[str, list[Resource]] = {}
    for machine in stack.of(kinds.VM, kinds.LXC):
        tags = machine.props.at("tags").texts()
        if _ENVIRONMENTS.intersection(tags):
            continue
        for role in (_QUORUM, *_APART):
            if role in tags:
                roles.setdefault(role, []).append(machine)
    for role, machines in roles.items():
        if role == _QUORUM and len(machines) % 2 == 0:
            yield (
                machines[0]
                .props.at("tags")
                .wrong(f"are those of one of {len(machines)} members of a quorum", "give an odd number of them")
            )
        if len(machines) < 2:
            continue
        nodes = [each.props.at("nodeName").text for each in machines]
        most = max(nodes, key=nodes.count)
        allowed = (len(machines) - 1) // 2 if role == _QUORUM else -(-len(machines) // len(_hypervisors(stack)))
        if nodes.count(most) > max(1, allowed):
            first = next(each for each in machines if each.props.at("nodeName").text == most)
            yield first.props.at("nodeName").wrong(
                f"{most} holds {nodes.count(most)} of {len(machines)} machines of {role}", "place them apart"
            )


def _hypervisors(stack: Stack) -> set[str]:
    return {each.props.at("nodeName").text for each in stack.of(kinds.VM, kinds.LXC)}


@resource_rule("machine-starts", requirements=("INF-1", "ENV-4"), types=(kinds.VM, kinds.LXC))
def machine_starts(resource: Resource) -> Iterator[Finding]:
    """A machine comes back with its hypervisor, and tells it how it is."""
    start = resource.props.at("onBoot" if resource.type == kinds.VM else "startOnBoot")
    if start.flag is False:
        yield start.wrong("is false", "set it to true")
    agent = resource.props.at("agent", "enabled")
    yield from _sized(resource)
    if resource.type == kinds.VM and resource.props.at("migrate").flag is not True:
        yield resource.props.at("migrate").wrong("is not true: on another node it would be another one", "set it")
    if not resource.props.at("startup", "order").text:
        yield resource.props.at("startup", "order").wrong("is missing", "say when it starts (INF-1)")
    if resource.type == kinds.VM and agent.flag is not True:
        yield agent.wrong("is not true: no backup could freeze its file systems", "set it to true")
    for role, (cores, memory) in _LEAST.items():
        if resource.type == kinds.VM and role in resource.props.at("tags").texts():
            if (resource.props.at("cpu", "cores").number or 0) < cores:
                yield resource.props.at("cpu", "cores").wrong(f"is less than {cores}", f"give {cores}")
            if (resource.props.at("memory", "dedicated").number or 0) < memory:
                yield resource.props.at("memory", "dedicated").wrong(f"is less than {memory}", f"give {memory}")
    floating = resource.props.at("memory", "floating")
    if floating.number and floating.number < (resource.props.at("memory", "dedicated").number or 0):
        yield floating.wrong("takes memory away that pods count on", "remove it")


def _sized(resource: Resource) -> Iterator[Finding]:
    memory = resource.props.at("memory", "dedicated")
    if resource.type == kinds.LXC and (512 if memory.number is None else memory.number) < _LEAST_LXC_MIB:
        yield memory.wrong(f"is {memory.text}", f"give at least {_LEAST_LXC_MIB}")
    for disk in (*resource.props.at("disks").items(), resource.props.at("disk")):
        if disk.at("size").present and (disk.at("size").number or 0) < _LEAST_GIB[resource.type]:
            yield disk.at("size").wrong(f"is {disk.at('size').text}", f"give at least {_LEAST_GIB[resource.type]}")


@resource_rule("machine-logins", requirements=("SEC-2", "SEC-3"), types=(kinds.FILE,))
def machine_logins(resource: Resource) -> Iterator[Finding]:
    """A machine lets in keys only: no password, no root."""
    data = resource.props.at("sourceRaw", "data")
    if data.present and not data.text.startswith("#cloud-config"):
        yield data.wrong("is no cloud-config, which alone is judged", "begin it with #cloud-config")
    for document in of_resource(resource):
        config = document.content
        if config.at("ssh_pwauth").flag is not False:
            yield config.at("ssh_pwauth").wrong("is not false", "set it to false")
        if config.at("disable_root").flag is False:
            yield config.at("disable_root").wrong("is false", "set it to true")
        for name in _FORBIDDEN:
            if config.at(name).present:
                yield config.at(name).wrong("gives a password", "remove it and give keys")
        yield from _users(config)
        yield from _sshd(config, data)


def _sshd(config: Value, data: Value) -> Iterator[Finding]:
    of_sshd = [file.at("content") for file in config.at("write_files").items() if "sshd" in file.at("path").text]
    said: dict[str, str] = {}
    for line in (line for each in of_sshd for line in each.text.splitlines() if " " in line.strip()):
        # sshd takes the first of two.
        said.setdefault(line.split(maxsplit=1)[0].lower(), line.split(maxsplit=1)[1].strip())
    for name, wanted in _LOGINS.items():
        if said.get(name.lower()) != wanted:
            yield data.wrong(f"does not set {name} {wanted}", "write it into a file of sshd's")
    for name, never in _NEVER.items():
        if said.get(name.lower()) == never:
            yield data.wrong(f"sets {name} {never}", "remove it")


def _users(config: Value) -> Iterator[Finding]:
    for user in config.at("users").items():
        for name in ("passwd", "plain_text_passwd", "hashed_passwd"):
            if user.at(name).present:
                yield user.at(name).wrong("gives a password", "remove it and give keys")
        if user.at("lock_passwd").flag is False:
            yield user.at("lock_passwd").wrong("is false", "set it to true")
