"""Alertmanager: one that tells people, in replicas that know of each other, and one that records everything (ALR)."""

from dataclasses import replace

from components.kubernetes import StatefulWorkload, place
from components.observability.workload_context import WorkloadContext
from components.programs import ALERTMANAGER, ALERTMANAGER_RECORD, Program
from settings.secrets import told_to

_RECORD = "record/"
"""Start of the recording one's documents."""


def deploy_alertmanagers(context: WorkloadContext) -> list[StatefulWorkload]:
    """Both, each with its own configuration and secrets."""
    texts = context.documents_of("alertmanager")
    told = {name: text for name, text in texts.items() if not name.startswith(_RECORD)}
    recorded = {name.removeprefix(_RECORD): text for name, text in texts.items() if name.startswith(_RECORD)}
    replicas = context.observability.alertmanager.replicas
    return [
        _deploy(context, ALERTMANAGER, told, told_to("alertmanager"), replicas),
        # Whoever silences or inhibits an alert does not take it out of the record (ALR-10): it knows neither.
        _deploy(context, ALERTMANAGER_RECORD, recorded, told_to("alertmanager-record"), 1),
    ]


def _deploy(
    context: WorkloadContext, program: Program, texts: dict[str, str], secrets: tuple[str, ...], replicas: int
) -> StatefulWorkload:
    workload = program.name
    name = f"{context.prefix}-{workload}"
    placed = place(
        name, context.namespace, workload, "/etc/alertmanager", texts, context.secrets.of(*secrets), context.parent
    )
    peers = [
        f"--cluster.peer={workload}-{index}.{program.headless}:{program.ports['gossip']}"
        for index in range(replicas)
        if replicas > 1
    ]
    return StatefulWorkload(
        name,
        replace(
            context.stateful(program, context.observability.alertmanager, "/alertmanager"),
            replicas=replicas,
            arguments=[
                "--config.file=/etc/alertmanager/alertmanager.yml",
                "--storage.path=/alertmanager",
                f"--web.external-url=https://{context.environment.core_fqdn(workload)}",
                *(peers or ["--cluster.listen-address="]),
                "--log.format=json",
            ],
            mounts=[placed.mount, *context.authority_mounts],
            after=placed.resources,
        ),
        context.child,
    )
