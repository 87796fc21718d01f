"""The blackbox exporter, which asks the platform's public names what a user would ask (MON-2)."""

from components.kubernetes import Priority, Workload, WorkloadArgs, place
from components.observability.site import Site
from components.programs import BLACKBOX_EXPORTER
from settings.capacity import pods


def put_blackbox_exporter(site: Site) -> Workload:
    """Asks the platform's public names what a user would ask, from inside the cluster."""
    name = f"{site.prefix}-blackbox-exporter"
    texts = site.documents_of("blackbox")
    placed = place(name, site.namespace, "blackbox-exporter", "/etc/blackbox", texts, {}, site.parent)
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
            mounts=[placed.mount, *site.authority_mounts],
            after=placed.resources,
        ),
        site.child,
    )
