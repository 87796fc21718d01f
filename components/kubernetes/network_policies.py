"""Network policies, made from the table of flows; whatever is not in it stays closed (SEC-6)."""

from collections.abc import Callable, Iterable, Iterator, Mapping

import pulumi_kubernetes as k8s

from components.flows import Flow, Flows, Networks, Peer, Pods

_NAMESPACE = "kubernetes.io/metadata.name"


def network_policy(
    pods: Pods, flows: Flows, selector: Mapping[str, str] | None = None
) -> k8s.networking.v1.NetworkPolicySpecArgs:
    """The network policy of pods.

    Args:
        pods: The pods as the table of flows knows them.
        flows: The table.
        selector: Labels that select them, or some of them; None for the label by which the table knows them.
    """
    net = k8s.networking.v1
    labels = selector if selector is not None else {} if pods.name is None else {pods.label: pods.name}
    return net.NetworkPolicySpecArgs(
        pod_selector=k8s.meta.v1.LabelSelectorArgs(match_labels=dict(labels) or None),
        policy_types=["Ingress", "Egress"],
        ingress=[
            net.NetworkPolicyIngressRuleArgs(from_=_peers(source), ports=ports)
            for source, ports in _by_peer(flows.into(pods), lambda flow: flow.source)
        ],
        egress=[
            net.NetworkPolicyEgressRuleArgs(to=_peers(target), ports=ports)
            for target, ports in _by_peer(flows.out_of(pods), lambda flow: flow.target)
        ],
    )


def _by_peer(
    flows: Iterable[Flow], peer: Callable[[Flow], Peer]
) -> Iterator[tuple[Peer, list[k8s.networking.v1.NetworkPolicyPortArgs]]]:
    """One rule for each peer, with all of its ports, in an order that does not depend on the table's."""
    found: dict[Peer, set[tuple[int, str]]] = {}
    for flow in flows:
        found.setdefault(peer(flow), set()).add((flow.port, flow.protocol))
    for each in sorted(found, key=repr):
        yield (
            each,
            [
                k8s.networking.v1.NetworkPolicyPortArgs(port=port, protocol=protocol)
                for port, protocol in sorted(found[each])
            ],
        )


def _peers(peer: Peer) -> list[k8s.networking.v1.NetworkPolicyPeerArgs]:
    net = k8s.networking.v1
    if isinstance(peer, Networks):
        if not peer.cidrs:
            # A rule without a peer would be a rule for everybody.
            raise ValueError("a flow to or from no network")
        excluded = list(peer.excluded) or None
        return [net.NetworkPolicyPeerArgs(ip_block=net.IPBlockArgs(cidr=cidr, except_=excluded)) for cidr in peer.cidrs]
    named = None
    if peer.name is not None:
        named = k8s.meta.v1.LabelSelectorArgs(match_labels={peer.label: peer.name})
    namespace = k8s.meta.v1.LabelSelectorArgs(match_labels={_NAMESPACE: peer.namespace})
    return [net.NetworkPolicyPeerArgs(namespace_selector=namespace, pod_selector=named)]
