"""What makes metrics of things that have none: probes, Kubernetes' objects, the nodes (MON-2)."""

from dataclasses import replace

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes import (
    Mount,
    NodeWorkload,
    PodArgs,
    Priority,
    Workload,
    WorkloadArgs,
    authority_mounts,
    place,
)
from components.observability import blackbox
from components.observability.servers.site import Site, may_read
from components.programs import BLACKBOX_EXPORTER, KUBE_STATE_METRICS
from settings.capacity import pods
from versions import NODE_EXPORTER

_OBJECTS = {
    "": ("namespaces", "nodes", "persistentvolumeclaims", "persistentvolumes", "pods", "resourcequotas", "services"),
    "apps": ("daemonsets", "deployments", "replicasets", "statefulsets"),
    "batch": ("cronjobs", "jobs"),
    "policy": ("poddisruptionbudgets",),
    "autoscaling": ("horizontalpodautoscalers",),
}
"""What kube-state-metrics tells of; no Secrets and no ConfigMaps."""
_LABELS = "jobs=[luxima.id/guarded-service,luxima.id/guarded-slot]"
"""Labels that it tells of: which release a guard watches."""


def put_blackbox_exporter(site: Site) -> Workload:
    """Asks the platform's public names what a user would ask, from inside the cluster."""
    settings = site.settings
    name = f"{site.prefix}-blackbox-exporter"
    documents = blackbox.documents(settings)
    placed = place(name, site.namespace, "blackbox-exporter", "/etc/blackbox", documents, {}, site.parent)
    return Workload(
        name,
        WorkloadArgs(
            namespace=site.namespace,
            workload="blackbox-exporter",
            image=BLACKBOX_EXPORTER.image.reference,
            replicas=1,
            service_port=BLACKBOX_EXPORTER.port,
            port=BLACKBOX_EXPORTER.port,
            health_path=BLACKBOX_EXPORTER.health_path,
            live_path=None,
            metrics_path=None,
            cpu_request_millicores=pods.BLACKBOX_EXPORTER.cpu_request_millicores,
            memory_request_mib=pods.BLACKBOX_EXPORTER.memory_request_mib,
            memory_limit_mib=pods.BLACKBOX_EXPORTER.memory_limit_mib,
            labels=site.labels("blackbox-exporter"),
            arguments=["--config.file=/etc/blackbox/blackbox.yml", "--log.format=json"],
            flows=site.flows,
            priority=Priority.WATCHING,
            mounts=[placed.mount, *authority_mounts(settings)],
            after=placed.resources,
        ),
        site.child,
    )


def put_kube_state_metrics(site: Site) -> Workload:
    """The state of Kubernetes' objects as metrics."""
    kinds = sorted(kind for kinds in _OBJECTS.values() for kind in kinds)
    args = WorkloadArgs(
        namespace=site.namespace,
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
        labels=site.labels("kube-state-metrics"),
        arguments=[
            f"--port={KUBE_STATE_METRICS.port}",
            f"--resources={','.join(kinds)}",
            f"--metric-labels-allowlist={_LABELS}",
        ],
        flows=site.flows,
        priority=Priority.WATCHING,
        api_token=True,
    )
    rules = [
        k8s.rbac.v1.PolicyRuleArgs(api_groups=[group], resources=list(resources), verbs=["list", "watch"])
        for group, resources in _OBJECTS.items()
    ]
    return Workload(f"{site.prefix}-kube-state-metrics", replace(args, after=may_read(site, args, rules)), site.child)


def put_node_exporter(site: Site, guards: list[pulumi.Resource]) -> NodeWorkload:
    """CPU, memory, disks and network of every node of the cluster."""
    observed = site.settings.observability
    port = observed.node_exporter_port
    return NodeWorkload(
        f"{site.prefix}-node-exporter",
        PodArgs(
            namespace=observed.agents_namespace,
            workload="node-exporter",
            image=NODE_EXPORTER.reference,
            port=port,
            health_path="/",
            live_path=None,
            metrics_path=None,
            cpu_request_millicores=pods.NODE_EXPORTER.cpu_request_millicores,
            memory_request_mib=pods.NODE_EXPORTER.memory_request_mib,
            memory_limit_mib=pods.NODE_EXPORTER.memory_limit_mib,
            labels=site.labels("node-exporter"),
            arguments=[
                "--path.rootfs=/host",
                "--path.procfs=/host/proc",
                "--path.sysfs=/host/sys",
                f"--web.listen-address=:{port}",
                "--collector.filesystem.mount-points-exclude=^/(dev|proc|run|sys|var/lib/kubelet/pods)($|/)",
                "--collector.textfile.directory=/host/var/lib/node-exporter",
                "--collector.systemd",
                "--collector.systemd.unit-include=.+[.](service|timer)",
            ],
            # The network interfaces that it measures are the node's.
            host_network=True,
            # Where systemd tells everybody which of its units have failed.
            env={"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/host/run/dbus/system_bus_socket"},
            flows=site.flows,
            priority=Priority.WATCHING,
            mounts=[Mount("host", "/host", host_path="/")],
            after=guards,
        ),
        site.child,
    )
