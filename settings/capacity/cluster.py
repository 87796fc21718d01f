"""What the nodes' disks have to hold."""

from typing import Final

from settings.capacity import logs, metrics, traces
from settings.capacity.row import Row
from settings.stack import Settings

GRAFANA_MIB: Final = 512
"""Memory that Grafana's documentation asks for at least."""
GRAFANA_DOCUMENTATION: Final = (
    "https://grafana.com/docs/grafana/latest/setup-grafana/installation/#hardware-recommendations"
)
SYSTEM_GIB: Final = 20
"""Disk of a node for its system and container images, in GiB."""


def used_gib(settings: Settings) -> float:
    """What all volumes hold in the end, as computed; Alertmanager's and Grafana's in full, for they are small."""
    room = settings.observability
    value = {row.name: row.value for part in (metrics, logs, traces) for row in part.rows(settings)}
    return (
        value["Prometheus blocks"] / metrics.SIZE_LIMIT_SHARE * room.prometheus.replicas
        + value["Loki volume"] * room.loki.replicas
        + value["Tempo volume"] * room.tempo.replicas
        + room.alertmanager.volume_gib * (room.alertmanager.replicas + 1)
        + room.grafana.volume_gib * room.grafana.replicas
    )


def rows(settings: Settings) -> tuple[Row, ...]:
    """Figures of the nodes, and of what has no load to be computed from."""
    disks = sum(machine.disk_gib - SYSTEM_GIB for machine in settings.compute.workers.values())
    own = settings.kubernetes.mode == "k3s"
    return (
        Row(
            "Grafana memory",
            GRAFANA_MIB,
            "MiB",
            "the least that its documentation recommends",
            GRAFANA_DOCUMENTATION,
            settings.observability.grafana.memory_mib,
            "observability.grafana.memory_mib",
        ),
        Row(
            "disk in use on the nodes",
            used_gib(settings),
            "GiB",
            f"computed use of all volumes; there is: disks of the machines that pods run on - {SYSTEM_GIB} GiB each",
            "k3s keeps volumes on the nodes' own disks (local-path)",
            disks if own else None,
            "compute.vms",
            right="give those machines more disk_gib, or add one",
        ),
    )
