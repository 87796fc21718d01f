"""Service level objectives (MON-6, ENV-4): error ratios, budgets, and alerts on how fast a budget is spent.

The rules are those of the Google SRE workbook (chapter 5, multi-window, multi-burn-rate), as Sloth generates them, and
decide alike. Five things differ on purpose:

- The ratios over 30 minutes to 3 days are sums of two recordings over 5 minutes (bad and all requests per second)
  instead of `rate(...[3d])` over the services' own counters, which have a series for each tenant, pod and code: the
  same ratio of bad to all requests for a thousandth of the samples.
- A period without requests has no ratio at all (`> 0` in the denominator), not NaN: nothing is divided by zero, no
  alert fires, the budget stays as it is, and one quiet night does not make the ratio of the whole window NaN.
- A few bad requests are no trouble, whatever share of few they are (`FEW`): at night, one out of sixty in an hour is
  1.7 % and would wake somebody. A service that nobody asks is watched by probes (`ServiceDown`, `SiteUnreachable`).
- No bad request ever counts as 0, also when the services have not made the series for 5xx yet.
- A total outage spends the budget: what pods no longer count, the gateways do, each request once, whatever became of
  its attempts; and a shadow's answers are no user's.

The ratio of the window itself is, as in Sloth, the mean of the 5-minute ratios: minutes weigh alike, not requests.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from components.observability.rules.model import Alert, Group, Recording
from components.observability.rules.past import errors
from components.observability.rules.users import USERS, routers
from settings import Settings
from settings.observability import Objective

FEW: Final = 5
"""Bad requests in the long window of a pair under which no burn is told."""
_BAD: Final = ',code=~"5.."}'
SECONDS: Final = 30
"""Time between two evaluations of the ratios; a sum of rates times this is a number of requests."""
SLICE: Final = 100
"""Objectives of one group at most: its document then fits into a ConfigMap, and groups are evaluated side by side."""
RATIO_WINDOWS: Final = {"5m": 5, "30m": 30, "1h": 60, "2h": 120, "6h": 360, "1d": 1440, "3d": 4320}
"""Windows of the error ratios beside the objective's own, in minutes."""


@dataclass(frozen=True)
class Burn:
    """A pair of windows in which a burn rate has to be exceeded."""

    long: str
    """Window that says that enough of the budget is spent."""
    short: str
    """Window that says that it is still being spent."""
    month: Decimal
    """Share of the budget of 28 to 30 days that may be spent in the long window, in percent (SRE workbook)."""
    week: Decimal
    """The same for a window of 7 days (Sloth's catalogue for 7 days)."""

    def factor(self, days: int) -> Decimal:
        """Burn rate from which it counts, for an objective over `days` days.

        As in Sloth: share of the budget x window / long window. 30 days give 14.4, 6, 3 and 1. Under 28 days those
        shares would alert on burn rates that never exhaust the budget (0.7 over a day), so Sloth has a catalogue of
        its own for 7 days; between 7 and 28 days the factor goes from the one to the other in a straight line.
        """
        if days >= 28:
            return self._factor(self.month, days)
        first, last = self._factor(self.week, 7), self._factor(self.month, 28)
        return round(first + (last - first) * (days - 7) / 21, 4)

    def _factor(self, percent: Decimal, days: int) -> Decimal:
        return round(percent / 100 * days * 1440 / RATIO_WINDOWS[self.long], 4)


PAGE: Final = (Burn("1h", "5m", Decimal(2), Decimal(8)), Burn("6h", "30m", Decimal(5), Decimal("12.5")))
"""Wakes somebody."""
TICKET: Final = (Burn("1d", "2h", Decimal(10), Decimal(20)), Burn("3d", "6h", Decimal(10), Decimal(42)))
"""Can wait until the morning."""


def plain(number: Decimal) -> str:
    """A number without an exponent or zeros at the end."""
    return f"{number.normalize():f}"


def budget(objective: Objective) -> Decimal:
    """Share of requests that may be bad."""
    return (100 - Decimal(str(objective.objective_percent))) / 100


def ratio(window: str) -> str:
    """Name of the error ratio over `window`."""
    return f"slo:sli_error:ratio_rate{window}"


def _more(pods: str, gateways: str) -> str:
    """PromQL of what the pods have counted, or the gateways, whichever is more.

    Dead pods count nothing, and the gateways answer 502 or 503 in their place; but not all requests pass the gateways.
    """
    return f'max({pods} or label_replace({gateways}, "by", "gateways", "", ""))'


def _events(objective: Objective) -> tuple[str, str]:
    """PromQL of bad and of all requests a second, over 5 minutes."""
    service = f'service_name="{objective.service}",{USERS}'
    if objective.indicator == "availability":
        metrics = (
            f"http_requests_total{{{service}}}",
            f"traefik_router_requests_total{{{routers([objective.service])}}}",
        )
        total = _more(*(f"sum(rate({metric}[5m]))" for metric in metrics))
        bad = _more(*(f"sum({errors(metric.replace('}', _BAD), '5m')}) / 300" for metric in metrics))
        return f"{bad} or 0 * {total}", total
    seconds = plain(Decimal(objective.threshold_milliseconds or 0) / 1000)
    # Prometheus 3 writes a whole bound as 1.0, what is older or pushed says 1.
    bound = f'le="{seconds}"' if "." in seconds else f'le=~"{seconds}(\\\\.0)?"'
    total = f"sum(rate(http_request_duration_seconds_count{{{service}}}[5m]))"
    good = f"sum(rate(http_request_duration_seconds_bucket{{{service},{bound}}}[5m]))"
    return f"clamp_min({total} - {good}, 0)", total


def _ratios(name: str, objective: Objective) -> Iterator[Recording]:
    """The error ratios of an objective."""
    labels, match = {"slo": name, "service_name": objective.service}, f'{{slo="{name}"}}'
    bad, total = _events(objective)
    yield Recording("slo:sli_bad:rate5m", bad, labels)
    yield Recording("slo:sli_total:rate5m", total, labels)
    yield Recording(ratio("5m"), f"slo:sli_bad:rate5m{match} / (slo:sli_total:rate5m{match} > 0)", labels)
    for window in list(RATIO_WINDOWS)[1:]:
        sums = [f"sum_over_time(slo:sli_{kind}:rate5m{match}[{window}])" for kind in ("bad", "total")]
        yield Recording(ratio(window), f"{sums[0]} / ({sums[1]} > 0)", labels)


def _budgets(name: str, objective: Objective) -> Iterator[Recording]:
    """Objective, budget, what is left of it, and how fast it goes."""
    labels, match = {"slo": name, "service_name": objective.service}, f'{{slo="{name}"}}'
    window, short = f"{objective.window_days}d", f"{ratio('5m')}{match}"
    yield Recording(ratio(window), f"sum_over_time({short}[{window}]) / count_over_time({short}[{window}])", labels)
    yield Recording("slo:objective:ratio", f"vector({plain(1 - budget(objective))})", labels)
    yield Recording("slo:error_budget:ratio", f"vector({plain(budget(objective))})", labels)
    yield Recording("slo:time_period:days", f"vector({objective.window_days})", labels)
    yield Recording("slo:current_burn_rate:ratio", f"{short} / slo:error_budget:ratio{match}", labels)
    yield Recording("slo:error_budget:remaining", f"1 - {ratio(window)}{match} / slo:error_budget:ratio{match}", labels)


def _burning(burns: tuple[Burn, ...], name: str, objective: Objective) -> str:
    """PromQL that gives something while the budget burns too fast in any of the pairs of windows."""
    pairs: list[str] = []
    for burn in burns:
        limit = f"({plain(burn.factor(objective.window_days))} * {plain(budget(objective))})"
        sides = [f'{ratio(window)}{{slo="{name}"}} > {limit}' for window in (burn.short, burn.long)]
        many = f'{SECONDS} * sum_over_time(slo:sli_bad:rate5m{{slo="{name}"}}[{burn.long}]) >= {FEW}'
        pairs.append(f"({sides[0]} and {sides[1]} and {many})")
    return " or ".join(pairs)


def _alerts(name: str, objective: Objective) -> Iterator[Alert]:
    """The alerts of an objective, told apart by the labels `slo` and `service_name`."""
    labels = {"slo": name, "service_name": objective.service}
    what = f"{plain(Decimal(str(objective.objective_percent)))} % over {objective.window_days} days"
    where = "{{ $labels.service_name }}: objective {{ $labels.slo }}"
    yield Alert(
        name="SLOErrorBudgetBurnFast",
        expr=_burning(PAGE, name, objective),
        severity="critical",
        kind="service",
        owner="devops",
        summary=f"{where} spends its error budget so fast that it is gone in hours to days",
        description=f"{{{{ $value | humanizePercentage }}}} of the requests are bad, against an objective of {what}.",
        dashboard="slo",
        labels=labels,
    )
    yield Alert(
        name="SLOErrorBudgetBurnSlow",
        expr=_burning(TICKET, name, objective),
        severity="warning",
        kind="service",
        owner="engineering",
        summary=f"{where} spends its error budget faster than it may",
        description=f"{{{{ $value | humanizePercentage }}}} of the requests are bad, against an objective of {what}; "
        "nobody has to get up for it.",
        dashboard="slo",
        labels=labels,
    )
    match = f'{{slo="{name}"}}'
    yield Alert(
        name="SLOErrorBudgetExhausted",
        # Judged when it has been measured for a day: before, one bad request would be the whole window.
        expr=f"slo:error_budget:remaining{match} <= 0 and present_over_time({ratio('5m')}{match}[6h] offset 1d)",
        severity="notice",
        kind="service",
        owner="engineering",
        summary=f"{where} has no error budget left",
        description=f"The objective of {what} is missed; {{{{ $value | humanizePercentage }}}} of the budget is left.",
        pending="5m",
        dashboard="slo",
        labels=labels,
    )


def groups(settings: Settings) -> list[Group]:
    """The rules of all objectives: ratios, budgets, alerts."""
    return groups_of(settings.objectives)


def groups_of(objectives: Mapping[str, Objective]) -> list[Group]:
    """The rules of these objectives."""
    every = list(objectives.items())
    slices = [every[start : start + SLICE] for start in range(0, len(every), SLICE)]
    return [group for number, items in enumerate(slices, 1) for group in _groups(items, f"-{number}" * (number > 1))]


def _groups(objectives: Sequence[tuple[str, Objective]], suffix: str) -> Iterator[Group]:
    """The groups of some objectives; `suffix` tells them from those of the others."""
    ratios = [rule for item in objectives for rule in _ratios(*item)]
    yield Group(f"slo-ratios{suffix}", ratios, interval=f"{SECONDS}s")
    yield Group(f"slo-budgets{suffix}", [rule for item in objectives for rule in _budgets(*item)], interval="1m")
    yield Group(f"slo-alerts{suffix}", [rule for item in objectives for rule in _alerts(*item)], interval="30s")
