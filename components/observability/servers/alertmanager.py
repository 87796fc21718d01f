"""Alertmanager: one that tells people, in replicas that know of each other, and one that records everything (ALR)."""

from components.kubernetes import StatefulWorkload, StatefulWorkloadArgs, place
from components.observability import alertmanager
from components.observability.servers.site import Site
from versions import ALERTMANAGER

_TOLD = (
    "slackWebhookUrl",
    "slackSecurityWebhookUrl",
    "pagerdutyRoutingKey",
    "telegramBotToken",
    "smtpPassword",
    "heartbeatUrl",
)
_GOSSIP = 9094
_RECORD = "record/"
"""Start of the recording one's documents."""


def put_alertmanagers(site: Site) -> list[StatefulWorkload]:
    """Both, each with its own configuration and secrets."""
    documents = alertmanager.documents(site.settings)
    told = {name: text for name, text in documents.items() if not name.startswith(_RECORD)}
    recorded = {name.removeprefix(_RECORD): text for name, text in documents.items() if name.startswith(_RECORD)}
    replicas = site.settings.observability.alertmanager.replicas
    return [
        _put(site, "alertmanager", told, _TOLD, replicas),
        # Whoever silences or inhibits an alert does not take it out of the record (ALR-10): it knows neither.
        _put(site, "alertmanager-record", recorded, ("serviceRoleKey",), 1),
    ]


def _put(
    site: Site, workload: str, documents: dict[str, str], secrets: tuple[str, ...], replicas: int
) -> StatefulWorkload:
    settings, size = site.settings, site.settings.observability.alertmanager
    name = f"{site.prefix}-{workload}"
    placed = place(
        name, site.namespace, workload, "/etc/alertmanager", documents, site.secrets.of(*secrets), site.parent
    )
    peers = [f"--cluster.peer={workload}-{index}.{workload}-headless:{_GOSSIP}" for index in range(replicas)]
    smtp = int(settings.observability.alerts.smtp_endpoint.rpartition(":")[2])
    return StatefulWorkload(
        name,
        StatefulWorkloadArgs(
            namespace=site.namespace,
            workload=workload,
            image=ALERTMANAGER.reference,
            replicas=replicas,
            volume_gib=size.volume_gib,
            data_path="/alertmanager",
            port=9093,
            ports={"gossip": _GOSSIP},
            health_path="/-/ready",
            live_path="/-/healthy",
            metrics_path=None,
            cpu_request_millicores=size.cpu_request_millicores,
            memory_request_mib=size.memory_mib // 2,
            memory_limit_mib=size.memory_mib,
            labels=site.labels(workload),
            arguments=[
                "--config.file=/etc/alertmanager/alertmanager.yml",
                "--storage.path=/alertmanager",
                f"--web.external-url=https://{settings.environment.core_fqdn(workload)}",
                *(peers if replicas > 1 else ["--cluster.listen-address="]),
                "--log.format=json",
            ],
            callers=[site.namespace, settings.edge.namespace],
            egress=[site.outside(smtp)],
            reaches={site.namespace: [_GOSSIP]},
            mounts=[placed.mount],
            after=placed.resources,
        ),
        site.child,
    )
