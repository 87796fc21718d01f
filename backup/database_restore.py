"""Bring a database back, so that PostgreSQL needs no other program to recover: its WAL lies in its folder."""

import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from backup.outcome import BackupError, Change, Outcome
from backup.pgbackrest import Kept, Pgbackrest, place

_WAL: Final = "luxima-wal"
"""Folder in the data with the WAL, gone when the recovery is over."""
_AT_ONCE: Final = 4


@dataclass(frozen=True)
class Found:
    """What is restored."""

    backup: Kept
    segments: Sequence[str]


class DatabaseRestore:
    """A restore into a folder that is not there yet, or empty. It gets its name when all is in it.

    Args:
        pgbackrest: What does it.
        at: The moment that is wanted, in UTC; None for all that was archived.
        to: Folder for the data.
    """

    def __init__(self, pgbackrest: Pgbackrest, at: datetime | None, to: Path) -> None:
        self._pgbackrest, self._at, self._to = pgbackrest, at, to

    @property
    def target(self) -> str:
        """The folder."""
        return str(self._to)

    @property
    def root_key(self) -> Path:
        """Where the vault's key goes."""
        return self._to.with_name(f"{self._to.name}-pgsodium_root.key")

    def plan(self) -> Iterator[Change]:
        """What comes into the folder."""
        found = self.found()
        yield Change(f"{self._to}: backup {found.backup.label}, {found.backup.size_bytes} bytes", "new")
        yield from (Change(f"{self._to}/{_WAL}/{segment}", "new") for segment in found.segments)

    def run(self, *, over: bool = False) -> Outcome:
        """Restore; never over anything. Every file's checksum is compared with that of the backup on its way."""
        del over
        found = self.found()
        made = self._to.with_name(f"{self._to.name}.restoring")
        if made.exists():
            # Of a run that was ended.
            shutil.rmtree(made)
        made.mkdir(mode=0o700)
        self._pgbackrest.say("restore", f"--pg1-path={made}", f"--set={found.backup.label}", *self._until())
        wal = made / _WAL
        wal.mkdir(mode=0o700)
        names = [*found.segments, *self._pgbackrest.histories()]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for got in [pool.submit(self._get, made, name, wal / name) for name in names]:
                got.result()
        if found.backup.root_key:
            self.root_key.unlink(missing_ok=True)
            self._get(made, found.backup.root_key, self.root_key)
            self.root_key.chmod(0o600)
        files = [each for each in made.rglob("*") if each.is_file()]
        made.replace(self._to)
        return Outcome(len(files), found.backup.size_bytes, verified=True)

    def _get(self, made: Path, name: str, to: Path) -> None:
        """Have a file of the archive; that it is of this database is seen in the data."""
        self._pgbackrest.say("archive-get", f"--pg1-path={made}", name, str(to))

    def _until(self) -> list[str]:
        """Where the recovery ends, and how PostgreSQL finds WAL by itself; its own folder is where it runs."""
        options = [
            f'--recovery-option=restore_command=cp {_WAL}/%f "%p"',
            f"--recovery-option=recovery_end_command=rm -r {_WAL}",
        ]
        if self._at is None:
            return ["--type=default", *options]
        return ["--type=time", f"--target={self._at:%Y-%m-%d %H:%M:%S}+00", "--target-action=promote", *options]

    def found(self) -> Found:
        """What is restored.

        Raises:
            BackupError: When the folder is not free, or the moment is in no backup.
        """
        self._check_folder()
        backups = self._pgbackrest.backups()
        if not backups:
            raise BackupError("the repository has no backup: is its bucket the right one?")
        segments = self._pgbackrest.segments()
        if self._at is None:
            chosen, end = backups[-1], ""
        else:
            before = [each for each in backups if each.ended < self._at]
            # Segments have a time of whole seconds, which is not before what is in them.
            last = max((each.at for each in segments), default=backups[-1].ended)
            if not before or self._at > last + timedelta(seconds=1):
                raise BackupError(
                    f"{_text(self._at)} is in no backup: give a moment after {_text(backups[0].ended)} and not after "
                    f"{_text(last)}"
                )
            chosen = before[-1]
            end = next((place(each.last) for each in backups if each.begun > self._at), "")
        wanted = [
            each.name for each in segments if place(each.name) >= place(chosen.first)
            and (not end or place(each.name) <= end)
        ]  # fmt: skip
        return Found(chosen, wanted)

    def _check_folder(self) -> None:
        to = self._to
        if not to.is_absolute() or to == to.parent:
            raise BackupError(f"{to} is no folder for data: give an absolute path, as in /var/lib/postgresql/data")
        if not to.parent.is_dir():
            raise BackupError(f"{to.parent} is not there: mount the new volume there, and restore into a folder in it")
        if (to / "postmaster.pid").exists():
            raise BackupError(f"{to} belongs to a PostgreSQL that runs or was cut off: restore into another folder")
        if to.exists() and (not to.is_dir() or any(to.iterdir())):
            raise BackupError(f"{to} is not empty: restore into another folder, nothing is overwritten")


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
