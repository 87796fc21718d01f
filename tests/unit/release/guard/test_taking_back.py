"""Users are led back exactly once, whoever else does it, whatever fails, and whenever the guard is killed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from release.guard import FAILED, HEALTHY, INCONCLUSIVE, TAKEN_BACK, Verdict
from tests.unit.release.guard.given import SINCE, Server, Trial
from tests.unit.release.guard.verdicts import BAD, BLIND, GOOD, rows


def test_who_comes_second_does_nothing(trial: Callable[..., Trial], database: Server) -> None:
    one = trial(BAD)
    one.switch.rival = True
    kept: list[Path] = []

    def look(_: bool) -> None:
        # Were it ended here, it would not claim anything when it is started anew.
        kept.extend(one.folder.iterdir())

    watch = one.watch()
    watch.hooks = replace(watch.hooks, taken_back=look)
    outcome = watch.run()
    assert kept == []
    assert (outcome.code, outcome.acted) == (TAKEN_BACK, False)
    assert one.announced.told == []
    assert rows(database) == []
    assert list(one.folder.iterdir()) == []


def test_a_release_that_a_person_takes_back_is_watched_no_longer(trial: Callable[..., Trial], database: Server) -> None:
    one = trial(GOOD)

    def sleep(seconds: float) -> bool:
        one.switch.back_already = one.clock() >= SINCE + timedelta(seconds=20)
        return Trial.sleep(one, seconds)

    watch = one.watch()
    watch.sleep = sleep
    outcome = watch.run()
    assert (outcome.code, outcome.acted) == (TAKEN_BACK, False)
    assert one.events == [("taken_back", False)]
    assert rows(database) == one.announced.told == []
    assert "somebody else rolled the release back" in one.lines[-1]


def test_a_name_server_that_does_not_answer_is_asked_until_it_does(trial: Callable[..., Trial]) -> None:
    one = trial(BAD)
    one.switch.errors = ["it is down"] * 3
    one.switch.blind = True
    assert one.watch().run().acted
    assert one.switch.calls == 4
    assert len([line for line in one.lines if "could not be rolled back: it is down" in line]) == 1


def test_what_cannot_be_taken_back_is_no_success(trial: Callable[..., Trial], database: Server) -> None:
    one = trial(BAD)
    one.switch.errors = ["it is down"] * 1000
    assert one.watch().run().code == FAILED
    assert one.seconds == 90
    assert [row["result"] for row in rows(database)] == ["failed"]


def test_a_lost_answer_of_the_name_server_is_found_out(trial: Callable[..., Trial], database: Server) -> None:
    one = trial(BAD)
    one.switch.lost_answer = True
    outcome = one.watch().run()
    assert (outcome.code, outcome.acted) == (TAKEN_BACK, True)
    assert [row["result"] for row in rows(database)] == ["rolled_back"]
    assert [told[0] for told in one.announced.told] == ["rolled_back"]


def test_what_was_not_done_is_forgotten_when_the_release_recovers(
    trial: Callable[..., Trial], database: Server
) -> None:
    def said(now: float) -> Verdict:
        return BAD if now == 10 else GOOD

    one = trial(said)
    one.switch.errors = ["it is down"]
    assert one.watch().run().code == HEALTHY
    assert list(one.folder.iterdir()) == []
    assert [row["result"] for row in rows(database)] == ["succeeded"]


def test_what_was_not_done_is_not_claimed_when_a_person_does_it_later(
    trial: Callable[..., Trial], database: Server
) -> None:
    def said(now: float) -> Verdict:
        one.switch.back_already = now == 20
        return BAD if now == 10 else GOOD

    one = trial(said)
    one.switch.errors = ["it is down"]
    outcome = one.watch().run()
    assert (outcome.code, outcome.acted) == (TAKEN_BACK, False)
    assert rows(database) == one.announced.told == []


class Killed(BaseException):
    """What kill -9 is for a program."""


def test_one_that_is_killed_before_it_leads_users_back_does_it_when_it_is_started_anew(
    trial: Callable[..., Trial], database: Server
) -> None:
    one = trial(BAD)

    def die() -> None:
        raise Killed

    one.switch.before = die
    with pytest.raises(Killed):
        one.watch().run()
    assert rows(database) == []
    one.switch.before = lambda: None
    outcome = one.watch().run()
    assert (outcome.code, outcome.acted) == (TAKEN_BACK, True)
    assert [row["result"] for row in rows(database)] == ["rolled_back"]


def test_one_that_is_killed_after_it_led_users_back_says_so_when_it_is_started_anew(
    trial: Callable[..., Trial], database: Server
) -> None:
    one = trial(BAD)

    def die() -> None:
        one.switch.back_already = True
        raise Killed

    one.switch.before = die
    with pytest.raises(Killed):
        one.watch().run()
    again = trial(BLIND)
    again.switch.back_already = True
    outcome = again.watch().run()
    assert (outcome.code, outcome.acted) == (TAKEN_BACK, True)
    assert again.announced.told == [("rolled_back", "api", "green", "blue", BAD.reason)]
    assert [row["result"] for row in rows(database)] == ["rolled_back"]
    assert list(one.folder.iterdir()) == []


def test_one_that_is_started_long_after_the_probation_takes_nothing_back(trial: Callable[..., Trial]) -> None:
    one = trial(BAD, seconds=121.0)
    assert one.watch().run().code == INCONCLUSIVE
    assert one.switch.calls == 0
    assert one.announced.told == [("inconclusive", "api", "green", BAD.reason)]
    assert trial(BAD, seconds=119.0).watch().run().code == TAKEN_BACK
