"""What all of it takes of the cluster: memory of the namespace, disks of the nodes."""

from typing import Final

from components.observability.capacity import logs, metrics, traces
from components.observability.capacity.row import Row
from settings import Settings
from settings.observability import Program

SMALL_PODS_MIB: Final = 512
"""Memory limits of what has no setting: alert recorder, blackbox exporter, kube-state-metrics, together."""
SYSTEM_GIB: Final = 20
"""Disk of a node for its system and container images, in GiB."""


def _programs(settings: Settings) -> tuple[Program, ...]:
    room = settings.observability
    return (room.prometheus, room.alertmanager, room.loki, room.tempo, room.grafana)


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
    """Figures of the namespace and of the nodes."""
    room = settings.observability
    memory = sum(program.replicas * program.memory_mib for program in _programs(settings)) + SMALL_PODS_MIB
    quota = settings.kubernetes.namespaces[room.namespace].quota
    agents = settings.compute.by_role("k3s_agent")
    disks = sum(agent.disk_gib - SYSTEM_GIB for agent in agents.values())
    own = settings.kubernetes.mode == "k3s" and bool(agents)
    return (
        Row(
            "memory limits of the namespace",
            memory,
            "MiB",
            f"replicas * memory_mib of every program + {SMALL_PODS_MIB} MiB",
            "settings",
            quota.memory_limits_mib,
            f"kubernetes.namespaces.{room.namespace}.quota.memory_limits_mib",
        ),
        Row(
            "disk in use on the nodes",
            used_gib(settings),
            "GiB",
            f"computed use of all volumes; limit: disks of the agents - {SYSTEM_GIB} GiB each",
            "k3s keeps volumes on the nodes' own disks (local-path)",
            disks if own else None,
            "compute.vms.*.disk_gib",
        ),
    )
