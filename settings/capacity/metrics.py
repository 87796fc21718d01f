"""Sizes of Prometheus."""

from math import floor
from typing import Final

from settings.capacity.row import DAY_SECONDS, GIB, KIB, MIB, Row
from settings.capacity.series import jobs, recordings, series
from settings.observability import Observability
from settings.stack import Settings

BYTES_PER_SAMPLE: Final = 2.0
"""Upper end of what Prometheus' documentation says of a sample in a block (1 to 2 bytes); 1.3 is usual."""
SIZE_LIMIT_SHARE: Final = 0.8
"""Share of the volume that blocks may take: 80 to 85 % at most, says the documentation; the rest is for the WAL."""
RULE_INTERVAL_SECONDS: Final = 60
"""How often a recording makes a sample; those that are evaluated more seldom make fewer."""
BYTES_PER_SERIES: Final = 8 * KIB
"""Memory of a series in the head: labels, postings, an open chunk, and as much again for the garbage collector."""
CHURN: Final = 1.5
"""Series in the head for one that is alive: a release replaces the pods, and the old series stay for up to 3 h."""
BASE_BYTES: Final = 256 * MIB
"""Memory of Prometheus without series."""
QUERY_BYTES_PER_SERIES: Final = 2 * KIB
"""Memory for queries and rules over long ranges, per series in the head."""

STORAGE_DOCUMENTATION: Final = "https://prometheus.io/docs/prometheus/latest/storage/#operational-aspects"
MEMORY_DOCUMENTATION: Final = (
    "https://www.robustperception.io/how-much-ram-does-prometheus-2-x-need-for-cardinality-and-ingestion/"
)


def size_limit_bytes(observability: Observability) -> int:
    """`--storage.tsdb.retention.size`: 80 % of the volume, in bytes."""
    return floor(observability.prometheus.volume_gib * GIB * SIZE_LIMIT_SHARE)


def samples_per_second(settings: Settings) -> float:
    """Samples that one Prometheus takes in per second: scraped series at every scrape, recordings every minute."""
    scraped = sum(job.total for job in jobs(settings).values())
    return scraped / settings.observability.scrape_interval_seconds + recordings(settings) / RULE_INTERVAL_SECONDS


def rows(settings: Settings) -> tuple[Row, ...]:
    """The figures of one Prometheus replica; each replica has all series."""
    room, by_job = settings.observability, series(settings)
    total, rate, days = sum(by_job.values()), samples_per_second(settings), settings.retention.metrics_days
    disk = days * DAY_SECONDS * rate * BYTES_PER_SAMPLE / GIB
    head = total * CHURN
    memory = (BASE_BYTES + head * (BYTES_PER_SERIES + QUERY_BYTES_PER_SERIES)) / MIB
    pod = jobs(settings)["services"].per_target
    return (
        Row(
            "series of one service pod",
            pod,
            "series",
            "routes * 14 of the histogram + 17 * tenants + runtime",
            "contract of the services' metrics (MON-8)",
            room.prometheus.sample_limit,
            "observability.prometheus.sample_limit",
        ),
        Row(
            "series",
            total,
            "series",
            " + ".join(f"{name} {count:,}" for name, count in by_job.items()),
            "targets of each job * series of a target, see settings/capacity/series.py",
        ),
        Row(
            "samples",
            rate,
            "1/s",
            f"scraped series / {room.scrape_interval_seconds} s + recordings / {RULE_INTERVAL_SECONDS} s",
            STORAGE_DOCUMENTATION,
        ),
        Row(
            "Prometheus blocks",
            disk,
            "GiB",
            f"{days} d * {rate:,.0f} samples/s * {BYTES_PER_SAMPLE:g} bytes; limit: {SIZE_LIMIT_SHARE:.0%} of volume",
            STORAGE_DOCUMENTATION,
            size_limit_bytes(settings.observability) / GIB,
            "observability.prometheus.volume_gib",
            SIZE_LIMIT_SHARE,
        ),
        Row(
            "Prometheus memory",
            memory,
            "MiB",
            f"256 MiB + {total:,} series * {CHURN:g} for churn * (8 + 2) KiB",
            MEMORY_DOCUMENTATION,
            room.prometheus.memory_mib,
            "observability.prometheus.memory_mib",
        ),
    )
