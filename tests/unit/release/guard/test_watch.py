"""The watch, with a clock that moves only when it sleeps: every way it can end, and be ended."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from release.guard import HEALTHY, INCONCLUSIVE, INTERRUPTED, TAKEN_BACK, State, Verdict
from tests.unit.release.guard.given import IMAGE, KEY, SINCE, Server, Trial
from tests.unit.release.guard.verdicts import BAD, BLIND, FEW, GOOD, after, rows


def test_a_healthy_release_is_left_alone_and_trusted_at_the_end(trial: Callable[..., Trial], database: Server) -> None:
    one = trial(GOOD)
    outcome = one.watch().run()
    assert (outcome.code, outcome.verdict, outcome.acted) == (HEALTHY, GOOD, False)
    assert one.seconds == 60
    assert one.switch.calls == 0
    assert one.announced.told == []
    assert one.events == [("trusted",)]
    (row,) = rows(database)
    assert (row["result"], row["who"], row["slot"], row["image"]) == ("succeeded", "release-guard", "green", IMAGE)
    assert one.lines == [
        "2026-01-31T12:00:00Z api green: watched until 2026-01-31T12:01:00Z",
        f"2026-01-31T12:00:00Z api green: healthy: {GOOD.reason}",
        "2026-01-31T12:01:00Z api green: trusted: the probation is over",
    ]


def test_a_failing_release_is_taken_back_at_once_told_and_written_down(
    trial: Callable[..., Trial], database: Server
) -> None:
    one = trial(after(10, BAD))
    outcome = one.watch().run()
    assert (outcome.code, outcome.verdict, outcome.acted) == (TAKEN_BACK, BAD, True)
    assert one.seconds == 10
    assert one.switch.calls == 1
    assert one.announced.told == [("rolled_back", "api", "green", "blue", BAD.reason)]
    assert one.events == [("taken_back", True)]
    (row,) = rows(database)
    assert row["result"] == "rolled_back"
    assert row["what"] == "took api back to blue"
    assert row["when"] == "2026-01-31T12:00:10Z"
    assert row["details"]["reason"] == BAD.reason
    assert list(one.folder.iterdir()) == []


@pytest.mark.parametrize("verdict", [FEW, BLIND])
def test_without_a_verdict_it_is_extended_once_and_then_a_person_decides(
    trial: Callable[..., Trial], database: Server, verdict: Verdict
) -> None:
    one = trial(verdict)
    assert one.watch().run().code == INCONCLUSIVE
    assert one.seconds == 90
    assert one.switch.calls == 0
    assert one.events == [("extended", SINCE + timedelta(seconds=90))]
    assert one.announced.told == [("inconclusive", "api", "green", verdict.reason)]
    assert [row["result"] for row in rows(database)] == ["failed"]
    assert len([line for line in one.lines if "extended once" in line]) == 1


@pytest.mark.parametrize(
    ("verdicts", "extended", "code", "seconds"),
    [
        pytest.param(after(80, GOOD, FEW), False, HEALTHY, 90, id="well within the extension"),
        pytest.param(after(80, BAD, FEW), False, TAKEN_BACK, 80, id="failing within the extension"),
        pytest.param(after(50, BLIND), False, INCONCLUSIVE, 90, id="well once, and not at the end"),
        pytest.param(after(0, FEW), True, INCONCLUSIVE, 60, id="extended already"),
    ],
)
def test_the_verdict_at_the_end_counts_and_it_is_extended_once(
    trial: Callable[..., Trial], verdicts: Callable[[float], Verdict], extended: bool, code: int, seconds: float
) -> None:
    one = trial(verdicts, extended=extended)
    assert (one.watch().run().code, one.seconds) == (code, seconds)


def test_users_may_be_led_to_the_slot_after_the_guard_has_begun(trial: Callable[..., Trial]) -> None:
    one = trial(GOOD)
    one.switch.back_already = True

    def sleep(seconds: float) -> bool:
        one.switch.back_already = one.clock() < SINCE + timedelta(seconds=20)
        return Trial.sleep(one, seconds)

    watch = one.watch()
    watch.sleep = sleep
    assert watch.run().code == HEALTHY
    assert len([line for line in one.lines if "waiting until users reach slot green" in line]) == 1


def test_users_who_are_never_led_to_the_slot_are_not_waited_for_without_end(trial: Callable[..., Trial]) -> None:
    one = trial(GOOD)
    one.switch.back_already = True
    outcome = one.watch().run()
    assert (outcome.code, outcome.acted, one.seconds) == (TAKEN_BACK, False, 60)
    waiting = trial(GOOD, ends_after=5.0)
    waiting.switch.back_already = True
    assert waiting.watch().run().code == INTERRUPTED


def test_two_guards_of_a_release_write_rows_of_the_same_id(trial: Callable[..., Trial], database: Server) -> None:
    for _ in range(2):
        trial(GOOD).watch().run()
    first, second = rows(database)
    assert first["id"] == second["id"]


def test_one_that_is_started_late_judges_at_once(trial: Callable[..., Trial]) -> None:
    one = trial(GOOD, seconds=75.0)
    assert one.watch().run().code == HEALTHY
    late = trial(FEW, seconds=400.0)
    assert late.watch().run().code == INCONCLUSIVE
    assert late.seconds < 410


def test_an_end_from_outside_leaves_nothing_half_done(trial: Callable[..., Trial], database: Server) -> None:
    one = trial(GOOD, ends_after=20.0, patience=1000.0)
    outcome = one.watch().run()
    assert (outcome.code, outcome.verdict) == (INTERRUPTED, GOOD)
    assert one.seconds == 20
    assert rows(database) == []
    assert "interrupted" in one.lines[-1]


def test_what_the_database_does_not_take_is_written_when_it_is_back(
    trial: Callable[..., Trial], database: Server
) -> None:
    database.answers[:0] = [(503, None)] * 4
    one = trial(BAD, patience=600.0)
    one.announced.errors = 2
    assert one.watch().run().code == TAKEN_BACK
    assert [told[0] for told in one.announced.told] == ["rolled_back"]
    assert len({row["id"] for row in rows(database)}) == 1
    assert list(one.folder.iterdir()) == []
    assert any("1 audit rows were written later" in line for line in one.lines)


def test_a_caller_without_patience_finds_the_rows_kept(trial: Callable[..., Trial], database: Server) -> None:
    database.answers = [(503, None)]
    one = trial(BAD)
    outcome = one.watch().run()
    assert (outcome.code, outcome.told) == (TAKEN_BACK, False)
    assert list(one.folder.glob("*.held"))  # it is started anew with something to tell
    (kept,) = one.folder.glob("*.row")
    assert json.loads(kept.read_text())["result"] == "rolled_back"
    assert f"kept: {json.dumps(json.loads(kept.read_text()))}" in "".join(one.lines)
    assert "not sent: 1 audit rows, which are kept, and 0 announcements" in one.lines[-1]


def test_what_was_not_announced_is_announced_when_it_is_started_anew(trial: Callable[..., Trial]) -> None:
    one = trial(BAD)
    one.announced.errors = 1
    assert not one.watch().run().told
    again = trial(BAD)
    again.switch.back_already = True
    assert again.watch().run().told
    assert [told[0] for told in again.announced.told] == ["rolled_back"]


def test_a_line_comes_when_the_verdict_changes_and_not_for_new_figures(trial: Callable[..., Trial]) -> None:
    states: list[State] = ["healthy", "healthy", "unknown", "healthy"]

    def said(now: float) -> Verdict:
        state = states.pop(0) if states else "healthy"
        return Verdict(state, f"{now} is new", () if now < 30 else (f"latency: p95 is {now}",))

    one = trial(said)
    one.watch().run()
    told = [line.split(": ", 1)[1] for line in one.lines[1:-1]]
    assert told == [
        "healthy: 0.0 is new",
        "unknown: 10.0 is new",
        "healthy: 15.0 is new",
        "healthy: 30.0 is new; note: latency: p95 is 30.0",
    ]


def test_no_secret_is_in_what_it_says(trial: Callable[..., Trial], database: Server) -> None:
    database.answers = [(401, {"message": KEY})]
    one = trial(BAD, patience=100.0)
    one.announced.errors = 1
    watch = one.watch()
    watch.run()
    kept = "".join(path.read_text() for path in one.folder.iterdir())
    assert KEY not in "".join(one.lines) + kept + repr(watch)
    assert "answers 401" in "".join(one.lines)
