"""Verdicts as a judge gives them, one after another."""

from collections.abc import Callable
from typing import Any

from release.guard import Verdict
from tests.unit.release.guard.given import Server

GOOD = Verdict("healthy", "0.1 % of 1000 requests failed (counted by the pods)")
BAD = Verdict("failing", "12.0 % of 1000 requests failed (counted by the pods)")
FEW = Verdict("inconclusive", "a verdict needs 100 requests; there were 3")
BLIND = Verdict("unknown", "http://prometheus cannot be reached")


def rows(database: Server) -> list[dict[str, Any]]:
    return [body for _, body, _ in database.calls]


def after(seconds: float, then: Verdict, before: Verdict = GOOD) -> Callable[[float], Verdict]:
    return lambda now: before if now < seconds else then
