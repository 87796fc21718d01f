"""Push the WAL that PostgreSQL has put into the spool, in order, for as long as the container runs."""

import fcntl
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from backup.outcome import BackupError
from backup.pgbackrest import Pgbackrest
from backup.telling import write

_LOCK: Final = ".pushing"
_SECONDS: Final = 1.0
"""Between two looks into the spool."""
_TOLD_SECONDS: Final = 15
_METRIC: Final = "backup_wal_pushed_timestamp_seconds"


class Wal:
    """The spool.

    Args:
        spool: Folder that PostgreSQL's archive_command copies into; names with a dot are not whole yet.
        pgbackrest: What pushes.
        say: Takes a line for the log.
    """

    def __init__(self, spool: Path, pgbackrest: Pgbackrest, say: Callable[[str], None]) -> None:
        self._spool, self._pgbackrest, self._say = spool, pgbackrest, say

    def waiting(self) -> Sequence[Path]:
        """What is not pushed yet, the oldest first."""
        # PostgreSQL makes the folder with its first segment.
        present = self._spool.iterdir() if self._spool.is_dir() else ()
        return sorted(each for each in present if not each.name.startswith("."))

    @property
    def behind_seconds(self) -> float:
        """How long the oldest has been waiting; 0 when none is."""
        oldest = next(iter(self.waiting()), None)
        return time.time() - oldest.stat().st_mtime if oldest else 0.0

    def push(self) -> int:
        """Push all that waits; gives how many. One process at a time does; for the others there is nothing to do.

        Raises:
            BackupError: When one cannot be pushed; it and those after it stay.
        """
        if not self._spool.is_dir():
            # PostgreSQL makes it with its first segment.
            return 0
        with (self._spool / _LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return 0
            waiting = self.waiting()
            for segment in waiting:
                self._pgbackrest.say("archive-push", str(segment))
                segment.unlink()
            return len(waiting)

    def tell(self, textfiles: Path) -> None:
        """Tell the node exporter until when all is pushed: a moment, so that who tells it no more is noticed."""
        text = f"# HELP {_METRIC} Until when the WAL that PostgreSQL handed over is in the repository\n"
        text += f"# TYPE {_METRIC} gauge\n{_METRIC} {time.time() - self.behind_seconds}\n"
        write(textfiles / "backup_wal.prom", text)

    @contextmanager
    def pushing(self, textfiles: Path | None = None) -> Generator[None]:
        """Push while the block runs, and tell once what is wrong; how far it is goes to the folder of figures."""
        ended = threading.Event()
        pushing = threading.Thread(target=self._until, args=(ended, textfiles), daemon=True)
        pushing.start()
        try:
            yield
        finally:
            ended.set()
            pushing.join()

    def _until(self, ended: threading.Event, textfiles: Path | None) -> None:
        told, next_at = "", 0.0
        while not ended.wait(_SECONDS):
            if textfiles is not None and time.monotonic() >= next_at:
                # What is not told stands still, and that is noticed.
                with suppress(OSError):
                    self.tell(textfiles)
                next_at = time.monotonic() + _TOLD_SECONDS
            try:
                if self.push() and told:
                    told = ""
                    self._say("WAL is pushed again")
            except (BackupError, OSError) as error:
                if str(error) != told:
                    told = str(error)
                    self._say(f"error: WAL is not pushed: {error}")
