"""Copy and compare objects with rclone (https://rclone.org/s3/)."""

import json
import random
import tempfile
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from backup.outcome import BackupError, Change, Outcome
from backup.programs import run

SOURCE: Final = "source"
"""Remote with what is backed up; its key reads only."""
TARGET: Final = "target"
"""Remote with the backups."""
RESTORE: Final = "restore"
"""Remote that a restore writes to; its key is given by the person who restores."""


ONCE: Final = ("--ignore-existing",)
"""Flags of a copy that replaces nothing."""


@dataclass(frozen=True)
class Rclone:
    """One configuration of rclone.

    Attributes:
        config: rclone.conf, with the keys.
        authority: Certificates that servers are trusted by; None for the system's.
        deadline_seconds: When a program that does not end is ended.
        program: Name or path of rclone.
    """

    config: Path
    authority: Path | None
    deadline_seconds: float
    program: str = "rclone"

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

    def sizes_by_name(self, place: str) -> Mapping[str, int]:
        """Bytes of each object, by its name without the place."""
        lines = self._run("lsf", "--recursive", "--files-only", "--format", "sp", place).split("\n")[:-1]
        return {name: int(size) for size, _, name in (line.partition(";") for line in lines)}

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

    def _run(self, *arguments: str, errors: bool = False) -> str:
        authority = {} if self.authority is None else {"RCLONE_CA_CERT": str(self.authority)}
        return run(
            # A try more is the next run's; an object that changes while it is read is tried again at once.
            [self.program, *arguments, "--retries", "2", "--stats", "0", "--log-level", "NOTICE"],
            environment={"RCLONE_CONFIG": str(self.config), "HOME": "/tmp", **authority},  # noqa: S108 - in a container
            deadline_seconds=self.deadline_seconds,
            errors=errors,
        )


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


def as_of(remote: str, at: datetime | None) -> str:
    """The remote as it was at a moment; now for None."""
    if at is None:
        return remote
    return f'{remote},version_at="{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"'


def sample_differs(
    rclone: Rclone, source: str, target: str, names: Sequence[str], count: int, flags: Sequence[str] = ()
) -> list[str]:
    """Of some objects, those that are another at the target; what changed since it was copied is copied again first.

    Args:
        rclone: How they are read.
        source: Where they are.
        target: Where they were copied to.
        names: Those that were copied.
        count: How many are compared.
        flags: Of the copy.
    """
    chosen = random.sample(names, min(count, len(names)))
    if not chosen:
        return []
    different = rclone.different(source, target, chosen)
    if not different:
        return []
    rclone.copy(source, target, flags=flags)
    still_there = set(rclone.names(source))
    return rclone.different(source, target, [name for name in different if name in still_there])


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
        if not self.rclone.names(self.source):
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
