"""Peers of network policies and firewalls are named as the table of flows names them (SEC-6)."""

from __future__ import annotations

from collections.abc import Iterator

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .addresses import is_address, listed, of_machine, of_machines
from .exposure import is_private
from .flows import OUTSIDE, rules_in_force
from .network import GATEWAYS, network_of
from .placement import cluster_elsewhere

_NAME, _NAMESPACE = "app.kubernetes.io/name", "kubernetes.io/metadata.name"
_INSTANCE = "app.kubernetes.io/instance"
_NAMES = frozenset({_NAME, _INSTANCE, "k8s-app", "luxima.id/slot", "luxima.id/watch", "environment"})
"""Labels by which a pod is known."""
_OF_CLUSTER = frozenset({"kube-dns"})
"""Pods in kube-system that others talk to."""
_ASKS_INTERNET = frozenset({"alertmanager", "cert-manager"})
"""Who has to: PagerDuty, Slack and Telegram; the ACME server."""
_ASKED_BY_NODES = frozenset({"cert-manager"})
"""Webhooks, which the API server calls by a node's address."""
_SHARED = frozenset({"53", "443", "6443"})
"""Ports of machines that more than one program asks: names, HTTPS, the cluster's API."""
_API = "6443"
_ASKS_API = frozenset({"cert-manager", "kube-state-metrics", "log-agent", "prometheus", "release-guard", "kube-vip"})
"""Who has rights in the cluster."""
_LOGIN = "22"
_OPEN = frozenset({"53", "80", "443"})
"""Names and the web, which networks may ask for (SEC-6: whoever comes shows a key)."""


@resource_rule(
    "network-policy-peers", requirements=("SEC-6",), types=(kinds.NETWORK_POLICY,), severity=Severity.CRITICAL
)
def network_policy_peers(resource: Resource) -> Iterator[Finding]:
    """A policy is on its pods, all of them; its peers are programs of one namespace; few ask the internet."""
    spec = resource.props.at("spec")
    own = spec.at("podSelector", "matchLabels")
    name = own.at(_NAME).text or own.at(_INSTANCE).text
    if list(spec.at("podSelector", "matchExpressions").items()):
        yield spec.at("podSelector", "matchExpressions").wrong("leaves pods out", "give matchLabels")
    for rules, peers in (("ingress", "from"), ("egress", "to")):
        for rule in spec.at(rules).items():
            for port in rule.at("ports").items() if rules == "egress" and name not in _ASKS_API else ():
                if port.at("port").text == _API:
                    yield port.at("port").wrong("is the cluster's API, where it has no rights", "remove it")
            for peer in rule.at(peers).items():
                yield from _named(peer)
                block = peer.at("ipBlock", "cidr")
                network = network_of(block.text) if block.text else None
                if network is None:
                    continue
                asks = name in {*_ASKS_INTERNET, *GATEWAYS} or resource.props.at(*OUTSIDE).text
                if (
                    rules == "egress"
                    and not is_private(str(network.network_address))
                    and network.num_addresses > 1
                    and not asks
                ):
                    yield block.wrong("is the internet, which this program has no need of", "name whom it asks")
                if rules == "ingress" and name not in {*GATEWAYS, *_ASKED_BY_NODES}:
                    yield block.wrong("is no pod", "name the pods that ask")


def _named(peer: Value) -> Iterator[Finding]:
    labels, space = peer.at("podSelector", "matchLabels"), peer.at("namespaceSelector")
    if set(labels.names()) - _NAMES:
        yield labels.wrong("are no names of programs", f"give {_NAME}")
    if space.at("matchExpressions").present or set(space.at("matchLabels").names()) - {_NAMESPACE}:
        yield space.wrong("names more than one namespace", f"give {_NAMESPACE}")
    elif space.at("matchLabels", _NAMESPACE).text == "kube-system" and labels.at("k8s-app").text not in _OF_CLUSTER:
        yield labels.wrong("is nobody whom the platform talks to there", "remove it")


@stack_rule("machine-asked-by-one", requirements=("SEC-6",), types=(kinds.NETWORK_POLICY, kinds.VM, kinds.LXC))
def machine_asked_by_one(stack: Stack) -> Iterator[Finding]:
    """A port of a machine is for one program to ask, but for names, HTTPS and the cluster's API."""
    machines = of_machines(stack)
    asked: dict[tuple[str, str], dict[str, Value]] = {}
    for policy in stack.of(kinds.NETWORK_POLICY):
        labels = policy.props.at("spec", "podSelector", "matchLabels")
        name = labels.at(_NAME).text or labels.at(_INSTANCE).text
        for rule in policy.props.at("spec", "egress").items():
            for peer in rule.at("to").items():
                address = peer.at("ipBlock", "cidr").text.partition("/")[0]
                for port in rule.at("ports").items() if address in machines else ():
                    if port.at("port").text not in _SHARED:
                        asked.setdefault((address, port.at("port").text), {})[name] = port.at("port")
    for (address, number), programs in asked.items():
        if len(programs) > 1:
            for port in programs.values():
                yield port.wrong(f"is {number} of {address}, which {' and '.join(sorted(programs))} ask", "let one ask")


@stack_rule(
    "firewall-senders",
    requirements=("SEC-6", "INF-1"),
    types=(*kinds.FIREWALL_RULES, kinds.VM, kinds.LXC),
    severity=Severity.CRITICAL,
)
def firewall_senders(stack: Stack) -> Iterator[Finding]:
    """A machine lets in other machines one by one, and networks only as those that log in; all let the same log in."""
    rules = [rule for _, rule in rules_in_force(stack)]
    machines = of_machines(stack)
    logins = [listed(rule.at("source")) for rule in rules if _LOGIN in listed(rule.at("dport"))]
    elsewhere = cluster_elsewhere(stack)
    common = set[str].intersection(*logins) if logins else set[str]()
    own = machines | {each for rule in rules for each in listed(rule.at("dest"))}
    for rule in rules:
        if rule.at("securityGroup").text:
            yield rule.at("securityGroup").wrong("stands for rules that nobody sees", "write them down")
        if rule.at("type").text != "in" or rule.at("action").text != "ACCEPT" or not machines:
            continue
        source = rule.at("source")
        for sender in listed(source):
            if network_of(sender) is None:
                yield source.wrong(f"is {sender}, which is no address", "name the machines one by one")
            elif _LOGIN in listed(rule.at("dport")) and sender not in common:
                yield source.wrong(f"is {sender}, who logs in nowhere else", "let the same log in on each machine")
            elif sender not in own and sender not in common and not elsewhere and not listed(rule.at("dport")) <= _OPEN:
                yield source.wrong(f"is {sender}, which is no machine of the stack", "name one that is")


@stack_rule(
    "doors-used",
    requirements=("SEC-6", "INF-1"),
    types=(*kinds.FIREWALL_RULES, kinds.DOCKER_CONTAINER, kinds.VM, kinds.LXC),
)
def doors_used(stack: Stack) -> Iterator[Finding]:
    """A machine lets in only where something listens: what its containers publish, or a node of the cluster does."""
    listens = _listening(stack)
    roles: dict[str, str] = {}
    for machine in stack.of(kinds.VM, kinds.LXC):
        tags = machine.props.at("tags").texts()
        for address in of_machine(machine):
            roles[address] = next((role for role in _OPENED if role in tags), "")
    for resource in stack.of(*kinds.FIREWALL_RULES):
        for rule in resource.props.at("rules").items():
            told = listed(rule.at("dest"))
            address = next((each for each in told if each in roles), "")
            known = _OPENED.get(roles.get(address, ""), frozenset[str]()) | listens.get(address, set())
            if rule.at("type").text != "in" or rule.at("action").text != "ACCEPT" or not roles.get(address):
                if roles and rule.at("type").text == "in" and rule.at("action").text == "ACCEPT" and not told:
                    yield rule.at("dest").wrong("is missing", "name the machine's address")
                continue
            for number in listed(rule.at("dport")):
                if number not in known:
                    yield rule.at("dport").wrong(f"is {number}, at which nothing listens", "remove it")


def _listening(stack: Stack) -> dict[str, set[str]]:
    """Ports at which containers listen, by address."""
    listens: dict[str, set[str]] = {}
    for container in stack.of(kinds.DOCKER_CONTAINER):
        for port in container.props.at("ports").items():
            listens.setdefault(port.at("ip").text, set()).add(port.at("external").text)
        for argument in container.props.at("command").items():
            address, _, number = argument.text.partition("=")[2].rpartition(":")
            if is_address(address):
                listens.setdefault(address, set()).add(number)
    return listens


_OPENED = {
    "docker-host": frozenset({_LOGIN}),
    "k3s-server": frozenset(
        {_LOGIN, "80", "443", "2379:2380", "2379", "2380", "2381", "6443", "8472", "9100", "10250"}
    ),
    "k3s-agent": frozenset({_LOGIN, "80", "443", "8472", "9100", "10250"}),
    "lxc": frozenset({_LOGIN, "53", "9100"}),
}
"""Where machines listen beside containers' ports, by their tag."""
