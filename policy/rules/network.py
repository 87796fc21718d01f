"""Who may talk to whom (SEC-6): addresses one by one, both sides of a flow, and nothing published but the gateways."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

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
_INSIDE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8")
_LOGIN = "22"
SHORTEST = 16
"""Bits of a network's prefix: a larger one is not a named peer."""
PORT_RANGE = 100


def network_of(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
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
                yield from _port(port.at("port"), port.at("endPort"))
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


def _port(first: Value, last: Value) -> Iterator[Finding]:
    if first.text == _LOGIN:
        yield first.wrong("is for logins: nobody has one on pods, and people alone on machines", "remove it")
    if last.number and last.number - (first.number or 0) > PORT_RANGE:
        yield last.wrong(f"is {last.text}: a range of more than {PORT_RANGE}", "name the ports")


def _block(block: Value, rules: str, *, everyone_may: bool) -> Iterator[Finding]:
    cidr = block.at("cidr")
    network = network_of(cidr.text)
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
    elif network.prefixlen < SHORTEST:
        yield cidr.wrong(f"is {cidr.text}", "name the machines")


_Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Flow:
    """A flow between pods, as the policy of one side says it."""

    space: str
    """Namespace of the policy."""
    own: _Labels
    """By which the policy chooses its pods."""
    peer_space: str
    peer: _Labels
    port: str
    protocol: str
    place: Value

    @property
    def between(self) -> str:
        """Both sides, for people."""
        sides = ((self.space, self.own), (self.peer_space, self.peer))
        return " and ".join("/".join((space, *(value for _, value in sorted(labels)))) for space, labels in sides)


def _flows(stack: Stack, rules: str, peers: str) -> Iterator[_Flow]:
    for policy in stack.of(kinds.NETWORK_POLICY):
        spec = policy.props.at("spec")
        space, own = kinds.namespace_of(policy), frozenset(_labels(spec.at("podSelector", "matchLabels")).items())
        for rule in spec.at(rules).items() if own else ():
            for peer in rule.at(peers).items():
                named = frozenset(_labels(peer.at("podSelector", "matchLabels")).items())
                peer_space = peer.at("namespaceSelector", "matchLabels", _NAMESPACE).text or space
                for port in rule.at("ports").items() if named else ():
                    protocol = port.at("protocol").text or "TCP"
                    yield _Flow(space, own, peer_space, named, port.at("port").text, protocol, port)


def _some(labels: _Labels) -> Iterator[_Labels]:
    """What a selector of pods with these labels may say: some of them, or all."""
    for size in range(1, len(labels) + 1):
        yield from map(frozenset, combinations(sorted(labels), size))


@stack_rule("network-policy-pairs", requirements=("SEC-6",), types=(kinds.NETWORK_POLICY,))
def network_policy_pairs(stack: Stack) -> Iterator[Finding]:
    """A flow between pods stands on both sides, in every policy of theirs: who may ask is asked by, and back."""
    incoming, outgoing = list(_flows(stack, "ingress", "from")), list(_flows(stack, "egress", "to"))
    chosen: dict[tuple[str, _Labels], set[_Labels]] = {}
    for flow in (*incoming, *outgoing):
        for labels in _some(flow.own):
            chosen.setdefault((flow.space, labels), set()).add(flow.own)
    for flows, others in ((incoming, outgoing), (outgoing, incoming)):
        known = {(each.space, each.own, each.peer_space, each.peer, each.port, each.protocol) for each in others}
        for flow in flows:
            # While the policy's own namespace is not known, nobody knows it as a peer either.
            for own in sorted(chosen.get((flow.peer_space, flow.peer), ()), key=sorted) if flow.space != "?" else ():
                said = (flow.space, flow.port, flow.protocol)
                if not any((flow.peer_space, own, said[0], labels, *said[1:]) in known for labels in _some(flow.own)):
                    yield flow.place.wrong(
                        f"lets {flow.between} talk, which the other side does not know",
                        "take the flow from the table of flows",
                    )
                    break


_INSTANCE = "app.kubernetes.io/instance"
"""By which a chart's pods are known: the name of its release."""


@stack_rule(
    "network-policy-pods", requirements=("SEC-6",), types=(kinds.NETWORK_POLICY, *kinds.WORKLOADS, kinds.HELM_CHART)
)
def network_policy_pods(stack: Stack) -> Iterator[Finding]:
    """Every workload and chart has a policy of its own, whose doors are on its pods, at ports that they open."""
    pods = [
        (kinds.namespace_of(each), _labels(kinds.pod_template(each).at("metadata", "labels")), each)
        for each in stack.of(*kinds.WORKLOADS)
    ]
    guarded: list[tuple[str, dict[str, str]]] = []
    for policy in stack.of(kinds.NETWORK_POLICY):
        spec, space = policy.props.at("spec"), kinds.namespace_of(policy)
        labels = _labels(spec.at("podSelector", "matchLabels"))
        if labels:
            guarded.append((space, labels))
            inside = [each for other, own, each in pods if other == space and labels.items() <= own.items()]
            yield from _doors(spec, {port for each in inside for port in _opened(kinds.pod_spec(each))})
        for rules in ("ingress", "egress"):
            for rule in spec.at(rules).items():
                names = not list(spec.at("podSelector").leaves()) and not is_names(rule)
                if names and any(each[0] == space for each in pods):
                    yield spec.at("podSelector").wrong("opens a door for every pod of the namespace", "name the pods")
    if not guarded:
        return
    for space, labels, workload in pods:
        if not any(space == other and chosen.items() <= labels.items() for other, chosen in guarded):
            yield workload.props.at("metadata", "name").wrong(
                f"has no network policy on {_NAME}={labels.get(_NAME, '')}", "declare one with its flows"
            )
    for chart in stack.of(kinds.HELM_CHART):
        name = chart.props.at("name").text or chart.name
        if (chart.props.at("namespace").text, {_INSTANCE: name}) not in guarded:
            yield chart.props.at("name").wrong(f"has no network policy on {_INSTANCE}={name}", "declare one")


def _opened(pod: Value) -> Iterator[str]:
    for container in kinds.all_containers(pod):
        for port in container.at("ports").items():
            yield port.at("name").text
            yield port.at("containerPort").text


def _doors(spec: Value, opened: set[str]) -> Iterator[Finding]:
    """Ports of a policy's doors that its pods, as far as they are known, do not open."""
    for rule in spec.at("ingress").items() if opened else ():
        for port in rule.at("ports").items():
            if port.at("port").text not in opened:
                yield port.at("port").wrong(f"is {port.at('port').text}, which the pods do not open", "name theirs")


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
    ports = {port.at("port").text for port in spec.at("ports").items()}
    if is_public(spec) and spec.at("selector", _NAME).text in GATEWAYS and "443" not in ports:
        yield spec.at("ports").wrong("lack 443, at which users come", "add it")
    for name in ("loadBalancerSourceRanges", "loadBalancerClass", "loadBalancerIP"):
        if spec.at(name).present:
            yield spec.at(name).wrong("is nothing that the balancer here looks at, or leaves users out", "remove it")
    if list(spec.at("externalIPs").items()):
        yield spec.at("externalIPs").wrong("takes addresses of others", "remove it")


def _labelled(stack: Stack) -> dict[tuple[str, str, str], list[tuple[Value, dict[str, str]]]]:
    """The pods of workloads with all of their labels, by namespace and each label."""
    found: dict[tuple[str, str, str], list[tuple[Value, dict[str, str]]]] = {}
    for workload in stack.of(*kinds.WORKLOADS):
        template = kinds.pod_template(workload)
        labels = _labels(template.at("metadata", "labels"))
        for label in labels.items():
            found.setdefault((kinds.namespace_of(workload), *label), []).append((template.at("spec"), labels))
    return found


@stack_rule("service-target", requirements=("SEC-6", "ENV-4"), types=(kinds.SERVICE, *kinds.WORKLOADS))
def service_target(stack: Stack) -> Iterator[Finding]:
    """A Service leads to the pods of one workload, and to ports that they open."""
    workloads = _labelled(stack)
    for service in stack.of(kinds.SERVICE) if stack.of(*kinds.WORKLOADS) else ():
        spec = service.props.at("spec")
        wanted = _labels(spec.at("selector"))
        if not wanted:
            continue
        namespace = kinds.namespace_of(service)
        opened: set[str] = set()
        found = False
        for pod, labels in min((workloads.get((namespace, *each), []) for each in wanted.items()), key=len):
            if wanted.items() <= labels.items():
                found = True
                opened.update(_opened(pod))
        if not found:
            yield spec.at("selector").wrong("selects no workload's pods", "give labels of the pods")
            continue
        for name, label in service.props.at("metadata", "labels").entries():
            if label.text != wanted.get(name, label.text):
                yield spec.at("selector").wrong(f"selects {wanted[name]}, and is {label.text}'s", "give its own labels")
        for port in spec.at("ports").items():
            target = port.at("targetPort")
            if (target.text or port.at("port").text) not in opened:
                yield port.wrong("leads to a port that the pods do not open", "name one of theirs")


@resource_rule("docker-published", requirements=("SEC-3", "SEC-6"), types=(kinds.DOCKER_CONTAINER,))
def docker_published(resource: Resource) -> Iterator[Finding]:
    """A Docker container publishes ports on its host's private address, each by name: Docker passes by firewalls."""
    for port in resource.props.at("ports").items():
        ip = port.at("ip")
        if not is_private(ip.text):
            yield ip.wrong(f"is {ip.text or 'missing: every interface'}", "give the host's private address")
    every = resource.props.at("publishAllPorts")
    if every.flag:
        yield every.wrong("is true", "name the ports")
