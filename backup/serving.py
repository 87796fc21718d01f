"""Make backups, and drills of restoring them, when they are due, one at a time."""

import fcntl
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from backup.drill import clear, thrown_away
from backup.outcome import BackupError, Job, Outcome
from backup.plan import Plan
from backup.telling import Telling

_BEAT_SECONDS: Final = 60
_SILENT_SECONDS: Final = 180
"""How long nothing may be heard of one that waits; one that works may take two intervals."""
_FAULTS: Final = (BackupError, OSError, ValueError, LookupError)
"""How a job fails: as it says, by a full disk, or by an answer that was not known. All of them are told."""


@contextmanager
def alone(lock: Path) -> Generator[None]:
    """Be the only run of this kind until the block ends; the kernel lets go of the lock when the process dies.

    Raises:
        BackupError: When there is another one.
    """
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError("another run is under way; wait for it to end") from None
        yield


class Serving:
    """One kind of backup, for ever.

    Args:
        plan: When and what.
        job: What is done.
        telling: What is told of it.
        state: Folder for the lock of what is under way, and for what a drill restores.
        clock: Seconds since 1970.
        sleep: Waits for so many seconds, and says whether it is time to end.
        say: Takes a line for the log.
        alive: Takes for how many seconds it is well although nothing is heard of it.
    """

    def __init__(
        self,
        plan: Plan,
        job: Job,
        telling: Telling,
        state: Path,
        clock: Callable[[], float],
        sleep: Callable[[float], bool],
        say: Callable[[str], None],
        alive: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._alive = alive
        self._plan, self._job, self._telling = plan, job, telling
        self._lock, self._drill = state / "lock", state / "drill"
        self._clock, self._sleep, self._say = clock, sleep, say

    def once(self) -> Outcome:
        """Make a backup now.

        Raises:
            BackupError: When it fails, or another run is under way.
        """
        with alone(self._lock):
            begun = self._clock()
            try:
                outcome = self._job.run()
            except _FAULTS as error:
                self._telling.tell(replace(self._telling.told, last_failure_timestamp_seconds=self._clock()))
                raise BackupError(str(error)) from error
            self._telling.tell(self._telling.told.succeeded(outcome, begun, self._clock()))
        checked = "compared" if outcome.verified else "NOT compared"
        self._say(f"backup made: {outcome.objects} objects, {outcome.size_bytes} bytes, {checked}")
        return outcome

    def drill(self) -> Outcome:
        """Restore a part of the newest backup to a folder that is thrown away, and compare it, now.

        Raises:
            BackupError: When it fails, there is nothing to restore, or another run is under way.
        """
        with alone(self._lock):
            told = self._telling.told
            if not told.objects:
                raise BackupError("no backup has anything in it yet: make one first")
            begun = datetime.fromtimestamp(told.last_success_timestamp_seconds - told.duration_seconds, UTC)
            try:
                with thrown_away(self._drill) as folder:
                    outcome = self._job.drill(folder, begun)
                    if not outcome.objects:
                        raise BackupError(f"nothing is left of the {told.objects} objects of the newest backup")
            except _FAULTS as error:
                self._telling.tell(replace(told, last_drill_failure_timestamp_seconds=self._clock()))
                raise BackupError(f"the restore drill failed: {error}") from error
            self._telling.tell(replace(told, last_drill_timestamp_seconds=self._clock()))
        self._say(f"restore drill: {outcome.objects} objects, {outcome.size_bytes} bytes restored and compared")
        return outcome

    def forever(self) -> None:
        """Make each when it is due; one that failed is made again before that."""
        clear(self._drill)
        self._telling.again()
        self._alive(2 * self._plan.interval_seconds)
        self._drill_when_due()
        wait = self._until_due()
        while not self._ended_within(wait):
            self._alive(2 * self._plan.interval_seconds)
            try:
                self.once()
            except (BackupError, OSError) as error:
                self._say(f"error: no backup was made: {error}")
                wait = self._plan.retry_seconds
            else:
                self._drill_when_due()
                wait = self._until_due()

    def _ended_within(self, seconds: float) -> bool:
        """Wait, and say now and then that it is well; gives whether it is time to end."""
        while True:
            self._alive(_SILENT_SECONDS)
            step = min(seconds, _BEAT_SECONDS)
            if self._sleep(step):
                return True
            seconds -= step
            if seconds <= 0:
                return False

    def _drill_when_due(self) -> None:
        """One that failed is made again after the next good backup."""
        told = self._telling.told
        # A clock that was set back must not put it off.
        recent = 0 <= self._clock() - told.last_drill_timestamp_seconds < self._plan.drill_seconds
        if recent or not told.objects:
            return
        try:
            self.drill()
        except BackupError as error:
            self._say(f"error: {error}")

    def _until_due(self) -> float:
        told = self._telling.told
        begun = told.last_success_timestamp_seconds - told.duration_seconds
        # A clock that was set back must not put it off for longer than an interval.
        return min(max(begun + self._plan.interval_seconds - self._clock(), 0), self._plan.interval_seconds)
