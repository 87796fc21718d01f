"""Machines on the hypervisor (INF-1): behind its firewall, without rights over it, made from what was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

import versions

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .documents import of_resource

_DEBIAN = {each.version for each in versions.TABLE if each.name == "debian"}
_SERVER = "k3s-server"
"""Tag of the machines on which etcd runs."""
_MAJORITY = 3
"""Members of which one can be lost."""
_MACHINES = (
    ((kinds.VM,), "vmId", "vmId"),
    (kinds.CLONED_VMS, "resourceId", "vmId"),
    ((kinds.LXC,), "vmId", "containerId"),
)
"""Types, the property that has a machine's number, and the one by which firewall options name it."""


@resource_rule("machine-firewall", requirements=("INF-1", "SEC-3"), types=(kinds.VM, kinds.LXC, *kinds.CLONED_VMS))
def machine_firewall(resource: Resource) -> Iterator[Finding]:
    """Every network interface of a machine is behind the hypervisor's firewall."""
    interfaces = [*resource.props.at("networkDevices").items(), *resource.props.at("networkInterfaces").items()]
    interfaces += [interface for _, interface in resource.props.at("network").entries()]
    for interface in interfaces:
        firewall = interface.at("firewall")
        if firewall.flag is not True:
            yield firewall.wrong("is not true", "set it to true")


@resource_rule("machine-firewall-closed", requirements=("INF-1", "SEC-3", "SEC-4"), types=(kinds.FIREWALL_OPTIONS,))
def machine_firewall_closed(resource: Resource) -> Iterator[Finding]:
    """A machine's firewall is on, lets in only what a rule names, and writes down whom it turned away."""
    enabled = resource.props.at("enabled")
    if enabled.flag is not True:
        yield enabled.wrong("is not true", "set it to true")
    policy = resource.props.at("inputPolicy")
    if policy.text not in {"DROP", "REJECT"}:
        yield policy.wrong(f"is {policy.text or 'missing'}", "give DROP")
    told = resource.props.at("logLevelIn")
    if told.text in {"", "nolog"}:
        yield told.wrong(f"is {told.text or 'missing'}: nobody sees who tries", "give info")


@stack_rule(
    "machine-firewall-declared",
    requirements=("INF-1", "SEC-3"),
    types=(kinds.VM, kinds.LXC, *kinds.CLONED_VMS, kinds.FIREWALL_OPTIONS),
)
def machine_firewall_declared(stack: Stack) -> Iterator[Finding]:
    """Every machine has firewall options, without which none of its interfaces is filtered."""
    options = stack.of(kinds.FIREWALL_OPTIONS)
    for types, number, named in _MACHINES:
        closed = {each.props.at(named).text for each in options}
        for machine in stack.of(*types):
            own = machine.props.at(number)
            if not own.text or own.text not in closed:
                yield own.wrong("has no firewall OptionsLegacy", f"declare one with the same {named}")


_OWNER = re.compile(r"Guests of the (\w+) stack, behind the firewall that (?:\1|(\w+)) switches on")
"""What a pool says: its stack, and another one if that owns the switch."""


@stack_rule(
    "cluster-firewall-on",
    requirements=("INF-1", "SEC-3"),
    types=(kinds.CLUSTER_FIREWALL, kinds.FIREWALL_OPTIONS, kinds.POOL),
)
def cluster_firewall_on(stack: Stack) -> Iterator[Finding]:
    """The cluster's firewall is on, by this stack or the one that its pool names: else no machine is filtered."""
    for switch in stack.of(kinds.CLUSTER_FIREWALL):
        for name in ("enabled", "ebtables"):
            value = switch.props.at(name)
            if value.flag is not True:
                yield value.wrong("is not true", "set it to true")
    for pool in (
        stack.of(kinds.POOL) if stack.of(kinds.FIREWALL_OPTIONS) and not stack.of(kinds.CLUSTER_FIREWALL) else ()
    ):
        owner = _OWNER.match(pool.props.at("comment").text)
        if owner is None or not owner[2]:
            yield pool.props.at("comment").wrong(
                "names no other stack, and this one switches nothing on", "declare FirewallLegacy"
            )


@stack_rule("quorum-apart", requirements=("ENV-4",), types=(kinds.VM,))
def quorum_apart(stack: Stack) -> Iterator[Finding]:
    """No node has two of the servers that decide by majority: it would take the cluster with it."""
    servers = [machine for machine in stack.of(kinds.VM) if _SERVER in machine.props.at("tags").texts()]
    if len(servers) < _MAJORITY:
        return
    first: dict[str, str] = {}
    for server in servers:
        node = server.props.at("nodeName")
        other = first.setdefault(node.text, server.name)
        if other != server.name:
            yield node.wrong(f"is {node.text}, where {other} is already", "give each server a node of its own")


@resource_rule("lxc-unprivileged", requirements=("INF-1", "SEC-3"), types=(kinds.LXC,), severity=Severity.CRITICAL)
def lxc_unprivileged(resource: Resource) -> Iterator[Finding]:
    """No LXC runs with the hypervisor's own root."""
    unprivileged = resource.props.at("unprivileged")
    if unprivileged.flag is not True:
        yield unprivileged.wrong("is not true", "set it to true")


@resource_rule("download-checksum", requirements=("INF-1",), types=kinds.DOWNLOADS, severity=Severity.MEDIUM)
def download_checksum(resource: Resource) -> Iterator[Finding]:
    """What a hypervisor downloads is checked against a checksum."""
    url = resource.props.at("url")
    for release in re.findall(r"/debian-(\d+)-", url.text):
        if release not in _DEBIAN:
            yield url.wrong(f"is Debian {release}, which is not in the table of versions", "take the release there")
    checksum = resource.props.at("checksum")
    if not checksum.text:
        yield checksum.wrong("is missing", "give the distribution's SHA-512, and a URL that does not change")
    algorithm = resource.props.at("checksumAlgorithm")
    if algorithm.text not in {"", "sha256", "sha384", "sha512"}:
        yield algorithm.wrong(f"is {algorithm.text}", "give sha512 or sha256")


@stack_rule("machine-keys", requirements=("SEC-6", "INF-1"), types=(kinds.FILE,), severity=Severity.CRITICAL)
def machine_keys(stack: Stack) -> Iterator[Finding]:
    """The same SSH keys open every VM of a stack, and none is asked for elsewhere."""
    machines: list[list[Value]] = []
    for resource in stack.of(kinds.FILE):
        for document in of_resource(resource):
            named = list(document.content.named_leaves())
            machines.append([leaf for name, leaf in named if name == "ssh_authorized_keys"])
            for name, leaf in named:
                if name == "ssh_import_id":
                    yield leaf.wrong("lets in whom somebody else says", "give keys")
    shared = set[str].intersection(*({key.text for key in keys} for keys in machines)) if machines else set[str]()
    for key in (key for keys in machines for key in keys):
        if key.text not in shared:
            yield key.wrong("opens this machine and not every other one", "give all of them the same keys")
