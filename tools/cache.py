"""The cache of programs: outside of every checkout, keyed by version, filled by one process at a time.

An entry is a folder that is renamed into place when it is whole, so that what lies in the cache under its own name is
finished. What a killed process leaves behind is in `work/`, and the next one to fill the same entry removes it.
"""

import fcntl
import os
import shutil
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tools.errors import ToolError


def root() -> Path:
    """The cache's folder: `$LUXIMA_CACHE`, else `luxima` in the user's cache folder; made when it is missing."""
    home = os.environ.get("LUXIMA_CACHE")
    if home is None:
        home = str(Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "luxima")
    folder = Path(home).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the cache {folder} cannot be made ({error.strerror}): set LUXIMA_CACHE to a folder you can write"
        raise ToolError(message) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ToolError(f"the cache {folder} cannot be written: set LUXIMA_CACHE to a folder you can write")
    return folder


def entry(key: str) -> Path:
    """Where the finished entry of that key lies, or will lie."""
    return root() / "tools" / key


def new_log(key: str) -> Path:
    """An empty file for the output of the commands that fill an entry."""
    log = _made(root() / "logs") / f"{key}.log"
    log.write_bytes(b"")
    return log


def require_space(folder: Path, needed: int, what: str) -> None:
    """Refuse to begin what the disk cannot hold.

    Args:
        folder: A folder on the disk in question; it need not exist yet.
        needed: Bytes that will be written at most.
        what: What is about to be written, for the error.

    Raises:
        ToolError: When less than `needed` is free.
    """
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ToolError(f"{what} needs {_gib(needed)} on the disk of {folder}, {_gib(free)} are free: make room there")


@contextmanager
def filling(key: str) -> Generator[tuple[Path, int]]:
    """Hold the right to fill an entry, with an empty folder to do it in that is removed at the end.

    The lock's descriptor comes along to be passed on to child processes: should this process be killed, the lock is
    held until the last of them has ended too.
    """
    lock = _made(root() / "locks") / f"{key}.lock"
    with lock.open("a+b") as held:
        _wait_for(held.fileno(), key)
        work = root() / "work" / key
        shutil.rmtree(work, ignore_errors=True)
        _made(work)
        try:
            yield work, held.fileno()
        finally:
            shutil.rmtree(work, ignore_errors=True)


def keep(made: Path, key: str) -> Path:
    """Rename a finished folder into its place in the cache; what lay there before is replaced."""
    place = entry(key)
    _made(place.parent)
    shutil.rmtree(place, ignore_errors=True)
    made.rename(place)
    return place


def _wait_for(descriptor: int, key: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.stderr.write(f"{key}: another process is getting it, waiting for that\n")
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ToolError(f"{folder} cannot be made ({error.strerror}): make room, or set LUXIMA_CACHE") from error
    return folder


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
