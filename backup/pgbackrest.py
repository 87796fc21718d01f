"""pgBackRest, and what its repository holds."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from backup.outcome import BackupError
from backup.programs import run

STANZA: Final = "main"
SERVICE: Final = "luxima"
"""Name of the connection in pg_service.conf, which has the password."""
_SEGMENT: Final = re.compile(r"(?:.*/)?([0-9A-F]{24})-[0-9a-f]{40}(?:\.\w+)?")
_NOISE: Final = re.compile("\ufffd|[\\x00-\\x1f]|CryptoError|FormatError|unable to flush")
_CLOSED: Final = "cannot read the repository: it is damaged, or the passphrase is not the one that it was made with"
_HISTORY: Final = re.compile(r"(?:.*/)?([0-9A-F]{8}\.history)")


@dataclass(frozen=True)
class Kept:
    """A backup in the repository."""

    label: str
    full: bool
    begun: datetime
    ended: datetime
    first: str
    """WAL segment that it begins in."""
    last: str
    """WAL segment that it ends in."""
    size_bytes: int
    """Of the database."""
    root_key: str
    """Name in the archive of the vault's key that it was made with."""


@dataclass(frozen=True)
class Archived:
    """A WAL segment in the repository."""

    name: str
    at: datetime


def place(segment: str) -> str:
    """Where a segment is in the log, on whichever timeline."""
    return segment[8:24]


class Pgbackrest:
    """The program with its configuration, which alone knows key and passphrase.

    Args:
        folder: Folder with pgbackrest.conf and pg_service.conf.
        deadline_seconds: When a command is ended.
        program: The program.
    """

    def __init__(self, folder: Path, deadline_seconds: float, program: str = "pgbackrest") -> None:
        self._folder, self._deadline, self._program = folder, deadline_seconds, program

    def say(self, *words: str) -> str:
        """Run a command; gives its output.

        Raises:
            BackupError: When it fails; with its own words.
        """
        command = [self._program, *words, f"--config={self._folder}/pgbackrest.conf", f"--stanza={STANZA}"]
        environment = {"PGSERVICE": SERVICE, "PGSERVICEFILE": f"{self._folder}/pg_service.conf"}
        try:
            return run(command, environment=environment, deadline_seconds=self._deadline)
        except BackupError as error:
            # With another passphrase it tells what it read, which is noise.
            if _NOISE.search(str(error)):
                raise BackupError(f"pgbackrest {words[0]} {_CLOSED}") from None
            raise

    def _answer(self, *words: str) -> Any:
        """What a command says in JSON."""
        try:
            return json.loads(self.say(*words, "--output=json"))
        except ValueError:
            raise BackupError(f"pgbackrest {words[0]} {_CLOSED}") from None

    def backups(self) -> Sequence[Kept]:
        """All that are good, the oldest first."""
        return [_kept(found) for found in self._info()["backup"] if not found.get("error")]

    def archive(self) -> str:
        """Folder of the WAL of the newest PostgreSQL.

        Raises:
            BackupError: When there is none.
        """
        found = self._info()["archive"]
        if not found:
            raise BackupError("the repository has no WAL: is its bucket the right one, and was a backup ever made?")
        return f"archive/{STANZA}/{found[-1]['id']}"

    def segments(self) -> Sequence[Archived]:
        """WAL segments, in the order of the log."""
        listed = self._listed()
        found = {_SEGMENT.fullmatch(name): entry["time"] for name, entry in listed.items()}
        kept = [Archived(name[1], datetime.fromtimestamp(at, UTC)) for name, at in found.items() if name]
        return sorted(kept, key=lambda each: (place(each.name), each.name))

    def histories(self) -> Sequence[str]:
        """Files that say which timeline comes from which."""
        return sorted(name[1] for name in map(_HISTORY.fullmatch, self._listed()) if name)

    def has(self, name: str) -> bool:
        """Whether a file of this name is in the archive."""
        return name in self._listed()

    def _listed(self) -> Mapping[str, Any]:
        listed = self._answer("repo-ls", "--recurse", self.archive())
        return {name: entry for name, entry in listed.items() if entry["type"] == "file"}

    def _info(self) -> Mapping[str, Any]:
        found = self._answer("info")
        status = found[0]["status"] if found else {"code": 1, "message": "no stanza"}
        # What cannot be decrypted is read in one of several ways, as chance has it; one of them is an error of its own.
        if status["code"] == 99:
            raise BackupError(f"pgbackrest info {_CLOSED}")
        # 2: there is no backup yet.
        if status["code"] not in (0, 2):
            raise BackupError(f"the repository cannot be read: {status['message']}")
        return found[0]


def _kept(found: Mapping[str, Any]) -> Kept:
    return Kept(
        label=found["label"],
        full=found["type"] == "full",
        begun=datetime.fromtimestamp(found["timestamp"]["start"], UTC),
        ended=datetime.fromtimestamp(found["timestamp"]["stop"], UTC),
        first=found["archive"]["start"],
        last=found["archive"]["stop"],
        size_bytes=found["info"]["size"],
        root_key=found.get("annotation", {}).get("root-key", ""),
    )
