"""How large everything that observes has to be, computed from the load (`luxima:observability.load`).

    capacity(settings)                      all figures together
    table(settings)                         the same as rows: name, value, unit, formula, source, limit, ok
    series(settings)                        series by job, those of recording rules under `rules`
    sample_limit(settings, job)             `sample_limit` of a scrape job
    prometheus_size_limit_bytes(settings.observability)   `--storage.tsdb.retention.size`
    max_streams(settings)                   `max_global_streams_per_user` of Loki's main tenant

What does not fit is refused by `settings.rules.capacity`. Every figure carries its formula and where that is from.
They are bounds to buy by, not measurements: the queries in `series.py` say what is really there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from settings.capacity import cluster, logs, metrics, traces
from settings.capacity.logs import max_streams
from settings.capacity.metrics import size_limit_bytes as prometheus_size_limit_bytes
from settings.capacity.row import Row
from settings.capacity.series import sample_limit, series
from settings.stack import Settings

__all__ = [
    "Capacity",
    "Row",
    "capacity",
    "max_streams",
    "prometheus_size_limit_bytes",
    "sample_limit",
    "series",
    "table",
]


@dataclass(frozen=True)
class Capacity:
    """All figures of a stack."""

    rows: tuple[Row, ...]
    """The table, in the order of metrics, logs, traces, cluster."""
    series: Mapping[str, int]
    """Series by job; those of recording rules under `rules`."""

    def row(self, name: str) -> Row:
        """The row called `name`."""
        return next(row for row in self.rows if row.name == name)


def capacity(settings: Settings) -> Capacity:
    """The figures of a stack."""
    parts = (metrics.rows, logs.rows, traces.rows, cluster.rows)
    return Capacity(tuple(row for part in parts for row in part(settings)), series(settings))


def table(settings: Settings) -> list[Row]:
    """The figures as rows, for people to read."""
    return list(capacity(settings).rows)
