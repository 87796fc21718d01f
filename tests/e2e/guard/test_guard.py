"""A release that fails takes itself back: the guard as a process, everything that it asks and tells for real.

Windows are seconds in the place of minutes; Prometheus scrapes every second. PostgREST is stood in for by a few lines
that call the function as it would.
"""

import time
from collections.abc import Iterator

import pytest

from tests.e2e.guard.room import Room, Scene
from tests.e2e.observability.receiving import SLACK
from tests.waiting import wait_for

# A busy machine may take long for what takes seconds.
pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(600)]

LONG = 500
"""Seconds of a probation that something else ends."""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with Room(tmp_path_factory.mktemp("guard")) as made:
        yield made


@pytest.fixture
def scene(room: Room) -> Iterator[Scene]:
    with room.scene() as made:
        yield made
        made.says_no_secret()


def led_back(scene: Scene) -> bool:
    return scene.room.addresses() == [scene.room.blue]


def test_a_slot_that_starts_to_fail_is_taken_back_without_a_hand(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    scene.traffic.now(40)
    guard = scene.guard(LONG)
    wait_for(lambda: " healthy: " in guard.log, "a healthy verdict")
    assert not led_back(scene)
    scene.traffic.now(20, 20)
    began = time.monotonic()
    wait_for(lambda: led_back(scene), "the way back")
    switched = time.monotonic() - began
    assert guard.end() == 4
    recorded = time.monotonic() - began
    assert scene.room.serial() == scene.serial + 1
    ((result, reason),) = scene.rows
    assert result == "rolled_back"
    assert "requests failed (counted by the" in reason
    wait_for(lambda: SLACK in scene.messages("ReleaseRolledBack"), "a message in Slack")
    wait_for(lambda: any("sendMessage" in path for path in scene.messages("ReleaseRolledBack")), "one in Telegram")
    with capsys.disabled():
        print(f"\nguard: first failure → record led back {switched:.1f} s, written and announced {recorded:.1f} s")  # noqa: T201 - a figure to report


def test_a_healthy_release_is_left_alone(scene: Scene) -> None:
    scene.traffic.now(40, 1)
    guard = scene.guard()
    assert guard.end() == 0
    assert "trusted: the probation is over" in guard.log
    assert scene.room.serial() == scene.serial
    assert [result for result, _ in scene.rows] == ["succeeded"]


def test_a_guard_that_begins_before_users_are_led_over_waits_for_them(scene: Scene) -> None:
    scene.room.lead(scene.room.blue)
    scene.traffic.now(40)
    guard = scene.guard(LONG)
    wait_for(lambda: "waiting until users reach slot green" in guard.log, "a look at the name")
    scene.room.lead(scene.room.green)
    wait_for(lambda: " healthy: " in guard.log, "a healthy verdict")
    scene.traffic.now(20, 20)
    assert guard.end() == 4
    assert led_back(scene)
    assert [result for result, _ in scene.rows] == ["rolled_back"]


@pytest.mark.long
def test_too_few_requests_are_waited_for_once_and_then_a_person_decides(scene: Scene) -> None:
    scene.traffic.now(1, 1)
    guard = scene.guard(probation=6, extension=4)
    assert guard.end() == 3
    assert guard.log.count("the probation is extended once") == 1
    assert "inconclusive: " in guard.log
    assert " healthy: " not in guard.log
    assert scene.room.serial() == scene.serial
    wait_for(lambda: any("sendMessage" in path for path in scene.messages("ReleaseInconclusive")), "a message")


@pytest.mark.long
def test_without_prometheus_nothing_is_ever_well(scene: Scene) -> None:
    scene.traffic.now(40)
    guard = scene.guard(probation=40, extension=4)
    wait_for(lambda: " healthy: " in guard.log, "a healthy verdict")
    scene.prometheus.__exit__(None, None, None)
    assert guard.end() == 3
    assert "unknown: http://127.0.0.1:" in guard.log
    assert "trusted" not in guard.log
    assert scene.room.serial() == scene.serial


def test_a_slot_whose_pods_are_all_gone_is_seen_by_the_gateways(scene: Scene) -> None:
    scene.traffic.now(40)
    guard = scene.guard(LONG)
    wait_for(lambda: " healthy: " in guard.log, "a healthy verdict")
    scene.traffic.now(40, pods_up=False)
    assert guard.end() == 4
    assert led_back(scene)
    assert "(counted by the gateways)" in scene.rows[0][1]


@pytest.mark.long
def test_of_two_guards_one_takes_it_back(scene: Scene) -> None:
    scene.traffic.now(40)
    guards = [scene.guard(LONG) for _ in range(2)]
    wait_for(lambda: all(" healthy: " in guard.log for guard in guards), "healthy verdicts")
    scene.traffic.now(20, 20)
    assert [guard.end() for guard in guards] == [4, 4]
    assert led_back(scene)
    assert scene.room.serial() == scene.serial + 1
    acted = [guard for guard in guards if "rolled back: users reach slot blue again" in guard.log]
    other = [guard for guard in guards if "somebody else rolled the release back" in guard.log]
    assert (len(acted), len(other)) == (1, 1)
    assert [result for result, _ in scene.rows] == ["rolled_back"]


def test_a_guard_that_is_killed_and_started_anew_carries_on(scene: Scene) -> None:
    scene.traffic.now(40)
    guard = scene.guard(LONG, 5, "--settled-is-success")
    wait_for(lambda: " healthy: " in guard.log, "a healthy verdict")
    guard.stop()
    scene.traffic.now(20, 20)
    guard.start()
    assert guard.end() == 0  # for a Job the work is done
    assert led_back(scene)
    assert [result for result, _ in scene.rows] == ["rolled_back"]


def test_what_happens_while_the_database_is_down_is_written_later(scene: Scene) -> None:
    scene.traffic.now(20, 20)
    scene.room.database.stop()
    try:
        guard = scene.guard(LONG)
        wait_for(lambda: led_back(scene), "the way back")
        wait_for(lambda: "1 audit rows are not written yet" in guard.log, "a sentence about it")
        # Killed while it waits: the row lies in the Job's folder, and the next start sends it.
        guard.stop()
        assert list(guard.folder.glob("spool/*.row"))
    finally:
        scene.room.database.start()
    guard.start()
    assert guard.end() == 4
    assert [result for result, _ in scene.rows] == ["rolled_back"]


def test_a_job_that_could_not_tell_everything_is_started_anew(scene: Scene) -> None:
    scene.traffic.now(20, 20)
    scene.room.database.stop()
    try:
        guard = scene.guard(LONG, 20, "--settled-is-success", "--patience=1")
        assert guard.end() == 4
        assert "not sent: 1 audit rows, which are kept, and 0 announcements" in guard.log
        assert 'kept: {"who": "release-guard"' in guard.log
    finally:
        scene.room.database.start()
    guard.start()
    assert guard.end() == 0
    assert [result for result, _ in scene.rows] == ["rolled_back"]


def test_an_end_from_outside_is_said(scene: Scene) -> None:
    scene.traffic.now(40)
    guard = scene.guard(LONG)
    wait_for(lambda: " healthy: " in guard.log, "a healthy verdict")
    guard.process.terminate()
    assert guard.end() == 130
    assert "interrupted: nobody watches the release any longer" in guard.log
    assert scene.rows == []
