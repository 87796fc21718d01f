"""What has to exist before pods do."""

import pulumi
import pulumi_kubernetes as k8s

from components.flows import NAME_LABEL, Pods
from components.kubernetes.network_policies import network_policy
from components.kubernetes.pod import PodArgs, metadata


def guards(parent: pulumi.Resource, name: str, args: PodArgs) -> list[pulumi.Resource]:
    """Make the pods' account and their network policy.

    Args:
        parent: The component that they belong to.
        name: Start of their names in the state.
        args: The pods.

    Returns:
        Account, network policy, then what the pods mount.
    """
    opts = pulumi.ResourceOptions(parent=parent)
    pods = Pods(args.namespace, args.labels[NAME_LABEL])
    said = metadata(args)
    if args.outside:
        said.annotations = {"luxima.id/outside": "; ".join(args.outside)}
    return [
        k8s.core.v1.ServiceAccount(
            f"{name}-account", metadata=metadata(args), automount_service_account_token=False, opts=opts
        ),
        k8s.networking.v1.NetworkPolicy(
            f"{name}-network-policy",
            metadata=said,
            spec=network_policy(pods, args.flows, args.labels),
            opts=opts,
        ),
        *args.after,
    ]
