"""What is unusual (MON-7): each signal is compared with its own past; one more signal is one more entry of settings.

For every series of a signal eight recordings are made (so a signal by tenant costs 8 series a tenant), every 5 minutes:
the expressions are rates over 5 minutes, so each sample is of its own and no request is counted twice.

    anomaly:<signal>:value      the signal, without NaN
    anomaly:<signal>:level      its mean over a week, from which growth is told
    anomaly:<signal>:mean       what is expected now: the median of the same hour 1, 2 and 3 weeks ago, each corrected
                                by how the level has changed since; yesterday's same hour in the first week
    anomaly:<signal>:residual   distance of the value from what was expected
    anomaly:<signal>:spread     standard deviation of the last three hours: 1.4826 x the median of the residuals (MAD)
    anomaly:<signal>:deviation  the largest of the spreads at the same hour 1, 2 and 3 weeks ago (noise has its hours)
                                and the median of the week's; the plain standard deviation of 26 hours in the first week
    anomaly:<signal>:upper      mean + max(deviations x deviation, floor)
    anomaly:<signal>:lower      mean - max(deviations x deviation, floor)

Why so. The season is a week's, which contains the day's: a Monday is judged by Mondays. The median of three weeks does
not learn an outage, as a mean would (with one or two weeks of history it does: an anomaly can then echo a week later).
A true MAD, the median of |x - median|, needs a subquery over the raw series; the median of recorded residuals is the
same thing with the expectation of each moment in the place of one median, and costs one short range. What happens now
does not widen the band it is judged by: so a drift over days is seen. Growth is added, not multiplied, so that a signal
that is usually 0 can be handled; it is absorbed within one to two weeks. The ideas are those of Grafana's
promql-anomaly-detection and of GitLab's seasonal prediction.

No alarm on a series younger than a week; none when a series is absent: that is for alerts on targets that are down.
"""

from collections.abc import Iterator
from typing import Final

from components.observability.rules.model import Alert, Group, Recording
from settings import Settings
from settings.observability import Signal

INTERVAL: Final = "5m"
"""How often a signal is recorded and judged."""
PENDING: Final = "10m"
"""How long a value has to be outside: three samples one after the other."""
RECORDINGS: Final = 8
"""Recordings of one series of a signal."""
NORMAL: Final = 1.4826
"""Standard deviation of a normal distribution per median absolute deviation."""


def series(signal: str, what: str) -> str:
    """Name of a recording of `signal`."""
    return f"anomaly:{signal.replace('-', '_')}:{what}"


def _expected(value: str, level: str) -> str:
    """PromQL of what is expected now: the median over the weeks, yesterday where there is no week yet."""
    weeks: list[str] = []
    for week in (1, 2, 3):
        then = f"avg_over_time({value}[1h] offset {168 * week * 60 - 30}m)"
        grown = f"({then} + ({level} - {level} offset {week}w)) or {then}"
        weeks.append(f'label_replace({grown}, "week", "{week}", "", "")')
    return f"quantile without (week) (0.5, {' or '.join(weeks)}) or avg_over_time({value}[1h] offset 1410m)"


def _usual(spread: str) -> str:
    """PromQL of how much a signal deviates at this hour: the most of the weeks before and of the median of one week."""
    same = [f"{spread} offset {168 * week * 60 - 90}m" for week in (1, 2, 3)]
    parts = [*same, f"quantile_over_time(0.5, {spread}[1w:1h])"]
    labelled = [f'label_replace({part}, "part", "{number}", "", "")' for number, part in enumerate(parts)]
    return f"max without (part) ({' or '.join(labelled)})"


def _recordings(name: str, signal: Signal) -> Iterator[Recording]:
    """The recordings of a signal, in the order in which they need each other."""
    value, level, mean, residual, spread, deviation = (
        series(name, what) for what in ("value", "level", "mean", "residual", "spread", "deviation")
    )
    by, labels = ", ".join(signal.by), {"signal": name}
    old = f"present_over_time({value}[1h] offset 1w)"
    half = f"clamp_min({signal.deviations:g} * {deviation}, {signal.floor:g})"
    yield Recording(value, f"max by ({by}) (({signal.expression}) > -Inf)", labels)
    yield Recording(level, f"avg_over_time({value}[1w]) and {old}", labels)
    yield Recording(mean, _expected(value, level), labels)
    yield Recording(residual, f"abs({value} - {mean})", labels)
    yield Recording(spread, f"{NORMAL} * quantile_over_time(0.5, {residual}[3h])", labels)
    yield Recording(deviation, f"({_usual(spread)} and {old}) or stddev_over_time({value}[26h])", labels)
    yield Recording(series(name, "upper"), f"{mean} + {half}", labels)
    yield Recording(series(name, "lower"), f"{mean} - {half}", labels)


def _alert(name: str, signal: Signal) -> Alert:
    """The alert of a signal; the labels of `by` come with the series."""
    value = series(name, "value")
    up, down = f"{value} > {series(name, 'upper')}", f"{value} < {series(name, 'lower')}"
    outside = {"up": up, "down": down, "both": f"({up} or {down})"}[signal.direction]
    of = ", ".join(f"{label} {{{{ $labels.{label} }}}}" for label in signal.by)
    return Alert(
        name="AnomalyDetected",
        expr=f"{outside} and present_over_time({value}[1h] offset 1w)",
        severity="notice",
        kind="service",
        owner="engineering",
        summary=f"{{{{ $labels.signal }}}} of {of} is not what it usually is at this hour",
        description="It is {{ $value | humanize }}, outside the band of its last three weeks for 10 minutes.",
        pending=PENDING,
        dashboard="anomalies",
        labels={"signal": name},
    )


def groups(settings: Settings) -> list[Group]:
    """A group for each signal: its recordings, then its alert."""
    return [
        Group(f"anomaly-{name}", [*_recordings(name, signal), _alert(name, signal)], interval=INTERVAL)
        for name, signal in settings.observability.anomalies.items()
    ]
