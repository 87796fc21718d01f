"""The blackbox exporter, which asks the platform's public names what a user would ask (MON-2)."""

from components.kubernetes import Priority, Workload, WorkloadArgs, place
from components.observability.workload_context import WorkloadContext
from components.programs import BLACKBOX_EXPORTER
from settings.capacity import pods


def deploy_blackbox_exporter(context: WorkloadContext) -> Workload:
    """Asks the platform's public names what a user would ask, from inside the cluster."""
    name = f"{context.prefix}-blackbox-exporter"
    texts = context.documents_of("blackbox")
    placed = place(name, context.namespace, "blackbox-exporter", "/etc/blackbox", texts, {}, context.parent)
    return Workload(
        name,
        WorkloadArgs(
            namespace=context.namespace,
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
            labels=context.labels("blackbox-exporter"),
            arguments=["--config.file=/etc/blackbox/blackbox.yml", "--log.format=json"],
            flows=context.flows,
            priority=Priority.WATCHING,
            mounts=[placed.mount, *context.authority_mounts],
            after=placed.resources,
        ),
        context.child,
    )
