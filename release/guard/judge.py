"""A verdict of one slot of one service (REL-6): failing, healthy, or that nobody can say.

Two programs count requests. The pods count what they answered (`http_requests_total`); a pod that is dead counts
nothing. The gateways count every attempt to reach the slot (`traefik_service_requests_total`): 502 for a dead pod, also
where a second attempt got users their answer.
The release fails when it fails for either of them, so a slot whose pods are all gone is seen; it is healthy only while
its pods are seen and the programs that saw enough requests found it so.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from release.guard.query import Queries
from release.web import WebError
from settings.guard import Limits
from settings.values import Slot

State = Literal["healthy", "failing", "inconclusive", "unknown"]
"""`inconclusive`: too few requests; `unknown`: the metrics cannot be had, or are old."""


@dataclass(frozen=True)
class Subject:
    """What is judged."""

    service: str
    slot: Slot
    """The slot that became live."""
    previous: Slot
    """The slot that was live before."""


@dataclass(frozen=True)
class Count:
    """Requests as one program counted them."""

    requests: float
    errors: float
    """Those that were answered with 5xx."""

    @property
    def percent(self) -> float:
        """Share of errors, in percent."""
        return 100 * self.errors / self.requests if self.requests else 0.0


@dataclass(frozen=True)
class Verdict:
    """What is to be said of a slot."""

    state: State
    reason: str
    """One sentence without a dot."""
    warnings: tuple[str, ...] = ()
    """What a person should look at, though nothing is taken back for it."""
    requests: float = 0
    percent: float = 0
    """Share of failed requests, in percent."""


def decide(pods: Count | None, gateways: Count | None, limits: Limits) -> Verdict:
    """The verdict over what the programs counted; None is a program that is not there."""
    counts = {"pods": pods, "gateways": gateways}
    there = {name: count for name, count in counts.items() if count is not None}
    enough = {name: count for name, count in there.items() if count.requests >= limits.minimum_requests}
    if enough:
        name, worst = max(enough.items(), key=lambda item: item[1].percent)
        if worst.errors * 100 > limits.error_percent * worst.requests:
            return _said("failing", name, worst)
        if pods is not None:
            return _said("healthy", name, worst)
    if pods is None:
        return Verdict("unknown", "Prometheus sees no pod of the slot, so it cannot be judged")
    most = max((count.requests for count in there.values()), default=0)
    return Verdict("inconclusive", f"a verdict needs {limits.minimum_requests} requests; there were {most:.0f}")


def _said(state: State, name: str, count: Count) -> Verdict:
    reason = f"{count.percent:.1f} % of {count.requests:.0f} requests failed (counted by the {name})"
    return Verdict(state, reason, requests=count.requests, percent=count.percent)


class Judge:
    """Asks Prometheus, and Loki where there is one, and decides."""

    def __init__(self, subject: Subject, limits: Limits, metrics: Queries, logs: Queries | None = None) -> None:
        """Remember who is asked about what."""
        self._subject, self._limits = subject, limits
        self._metrics, self._logs = metrics, logs
        self._pods = f'service_name="{subject.service}",slot="{subject.slot}",track=""'

    def __call__(self, now: datetime, since: datetime) -> Verdict:
        """The verdict of this moment, over the window, but over nothing that was before `since`."""
        seconds = min(self._limits.window_seconds, int((now - since).total_seconds()))
        if seconds < 1:
            return Verdict("inconclusive", "the slot has been live for less than a second")
        name = f"{self._subject.service}-{self._subject.slot}@file"
        try:
            pods = self._count("http_requests_total", self._pods, self._pods, now, seconds)
            gateways = self._count("traefik_service_requests_total", f'service="{name}"', 'job="traefik"', now, seconds)
        except WebError as error:
            return Verdict("unknown", str(error))
        verdict = decide(pods, gateways, self._limits)
        if verdict.state in ("unknown", "failing"):
            # What fails is taken back at once: the notes would only keep it waiting.
            return verdict
        warnings = [*self._latency(now, since, seconds), *self._lines(now, seconds)]
        return Verdict(verdict.state, verdict.reason, tuple(warnings), verdict.requests, verdict.percent)

    def _count(self, metric: str, selector: str, target: str, now: datetime, seconds: int) -> Count | None:
        """What a program counted; None when none of its targets was looked at lately with success."""
        seen = f"(up{{{target}}} == 1) and (time() - timestamp(up{{{target}}}) < {self._limits.stale_seconds})"
        if not self._metrics.value(f"count({seen})", now):
            return None
        errors = f'{selector},code=~"5.."'
        return Count(
            self._total(f"{metric}{{{selector}}}", target, now, seconds),
            self._total(f"{metric}{{{errors}}}", target, now, seconds),
        )

    def _total(self, series: str, target: str, now: datetime, seconds: int) -> float:
        """How much a counter grew.

        A counter that is born within the window, as that of the first 500, has grown by its first value too, which
        `increase` does not see. It counts only where the targets were looked at before, and where its own target was
        not one that could not be looked at: else it is not a birth, but somebody who was away. "Before" is a while, not
        a moment: one look that failed makes every series of a target vanish for that moment.
        """
        before = f"[{self._limits.stale_seconds}s] offset {seconds}s"
        grown = f"sum(increase({series}[{seconds}s])) or vector(0)"
        lost = f"max_over_time(up{{{target}}}{before}) == 0"
        born = (
            f"min_over_time({series}[{seconds}s]) unless last_over_time({series}{before}) "
            f"unless on (job, instance) ({lost})"
        )
        watched = f"count(max_over_time(up{{{target}}}{before}) == 1) > 0"
        value = self._metrics.value(f"({grown}) + (sum(({born}) and on () ({watched})) or vector(0))", now)
        if value is None:
            raise WebError("Prometheus gives no number for a sum")
        return max(value, 0.0)

    def _latency(self, now: datetime, since: datetime, seconds: int) -> list[str]:
        """Compared with the slot that was live, in the time before it was switched off."""
        before = self._pods.replace(f'slot="{self._subject.slot}"', f'slot="{self._subject.previous}"')
        try:
            usual = self._metrics.value(_p95(before, self._limits.window_seconds), since)
            found = self._metrics.value(_p95(self._pods, seconds), now)
        except WebError as error:
            return [f"latency is not known: {error}"]
        if found is None or usual is None or found <= self._limits.latency_factor * usual:
            return []
        return [f"latency: p95 is {found:.3f} s, and was {usual:.3f} s in slot {self._subject.previous}"]

    def _lines(self, now: datetime, seconds: int) -> list[str]:
        if self._logs is None:
            return []
        lines = f'{{service="{self._subject.service}", level="error"}} | slot="{self._subject.slot}"'
        try:
            found = self._logs.value(f"sum(count_over_time({lines} [{seconds}s]))", now) or 0
        except WebError as error:
            return [f"error log lines are not known: {error}"]
        if found < self._limits.error_logs:
            return []
        return [f"error log lines: {found:.0f} in {seconds} s"]


def _p95(selector: str, seconds: int) -> str:
    return (
        f"histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{{{selector}}}[{seconds}s])))"
    )
