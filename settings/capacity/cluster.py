"""What the nodes' disks have to hold."""

from math import ceil
from typing import Final

from settings.capacity import logs, metrics, traces
from settings.capacity.row import GIB, Row
from settings.stack import Settings

GRAFANA_MIB: Final = 512
"""Memory that Grafana's documentation asks for at least."""
GRAFANA_DOCUMENTATION: Final = (
    "https://grafana.com/docs/grafana/latest/setup-grafana/installation/#hardware-recommendations"
)
SYSTEM_GIB: Final = 20
"""Disk of a node for its system and container images, in GiB."""


def used_gib(settings: Settings) -> float:
    """What a node's disk holds at most: the system, and a volume of each program, for volumes are on the nodes' disks.

    Prometheus fills its volume up to its own limit; nothing holds the others to theirs, so that those of Loki and Tempo
    count as computed. Pods of one program are spread over the nodes.
    """
    room = settings.observability
    value = {row.name: row.value for part in (logs, traces) for row in part.rows(settings)}
    volumes = (
        (metrics.size_limit_bytes(room) / GIB, room.prometheus),
        (value["Loki volume"], room.loki),
        (value["Tempo volume"], room.tempo),
        (room.alertmanager.volume_gib, room.alertmanager),
        (room.grafana.volume_gib, room.grafana),
    )
    nodes = max(1, len(settings.compute.workers))
    found = sum(gib * ceil(program.replicas / nodes) for gib, program in volumes)
    # The Alertmanager that records has a volume of its own.
    return SYSTEM_GIB + found + room.alertmanager.volume_gib


def rows(settings: Settings) -> tuple[Row, ...]:
    """Figures of the nodes, and of what has no load to be computed from."""
    disks = [machine.disk_gib for machine in settings.compute.workers.values()]
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
            "disk of a node",
            used_gib(settings),
            "GiB",
            f"{SYSTEM_GIB} GiB of system and images + Prometheus' limit + a volume of each other program",
            "k3s keeps volumes on the nodes' own disks (local-path)",
            min(disks, default=None) if settings.kubernetes.mode == "k3s" else None,
            "compute.vms",
            right="give each machine that pods run on as much disk_gib, or Prometheus a smaller volume",
        ),
    )
