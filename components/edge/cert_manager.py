"""cert-manager from its official chart, in a namespace of its own, as hardened as everything else."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s
from pulumi_kubernetes.helm.v4 import Chart, RepositoryOptsArgs

from components.edge.issuing import CONTROLLER_NAMESPACE, labels
from components.flows import CERT_MANAGER, CERT_MANAGER_METRICS, Flows
from components.kubernetes import TOKEN_PATH, Namespace, NamespaceArgs, Priority, network_policy
from settings.kubernetes import Namespace as NamespaceSettings
from settings.kubernetes import Quota
from versions import CERT_MANAGER as CERT_MANAGER_CHART

_REPOSITORY: Final = "https://charts.jetstack.io"
_TOKEN_SECONDS: Final = 3600
_MEMORY_MIB: Final = {"controller": 256, "webhook": 96, "cainjector": 192}
_SETTINGS: Final = NamespaceSettings(
    pod_security="restricted",
    quota=Quota(cpu_requests_millicores=500, memory_requests_mib=2048, memory_limits_mib=2048, pods=14),
)
"""Room for two pods of each part, and for their successors beside them while they are replaced."""


@dataclass(frozen=True)
class CertManager:
    """The controller, and what has to be there before anything of its kinds can be made."""

    ready: list[pulumi.Resource]
    """The chart, its namespace and who may talk to it."""


def install(name: str, replicas: int, environment: str, flows: Flows, parent: pulumi.Resource) -> CertManager:
    """Install the chart; its objects are resources of their own, which the policies see.

    Args:
        name: Start of the resources' names.
        replicas: Number of pods of a gateway.
        environment: Value of the label `environment`.
        flows: Flows of the stack.
        parent: Component that everything belongs to.
    """
    child = pulumi.ResourceOptions(parent=parent)
    namespace = Namespace(
        f"{name}-namespace", NamespaceArgs(CONTROLLER_NAMESPACE, _SETTINGS, environment, flows), child
    )
    inside = pulumi.ResourceOptions(parent=parent, depends_on=namespace.guards)
    policy = k8s.networking.v1.NetworkPolicy(
        f"{name}-doors",
        metadata=k8s.meta.v1.ObjectMetaArgs(
            name="cert-manager", namespace=CONTROLLER_NAMESPACE, labels=labels(environment)
        ),
        spec=network_policy(CERT_MANAGER, flows),
        opts=inside,
    )
    chart = Chart(
        f"{name}-chart",
        name="cert-manager",
        namespace=CONTROLLER_NAMESPACE,
        chart="cert-manager",
        version=CERT_MANAGER_CHART.version,
        repository_opts=RepositoryOptsArgs(repo=_REPOSITORY),
        values=values(replicas, environment),
        opts=pulumi.ResourceOptions(
            parent=parent, depends_on=[*namespace.guards, policy], transforms=[_watch_deployments]
        ),
    )
    return CertManager([*namespace.guards, policy, chart])


def values(replicas: int, environment: str) -> dict[str, Any]:
    """The chart's values, for as many pods of each part as there are of a gateway, and not more than two."""
    replicas = min(replicas, 2)
    part = {
        "replicaCount": replicas,
        "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1} if replicas > 1 else {"enabled": False},
        # As for every pod here: no token of endless life, but one for an hour at a time.
        "automountServiceAccountToken": False,
        "volumes": [_token()],
        "volumeMounts": [{"name": "api-token", "mountPath": TOKEN_PATH, "readOnly": True}],
    }
    return {
        "global": {
            "leaderElection": {"namespace": CONTROLLER_NAMESPACE},
            "commonLabels": labels(environment),
            "priorityClassName": Priority.GATEWAYS,
        },
        # Kept when the chart is removed: with them every certificate would go.
        "crds": {"enabled": True, "keep": True},
        **part,
        "resources": _resources("controller"),
        "webhook": {**part, "resources": _resources("webhook")},
        "cainjector": {**part, "resources": _resources("cainjector")},
        # A hook of Helm's own, which nothing runs here.
        "startupapicheck": {"enabled": False},
    }


def _watch_deployments(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """The chart has no value for probes that it does not know."""
    if args.type_ != "kubernetes:apps/v1:Deployment":
        return None
    return pulumi.ResourceTransformResult(props=with_probes(args.props), opts=args.opts)


def with_probes(deployment: Mapping[str, Any]) -> dict[str, Any]:
    """A Deployment whose containers all have both probes; one that has none is asked for its metrics."""
    changed = copy.deepcopy(dict(deployment))
    asked = {"httpGet": {"path": "/metrics", "port": CERT_MANAGER_METRICS, "scheme": "HTTP"}, "failureThreshold": 6}
    for container in changed["spec"]["template"]["spec"]["containers"]:
        container.setdefault("livenessProbe", asked)
        container.setdefault("readinessProbe", container["livenessProbe"])
    return changed


def _resources(part: str) -> dict[str, Any]:
    memory = f"{_MEMORY_MIB[part]}Mi"
    return {"requests": {"cpu": "20m", "memory": memory}, "limits": {"memory": memory}}


def _token() -> dict[str, Any]:
    """What a program finds in the usual place when its token is mounted for it."""
    field = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    return {
        "name": "api-token",
        "projected": {
            "sources": [
                {"serviceAccountToken": {"path": "token", "expirationSeconds": _TOKEN_SECONDS}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {"downwardAPI": {"items": [field]}},
            ]
        },
    }
