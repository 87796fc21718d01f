"""Flows that machines and pods both know of, and addresses that are the stack's own (SEC-6, REL-1)."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .addresses import listed, of_machine, of_machines
from .exposure import is_private
from .network import is_names, network_of
from .placement import cluster_elsewhere

OUTSIDE = ("metadata", "annotations", "luxima.id/outside")
"""Where a policy says what for its pods call somebody outside of the platform: the setting `outside` of a service."""
_ADDRESSES = "kube-vip.io/loadbalancerIPs"
_LINK_LOCAL = ipaddress.ip_network("169.254.0.0/16")
_LOGIN = "22"
_NAME = "app.kubernetes.io/name"
_MEASURING = frozenset({"pve-exporter"})
"""Who asks the API of hypervisors (MON-2)."""


@resource_rule("service-reaches", requirements=("SEC-6", "ENV-4"), types=(kinds.SERVICE,))
def service_reaches(resource: Resource) -> Iterator[Finding]:
    """A Service leads to pods of the cluster that are ready, tells them who asks, and opens no port of the nodes."""
    spec = resource.props.at("spec")
    if spec.at("type").text == "ExternalName":
        yield spec.at("type").wrong("leads out of the cluster under a name of it", "remove it")
    if spec.at("externalName").text:
        yield spec.at("externalName").wrong("is a name outside of the cluster", "remove it")
    if spec.at("type").text == "LoadBalancer":
        if spec.at("allocateLoadBalancerNodePorts").flag is not False:
            yield spec.at("allocateLoadBalancerNodePorts").wrong(
                "is not false: every node opens a port", "set it to false"
            )
        if spec.at("externalTrafficPolicy").text != "Local":
            yield spec.at("externalTrafficPolicy").wrong(
                "is not Local: nobody knows any more who asks, so lists of networks let the nodes in", "give Local"
            )
    if spec.at("publishNotReadyAddresses").flag and spec.at("clusterIP").text != "None":
        yield spec.at("publishNotReadyAddresses").wrong("leads to pods that are not ready", "remove it")
    if spec.at("internalTrafficPolicy").text == "Local":
        yield spec.at("internalTrafficPolicy").wrong("leads nowhere from a node without such a pod", "remove it")


def rules_in_force(stack: Stack) -> Iterator[tuple[Resource, Value]]:
    """Rules of firewalls that are not switched off, with where they are."""
    for resource in stack.of(*kinds.FIREWALL_RULES):
        for rule in resource.props.at("rules").items():
            if rule.at("enabled").flag is not False:
                yield resource, rule


def _lets(ports: set[str], port: str) -> bool:
    for each in ports:
        low, _, high = each.partition(":")
        if each == port or (low.isdigit() and high.isdigit() and port.isdigit() and int(low) <= int(port) <= int(high)):
            return True
    return not ports


def _nodes(stack: Stack) -> set[str]:
    """Addresses of the cluster's machines, from which pods ask others."""
    nodes = [each for each in stack.of(kinds.VM) if any("k3s-" in tag for tag in each.props.at("tags").texts())]
    return {address for each in nodes for address in of_machine(each)}


def _is_among(nodes: Collection[str], sources: set[str]) -> bool:
    """Whether one of the nodes comes from there; where none is named, everybody does."""
    asking = [network.network_address for network in map(network_of, nodes) if network is not None]
    let_in = [network for network in map(network_of, sources) if network is not None]
    return not sources or not nodes or any(node in network for node in asking for network in let_in)


def _doors(stack: Stack, nodes: Collection[str] = ()) -> tuple[dict[str, list[set[str]]], set[str]]:
    """The ports that each machine's firewall lets in (the nodes), by address; and addresses that nobody may ask."""
    doors: dict[str, list[set[str]]] = {}
    closed: set[str] = set()
    for _, rule in rules_in_force(stack):
        ports = listed(rule.at("dport"))
        if rule.at("type").text == "in" and rule.at("action").text == "ACCEPT" and rule.at("proto").text != "icmp":
            lets_nodes_in = _is_among(nodes, listed(rule.at("source")))
            for address in listed(rule.at("dest")):
                let_in = doors.setdefault(address, [])
                if lets_nodes_in:
                    let_in.append(ports)
        elif rule.at("type").text == "out" and rule.at("action").text == "DROP":
            closed |= listed(rule.at("dest"))
    return doors, closed


@stack_rule("published-let-in", requirements=("SEC-6",), types=(kinds.DOCKER_CONTAINER, *kinds.FIREWALL_RULES))
def published_let_in(stack: Stack) -> Iterator[Finding]:
    """What a Docker host publishes is in the table of flows: its machine's firewall lets somebody in there."""
    doors, _ = _doors(stack)
    for container in stack.of(kinds.DOCKER_CONTAINER) if doors else ():
        for port in container.props.at("ports").items():
            address, number = port.at("ip").text, port.at("external")
            if number.text and not any(_lets(ports, number.text) for ports in doors.get(address, [{number.text}])):
                yield number.wrong(f"is {number.text}, at which {address} lets nobody in", "take it from the flows")


@stack_rule(
    "flows-reach",
    requirements=("SEC-6",),
    types=(kinds.NETWORK_POLICY, *kinds.FIREWALL_RULES, kinds.VM),
    severity=Severity.CRITICAL,
)
def flows_reach(stack: Stack) -> Iterator[Finding]:
    """What a network policy lets pods ask of a machine, the machine lets nodes in at; no pod asks a hypervisor."""
    doors, closed = _doors(stack, _nodes(stack))
    elsewhere = cluster_elsewhere(stack)
    for policy in stack.of(kinds.NETWORK_POLICY):
        measures = policy.props.at("spec", "podSelector", "matchLabels", _NAME).text in _MEASURING
        for rule in policy.props.at("spec", "egress").items():
            for peer in rule.at("to").items():
                cidr = peer.at("ipBlock", "cidr")
                if not cidr.text:
                    continue
                yield from _judge_network(cidr, elsewhere=elsewhere)
                address = cidr.text.removesuffix("/32")
                if address in closed and not measures:
                    yield cidr.wrong("is a hypervisor", "remove it")
                yield from _judge_ports(rule, address, doors)


def _judge_network(cidr: Value, *, elsewhere: bool) -> Iterator[Finding]:
    try:
        network = ipaddress.ip_network(cidr.text)
    except ValueError:
        return
    if network.version == 4 and network.overlaps(_LINK_LOCAL) and network.prefixlen:
        yield cidr.wrong("is where machines are told their secrets", "remove it")
    # Of a cluster that is there already nobody knows the machines, only their network.
    if 0 < network.prefixlen < network.max_prefixlen and is_private(str(network[0])) and not elsewhere:
        yield cidr.wrong(f"is {cidr.text}, more than one machine", "name the machines")


def _judge_ports(rule: Value, address: str, doors: Mapping[str, list[set[str]]]) -> Iterator[Finding]:
    for port in rule.at("ports").items():
        number = port.at("port")
        if number.text == _LOGIN:
            yield number.wrong("is for logins on machines, which are people's", "remove it")
        elif address in doors and not any(_lets(ports, number.text) for ports in doors[address]):
            yield number.wrong(f"is {number.text}, which {address} lets nobody in at", "take it from the flows")


@stack_rule("firewall-logins", requirements=("SEC-3", "SEC-6"), types=kinds.FIREWALL_RULES, severity=Severity.CRITICAL)
def firewall_logins(stack: Stack) -> Iterator[Finding]:
    """No machine of the stack may log in on another, and none may reach the hypervisors."""
    rules = list(rules_in_force(stack))
    own = {address for _, rule in rules if rule.at("type").text == "in" for address in listed(rule.at("dest"))}
    kept: set[str] = set()
    for resource, rule in rules:
        if rule.at("type").text == "in" and rule.at("action").text == "ACCEPT":
            if _LOGIN in listed(rule.at("dport")) and listed(rule.at("source")) & own:
                yield rule.at("source").wrong("is a machine of the stack, which could log in", "name who operates it")
        elif (
            rule.at("action").text in {"DROP", "REJECT"}
            and rule.at("dest").text
            and not any(rule.at(name).text for name in ("dport", "proto", "source"))
        ):
            kept.add(resource.urn)
    if not kept:
        return
    for resource in stack.of(*kinds.FIREWALL_RULES):
        if resource.urn not in kept:
            yield resource.props.at("rules").wrong(
                "lets the machine reach its hypervisors", "drop what goes out to them"
            )


@stack_rule("engine-own", requirements=("SEC-1", "INF-2"), types=(kinds.DOCKER_PROVIDER, kinds.VM, kinds.LXC))
def engine_own(stack: Stack) -> Iterator[Finding]:
    """A Docker engine that is told passwords is that of one of the stack's machines."""
    own = of_machines(stack)
    for provider in stack.of(kinds.DOCKER_PROVIDER) if own else ():
        host = provider.props.at("host")
        if urlsplit(host.text).hostname not in own:
            yield host.wrong(f"is {host.text}, no machine of the stack", "give ssh://<user>@<its address>")


_OWN_TYPES = frozenset({"A", "AAAA", "CAA", "MX", "TXT"})
_ELSEWHERE = "-host-"
"""In the names of records that are made from `dns.hosts`."""


@stack_rule(
    "record-own-addresses",
    requirements=("REL-1", "SEC-1"),
    types=(kinds.DNS_RECORD, kinds.SERVICE, kinds.VM, kinds.LXC, kinds.NETWORK_POLICY),
)
def record_own_addresses(stack: Stack) -> Iterator[Finding]:
    """Names lead to the stack's gateways and machines, or where `dns.hosts` says; so do the doors to the outside."""
    own, machines = set[str](), of_machines(stack)
    asked = list(_asked(stack))
    known = {cidr.text.removesuffix("/32") for cidr, _ in asked}
    for service in stack.of(kinds.SERVICE):
        addresses = service.props.at("metadata", "annotations", _ADDRESSES)
        for address in sorted(listed(addresses)):
            if address in own | machines or (known and address not in known):
                yield addresses.wrong(f"has {address}, another's or one that no flow knows", "give its own alone")
        own |= listed(addresses)
    if not own:
        return
    own |= machines
    yield from _strangers(asked, own.union(*(each.props.at("records").texts() for each in stack.of(kinds.DNS_RECORD))))
    for record in stack.of(kinds.DNS_RECORD):
        name, kind = record.props.at("name"), record.props.at("type")
        if name.text.startswith("*"):
            yield name.wrong("stands for names that nobody declared", "name the host")
        if kind.text not in _OWN_TYPES:
            yield kind.wrong(f"is {kind.text}: what it leads to is another's to say", "give A with the address")
        if name.text.startswith("_acme-challenge"):
            yield name.wrong("lets another have a certificate", "remove it: cert-manager writes its own")
        if _ELSEWHERE in record.props.subject.name or kind.text not in {"A", "AAAA"}:
            continue
        for address in record.props.at("records").items():
            if address.text not in own:
                yield address.wrong(f"is {address.text}, which is nobody's of the stack", "give a gateway's address")


def _strangers(asked: Sequence[tuple[Value, str]], named: set[str]) -> Iterator[Finding]:
    for cidr, told in asked:
        address, _, length = cidr.text.partition("/")
        if length == "32" and not told and not is_private(address) and address not in named:
            yield cidr.wrong(f"is {cidr.text}, which is nobody's of the stack", "say so in `outside` of the service")


def _asked(stack: Stack) -> Iterator[tuple[Value, str]]:
    """The networks that policies let pods ask, and what for, where that is outside of the platform."""
    for policy in stack.of(kinds.NETWORK_POLICY):
        for rule in policy.props.at("spec", "egress").items():
            for peer in rule.at("to").items():
                if peer.at("ipBlock").present:
                    yield peer.at("ipBlock", "cidr"), policy.props.at(*OUTSIDE).text


@stack_rule(
    "names-reach", requirements=("SEC-6", "ENV-4"), types=(kinds.NETWORK_POLICY, *kinds.LONG_RUNNING, kinds.HELM_CHART)
)
def names_reach(stack: Stack) -> Iterator[Finding]:
    """Where everything is denied, every pod may still ask for names, those of charts as well."""
    policies = stack.of(kinds.NETWORK_POLICY)
    asking = {
        kinds.namespace_of(each)
        for each in policies
        if not list(each.props.at("spec", "podSelector").leaves())
        and any(map(is_names, each.props.at("spec", "egress").items()))
    }
    for workload in stack.of(*kinds.LONG_RUNNING) if policies and "?" not in asking else ():
        if kinds.namespace_of(workload) not in asking:
            yield workload.props.at("metadata", "namespace").wrong("has pods that may ask for no name", "let them")
    for chart in stack.of(kinds.HELM_CHART) if policies and "?" not in asking else ():
        if chart.props.at("namespace").text not in asking:
            yield chart.props.at("namespace").wrong("has pods that may ask for no name", "let them")
