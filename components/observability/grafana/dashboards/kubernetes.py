"""The cluster by namespace, workload and pod: what is asked for, what is used, what is wrong."""

from typing import Final

from components.observability.grafana.board import Board, Row
from components.observability.grafana.dashboards.parts import curves
from components.observability.grafana.names import job, rate, series
from components.observability.grafana.panels import Column, above, listing
from components.observability.grafana.variables import namespace
from components.observability.rules import nodes
from settings import Settings
from settings.kubernetes import QUOTA_RATIO

_NAMESPACE: Final = 'namespace=~"$namespace"'
_CADVISOR: Final = job("kubelet-cadvisor")
_CPU: Final = rate("container_cpu_usage_seconds_total", _CADVISOR, _NAMESPACE, 'container!=""')
_MEMORY: Final = series("container_memory_working_set_bytes", _CADVISOR, _NAMESPACE, 'container!=""')
_RUNNING: Final = series("kube_pod_status_phase", _NAMESPACE, 'phase="Running"')
_RESTARTS: Final = f"increase({series('kube_pod_container_status_restarts_total', _NAMESPACE)}[1h])"


def boards(_: Settings) -> list[Board]:
    """From the widest to the narrowest view."""
    return [_namespaces(), _workloads(), _pods()]


def _requests(resource: str) -> str:
    return series("kube_pod_container_resource_requests", _NAMESPACE, f'resource="{resource}"')


def _network(by: str) -> list[tuple[str, str]]:
    return [
        (
            f"sum by ({by}) ({rate(f'container_network_{way}_bytes_total', _CADVISOR, _NAMESPACE)})",
            f"{{{{{by}}}}} {way}",
        )
        for way in ("receive", "transmit")
    ]


def _namespaces() -> Board:
    by = "sum by (namespace)"
    used, hard = (series("kube_resourcequota", _NAMESPACE, f'type="{kind}"') for kind in ("used", "hard"))
    return Board(
        uid="kubernetes-namespaces",
        title="Kubernetes Namespaces",
        description="What the pods of each namespace ask for, what they use, and how much of the quota is left.",
        variables=[namespace()],
        links={"Workloads": "/d/kubernetes-workloads", "Pods": "/d/kubernetes-pods"},
        rows=[
            Row(
                "Now",
                [
                    listing(
                        "Namespaces",
                        "Running pods, processors and memory that are used and asked for.",
                        Column("Pods", f"{by} ({_RUNNING})", "short"),
                        Column("Processors used", f"{by} ({_CPU})", "short"),
                        Column("Processors asked for", f"{by} ({_requests('cpu')})", "short"),
                        Column("Memory used", f"{by} ({_MEMORY})", "bytes"),
                        Column("Memory asked for", f"{by} ({_requests('memory')})", "bytes"),
                        Column("Restarts in 1 h", f"{by} ({_RESTARTS})", "short"),
                        width=24,
                    )
                ],
            ),
            Row(
                "Over time",
                [
                    curves("Processors used", "Processors kept busy.", "short", (f"{by} ({_CPU})", "{{namespace}}")),
                    curves("Memory used", "Memory in use.", "bytes", (f"{by} ({_MEMORY})", "{{namespace}}")),
                    curves("Traffic", "Bytes per second of all pods.", "Bps", *_network("namespace")),
                ],
            ),
            Row(
                "Quotas",
                [
                    curves(
                        "Share of the quota",
                        "Share of what the namespace may have; over 90 % is QuotaAlmostUsed.",
                        "percentunit",
                        (
                            f"max by (namespace, resource) ({used}) / max by (namespace, resource) ({hard})",
                            "{{namespace}} {{resource}}",
                        ),
                        steps=above(QUOTA_RATIO),
                        width=24,
                    )
                ],
            ),
        ],
    )


def _workloads() -> Board:
    def counted(kind: str, wanted: str, there: str) -> list[Column]:
        by = f"max by (namespace, {kind})"
        lacks = f"{by} ({series(wanted, _NAMESPACE)}) - {by} ({series(there, _NAMESPACE)})"
        return [
            Column("Wanted", f"{by} ({series(wanted, _NAMESPACE)})", "short"),
            Column("Missing", lacks, "short", above(1)),
        ]

    def of_workload(expr: str) -> str:
        # A pod is called after what made it, and some letters or its number.
        named = f'label_replace({expr}, "workload", "$1", "pod", "(.+?)(-[a-f0-9]{{6,10}})?-([a-z0-9]{{5}}|[0-9]+)")'
        return f"sum by (namespace, workload) ({named})"

    return Board(
        uid="kubernetes-workloads",
        title="Kubernetes Workloads",
        description="Deployments, StatefulSets and DaemonSets: how many pods they lack, and what they use.",
        variables=[namespace()],
        links={"Pods": "/d/kubernetes-pods", "Releases": "/d/releases"},
        rows=[
            Row(
                "Pods wanted and missing",
                [
                    listing(
                        "Deployments",
                        "Pods that are wanted, and that are not available.",
                        *counted(
                            "deployment", "kube_deployment_spec_replicas", "kube_deployment_status_replicas_available"
                        ),
                        width=8,
                    ),
                    listing(
                        "StatefulSets",
                        "Pods that are wanted, and that are not ready.",
                        *counted("statefulset", "kube_statefulset_replicas", "kube_statefulset_status_replicas_ready"),
                        width=8,
                    ),
                    listing(
                        "DaemonSets",
                        "Nodes that want a pod, and that have none that is ready.",
                        *counted(
                            "daemonset",
                            "kube_daemonset_status_desired_number_scheduled",
                            "kube_daemonset_status_number_ready",
                        ),
                        width=8,
                    ),
                ],
            ),
            Row(
                "What they use",
                [
                    curves(
                        "Processors by workload",
                        "Processors that the pods of a workload keep busy.",
                        "short",
                        (of_workload(f"sum by (namespace, pod) ({_CPU})"), "{{namespace}} {{workload}}"),
                        width=12,
                    ),
                    curves(
                        "Memory by workload",
                        "Memory that the pods of a workload have in use.",
                        "bytes",
                        (of_workload(f"sum by (namespace, pod) ({_MEMORY})"), "{{namespace}} {{workload}}"),
                        width=12,
                    ),
                ],
            ),
        ],
    )


def _pods() -> Board:
    by = "sum by (namespace, pod)"
    name = "{{namespace}} {{pod}}"
    limit = series("kube_pod_container_resource_limits", _NAMESPACE, 'resource="memory"')
    throttled, periods = (
        f"{by} ({rate(f'container_cpu_cfs_{what}_total', _NAMESPACE)})" for what in ("throttled_periods", "periods")
    )
    not_ready = 'condition="false"'
    return Board(
        uid="kubernetes-pods",
        title="Kubernetes Pods",
        description="What each pod uses of what it asked for and may have, its restarts and its traffic.",
        variables=[namespace()],
        links={"Workloads": "/d/kubernetes-workloads", "Nodes": "/d/kubernetes-nodes"},
        rows=[
            Row(
                "Processors and memory",
                [
                    curves("Processors of a pod", "Processors kept busy.", "short", (f"{by} ({_CPU})", name)),
                    curves(
                        "Processors of the request",
                        "Processors kept busy, as a share of those asked for; over 1 it takes what others leave.",
                        "percentunit",
                        (f"{by} ({_CPU}) / {by} ({_requests('cpu')})", name),
                    ),
                    curves(
                        "Time held back",
                        "Share of periods in which a container reached its processor limit, where it has one.",
                        "percentunit",
                        (f"{throttled} / ({periods} > 0)", name),
                        steps=above(nodes.THROTTLED_RATIO),
                        maximum=1,
                    ),
                    curves(
                        "Memory of a pod", "Memory that cannot be given back.", "bytes", (f"{by} ({_MEMORY})", name)
                    ),
                    curves(
                        "Memory of the limit",
                        "Memory in use, as a share of the limit; at 1 the kernel ends the container.",
                        "percentunit",
                        (f"{by} ({_MEMORY}) / {by} ({limit})", name),
                        steps=above(1, 0.9),
                    ),
                    curves("Traffic of a pod", "Bytes per second.", "Bps", *_network("pod")),
                ],
            ),
            Row(
                "What is wrong",
                [
                    listing(
                        "Restarts",
                        "Restarts of containers within the last hour.",
                        Column("Restarts", f"{by} ({_RESTARTS}) > 0", "short", above(3, 1)),
                        width=8,
                    ),
                    listing(
                        "Not ready",
                        "Pods that are not ready, those that ended well left out.",
                        Column(
                            "Not ready",
                            f"{by} ({series('kube_pod_status_ready', _NAMESPACE, not_ready)}) == 1"
                            f" and on (namespace, pod) ({_RUNNING} == 1)",
                            "short",
                            above(1),
                        ),
                        width=8,
                    ),
                    listing(
                        "Waiting",
                        "Containers that wait, and what for.",
                        Column(
                            "Waiting",
                            "sum by (namespace, pod, reason)"
                            f" ({series('kube_pod_container_status_waiting_reason', _NAMESPACE)}) > 0",
                            "short",
                        ),
                        width=8,
                    ),
                ],
            ),
        ],
    )
