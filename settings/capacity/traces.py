"""Sizes of Tempo and of its bucket."""

from typing import Final

from settings.capacity.row import DAY_SECONDS, GIB, MIB, Row
from settings.stack import Settings

SPAN_BYTES: Final = 800
"""A span as it comes in over OTLP, with 20 attributes."""
STORED_SPAN_BYTES: Final = 160
"""A span in a block: Parquet, compressed to a fifth."""
OPEN_SECONDS: Final = 3_600
"""Seconds that a span is in the WAL or a local block: half an hour until the block is cut, half until it is gone."""
MEMORY_SECONDS: Final = 300
"""Seconds of spans in memory: traces that are not complete, and the row group that is written."""
BASE_BYTES: Final = 400 * MIB
"""Memory of Tempo without spans, with the metrics generator and queries."""

SIZE_DOCUMENTATION: Final = "https://grafana.com/docs/tempo/latest/setup/size/"


def bucket_gib(settings: Settings) -> float:
    """Tempo's bucket, in GiB."""
    spans = settings.observability.load.spans_per_second * DAY_SECONDS * settings.retention.traces_days
    return spans * STORED_SPAN_BYTES / GIB


def rows(settings: Settings) -> tuple[Row, ...]:
    """The figures of Tempo."""
    room = settings.observability
    rate = room.load.spans_per_second
    bucket = settings.storage.buckets.get("tempo")
    return (
        Row(
            "Tempo memory",
            (BASE_BYTES + rate * SPAN_BYTES * MEMORY_SECONDS * 2) / MIB,
            "MiB",
            f"400 MiB + {rate:g} spans/s * {SPAN_BYTES} bytes * {MEMORY_SECONDS} s * 2",
            SIZE_DOCUMENTATION,
            room.tempo.memory_mib,
            "observability.tempo.memory_mib",
        ),
        Row(
            "Tempo volume",
            rate * SPAN_BYTES * OPEN_SECONDS * 2 / GIB,
            "GiB",
            f"{rate:g} spans/s * {SPAN_BYTES} bytes * 1 h * 2, WAL and block",
            SIZE_DOCUMENTATION,
            room.tempo.volume_gib,
            "observability.tempo.volume_gib",
        ),
        Row(
            "bucket tempo",
            bucket_gib(settings),
            "GiB",
            f"{rate:g} spans/s * 86,400 s * {settings.retention.traces_days} d * {STORED_SPAN_BYTES} bytes",
            SIZE_DOCUMENTATION,
            bucket.quota_gib if bucket else None,
            "storage.buckets.tempo.quota_gib",
        ),
    )
