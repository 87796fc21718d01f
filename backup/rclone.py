"""Copy and compare objects with rclone (https://rclone.org/s3/)."""

import configparser
import json
import os
import random
import tempfile
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from backup.outcome import BackupError, Change, Outcome
from backup.programs import lines, run

SOURCE: Final = "source"
"""Remote with what is backed up; its key reads only."""
TARGET: Final = "target"
"""Remote with the backups."""
RESTORE: Final = "restore"
"""Remote that a restore writes to; its key is given by the person who restores."""


_IN_MEMORY: Final = "100000"
"""Objects of one folder that rclone sorts in its memory, about 1 kB each."""
ONCE: Final = ("--ignore-existing",)
"""Flags of a copy that replaces nothing."""


@dataclass(frozen=True)
class Rclone:
    """One configuration of rclone.

    Attributes:
        config: rclone.conf, with the keys.
        authority: Certificates that servers are trusted by beside the system's; None when there are no more.
        deadline_seconds: When a program that does not end is ended.
        program: Name or path of rclone.
        room: Folder on a disk, where a listing is sorted that is too long for the memory.
    """

    config: Path
    authority: Path | None
    deadline_seconds: float
    program: str = "rclone"
    room: Path = Path("/tmp")  # noqa: S108 - in a container

    def copy(
        self, source: str, target: str, names: Collection[str] | None = None, *, flags: Sequence[str] = ()
    ) -> None:
        """Copy what is missing or another at the target, all or some by name; nothing is deleted there."""
        with _only(names) as chosen:
            self._run("copy", source, target, *flags, *chosen)

    def sync(self, source: str, target: str) -> None:
        """Copy, and remove at the target what is no longer at the source."""
        self._run("sync", source, target)

    def sizes(self, place: str) -> Outcome:
        """How much is there."""
        said = json.loads(self._run("size", "--json", place))
        return Outcome(int(said["count"]), int(said["bytes"]), verified=False)

    def names(self, place: str) -> list[str]:
        """Names of the objects, without the place; whoever uploads them chooses them, and only a new line ends one."""
        return self._run("lsf", "--recursive", "--files-only", place).split("\n")[:-1]

    def some(self, place: str, count: int) -> Mapping[str, int]:
        """Bytes of some objects, as chance has it, by name without the place; of millions only these are held."""
        chosen: list[tuple[str, int]] = []
        for number, line in enumerate(self._lines("lsf", "--recursive", "--files-only", "--format", "sp", place)):
            size, _, name = line.partition(";")
            # Each of those that were seen so far has the same chance to be among them.
            at = number if number < count else random.randrange(number + 1)  # noqa: S311 - a sample
            chosen[at : at + 1] = [(name, int(size))] if at < count else chosen[at : at + 1]
        return dict(chosen)

    def folders(self, place: str) -> Collection[str]:
        """Names of the folders that are there, without what is in them."""
        return {line.rstrip("/") for line in self._lines("lsf", "--dirs-only", place)}

    def is_empty(self, place: str) -> bool:
        """Whether nothing is there."""
        return next(self._lines("lsf", "--recursive", "--files-only", place), None) is None

    def written(self, place: str, names: Collection[str]) -> Mapping[str, datetime]:
        """When the server took each of some objects that are still there, by name."""
        with _only(names) as chosen:
            listed = self._run("lsjson", "--recursive", "--files-only", "--use-server-modtime", *chosen, place)
        return {each["Path"]: datetime.fromisoformat(each["ModTime"]) for each in json.loads(listed)}

    def changes(self, source: str, target: str) -> Iterator[Change]:
        """What a copy would do, by sizes and times."""
        present = set(self.names(target))
        # One line of JSON for each object that a copy would write.
        for line in self._run("copy", source, target, "--dry-run", "--use-json-log", errors=True).split("\n")[:-1]:
            said = json.loads(line)
            if said.get("skipped") == "copy":
                yield Change(said["object"], "replaced" if said["object"] in present else "new")

    def different(self, source: str, target: str, names: Sequence[str] | None = None) -> list[str]:
        """Names of objects that are not, byte by byte, at the target as they are at the source.

        Args:
            source: Where they are.
            target: Where they should be.
            names: Those that are compared; None for all.
        """
        with tempfile.TemporaryDirectory() as folder, _only(names) as chosen:
            report = Path(folder, "report")
            try:
                self._run("check", source, target, "--one-way", "--download", "--combined", str(report), *chosen)
            except BackupError:
                # That something differs is a failure for rclone; without a report it was another one.
                if not report.is_file() or not report.stat().st_size:
                    raise
            lines = report.read_bytes().decode(errors="replace").split("\n")[:-1]
        return [line.partition(" ")[2] for line in lines if not line.startswith("= ")]

    def as_of(self, remote: str, at: datetime | None) -> str:
        """The remote as it was at a moment, whether it encrypts or not; now for None."""
        if at is None:
            return remote
        moment = f'version_at="{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"'
        known = configparser.RawConfigParser()
        known.read(self.config, encoding="utf-8")
        if known.get(remote, "type", fallback="s3") != "crypt":
            return f"{remote},{moment}"
        server, _, bucket = known[remote]["remote"].partition(":")
        # The server knows versions, and in quotes a quote is written twice.
        under = f"{server},{moment}:{bucket}".replace('"', '""')
        return f'{remote},remote="{under}"'

    def _run(self, *arguments: str, errors: bool = False) -> str:
        return run(
            self._command(*arguments),
            environment=self._environment,
            deadline_seconds=self.deadline_seconds,
            errors=errors,
        )

    def _lines(self, *arguments: str) -> Iterator[str]:
        return lines(self._command(*arguments), environment=self._environment, deadline_seconds=self.deadline_seconds)

    def _command(self, *arguments: str) -> Sequence[str]:
        # A try more is the next run's; an object that changes while it is read is tried again at once.
        quiet = ("--retries", "2", "--stats", "0", "--log-level", "NOTICE")
        # A server that encrypts by itself names checksums that are not of what it was given.
        return [
            self.program,
            *arguments,
            *quiet,
            "--ignore-checksum",
            "--list-cutoff",
            _IN_MEMORY,
            "--temp-dir",
            str(self.room),
        ]

    @property
    def _environment(self) -> Mapping[str, str]:
        # It trusts those that it is told alone, and another site is known by a public authority.
        known = [each for each in (_public(), self.authority) if each is not None and each.is_file()]
        trusted = {"RCLONE_CA_CERT": ",".join(f'"{each}"' for each in known if each.stat().st_size)}
        return {"RCLONE_CONFIG": str(self.config), "HOME": "/tmp", **trusted}  # noqa: S108 - in a container


def _public() -> Path:
    """The system's authorities, where Debian and Alpine have them, unless the environment says another file."""
    return Path(os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"))


@contextmanager
def _only(names: Collection[str] | None) -> Generator[Sequence[str]]:
    """What tells rclone to look at these objects alone; nothing for None."""
    if names is None:
        yield ()
        return
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as listed:
        listed.writelines(f"{name}\n" for name in names)
        listed.flush()
        yield ("--files-from-raw", listed.name)


def sample_differs(
    rclone: Rclone, source: str, target: str, names: Collection[str], flags: Sequence[str] = ()
) -> list[str]:
    """Of some objects, those that are another at the target; what changed since it was copied is copied again first.

    Args:
        rclone: How they are read.
        source: Where they are; what is no longer there is not compared.
        target: Where they were copied to.
        names: Those that are compared.
        flags: Of the copy.
    """
    different = rclone.different(source, target, list(names)) if names else []
    if not different:
        return []
    rclone.copy(source, target, flags=flags)
    return rclone.different(source, target, different)


@dataclass(frozen=True)
class Restore:
    """A copy from a backup to where a person wants it."""

    rclone: Rclone
    source: str
    """With its remote, and the moment."""
    target: str
    """Bucket and prefix on the remote `restore`."""

    def plan(self) -> Iterator[Change]:
        """See `Job.plan_restore`."""
        if self.rclone.is_empty(self.source):
            raise BackupError(f"{self.source} holds nothing: name a part and a moment of which there is a backup")
        yield from self.rclone.changes(self.source, f"{RESTORE}:{self.target}")

    def run(self, *, over: bool) -> Outcome:
        """See `Job.restore`."""
        target = f"{RESTORE}:{self.target}"
        self.rclone.copy(self.source, target, flags=() if over else ONCE)
        different = self.rclone.different(self.source, target)
        if different:
            raise BackupError(f"restored, but {len(different)} objects differ, such as {different[0]}: run it again")
        sizes = self.rclone.sizes(self.source)
        return Outcome(sizes.objects, sizes.size_bytes, verified=True)


def summed(outcomes: Sequence[Outcome]) -> Outcome:
    """Several as one; verified when all are."""
    return Outcome(
        sum(each.objects for each in outcomes),
        sum(each.size_bytes for each in outcomes),
        all(each.verified for each in outcomes),
    )
