"""The cluster: nodes, API server, pods, workloads, volumes."""

from typing import Final

from components.observability.rules.model import Alert, Group
from settings import Settings
from settings.kubernetes import QUOTA_RATIO

VOLUME_RATIO: Final = 0.1
"""Loki and Prometheus stop to write when their volume is full; a tenth is days, not hours, at the sizes computed."""
CERTIFICATE_DAYS: Final = 7
"""k3s renews its certificates at a restart when 120 days or fewer are left; a bound of the API server's histogram."""
CRASHES: Final = 3
"""Restarts within an hour: one that crashes more slowly than it is held back for is hardly ever seen waiting."""
DISK_FACTOR: Final = 2
"""A volume that is so much larger than its claim is no volume of its own: it is the disk of its node."""

_POD: Final = "namespace, pod"
_RUNNING: Final = f'max by ({_POD}) (kube_pod_status_phase{{phase="Running"}}) == 1'
_PLACE: Final = f"max by ({_POD}, node) (kube_pod_info)"


def _host(expr: str) -> str:
    """With the node's name as label `host` as well, by which what follows from an outage is inhibited."""
    return f'label_replace({expr}, "host", "$1", "node", "(.+)")'


def groups(_: Settings) -> list[Group]:
    """The alerts of the cluster."""
    return [Group("kubernetes", [*_cluster(), *_pods(), *_workloads(), *_volumes()])]


def _cluster() -> list[Alert]:
    # Counted and not a quantile: the one that expires may log in once an hour, among thousands.
    bound = f"{CERTIFICATE_DAYS * 86400}(\\\\.0)?"
    expiring = f'apiserver_client_certificate_expiration_seconds_bucket{{le=~"{bound}"}}'
    return [
        Alert(
            "KubernetesApiDown",
            # Its own targets are discovered by it: after a restart of Prometheus there are none.
            'sum(up{job="kube-apiserver"}) == 0 or sum(absent(up{job="kube-apiserver"})) - 1',
            severity="critical",
            kind="kubernetes",
            owner="devops",
            summary="No API server of the cluster answers",
            description="{{ $value }} API servers have answered for 2 minutes; pods run on, but nothing is healed, "
            "scaled or released.",
            pending="2m",
        ),
        Alert(
            "KubernetesNodeNotReady",
            _host('max by (node) (kube_node_status_condition{condition="Ready",status="true"}) == 0'),
            severity="critical",
            kind="kubernetes",
            owner="devops",
            summary="Node {{ $labels.node }} is not ready",
            description="The cluster has counted the node as lost for 5 minutes (ready is {{ $value }}) and moves "
            "its pods elsewhere.",
            pending="5m",
        ),
        Alert(
            "KubernetesNodePressure",
            _host(
                "max by (node, condition) (kube_node_status_condition"
                '{condition=~"MemoryPressure|DiskPressure|PIDPressure",status="true"}) == 1'
            ),
            severity="warning",
            kind="kubernetes",
            owner="devops",
            summary="Node {{ $labels.node }} has {{ $labels.condition }}",
            description="The condition has been {{ $value }} for 5 minutes; the node takes no new pods and evicts "
            "some of those it has.",
            pending="5m",
        ),
        Alert(
            "KubernetesCertificateExpiring",
            f"sum(increase({expiring}[1h])) > 0",
            severity="warning",
            kind="kubernetes",
            owner="devops",
            summary="A client certificate of the cluster expires soon",
            description='About {{ $value | printf "%.0f" }} logins to the API server within an hour came with a '
            f"certificate that is valid for less than {CERTIFICATE_DAYS} days more.",
            pending="15m",
        ),
        Alert(
            "QuotaAlmostUsed",
            'max by (namespace, resource) (kube_resourcequota{type="used"})'
            f' / (max by (namespace, resource) (kube_resourcequota{{type="hard"}}) > 0) > {QUOTA_RATIO}',
            severity="notice",
            kind="kubernetes",
            owner="devops",
            summary="{{ $labels.namespace }} has nearly used up its {{ $labels.resource }}",
            description="{{ $value | humanizePercentage }} of the quota is in use; the next rollout may not fit.",
            pending="15m",
        ),
    ]


def _pods() -> list[Alert]:
    waiting = 'max_over_time(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}[5m])'
    restarts = "increase(kube_pod_container_status_restarts_total[10m])"
    return [
        Alert(
            "PodCrashLooping",
            f"max by ({_POD}, container) ({waiting}) == 1"
            f" or max by ({_POD}, container) (increase(kube_pod_container_status_restarts_total[1h])) > {CRASHES}",
            severity="warning",
            kind="kubernetes",
            owner="engineering",
            summary="{{ $labels.namespace }}/{{ $labels.pod }} keeps crashing",
            description="Container {{ $labels.container }} has been in CrashLoopBackOff for 5 minutes, or ended more "
            f"than {CRASHES} times within an hour (value {{{{ $value | humanize }}}}).",
            pending="5m",
            dashboard="application-metrics",
        ),
        Alert(
            "PodNotReady",
            _host(
                f'(max by ({_POD}) (avg_over_time(kube_pod_status_ready{{condition="false"}}[10m])) > 0.5'
                f" and on ({_POD}) ({_RUNNING}))"
                f" * on ({_POD}) group_left (node) {_PLACE}"
            ),
            severity="warning",
            kind="kubernetes",
            owner="engineering",
            summary="{{ $labels.namespace }}/{{ $labels.pod }} is not ready",
            description="The pod runs on {{ $labels.node }}, but has failed its readiness probe most of the time for "
            "10 minutes ({{ $value | humanizePercentage }} of it); then it gets no requests.",
            pending="10m",
            dashboard="application-metrics",
        ),
        Alert(
            "PodPending",
            f'max by ({_POD}) (kube_pod_status_phase{{phase="Pending"}}) == 1',
            severity="warning",
            kind="kubernetes",
            owner="devops",
            summary="{{ $labels.namespace }}/{{ $labels.pod }} does not start",
            description="The pod has waited for a node, a volume or its image for 10 minutes (value {{ $value }}).",
            pending="10m",
        ),
        Alert(
            "ContainerOutOfMemory",
            f"max by ({_POD}, container) ({restarts}) > 0 and on ({_POD}, container) "
            f"max by ({_POD}, container) "
            '(kube_pod_container_status_last_terminated_reason{reason="OOMKilled"}) == 1',
            severity="warning",
            kind="kubernetes",
            owner="engineering",
            summary="{{ $labels.namespace }}/{{ $labels.pod }} ran out of memory",
            description="The kernel ended container {{ $labels.container }} at its memory limit; about "
            '{{ $value | printf "%.0f" }} restarts in 10 minutes.',
            dashboard="application-metrics",
        ),
    ]


def _workloads() -> list[Alert]:
    deployment = "max by (namespace, deployment)"
    autoscaler = "max by (namespace, horizontalpodautoscaler)"
    return [
        Alert(
            "DeploymentStuck",
            f'{deployment} (kube_deployment_status_condition{{condition="Progressing",status="false"}}) == 1',
            severity="warning",
            kind="kubernetes",
            owner="engineering",
            summary="The rollout of {{ $labels.namespace }}/{{ $labels.deployment }} is stuck",
            description="Its progress deadline has passed (value {{ $value }}); the old pods serve on.",
            pending="1m",
            dashboard="releases",
        ),
        Alert(
            "DeploymentReplicasMissing",
            f"{deployment} (kube_deployment_spec_replicas)"
            f" - {deployment} (kube_deployment_status_replicas_available) > 0",
            severity="warning",
            kind="kubernetes",
            owner="engineering",
            summary="{{ $labels.namespace }}/{{ $labels.deployment }} lacks pods",
            description="{{ $value }} of the wanted pods have not been available for 15 minutes.",
            pending="15m",
            dashboard="application-metrics",
        ),
        Alert(
            "StatefulSetReplicasMissing",
            "max by (namespace, statefulset) (kube_statefulset_replicas)"
            " - max by (namespace, statefulset) (kube_statefulset_status_replicas_ready) > 0",
            severity="warning",
            kind="kubernetes",
            owner="devops",
            summary="{{ $labels.namespace }}/{{ $labels.statefulset }} lacks pods",
            description="{{ $value }} of the wanted pods have not been ready for 15 minutes.",
            pending="15m",
        ),
        Alert(
            "DaemonSetIncomplete",
            "max by (namespace, daemonset) (kube_daemonset_status_desired_number_scheduled)"
            " - max by (namespace, daemonset) (kube_daemonset_status_number_ready) > 0",
            severity="warning",
            kind="kubernetes",
            owner="devops",
            summary="{{ $labels.namespace }}/{{ $labels.daemonset }} is missing on nodes",
            description="{{ $value }} nodes have been without a ready pod of it for 15 minutes.",
            pending="15m",
        ),
        Alert(
            "JobFailed",
            'max by (namespace, job_name) (kube_job_failed{condition="true"}) == 1',
            severity="warning",
            kind="kubernetes",
            owner="devops",
            summary="Job {{ $labels.namespace }}/{{ $labels.job_name }} has failed",
            description="All of its tries have failed (value {{ $value }}); it does not start again by itself.",
        ),
        Alert(
            "AutoscalerAtMaximum",
            f"{autoscaler} (kube_horizontalpodautoscaler_status_current_replicas)"
            f" >= {autoscaler} (kube_horizontalpodautoscaler_spec_max_replicas)",
            severity="notice",
            kind="kubernetes",
            owner="engineering",
            summary="{{ $labels.namespace }}/{{ $labels.horizontalpodautoscaler }} cannot grow",
            description="It has been at its maximum of {{ $value }} pods for 15 minutes.",
            pending="15m",
            dashboard="application-metrics",
        ),
    ]


def _volumes() -> list[Alert]:
    claim = "max by (namespace, persistentvolumeclaim)"
    # k3s' own volumes are folders of the node's disk: some are measured as all of it, and DiskSpaceLow tells of that.
    capacity = f"{claim} (last_over_time(kubelet_volume_stats_capacity_bytes[10m]))"
    wanted = f"{claim} (last_over_time(kube_persistentvolumeclaim_resource_requests_storage_bytes[10m]))"
    own = f"({capacity} unless {capacity} > {DISK_FACTOR} * {wanted})"
    free = f"{claim} (last_over_time(kubelet_volume_stats_available_bytes[10m])) / {own}"
    return [
        Alert(
            "PersistentVolumeFilling",
            f"{free} < {VOLUME_RATIO}",
            severity="warning",
            kind="kubernetes",
            owner="devops",
            summary="Volume {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} is nearly full",
            description="{{ $value | humanizePercentage }} of it is free.",
            pending="5m",
        ),
        Alert(
            "PersistentVolumeWillFill",
            f"{claim} (predict_linear(kubelet_volume_stats_available_bytes[6h], 4 * 86400)) < 0 and {free} < 0.4",
            severity="warning",
            kind="kubernetes",
            owner="devops",
            summary="Volume {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} is full within 4 days",
            description="At the pace of the last 6 hours {{ $value | humanize1024 }}B of it are left in 4 days.",
            pending="1h",
        ),
    ]
