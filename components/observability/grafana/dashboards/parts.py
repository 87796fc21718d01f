"""What the dashboards of the cluster and of its programs have in common: plain curves, and the row of a process."""

from collections.abc import Sequence

from components.observability.grafana.board import Row
from components.observability.grafana.names import job, rate, series
from components.observability.grafana.panels import Panel, Steps, above, graph, number, promql, promql_now

Line = tuple[str, str]
"""PromQL, and the legend of its curves."""


def curves(
    title: str,
    description: str,
    unit: str,
    *lines: Line,
    steps: Steps = (),
    width: int = 8,
    maximum: float | None = None,
) -> Panel:
    """Queries over time; three fit beside each other."""
    targets = [promql(expr, legend) for expr, legend in lines]
    return graph(title, description, unit, *targets, steps=steps, width=width, maximum=maximum)


def latency(title: str, description: str, metric: str, by: str, *matchers: str, limit: float | None = None) -> Panel:
    """Time in which 50 % and 99 % of what a histogram counts were done, by a label."""
    lines = [
        (
            f"histogram_quantile({share}, sum by ({by}, le) ({rate(f'{metric}_bucket', *matchers)}))",
            f"{{{{{by}}}}} {share:.0%}",
        )
        for share in (0.5, 0.99)
    ]
    return curves(title, description, "s", *lines, steps=() if limit is None else above(limit))


def process(name: str, what: str) -> Row:
    """Whether the pods of a scrape job answer, and what they take.

    Args:
        name: The scrape job.
        what: What people call the program.
    """
    target = job(name)
    return Row(
        "Process",
        [
            curves(
                "Targets that answer",
                f"1 while Prometheus reads the metrics of {what}.",
                "short",
                (series("up", target), "{{instance}}"),
                maximum=1,
            ),
            curves(
                "Memory of the process",
                f"Memory that {what} has in use.",
                "bytes",
                (series("process_resident_memory_bytes", target), "{{instance}}"),
            ),
            curves(
                "Processors of the process",
                f"Processors that {what} keeps busy.",
                "short",
                (rate("process_cpu_seconds_total", target), "{{instance}}"),
            ),
        ],
    )


def figures(*panels: tuple[str, str, str, str, Steps]) -> Sequence[Panel]:
    """Single numbers beside each other, all of one width: title, description, unit, PromQL, thresholds."""
    width = 24 // len(panels)
    return [
        number(title, description, unit, promql_now(expr), steps=steps, width=width)
        for title, description, unit, expr, steps in panels
    ]


def failed(metric: str, *matchers: str) -> str:
    """What failed within an hour; a counter that is not there yet counts as none."""
    return f"sum(increase({series(metric, *matchers)}[1h])) or vector(0)"
