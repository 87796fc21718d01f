"""Who may talk to a workload, and whom it may talk to."""

import pulumi_kubernetes as k8s

from components.kubernetes.pod import PodArgs


def network_policy(args: PodArgs) -> k8s.networking.v1.NetworkPolicySpecArgs:
    """The network policy of a workload's pods; everything else stays closed, DNS is open to the whole namespace."""
    net = k8s.networking.v1
    callers = [*map(_namespace, args.callers), *map(_network, args.caller_networks)]
    ports = [net.NetworkPolicyPortArgs(port=port, protocol="TCP") for port in (args.port, *args.ports.values())]
    ingress = [net.NetworkPolicyIngressRuleArgs(from_=[caller], ports=ports) for caller in callers]
    if args.public_ports:
        opened = [net.NetworkPolicyPortArgs(port=port, protocol="TCP") for port in args.public_ports.values()]
        ingress.append(net.NetworkPolicyIngressRuleArgs(from_=[_network("0.0.0.0/0")], ports=opened))
    return net.NetworkPolicySpecArgs(
        pod_selector=k8s.meta.v1.LabelSelectorArgs(match_labels=dict(args.labels)),
        policy_types=["Ingress", "Egress"],
        ingress=ingress,
        egress=[
            net.NetworkPolicyEgressRuleArgs(
                to=[to], ports=[net.NetworkPolicyPortArgs(port=port, protocol="TCP") for port in opened]
            )
            for to, opened in (
                *((_network(rule.cidr), rule.ports) for rule in args.egress),
                *((_namespace(name), opened) for name, opened in args.reaches.items()),
            )
        ],
    )


def _namespace(name: str) -> k8s.networking.v1.NetworkPolicyPeerArgs:
    selector = k8s.meta.v1.LabelSelectorArgs(match_labels={"kubernetes.io/metadata.name": name})
    return k8s.networking.v1.NetworkPolicyPeerArgs(namespace_selector=selector)


def _network(cidr: str) -> k8s.networking.v1.NetworkPolicyPeerArgs:
    return k8s.networking.v1.NetworkPolicyPeerArgs(ip_block=k8s.networking.v1.IPBlockArgs(cidr=cidr))
