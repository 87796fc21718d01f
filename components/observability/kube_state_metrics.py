"""kube-state-metrics: the state of Kubernetes' objects as metrics (MON-2)."""

from dataclasses import replace

import pulumi_kubernetes as k8s

from components.kubernetes import Priority, Workload, WorkloadArgs
from components.observability.workload_context import WorkloadContext, grant_read
from components.programs import KUBE_STATE_METRICS
from settings.capacity import pods

_OBJECTS = {
    "": ("namespaces", "nodes", "persistentvolumeclaims", "persistentvolumes", "pods", "resourcequotas", "services"),
    "apps": ("daemonsets", "deployments", "replicasets", "statefulsets"),
    "batch": ("cronjobs", "jobs"),
    "policy": ("poddisruptionbudgets",),
    "autoscaling": ("horizontalpodautoscalers",),
    "coordination.k8s.io": ("leases",),
}
"""What kube-state-metrics tells of; no Secrets and no ConfigMaps."""
_LABELS = "jobs=[luxima.id/guarded-service,luxima.id/guarded-slot]"
"""Labels that it tells of: which release a guard watches."""


def deploy_kube_state_metrics(context: WorkloadContext) -> Workload:
    """The state of Kubernetes' objects as metrics."""
    kinds = sorted(kind for kinds in _OBJECTS.values() for kind in kinds)
    args = WorkloadArgs(
        namespace=context.namespace,
        workload="kube-state-metrics",
        image=KUBE_STATE_METRICS.image.reference,
        replicas=1,
        service_port=KUBE_STATE_METRICS.port,
        port=KUBE_STATE_METRICS.port,
        health_path=KUBE_STATE_METRICS.health_path,
        live_path=None,
        metrics_path=None,
        cpu_request_millicores=pods.KUBE_STATE_METRICS.cpu_request_millicores,
        memory_request_mib=pods.KUBE_STATE_METRICS.memory_request_mib,
        memory_limit_mib=pods.KUBE_STATE_METRICS.memory_limit_mib,
        labels=context.labels("kube-state-metrics"),
        arguments=[
            f"--port={KUBE_STATE_METRICS.port}",
            f"--resources={','.join(kinds)}",
            f"--metric-labels-allowlist={_LABELS}",
        ],
        flows=context.flows,
        priority=Priority.WATCHING,
        api_token=True,
    )
    rules = [
        k8s.rbac.v1.PolicyRuleArgs(api_groups=[group], resources=list(resources), verbs=["list", "watch"])
        for group, resources in _OBJECTS.items()
    ]
    return Workload(
        f"{context.prefix}-kube-state-metrics", replace(args, after=grant_read(context, args, rules)), context.child
    )
