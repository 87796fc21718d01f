"""A restore drill: a part of the newest backup goes to a folder, is compared there, and is thrown away (BAK-5)."""

import random
import shutil
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from backup.outcome import BackupError, Outcome
from backup.rclone import Rclone

_PART_BYTES: Final = 64 * 1024**2
"""Most of each bucket, or tenant, that is restored; but one object always is."""

_SEEN: Final = 50
"""Times the number wanted, of which those are chosen that fit."""


def clear(folder: Path) -> None:
    """Remove what a drill has restored."""
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def thrown_away(folder: Path) -> Generator[Path]:
    """A new folder, which is gone afterwards."""
    # Of a drill that was killed.
    clear(folder)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        clear(folder)


def check_room(folder: Path, size_bytes: int) -> None:
    """A drill must not fill the disk that the platform runs on.

    Raises:
        BackupError: When it would take more than half of what is free.
    """
    free = shutil.disk_usage(folder).free
    if 2 * size_bytes > free:
        raise BackupError(
            f"it needs {size_bytes} bytes in {folder}, and takes at most half of the {free} that are free there: "
            "give the disk of this Docker host more room"
        )


def drilled(rclone: Rclone, source: str, target: str, folder: Path, begun: datetime, count: int) -> Outcome:
    """Restore some objects, and compare them with the sizes in the backup and, byte by byte, with their source.

    Args:
        rclone: How they are read.
        source: What the backup is of.
        target: The backup.
        folder: Where they go.
        begun: When the backup began: what was written at the source since is another one, rightly.
        count: How many, at most.

    Raises:
        BackupError: When they cannot be restored, or are others.
    """
    chosen = _part(rclone.some(target, _SEEN * count), count)
    wanted = Outcome(len(chosen), sum(chosen.values()), verified=False)
    if not chosen:
        missing = _older(rclone, source, rclone.some(source, count), begun)
        if missing:
            raise BackupError(f"{target} holds nothing, and {missing[0]} was there to be backed up")
        return wanted
    check_room(folder, wanted.size_bytes)
    rclone.copy(target, str(folder), chosen)
    restored = rclone.sizes(str(folder))
    if restored != wanted:
        raise BackupError(
            f"of {target}, {restored.objects} objects with {restored.size_bytes} bytes were restored instead of "
            f"{wanted.objects} with {wanted.size_bytes}"
        )
    wrong = _older(rclone, source, rclone.different(source, str(folder), list(chosen)), begun)
    if wrong:
        raise BackupError(
            f"{len(wrong)} objects that were restored from {target} are not what was backed up: {wrong[0]}"
        )
    return Outcome(wanted.objects, wanted.size_bytes, verified=True)


def _older(rclone: Rclone, source: str, names: Collection[str], begun: datetime) -> list[str]:
    """Of some objects, those that have stayed as they were since before the backup."""
    return [name for name, at in rclone.written(source, names).items() if at < begun] if names else []


def _part(sizes: Mapping[str, int], count: int) -> Mapping[str, int]:
    """Some of them, as chance has it; the smallest when all are large."""
    part: dict[str, int] = {}
    for name in random.sample(list(sizes), len(sizes)):
        if len(part) < count and sum(part.values()) + sizes[name] <= _PART_BYTES:
            part[name] = sizes[name]
    if sizes and not part:
        name = min(sizes, key=lambda each: sizes[each])
        part[name] = sizes[name]
    return part
