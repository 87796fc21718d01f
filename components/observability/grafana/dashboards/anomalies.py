"""Anomalies: the watched signals inside the bands that their own past predicts (MON-7)."""

from typing import Final

from components.observability.grafana.board import Board, Row
from components.observability.grafana.panels import (
    NONE_WANTED,
    Column,
    Panel,
    above,
    band,
    graph,
    listing,
    number,
    promql,
    promql_now,
)
from components.observability.grafana.variables import one_of
from components.observability.rules.anomalies import series
from settings import Settings
from settings.observability import Signal

_UNITS: Final = {
    "request-rate": "reqps",
    "error-rate": "percentunit",
    "latency": "s",
    "logins": "cps",
    "tenant-traffic": "reqps",
}
"""Units of the usual signals; nothing is known of one that a setting adds."""


def board(settings: Settings) -> Board:
    """The dashboard."""
    signals = settings.observability.anomalies
    owners = {label: name for name, signal in reversed(tuple(signals.items())) for label in signal.by}
    return Board(
        uid="anomalies",
        title="Anomalies",
        description="Signals that are compared with their own past; a value outside its band is unusual.",
        variables=[one_of(label, series(name, "value")) for label, name in owners.items()],
        links={"Application Metrics": "/d/application-metrics", "Tenant Metrics": "/d/tenant-metrics"},
        since="now-24h",
        rows=[
            Row("Now", [_count(name, signal) for name, signal in signals.items()]),
            *(_signal(name, signal) for name, signal in signals.items()),
        ],
    )


def _outside(name: str, signal: Signal) -> str:
    value, upper, lower = (series(name, what) for what in ("value", "upper", "lower"))
    sides = {"up": [f"{value} > {upper}"], "down": [f"{value} < {lower}"]}
    sides["both"] = [*sides["up"], *sides["down"]]
    return " or ".join(sides[signal.direction])


def _count(name: str, signal: Signal) -> Panel:
    return number(
        f"{_title(name)} outside the band",
        f"Series of the signal {name} that are unusual now.",
        "short",
        promql_now(f"count({_outside(name, signal)}) or vector(0)"),
        steps=NONE_WANTED,
    )


def _title(name: str) -> str:
    return name.replace("-", " ").capitalize()


def _signal(name: str, signal: Signal) -> Row:
    labels = ", ".join(signal.by)
    chosen = "{" + ",".join(f'{label}="${label}"' for label in signal.by) + "}"
    value, mean, deviation = (series(name, what) for what in ("value", "mean", "deviation"))
    unit = _UNITS.get(name, "short")
    side = {"up": "above", "down": "below", "both": "above or below"}[signal.direction]
    return Row(
        _title(name),
        [
            band(
                f"{_title(name)} and its band",
                f"The signal for the {labels} chosen above, in the band of {signal.deviations:g} deviations around"
                f" what is usual at this time; {side} it is unusual.",
                unit,
                series(name, "value") + chosen,
                series(name, "lower") + chosen,
                series(name, "upper") + chosen,
            ),
            graph(
                f"{_title(name)}: deviations",
                "How many deviations the ten most unusual series are from their mean.",
                "short",
                promql(
                    f"topk(10, abs({value} - {mean}) / ({deviation} > 0))",
                    " ".join(f"{{{{{label}}}}}" for label in signal.by),
                ),
                steps=above(signal.deviations),
                width=6,
            ),
            listing(
                f"{_title(name)}: unusual now",
                "The series that are outside their band now, and their values.",
                Column("Value", f"max by ({labels}) ({_outside(name, signal)})", unit),
                width=6,
            ),
        ],
    )
