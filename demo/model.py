"""What a run of the demo has seen: the data that its page shows, and that a test reads back from it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sandbox.users import Reply
from settings.values import Slot

Seconds = Annotated[float, Field(description="Since the first request, in seconds")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Second(_Model):
    """All requests that ended within one second."""

    at: int
    requests: int
    failed: int
    p50: float | None
    """Time that half of the answers took at most, in milliseconds."""
    p95: float | None
    slots: Mapping[str, int]
    """Answers by the slot that gave them."""


class Step(_Model):
    """Something that the demo did."""

    name: str
    at: Seconds
    seconds: float


class Verdict(_Model):
    """A line of a guard."""

    at: Seconds
    guard: Literal["in the cluster", "on the command line"]
    slot: Slot
    text: str

    @property
    def failing(self) -> bool:
        """Whether it says that the release fails."""
        return self.text.startswith("failing:")


class Switch(_Model):
    """The name server leads users to another slot."""

    at: Seconds
    slot: Slot


class Record(_Model):
    """A row of the audit of releases (REL-7)."""

    at: Seconds
    who: str
    what: str
    slot: str
    image: str
    result: str


class Figures(_Model):
    """What came of it."""

    requests: int
    lost: int
    """Requests that failed and were not answered by the bad version."""
    failed_by_bad: int
    """Requests that the bad version answered with an error."""
    p95: float
    """Time that 95 of 100 answers of good versions took at most, in milliseconds."""
    trusted: bool
    """Whether the guard trusts the good version."""
    taken_back: bool
    """Whether the guard took the bad version back."""
    to_verdict: float | None
    """From the switch to the bad version to the verdict, in seconds; who has an old address may get it before."""
    to_last_bad: float | None
    """From the verdict to the last answer of the bad version, in seconds."""

    @property
    def right(self) -> bool:
        """Whether the good release lost nothing and the bad one was taken back."""
        return self.trusted and self.taken_back and self.lost == 0 and self.requests > 0


class Run(_Model):
    """One run; it is whole even when a step failed, as far as it came."""

    begun: datetime
    """When the first request was made."""
    lasted: float
    """The whole demo, in seconds."""
    fault: str | None
    """Why it ended early."""
    good: str
    """Image of the good version."""
    bad: str
    unreal: str
    """Names of the stand-ins that were run."""
    steps: tuple[Step, ...]
    seconds: tuple[Second, ...]
    switches: tuple[Switch, ...]
    verdicts: tuple[Verdict, ...]
    records: tuple[Record, ...]
    figures: Figures


def quantile(values: Iterable[float], share: float) -> float | None:
    """The least of the values that `share` of them do not exceed; None when there are none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def milliseconds(replies: Iterable[Reply], share: float) -> float | None:
    """How long `share` of those that were answered took at most."""
    found = quantile((reply.ended - reply.begun for reply in replies if reply.status), share)
    return None if found is None else round(1000 * found, 1)


def by_second(replies: Sequence[Reply], zero: float) -> tuple[Second, ...]:
    """What happened in each second from `zero` on, which is a moment on the monotonic clock."""
    groups: dict[int, list[Reply]] = {}
    for reply in replies:
        groups.setdefault(int(reply.ended - zero), []).append(reply)
    return tuple(_second(at, groups.get(at, [])) for at in range(max(groups, default=-1) + 1))


def _second(at: int, replies: Sequence[Reply]) -> Second:
    slots = sorted(reply.slot for reply in replies if reply.slot)
    return Second(
        at=at,
        requests=len(replies),
        failed=sum(not reply.good for reply in replies),
        p50=milliseconds(replies, 0.5),
        p95=milliseconds(replies, 0.95),
        slots={slot: slots.count(slot) for slot in dict.fromkeys(slots)},
    )


def figures(
    replies: Sequence[Reply], bad: str, verdicts: Sequence[Verdict], switches: Sequence[Switch], zero: float
) -> Figures:
    """The figures of a run.

    Args:
        replies: Of all users.
        bad: The bad version's image.
        verdicts: Of the guards.
        switches: Of the name server.
        zero: When the first request was made, on the monotonic clock.
    """
    of_bad = [reply for reply in replies if reply.image == bad]
    others = [reply for reply in replies if reply.image != bad]
    failing = min((verdict.at for verdict in verdicts if verdict.failing), default=None)
    switched = [each.at for each in switches if failing is not None and each.at < failing]
    last = max((reply.ended - zero for reply in of_bad), default=None)
    return Figures(
        requests=len(replies),
        lost=sum(not reply.good for reply in others),
        failed_by_bad=sum(not reply.good for reply in of_bad),
        p95=milliseconds(others, 0.95) or 0,
        trusted=any(verdict.text.startswith("trusted:") for verdict in verdicts),
        taken_back=any(verdict.text.startswith("rolled back:") for verdict in verdicts),
        to_verdict=None if failing is None or not switched else round(failing - switched[-1], 1),
        to_last_bad=None if failing is None or last is None else round(last - failing, 1),
    )
