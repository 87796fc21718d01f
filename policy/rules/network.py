"""Who may talk to whom (SEC-6): addresses one by one, both sides of a flow, and nothing published but the gateways."""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .exposure import is_private
from .https import is_public

GATEWAYS = frozenset({"traefik"})
"""`app.kubernetes.io/name` of what may be reached from anywhere."""
_NAME = "app.kubernetes.io/name"
_NAMESPACE = "kubernetes.io/metadata.name"
_PUBLIC_PORTS = frozenset({"80", "443", "8000", "8443"})
_OPEN_PORTS = frozenset({53, 80, 443})
_INSIDE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8")
_SHORTEST = 16
"""Bits of a network's prefix: a larger one is not a named peer."""
_PORT_RANGE = 100


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_network(text.strip(), strict=False)
    return None


@resource_rule("network-policy-addresses", requirements=("SEC-6",), types=(kinds.NETWORK_POLICY,))
def network_policy_addresses(resource: Resource) -> Iterator[Finding]:
    """A network policy names machines; the internet only without what is inside, and only gateways are open to it."""
    spec = resource.props.at("spec")
    of_gateway = spec.at("podSelector", "matchLabels", _NAME).text in GATEWAYS
    ways = spec.at("policyTypes")
    for rules, way in (("ingress", "Ingress"), ("egress", "Egress")):
        if list(spec.at(rules).items()) and ways.texts() and way not in ways.texts():
            yield ways.wrong(f"lacks {way}, so the rules for it mean nothing", "name it")
    for rules, peers in (("ingress", "from"), ("egress", "to")):
        for rule in spec.at(rules).items():
            for port in rule.at("ports").items():
                last, first = port.at("endPort"), port.at("port")
                if last.number and last.number - (first.number or 0) > _PORT_RANGE:
                    yield last.wrong(f"is {last.text}: a range of more than {_PORT_RANGE}", "name the ports")
            for peer in rule.at(peers).items():
                block = peer.at("ipBlock")
                if block.present:
                    ports = {port.at("port").text for port in rule.at("ports").items()}
                    allowed = rules == "ingress" and of_gateway and ports <= _PUBLIC_PORTS
                    yield from _block(block, rules, everyone_may=allowed)
                elif list(peer.at("podSelector", "matchExpressions").items()):
                    yield peer.at("podSelector", "matchExpressions").wrong(
                        "names no pods one by one", "give matchLabels"
                    )
                elif not list(peer.at("podSelector").leaves()):
                    yield peer.at("podSelector").wrong("names no pods: all of the namespace may", "name them")
                elif peer.at("namespaceSelector").present and not list(peer.at("namespaceSelector").leaves()):
                    yield peer.at("namespaceSelector").wrong("names no namespace: all may", "name it")


def _block(block: Value, rules: str, *, everyone_may: bool) -> Iterator[Finding]:
    cidr = block.at("cidr")
    network = _network(cidr.text)
    if network is None:
        yield cidr.wrong(f"{cidr.text!r} is no network", "give address/bits")
    elif network.prefixlen == 0:
        if rules == "egress":
            kept = {each.text for each in block.at("except").items()}
            missing = [each for each in _INSIDE if each not in kept]
            if missing:
                yield block.at("except").wrong(f"lacks {', '.join(missing)}", "take out what is inside")
        elif not everyone_may:
            yield cidr.wrong("is everybody", "name who may; only gateways are open")
    elif network.prefixlen < _SHORTEST:
        yield cidr.wrong(f"is {cidr.text}", "name the machines")


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a flow between pods, as one policy says it."""

    own: tuple[str, str]
    """Namespace and name of the pods that the policy is on."""
    peer: tuple[str, str]
    port: str
    protocol: str
    place: Value


def _sides(stack: Stack, rules: str, peers: str) -> Iterator[_Side]:
    for policy in stack.of(kinds.NETWORK_POLICY):
        spec = policy.props.at("spec")
        own = kinds.namespace_of(policy), spec.at("podSelector", "matchLabels", _NAME).text
        for rule in spec.at(rules).items():
            for peer in rule.at(peers).items():
                name = peer.at("podSelector", "matchLabels", _NAME)
                if not name.text:
                    continue
                namespace = peer.at("namespaceSelector", "matchLabels", _NAMESPACE).text or own[0]
                for port in rule.at("ports").items():
                    protocol = port.at("protocol").text or "TCP"
                    yield _Side(own, (namespace, name.text), port.at("port").text, protocol, port)


@stack_rule("network-policy-pairs", requirements=("SEC-6",), types=(kinds.NETWORK_POLICY,))
def network_policy_pairs(stack: Stack) -> Iterator[Finding]:
    """A flow between pods stands on both sides: who may ask is asked by, and the other way round."""
    incoming, outgoing = list(_sides(stack, "ingress", "from")), list(_sides(stack, "egress", "to"))
    closed = {each.own for each in (*incoming, *outgoing) if each.own[1]}
    for sides, others in ((incoming, outgoing), (outgoing, incoming)):
        known = {(each.peer, each.own, each.port, each.protocol) for each in others}
        for each in sides:
            if each.own[1] and each.peer in closed and (each.own, each.peer, each.port, each.protocol) not in known:
                yield each.place.wrong(
                    f"lets {'/'.join(each.own)} and {'/'.join(each.peer)} talk, which the other side does not know",
                    "take the flow from the table of flows",
                )


@stack_rule("network-policy-pods", requirements=("SEC-6",), types=(kinds.NETWORK_POLICY, *kinds.WORKLOADS))
def network_policy_pods(stack: Stack) -> Iterator[Finding]:
    """Every workload has a policy of its own, and a policy with doors is on a workload's pods."""
    pods = [
        (kinds.namespace_of(each), _labels(kinds.pod_template(each).at("metadata", "labels")), each)
        for each in stack.of(*kinds.WORKLOADS)
    ]
    guarded: list[tuple[str, dict[str, str]]] = []
    for policy in stack.of(kinds.NETWORK_POLICY):
        spec = policy.props.at("spec")
        named = spec.at("podSelector", "matchLabels", _NAME)
        if named.text:
            guarded.append((kinds.namespace_of(policy), _labels(spec.at("podSelector", "matchLabels"))))
        for rules in ("ingress", "egress"):
            for rule in spec.at(rules).items():
                names = not list(spec.at("podSelector").leaves()) and not is_names(rule)
                if names and any(each[0] == kinds.namespace_of(policy) for each in pods):
                    yield spec.at("podSelector").wrong("opens a door for every pod of the namespace", "name the pods")
    if not guarded:
        return
    for space, labels, workload in pods:
        if not any(space == other and chosen.items() <= labels.items() for other, chosen in guarded):
            yield workload.props.at("metadata", "name").wrong(
                f"has no network policy on {_NAME}={labels.get(_NAME, '')}", "declare one with its flows"
            )


def _labels(value: Value) -> dict[str, str]:
    return {name: each.text for name, each in value.entries()}


def is_names(rule: Value) -> bool:
    """Whether the rule is the one that everybody has: questions for names."""
    ports = {port.at("port").text for port in rule.at("ports").items()}
    peers = [peer.at("podSelector", "matchLabels", "k8s-app").text for peer in rule.at("to").items()]
    return ports == {"53"} and peers == ["kube-dns"]


@resource_rule("service-published", requirements=("SEC-6",), types=(kinds.SERVICE,), severity=Severity.CRITICAL)
def service_published(resource: Resource) -> Iterator[Finding]:
    """Nothing is published but the gateways, and never on a port of every node."""
    spec = resource.props.at("spec")
    if spec.at("type").text == "NodePort":
        yield spec.at("type").wrong("opens a port on every node", "give ClusterIP")
    elif is_public(spec) and spec.at("selector", _NAME).text not in GATEWAYS:
        yield spec.at("type").wrong("publishes what is no gateway", "give ClusterIP, and a route of the gateway")
    if list(spec.at("externalIPs").items()):
        yield spec.at("externalIPs").wrong("takes addresses of others", "remove it")


@stack_rule("service-target", requirements=("SEC-6", "ENV-4"), types=(kinds.SERVICE, *kinds.WORKLOADS))
def service_target(stack: Stack) -> Iterator[Finding]:
    """A Service leads to the pods of one workload, and to ports that they open."""
    workloads = [(each, kinds.pod_template(each)) for each in stack.of(*kinds.WORKLOADS)]
    if not workloads:
        return
    for service in stack.of(kinds.SERVICE):
        spec = service.props.at("spec")
        wanted = {name: value.text for name, value in spec.at("selector").entries()}
        if not wanted:
            continue
        namespace = kinds.namespace_of(service)
        opened: set[str] = set()
        found = False
        for workload, template in workloads:
            labels = {name: value.text for name, value in template.at("metadata", "labels").entries()}
            if wanted.items() <= labels.items() and kinds.namespace_of(workload) == namespace:
                found = True
                for container in template.at("spec", "containers").items():
                    for port in container.at("ports").items():
                        opened |= {port.at("name").text, port.at("containerPort").text}
        if not found:
            yield spec.at("selector").wrong("selects no workload's pods", "give labels of the pods")
            continue
        own = service.props.at("metadata", "labels", _NAME).text
        if own and own != wanted.get(_NAME, own):
            yield spec.at("selector").wrong(f"selects {wanted[_NAME]}, and is {own}'s", "give labels of its own pods")
        for port in spec.at("ports").items():
            target = port.at("targetPort")
            if (target.text or port.at("port").text) not in opened:
                yield port.wrong("leads to a port that the pods do not open", "name one of theirs")


def _parts(ports: str) -> Iterator[tuple[str, int, int]]:
    for part in filter(None, ports.replace(" ", "").split(",")):
        low, _, high = part.partition(":")
        if low.isdigit() and (high or low).isdigit():
            yield part, int(low), int(high or low)


def _outgoing(rule: Value) -> Iterator[Finding]:
    if not rule.at("proto").text or not re.fullmatch(r"[\d,]+", rule.at("dport").text):
        yield rule.at("dport").wrong("opens more than one program of who is asked", "give proto and the port")


@resource_rule("firewall-narrow", requirements=("SEC-6", "INF-1"), types=kinds.FIREWALL_RULES)
def firewall_narrow(resource: Resource) -> Iterator[Finding]:
    """What a machine's firewall lets in has a protocol, ports, and senders, but for names and the web."""
    for rule in resource.props.at("rules").items():
        if rule.at("action").text.upper() != "ACCEPT":
            continue
        if rule.at("type").text.lower() != "in":
            yield from _outgoing(rule)
            continue
        if rule.at("macro").text:
            yield rule.at("macro").wrong("stands for ports that nobody sees", "give proto and dport")
            continue
        proto, ports, source = rule.at("proto"), rule.at("dport"), rule.at("source")
        if not proto.text:
            yield proto.wrong("is missing, which means every protocol", "give tcp, udp or icmp")
        elif proto.text.lower() not in {"icmp", "ipv6-icmp", "icmpv6"} and not ports.text:
            yield ports.wrong("is missing, which means every port", "name the ports")
        numbers: set[int] = set()
        for part, low, high in _parts(ports.text):
            if high - low > _PORT_RANGE:
                yield ports.wrong(f"is a range of more than {_PORT_RANGE}: {part}", "name the ports")
            numbers |= {low, high}
        senders = [part.strip() for part in source.text.split(",") if part.strip()]
        if not senders and not (numbers and numbers <= _OPEN_PORTS):
            yield source.wrong("is missing, which means everybody", "name who may")
        for sender in senders:
            network = _network(sender)
            if network is not None and network.prefixlen < _SHORTEST:
                yield source.wrong(f"is {sender}", "name who may")


@resource_rule("machine-addresses", requirements=("SEC-6", "INF-1"), types=(kinds.FIREWALL_OPTIONS, kinds.IPSET))
def machine_addresses(resource: Resource) -> Iterator[Finding]:
    """A machine sends from its own addresses only, and tells nobody the way."""
    if resource.type == kinds.IPSET:
        for entry in resource.props.at("cidrs").items():
            network = _network(entry.at("name").text)
            if network is None or network.num_addresses > 1:
                yield entry.at("name").wrong(f"is {entry.at('name').text}", "name the machine's addresses one by one")
        return
    for name, wanted in (("ipfilter", True), ("macfilter", True), ("radv", False)):
        value = resource.props.at(name)
        flag = value.flag
        if (flag is None and name == "ipfilter") or (flag is not None and flag is not wanted):
            yield value.wrong(f"is not {str(wanted).lower()}", f"set it to {str(wanted).lower()}")


@stack_rule("machine-rules", requirements=("SEC-6", "INF-1"), types=(kinds.FIREWALL_OPTIONS, *kinds.FIREWALL_RULES))
def machine_rules(stack: Stack) -> Iterator[Finding]:
    """Every machine with a firewall has rules for it."""
    ruled = {
        each.props.at(name).text for each in stack.of(*kinds.FIREWALL_RULES) for name in ("vmId", "containerId")
    } - {""}
    if not ruled:
        return
    for options in stack.of(kinds.FIREWALL_OPTIONS):
        number = next((options.props.at(name) for name in ("vmId", "containerId") if options.props.at(name).text), None)
        if number is not None and number.text not in ruled:
            yield number.wrong(f"{number.text} has no rules", "declare RulesLegacy with the same number")


@resource_rule("docker-published", requirements=("SEC-6",), types=(kinds.DOCKER_CONTAINER,))
def docker_published(resource: Resource) -> Iterator[Finding]:
    """A Docker container publishes ports on its host's private address, each by name."""
    for port in resource.props.at("ports").items():
        ip = port.at("ip")
        if not is_private(ip.text):
            yield ip.wrong(f"is {ip.text or 'missing: every interface'}", "give the host's private address")
    every = resource.props.at("publishAllPorts")
    if every.flag:
        yield every.wrong("is true", "name the ports")


RULES = (
    network_policy_addresses,
    network_policy_pairs,
    network_policy_pods,
    service_published,
    service_target,
    firewall_narrow,
    machine_addresses,
    machine_rules,
    docker_published,
)
