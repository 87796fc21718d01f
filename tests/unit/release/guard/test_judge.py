"""The verdict, over every kind of count, and over metrics that are not there."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from release.guard import Judge, Subject
from release.guard.judge import Count, decide
from release.web import WebError
from settings.guard import Limits
from tests.unit.release.guard.given import SINCE

LIMITS = Limits(error_percent=5, minimum_requests=100)
_NUMBERS = st.floats(min_value=0, max_value=1e9)
_COUNTS = st.none() | st.tuples(_NUMBERS, st.floats(0, 1)).map(lambda pair: Count(pair[0], pair[0] * pair[1]))
_LIMITS = st.builds(
    Limits, error_percent=st.floats(0.1, 5), minimum_requests=st.integers(min_value=20, max_value=1_000_000)
)


def _bad(count: Count | None, limits: Limits) -> bool:
    if count is None or count.requests < limits.minimum_requests:
        return False
    return count.errors / count.requests > limits.error_percent / 100 * (1 + 1e-9)


@given(_COUNTS, _COUNTS, _LIMITS)
@example(None, None, LIMITS)
@example(Count(100, 6), None, LIMITS)
def test_healthy_only_with_enough_requests_and_pods_that_are_seen(
    pods: Count | None, gateways: Count | None, limits: Limits
) -> None:
    verdict = decide(pods, gateways, limits)
    enough = [each for each in (pods, gateways) if each and each.requests >= limits.minimum_requests]
    if verdict.state == "healthy":
        assert pods is not None
        assert enough
        assert not _bad(pods, limits)
        assert not _bad(gateways, limits)
    if verdict.state == "failing":
        assert enough
        assert verdict.percent >= limits.error_percent
    if _bad(pods, limits) or _bad(gateways, limits):
        assert verdict.state == "failing"
    if pods is None and verdict.state != "failing":
        assert verdict.state == "unknown"
    if pods is not None and not enough:
        assert verdict.state == "inconclusive"


@given(_COUNTS, _COUNTS, _LIMITS, st.integers(1, 1000))
def test_more_failed_requests_never_make_it_well(
    pods: Count | None, gateways: Count | None, limits: Limits, more: int
) -> None:
    if decide(pods, gateways, limits).state != "failing" or pods is None:
        return
    worse = Count(pods.requests + more, pods.errors + more)
    assert decide(worse, gateways, limits).state == "failing"


@pytest.mark.parametrize(
    ("pods", "gateways", "state"),
    [
        (Count(100, 5), None, "healthy"),  # 5 % is not over 5 %
        (Count(100, 6), None, "failing"),
        (Count(99, 99), None, "inconclusive"),
        (Count(0, 0), None, "inconclusive"),
        (None, None, "unknown"),
        (None, Count(1000, 0), "unknown"),  # users are well, but nobody sees the pods
        (None, Count(1000, 900), "failing"),  # dead pods emit nothing, their gateway does
        (Count(1000, 0), Count(1000, 900), "failing"),
        (Count(1000, 900), Count(1000, 0), "failing"),
        (Count(0, 0), Count(1000, 0), "healthy"),
        (Count(1000, 0), Count(0, 0), "healthy"),
    ],
)
def test_what_two_witnesses_say(pods: Count | None, gateways: Count | None, state: str) -> None:
    assert decide(pods, gateways, LIMITS).state == state


@dataclass
class Metrics:
    """Answers by the first pattern that a query has."""

    answers: dict[str, float | Exception | None] = field(default_factory=dict[str, "float | Exception | None"])
    asked: list[tuple[str, datetime]] = field(default_factory=list[tuple[str, datetime]])

    def value(self, query: str, at: datetime) -> float | None:
        self.asked.append((query, at))
        for pattern, answer in self.answers.items():
            if re.search(pattern, query):
                if isinstance(answer, Exception):
                    raise answer
                return answer
        return None


SEEN = r"^count\("
PODS_SEEN = r'^count\(\(up\{service_name="api",slot="green",track=""\} == 1'
GATEWAYS_SEEN = r'^count\(\(up\{job="traefik"\}'
POD_ERRORS = r'http_requests_total\{service_name="api",slot="green",track="",code=~"5\.\."\}'
POD_REQUESTS = r'http_requests_total\{service_name="api",slot="green",track=""\}'
EDGE_ERRORS = r'traefik_service_requests_total\{service="api-green@file",code=~"5\.\."\}'
EDGE_REQUESTS = r'traefik_service_requests_total\{service="api-green@file"\}'
GOOD: dict[str, float | Exception | None] = {
    PODS_SEEN: 2,
    GATEWAYS_SEEN: 4,
    EDGE_ERRORS: 1,
    EDGE_REQUESTS: 900,
    POD_ERRORS: 2,
    POD_REQUESTS: 1000,
}


def judged(
    answers: dict[str, float | Exception | None], logs: Metrics | None = None, seconds: float = 900
) -> tuple[str, str, tuple[str, ...], Metrics]:
    metrics = Metrics(answers)
    judge = Judge(Subject("api", "green", "blue"), LIMITS, metrics, logs)
    verdict = judge(SINCE + timedelta(seconds=seconds), SINCE)
    return verdict.state, verdict.reason, verdict.warnings, metrics


def test_a_slot_with_few_errors_is_healthy() -> None:
    state, reason, warnings, _ = judged(GOOD)
    assert (state, warnings) == ("healthy", ())
    assert reason == "0.2 % of 1000 requests failed (counted by the pods)"


def test_the_worse_witness_is_told() -> None:
    state, reason, _, _ = judged({**GOOD, EDGE_ERRORS: 90})
    assert (state, reason) == ("failing", "10.0 % of 900 requests failed (counted by the gateways)")


def test_the_window_never_begins_before_the_switch() -> None:
    for seconds, window in ((30.9, 30), (600, 600), (4000, 600)):
        _, _, _, metrics = judged(GOOD, seconds=seconds)
        windows = {
            int(found)
            for query, at in metrics.asked
            if at != SINCE
            for found in re.findall(r"\[(\d+)s\](?! offset)", query)
        }
        assert windows == {window}
        assert {found for query, _ in metrics.asked for found in re.findall(r"offset (\d+)s", query)} == {str(window)}


def test_a_moment_after_the_switch_there_is_no_verdict_and_no_question() -> None:
    state, _, _, metrics = judged(GOOD, seconds=0.5)
    assert state == "inconclusive"
    assert metrics.asked == []


@pytest.mark.parametrize("pattern", GOOD)
def test_what_cannot_be_asked_is_never_all_is_well(pattern: str) -> None:
    state, reason, _, _ = judged({**GOOD, pattern: WebError("http://prometheus cannot be reached")})
    assert (state, reason) == ("unknown", "http://prometheus cannot be reached")


@pytest.mark.parametrize("pattern", [each for each in GOOD if "count" not in each])
def test_a_sum_that_is_no_number_is_never_all_is_well(pattern: str) -> None:
    assert judged({**GOOD, pattern: None})[0] == "unknown"


@pytest.mark.parametrize("seen", [None, 0])
def test_pods_that_are_not_looked_at_are_unknown(seen: float | None) -> None:
    assert judged({**GOOD, PODS_SEEN: seen})[0] == "unknown"


def test_gateways_that_are_not_looked_at_are_no_witness() -> None:
    assert judged({**GOOD, GATEWAYS_SEEN: None, EDGE_ERRORS: 900})[0] == "healthy"


def test_an_answer_below_nothing_is_nothing() -> None:
    assert judged({**GOOD, POD_ERRORS: -1.0})[0] == "healthy"


def test_a_slower_slot_is_told_and_not_taken_back() -> None:
    now, before = r'bucket\{service_name="api",slot="green"', r'bucket\{service_name="api",slot="blue"'
    state, _, warnings, metrics = judged({now: 0.4, before: 0.2, **GOOD})
    assert (state, warnings) == ("healthy", ("latency: p95 is 0.400 s, and was 0.200 s in slot blue",))
    # The slot before is seen in its own time.
    assert [at for query, at in metrics.asked if re.search(before, query)] == [SINCE]
    assert judged({now: 0.29, before: 0.2, **GOOD})[2] == ()
    assert judged({now: 0.4, before: None, **GOOD})[2] == ()
    state, _, warnings, _ = judged({now: WebError("x"), **GOOD})
    assert (state, warnings) == ("healthy", ("latency is not known: x",))


def test_what_fails_waits_for_no_notes() -> None:
    logs = Metrics({"": WebError("Loki is away")})
    state, _, warnings, metrics = judged({**GOOD, POD_ERRORS: 900}, logs)
    assert (state, warnings, logs.asked) == ("failing", (), [])
    assert not [query for query, _ in metrics.asked if "histogram_quantile" in query]


def test_error_log_lines_are_told_and_not_taken_back() -> None:
    def told(answer: float | Exception | None) -> tuple[str, tuple[str, ...]]:
        state, _, warnings, _ = judged(GOOD, Metrics({r'\{service="api", level="error"\} \| slot="green"': answer}))
        return state, warnings

    assert told(50) == ("healthy", ("error log lines: 50 in 600 s",))
    assert told(49) == ("healthy", ())
    assert told(None) == ("healthy", ())
    assert told(WebError("Loki is away")) == ("healthy", ("error log lines are not known: Loki is away",))
