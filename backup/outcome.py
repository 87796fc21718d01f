"""What a run of a backup ends with."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


class BackupError(Exception):
    """It cannot be done, or not now; the text is one sentence for a person and has no secret in it."""


@dataclass(frozen=True)
class Outcome:
    """A backup that was made."""

    objects: int
    """Objects, or files, that the newest backup holds."""
    size_bytes: int
    """What they are together, in bytes."""
    verified: bool
    """Whether something of it was read back and compared, and was right."""


@dataclass(frozen=True)
class Change:
    """What a restore does to one thing."""

    name: str
    """Name of the object or file where it is restored to."""
    what: str
    """`new` or `replaced`."""


class Restore(Protocol):
    """A restore that can be done."""

    @property
    def target(self) -> str:
        """Where it is restored to."""
        ...

    def plan(self) -> Iterator[Change]:
        """Say what would be done; nothing is changed.

        Raises:
            BackupError: When it cannot be done.
        """
        ...

    def run(self, *, over: bool) -> Outcome:
        """Do it, and compare afterwards; can be run again.

        Args:
            over: Replace what is there, also what came there since the plan was made.
        """
        ...


class Job(Protocol):
    """A kind of backup."""

    def run(self) -> Outcome:
        """Make a backup. It can be ended at any place and run again.

        Raises:
            BackupError: When there is no new backup; the one before is still there.
        """
        ...

    def restore(self, what: str, at: datetime | None, to: str) -> Restore:
        """What brings something back.

        Args:
            what: Which part, as the kind names it; empty for all.
            at: The moment that is wanted, in UTC; None for the newest.
            to: Where it is restored to, as the kind names it; empty for a place where nothing is replaced.

        Raises:
            BackupError: When there is no such thing.
        """
        ...

    def drill(self, folder: Path, begun: datetime) -> Outcome:
        """Restore a part of the newest backup, and compare it with what the backup is of.

        Args:
            folder: An empty folder, which is thrown away afterwards.
            begun: When the newest backup began, in UTC.

        Raises:
            BackupError: When it cannot be restored, or is another.
        """
        ...
