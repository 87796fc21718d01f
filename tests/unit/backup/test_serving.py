"""Backups are made when they are due, one at a time, over restarts; what is told of them is true."""

import fcntl
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backup.drill import check_room
from backup.outcome import BackupError, Outcome, Restore
from backup.plan import Plan
from backup.serving import Serving
from backup.telling import METRICS, Telling, Told

HOUR = 3600
START = 1_800_000_000.0


class World:
    """A clock that moves only by what is waited for, and a job that does what it is told to."""

    def __init__(self, folder: Path, *results: Outcome | BaseException) -> None:
        self.now = START
        self.results: list[Outcome | BaseException] = list(results)
        self.drills: list[Outcome | Exception] = []
        self.drilled: list[float] = []
        self.ran: list[float] = []
        self.said: list[str] = []
        self.folder = folder
        self.well_until = START

    def run(self) -> Outcome:
        self.ran.append(self.now - START)
        self.now += 60
        result = self.results.pop(0)
        if isinstance(result, BaseException):
            raise result
        return result

    def drill(self, folder: Path, begun: datetime) -> Outcome:
        (folder / "restored").touch()
        self.drilled.append(self.now - START)
        assert begun == datetime.fromtimestamp(START + self.ran[-1], UTC)
        result = self.drills.pop(0) if self.drills else GOOD
        if isinstance(result, Exception):
            raise result
        return result

    def restore(self, what: str, at: datetime | None, to: str) -> Restore:
        raise NotImplementedError

    def sleep(self, seconds: float) -> bool:
        self.now += seconds
        return not self.results

    @property
    def telling(self) -> Telling:
        return Telling("logs", self.folder / "told.json", self.folder)

    def serving(self) -> Serving:
        job = {"kind": "logs", "source": "loki", "archive": "archive", "tenants": ["luxima"]}
        told = {"interval_seconds": HOUR, "deadline_seconds": HOUR, "retry_seconds": 300, "drill_seconds": 3 * HOUR}
        plan = Plan.model_validate({**told, "job": job}, strict=False)
        clock = lambda: self.now  # noqa: E731
        self.well_until = self.now
        return Serving(plan, self, self.telling, self.folder, clock, self.sleep, self.said.append, self.alive)

    def alive(self, seconds: float) -> None:
        assert self.now <= self.well_until
        self.well_until = self.now + seconds


GOOD = Outcome(3, 1000, verified=True)


def test_a_new_one_begins_at_once_and_the_next_an_interval_after_its_beginning(tmp_path: Path) -> None:
    world = World(tmp_path, GOOD, GOOD, GOOD)
    world.serving().forever()
    assert world.ran == [0, HOUR, 2 * HOUR]


@pytest.mark.parametrize("kind", [BackupError, OSError, ValueError, IndexError])
def test_one_that_failed_is_made_again_soon_and_what_was_told_stays(tmp_path: Path, kind: type[Exception]) -> None:
    world = World(tmp_path, GOOD, kind("the key is refused"), GOOD)
    world.serving().forever()
    assert world.ran == [0, HOUR, HOUR + 60 + 300]
    assert "error: no backup was made: the key is refused" in world.said
    told = world.telling.told
    assert (told.last_success_timestamp_seconds, told.last_failure_timestamp_seconds) == (
        START + HOUR + 420,
        START + HOUR + 60,
    )


def test_a_restart_does_not_make_it_anew(tmp_path: Path) -> None:
    world = World(tmp_path, GOOD)
    world.serving().forever()
    world.now = START + 1800
    world.results.append(GOOD)
    world.serving().forever()
    assert world.ran == [0, HOUR]


@pytest.mark.parametrize("away", [-10 * HOUR, 100 * HOUR])
def test_a_clock_that_was_moved_does_not_put_it_off(tmp_path: Path, away: float) -> None:
    world = World(tmp_path, GOOD)
    world.serving().forever()
    world.now = START + away
    world.results.append(GOOD)
    world.serving().forever()
    assert world.ran[1] - away <= HOUR


def test_two_do_not_run_at_a_time(tmp_path: Path) -> None:
    world = World(tmp_path, GOOD)
    with (tmp_path / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(BackupError, match="another run is under way"):
            world.serving().once()
    assert world.ran == []
    world.serving().once()


def test_before_the_first_only_a_failure_is_told_and_then_every_figure_with_its_kind(tmp_path: Path) -> None:
    world = World(tmp_path, BackupError("no"), GOOD)
    told = tmp_path / "backup_logs.prom"
    world.telling.again()
    assert told.read_text() == ""
    with pytest.raises(BackupError):
        world.serving().once()
    assert _samples(told) == [f'backup_last_failure_timestamp_seconds{{backup="logs"}} {START + 60}']
    world.serving().once()
    samples = _samples(told)
    assert [line.partition("{")[0] for line in samples] == list(METRICS)
    assert all('{backup="logs"} ' in line for line in samples)
    assert told.stat().st_mode & 0o777 == 0o644


def test_the_first_good_backup_is_restored_on_trial_and_then_one_when_it_is_due(tmp_path: Path) -> None:
    world = World(tmp_path, BackupError("no"), *[GOOD] * 8)
    world.serving().forever()
    assert world.drilled == [420, 420 + 3 * HOUR, 420 + 6 * HOUR]
    assert world.telling.told.last_drill_timestamp_seconds == START + 420 + 6 * HOUR
    assert "restore drill: 3 objects, 1000 bytes restored and compared" in world.said
    # Nor does a restart, or a run by hand, make it anew.
    world.serving().forever()
    world.results.append(GOOD)
    world.serving().once()
    assert len(world.drilled) == 3
    assert not (tmp_path / "drill").exists()


@pytest.mark.parametrize("failure", [BackupError("a.bin is another"), OSError("a.bin is another"), Outcome(0, 0, True)])
def test_a_drill_that_fails_is_told_and_made_again_after_the_next_backup(
    tmp_path: Path, failure: Outcome | Exception
) -> None:
    world = World(tmp_path, GOOD, GOOD)
    world.drills = [failure]
    world.serving().forever()
    assert (world.ran, world.drilled) == ([0, HOUR], [60, HOUR + 60])
    words = "nothing is left of the 3 objects" if isinstance(failure, Outcome) else "a.bin is another"
    assert any(line.startswith(f"error: the restore drill failed: {words}") for line in world.said)
    told = world.telling.told
    assert told.last_drill_failure_timestamp_seconds == START + 60
    assert told.last_drill_timestamp_seconds == START + HOUR + 60
    assert told.last_failure_timestamp_seconds == 0
    assert not (tmp_path / "drill").exists()


def test_what_a_killed_drill_has_left_goes_at_the_next_start(tmp_path: Path) -> None:
    (tmp_path / "drill" / "folder").mkdir(parents=True)
    world = World(tmp_path)
    world.serving().forever()
    assert not (tmp_path / "drill").exists()


def test_a_backup_of_nothing_is_not_restored_on_trial(tmp_path: Path) -> None:
    world = World(tmp_path, Outcome(0, 0, verified=True), GOOD)
    world.serving().forever()
    assert world.drilled == [HOUR + 60]
    assert not [line for line in world.said if "error" in line]
    world.telling.tell(Told(last_success_timestamp_seconds=START))
    with pytest.raises(BackupError, match="no backup has anything in it yet: make one first"):
        world.serving().drill()


def test_a_drill_keeps_away_while_a_backup_is_made(tmp_path: Path) -> None:
    world = World(tmp_path, GOOD)
    world.serving().once()
    with (tmp_path / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(BackupError, match="another run is under way"):
            world.serving().drill()
    assert world.drilled == []
    assert world.telling.told.last_drill_failure_timestamp_seconds == 0


def test_a_drill_of_the_future_does_not_put_the_next_one_off(tmp_path: Path) -> None:
    world = World(tmp_path, GOOD)
    world.telling.tell(Told(last_drill_timestamp_seconds=START + 100 * HOUR))
    world.serving().forever()
    assert world.drilled == [60]


def test_a_drill_takes_at_most_half_of_what_is_free(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    check_room(tmp_path, free // 4)
    with pytest.raises(BackupError, match=r"takes at most half of the .* give the disk of this Docker host more room"):
        check_room(tmp_path, free)


def _samples(told: Path) -> list[str]:
    return [line for line in told.read_text().splitlines() if not line.startswith("#")]


def test_what_was_not_compared_is_not_told_as_verified(tmp_path: Path) -> None:
    world = World(tmp_path, GOOD, Outcome(3, 1000, verified=False))
    serving = world.serving()
    serving.once()
    first = world.telling.told.verified_timestamp_seconds
    serving.once()
    assert world.telling.told.verified_timestamp_seconds == first
    assert "NOT compared" in world.said[-1]


def test_a_state_that_is_broken_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "told.json").write_text("{")
    world = World(tmp_path, GOOD)
    world.serving().forever()
    assert world.ran == [0]


def test_one_that_hangs_is_not_well_for_longer_than_two_intervals(tmp_path: Path) -> None:
    """While it waits it is heard of every minute; `alive` above sees that it never is late."""
    world = World(tmp_path, GOOD, GOOD)
    world.serving().forever()
    assert world.now < world.well_until <= world.now + 180
    hanging = World(tmp_path / "hanging", KeyboardInterrupt())
    hanging.folder.mkdir()
    with pytest.raises(KeyboardInterrupt):
        hanging.serving().forever()
    assert hanging.well_until == START + 2 * HOUR
