"""SLO: what was promised, how much of the error budget is left, and how fast it burns (MON-6)."""

from collections.abc import Mapping
from typing import Final

from components.observability.grafana.board import Board, Row
from components.observability.grafana.panels import (
    Column,
    above,
    below,
    graph,
    listing,
    number,
    promql,
    promql_now,
)
from components.observability.grafana.variables import objective, service
from components.observability.rules.slo import PAGE, TICKET, ratio
from settings import Settings

_CHOSEN = '{slo=~"$slo",service_name=~"$service_name"}'
_SLO = '{slo=~"$slo"}'
_BURNS: Final = (*PAGE, *TICKET)


def board(settings: Settings) -> Board:
    """The dashboard."""
    # Objectives over a shorter period have lower limits; the lines are those of the longest one.
    days = max((each.window_days for each in settings.objectives.values()), default=30)
    limits = {burn.long: float(burn.factor(days)) for burn in _BURNS}
    promised = ", ".join(f"{name} {each.objective_percent:g} %" for name, each in settings.objectives.items())
    return Board(
        uid="slo",
        title="Service Level Objectives",
        description=f"Objectives, error budgets and burn rates. Promised: {promised}.",
        variables=[objective(), service()],
        links={"Application Metrics": "/d/application-metrics"},
        since="now-7d",
        refresh="5m",
        rows=[_now(limits), _budget(limits), _burn(limits), _errors()],
    )


def _burned(window: str) -> str:
    return f"{ratio(window)}{_CHOSEN} / on (slo) group_left () (1 - slo:objective:ratio{_SLO})"


def _remaining() -> str:
    return f"slo:error_budget:remaining{_SLO}"


def _now(limits: Mapping[str, float]) -> Row:
    return Row(
        "Now",
        [
            number(
                "Least budget left",
                "Share of the error budget that is left, of the objective that has the least; under zero it is missed.",
                "percentunit",
                promql_now(f"min({_remaining()})"),
                steps=below(0, 0.25),
                width=6,
            ),
            number(
                "Objectives missed",
                "Objectives whose budget is used up.",
                "short",
                promql_now(f"count({_remaining()} < 0) or vector(0)"),
                steps=above(1),
                width=6,
            ),
            number(
                "Fastest burn in 1 h",
                "Highest burn rate; at 1 the budget lasts exactly for the objective's period.",
                "x",
                promql_now(f"max({_burned('1h')})"),
                steps=above(limits["1h"], 1),
                width=6,
            ),
            number(
                "Alerts",
                "Burn rate alerts that fire now.",
                "short",
                promql_now('count(ALERTS{alertstate="firing",slo=~"$slo"}) or vector(0)'),
                steps=above(1),
                width=6,
            ),
        ],
    )


def _budget(limits: Mapping[str, float]) -> Row:
    columns = [
        Column("Objective", f"max by (slo) (slo:objective:ratio{_SLO})", "percentunit"),
        Column(
            "Reached",
            f"1 - (1 - min by (slo) ({_remaining()})) * (1 - max by (slo) (slo:objective:ratio{_SLO}))",
            "percentunit",
        ),
        Column("Budget left", f"min by (slo) ({_remaining()})", "percentunit", below(0, 0.25)),
        *(
            Column(f"Burn {window}", f"max by (slo) ({_burned(window)})", "x", above(limit))
            for window, limit in limits.items()
        ),
    ]
    return Row(
        "Objectives",
        [
            listing(
                "Objectives",
                "What was promised, what was reached, what is left, and the burn rates that the alerts look at.",
                *columns,
                width=24,
            ),
            graph(
                "Error budget left",
                "Share of the budget of the objective's period that is left; under zero the objective is missed.",
                "percentunit",
                promql(_remaining(), "{{slo}}"),
                steps=below(0, 0.25),
                minimum=None,
                maximum=1,
                width=24,
            ),
        ],
    )


def _burn(limits: Mapping[str, float]) -> Row:
    return Row(
        "Burn rates",
        [
            graph(
                f"Burn rate in {burn.long}",
                "Budget burned per time, 1 being what the objective's period allows; over"
                f" {limits[burn.long]:g} here and in {burn.short} at once is an alert.",
                "x",
                promql(_burned(burn.long), f"{{{{slo}}}} {burn.long}"),
                promql(_burned(burn.short), f"{{{{slo}}}} {burn.short}"),
                steps=above(limits[burn.long]),
            )
            for burn in _BURNS
        ],
    )


def _errors() -> Row:
    return Row(
        "Errors",
        [
            graph(
                "Share of bad requests",
                "Requests that failed, or were too slow, of all requests; mean of 5 min and of 1 h.",
                "percentunit",
                promql(f"slo:sli_error:ratio_rate5m{_CHOSEN}", "{{slo}} 5m"),
                promql(f"slo:sli_error:ratio_rate1h{_CHOSEN}", "{{slo}} 1h"),
                width=24,
            ),
        ],
    )
