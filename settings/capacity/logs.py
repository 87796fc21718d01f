"""Sizes of Loki, of its bucket and of the archive of logs."""

from collections.abc import Mapping
from math import ceil
from typing import Final

from settings.capacity.row import GIB, KIB, MIB, Row
from settings.capacity.series import cluster_nodes
from settings.stack import Settings

LEVELS: Final = 5
"""Values of the label `level`: debug, info, warn, error, fatal."""
SERVICE_CLASSES: Final = 2
"""Retention classes that one service's lines can have: its own (api, edge_functions) and `security`."""
PLATFORM_SOURCES: Final = 60
"""Other sources, each its own `service`: programs of the cluster, containers, system units, web servers."""
SHARES: Final[Mapping[str, float]] = {
    "api": 0.35,
    "edge_functions": 0.10,
    "docker": 0.20,
    "syslog": 0.08,
    "access": 0.20,
    "security": 0.02,
    "audit": 0.02,
    "default": 0.03,
}
"""Share of each retention class in the bytes that come in."""
STORED_SHARE: Final = 0.25
"""Bytes of a stored chunk per byte of log lines: JSON lines shrink to a fifth to a tenth, small streams less."""
INDEX_SHARE: Final = 0.05
"""Index per byte of chunks."""
REPLICATION: Final = 3
"""Copies that mode `ha` takes in."""
DUPLICATES: Final = 1.3
"""Chunks stored per chunk in mode `ha`: copies with equal content have equal names, a part differs in its cut."""
COMPACTION_DAYS: Final = 1
"""Days that an expired chunk is still there: delay of deletion and the interval of the compactor."""
OPEN_HOURS: Final = 1.0
"""Hours that lines are in memory and in the WAL before they are flushed (LOG-6)."""
BYTES_PER_STREAM: Final = 24 * KIB
"""Memory of an open stream: labels, index entries, the head of its chunk."""
BASE_BYTES: Final = 400 * MIB
"""Memory of Loki without streams, with queries and the ruler."""

SIZE_DOCUMENTATION: Final = "https://grafana.com/docs/loki/latest/setup/size/"
CARDINALITY_DOCUMENTATION: Final = "https://grafana.com/docs/loki/latest/get-started/labels/cardinality/"


def max_streams(settings: Settings) -> int:
    """Streams at most that the labels of LOG-3 can make in the main tenant of Loki.

    Of the services: (tenants + 1 for lines without one) * retention classes * levels on each node that has a pod of
    the service; the environment is one. Of everything else: sources * levels, on each machine at most.
    """
    nodes = cluster_nodes(settings)
    places = sum(min(nodes, service.peak_pods) for service in settings.services.values())
    services = (settings.observability.load.tenants + 1) * places * SERVICE_CLASSES * LEVELS
    machines = len(settings.wanted_vms) + len(settings.compute.containers)
    return services + (PLATFORM_SOURCES + 1) * machines * LEVELS


def retention_days(settings: Settings) -> float:
    """Days that a byte of log is kept on the average: the classes' days, weighted by their share."""
    return sum(share * getattr(settings.retention.logs, f"{name}_days") for name, share in SHARES.items())


def _stored_per_day(settings: Settings) -> float:
    """GiB a day that go to the object storage."""
    room = settings.observability
    copies = DUPLICATES if room.loki.mode == "ha" else 1.0
    return room.load.log_gib_per_day * STORED_SHARE * (1 + INDEX_SHARE) * copies


def bucket_gib(settings: Settings) -> float:
    """Loki's bucket: what a day stores * the days it is kept, in GiB."""
    return _stored_per_day(settings) * (retention_days(settings) + COMPACTION_DAYS)


def archive_gib(settings: Settings) -> float:
    """The archive of logs: a copy of every object, kept for its own time and then for its time as an old version."""
    kept, share = settings.retention.backups, SHARES["audit"]
    audit = kept.audit_logs_days + max(kept.audit_logs_days, kept.object_storage_days)
    return _stored_per_day(settings) * ((1 - share) * (kept.logs_days + kept.object_storage_days) + share * audit)


def open_gib(settings: Settings) -> float:
    """Lines that one pod holds before they are flushed, not compressed, in GiB."""
    room = settings.observability
    share = min(1.0, REPLICATION / room.loki.replicas) if room.loki.mode == "ha" else 1.0
    return room.load.log_gib_per_day / 24 * OPEN_HOURS * share


def rows(settings: Settings) -> tuple[Row, ...]:
    """The figures of Loki."""
    room, streams = settings.observability, max_streams(settings)
    held, per_day = open_gib(settings), _stored_per_day(settings)
    memory = (BASE_BYTES + streams * BYTES_PER_STREAM + held * GIB * 0.5) / MIB
    buckets = settings.storage.buckets

    def quota(bucket: str) -> float | None:
        return buckets[bucket].quota_gib if bucket in buckets else None

    return (
        Row("log lines", room.load.log_gib_per_day, "GiB/day", "observability.load.log_gib_per_day", "settings"),
        Row(
            "streams",
            streams,
            "streams",
            f"({room.load.tenants} tenants + 1) * {SERVICE_CLASSES} classes * {LEVELS} levels * each service's nodes "
            f"+ other sources * {LEVELS} * machines",
            CARDINALITY_DOCUMENTATION,
        ),
        Row(
            "Loki memory",
            ceil(memory),
            "MiB",
            f"400 MiB + {streams:,} streams * 24 KiB + half of {held:.2f} GiB not flushed yet",
            SIZE_DOCUMENTATION,
            room.loki.memory_mib,
            "observability.loki.memory_mib",
        ),
        Row(
            "Loki volume",
            3 * held + 1,
            "GiB",
            f"3 * {held:.2f} GiB of WAL and its checkpoints + 1 GiB of index",
            "https://grafana.com/docs/loki/latest/operations/storage/wal/",
            room.loki.volume_gib,
            "observability.loki.volume_gib",
        ),
        Row(
            "bucket loki",
            bucket_gib(settings),
            "GiB",
            f"{per_day:.2f} GiB/day stored * ({retention_days(settings):.1f} days, weighted by class + 1)",
            SIZE_DOCUMENTATION,
            quota("loki"),
            "storage.buckets.loki.quota_gib",
        ),
        Row(
            "bucket logs-archive",
            archive_gib(settings),
            "GiB",
            f"{per_day:.2f} GiB/day * {settings.retention.backups.logs_days} d, audit "
            f"{settings.retention.backups.audit_logs_days} d, and old versions",
            "retention table (LOG-6)",
            quota("logs-archive"),
            "storage.buckets.logs-archive.quota_gib",
        ),
    )
