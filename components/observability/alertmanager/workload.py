"""Alertmanager: one that tells people, in replicas that know of each other, and one that records everything (ALR)."""

from components.kubernetes import Priority, StatefulWorkload, StatefulWorkloadArgs, place
from components.observability.site import Site
from components.programs import ALERTMANAGER, ALERTMANAGER_RECORD, Program
from settings.secrets import told_to

_RECORD = "record/"
"""Start of the recording one's documents."""


def put_alertmanagers(site: Site) -> list[StatefulWorkload]:
    """Both, each with its own configuration and secrets."""
    texts = site.documents_of("alertmanager")
    told = {name: text for name, text in texts.items() if not name.startswith(_RECORD)}
    recorded = {name.removeprefix(_RECORD): text for name, text in texts.items() if name.startswith(_RECORD)}
    replicas = site.observability.alertmanager.replicas
    return [
        _put(site, ALERTMANAGER, told, told_to("alertmanager"), replicas),
        # Whoever silences or inhibits an alert does not take it out of the record (ALR-10): it knows neither.
        _put(site, ALERTMANAGER_RECORD, recorded, told_to("alertmanager-record"), 1),
    ]


def _put(
    site: Site, program: Program, texts: dict[str, str], secrets: tuple[str, ...], replicas: int
) -> StatefulWorkload:
    size, workload = site.observability.alertmanager, program.name
    name = f"{site.prefix}-{workload}"
    placed = place(name, site.namespace, workload, "/etc/alertmanager", texts, site.secrets.of(*secrets), site.parent)
    peers = [
        f"--cluster.peer={workload}-{index}.{program.headless}:{program.ports['gossip']}"
        for index in range(replicas)
        if replicas > 1
    ]
    return StatefulWorkload(
        name,
        StatefulWorkloadArgs(
            namespace=site.namespace,
            workload=workload,
            image=program.image.reference,
            replicas=replicas,
            volume_gib=size.volume_gib,
            data_path="/alertmanager",
            port=program.port,
            ports=program.ports,
            health_path=program.health_path,
            live_path=program.live_path,
            metrics_path=None,
            cpu_request_millicores=size.cpu_request_millicores,
            memory_request_mib=size.memory_mib // 2,
            memory_limit_mib=size.memory_mib,
            labels=site.labels(workload),
            arguments=[
                "--config.file=/etc/alertmanager/alertmanager.yml",
                "--storage.path=/alertmanager",
                f"--web.external-url=https://{site.environment.core_fqdn(workload)}",
                *(peers or ["--cluster.listen-address="]),
                "--log.format=json",
            ],
            flows=site.flows,
            priority=Priority.WATCHING,
            mounts=[placed.mount, *site.authority_mounts],
            after=placed.resources,
        ),
        site.child,
    )
