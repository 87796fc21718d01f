"""What a metric and its emitter are."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Type = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True)
class Metric:
    """A metric as its emitter describes it."""

    name: str
    """Name; of a histogram without `_bucket`, `_sum` and `_count`."""
    type: Type
    """Kind of metric, as its `# TYPE` line says."""
    labels: tuple[str, ...] = ()
    """Labels that the emitter gives it."""
    means: str = ""
    """What it counts, where this platform defines it."""

    @property
    def series(self) -> tuple[str, ...]:
        """The names that a query can use."""
        if self.type == "histogram":
            return tuple(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))
        return (self.name,)


@dataclass(frozen=True)
class Emitter:
    """A program, or a kind of programs, that Prometheus reads metrics from."""

    name: str
    """What people call it."""
    jobs: tuple[str, ...]
    """Scrape jobs that read it; none for what Prometheus makes by itself."""
    metrics: tuple[Metric, ...]
    """What is used of it."""
    note: str = ""
    """What else there is to know."""


def same(type_: Type, labels: str, *names: str) -> Iterator[Metric]:
    """Metrics of one type with the same labels."""
    for name in names:
        yield Metric(name, type_, tuple(labels.split()))
