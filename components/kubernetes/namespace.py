"""A namespace that is closed until something is opened: pod security, quota and default-deny network policies."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.flows import Flows, Pods
from components.kubernetes.network_policies import network_policy
from components.kubernetes.pod import PULL_SECRET
from components.kubernetes.quantities import cpu, memory
from settings.kubernetes import Namespace as NamespaceSettings


@dataclass(frozen=True)
class NamespaceArgs:
    """Inputs of a Namespace."""

    namespace: str
    """Name in the cluster; a DNS label."""
    settings: NamespaceSettings
    """Pod Security Standard and quota."""
    environment: str
    """Value of the label `environment`."""
    flows: Flows
    """Flows of the stack; those of every pod of the namespace are let through: to the cluster's name server."""
    pull_config: pulumi.Input[str] | None = None
    """What nodes show the image registry for its pods, as Docker's config.json, secret; None where none is asked."""


class Namespace(pulumi.ComponentResource):
    """A namespace with its guards."""

    name: pulumi.Output[str]
    """Name of the namespace, known once it and its guards exist."""
    guards: list[pulumi.Resource]
    """What has to exist before a workload may."""

    def __init__(self, name: str, args: NamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:kubernetes:Namespace", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        standard = args.settings.pod_security
        namespace = k8s.core.v1.Namespace(
            f"{name}-namespace",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=args.namespace,
                labels={
                    "environment": args.environment,
                    "app.kubernetes.io/part-of": "luxima",
                    "pod-security.kubernetes.io/enforce": standard,
                    "pod-security.kubernetes.io/enforce-version": "latest",
                    "pod-security.kubernetes.io/audit": standard,
                    "pod-security.kubernetes.io/warn": standard,
                },
            ),
            opts=child,
        )
        inside = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        quota = args.settings.quota
        self.guards = [
            namespace,
            k8s.core.v1.ResourceQuota(
                f"{name}-quota",
                metadata=k8s.meta.v1.ObjectMetaArgs(name="quota", namespace=args.namespace),
                spec=k8s.core.v1.ResourceQuotaSpecArgs(
                    hard={
                        "requests.cpu": cpu(quota.cpu_requests_millicores),
                        "requests.memory": memory(quota.memory_requests_mib),
                        "limits.memory": memory(quota.memory_limits_mib),
                        "pods": str(quota.pods),
                    }
                ),
                opts=inside,
            ),
            k8s.networking.v1.NetworkPolicy(
                f"{name}-default-deny",
                metadata=k8s.meta.v1.ObjectMetaArgs(name="default-deny", namespace=args.namespace),
                spec=k8s.networking.v1.NetworkPolicySpecArgs(
                    pod_selector=k8s.meta.v1.LabelSelectorArgs(), policy_types=["Ingress", "Egress"]
                ),
                opts=inside,
            ),
            k8s.networking.v1.NetworkPolicy(
                f"{name}-allow-dns",
                metadata=k8s.meta.v1.ObjectMetaArgs(name="allow-dns", namespace=args.namespace),
                spec=network_policy(Pods(args.namespace), args.flows),
                opts=inside,
            ),
        ]
        if args.pull_config is not None:
            self.guards.append(
                k8s.core.v1.Secret(
                    f"{name}-{PULL_SECRET}",
                    metadata=k8s.meta.v1.ObjectMetaArgs(name=PULL_SECRET, namespace=args.namespace),
                    type="kubernetes.io/dockerconfigjson",
                    string_data={".dockerconfigjson": args.pull_config},
                    opts=inside,
                )
            )
        self.name = namespace.metadata.name
        self.register_outputs({"name": self.name})
