"""The node exporter of the cluster's nodes (MON-2)."""

import pulumi

from components.kubernetes import Mount, NodeWorkload, PodArgs, Priority
from components.observability.workload_context import WorkloadContext
from settings.capacity import pods
from versions import NODE_EXPORTER


def deploy_node_exporter(context: WorkloadContext, guards: list[pulumi.Resource]) -> NodeWorkload:
    """CPU, memory, disks and network of every node of the cluster."""
    observed = context.observability
    port = observed.node_exporter_port
    return NodeWorkload(
        f"{context.prefix}-node-exporter",
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
            labels=context.labels("node-exporter"),
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
            flows=context.flows,
            priority=Priority.WATCHING,
            mounts=[Mount("host", "/host", host_path="/")],
            after=guards,
        ),
        context.child,
    )
