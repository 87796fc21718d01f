"""One release at a time on a stack, and a note of how far an interrupted one came.

The lock is this machine's; between machines the engine's own lock on the stack and the revision of the release file
keep two from releasing at the same time.
"""

import contextlib
import datetime
import fcntl
import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from release.errors import Refused, ReleaseError

FOLDER = ".release"
"""In the checkout, kept out of it by a `.gitignore` of its own."""


def folder(root: Path) -> Path:
    """The folder for what is no part of the checkout: locks and logs."""
    made = root / FOLDER
    made.mkdir(mode=0o700, exist_ok=True)
    ignore = made / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="ascii")
    return made


@dataclass
class Journal:
    """Who holds the stack, and which step is under way; the note stays when the run is cut short."""

    descriptor: int
    title: str
    left: str
    """The note of a run that was cut short before; empty when there is none."""
    begun: bool = False
    """Whether anything was done that may have changed something."""

    def look(self, text: str) -> None:
        """Note what is looked at or waited for."""
        self._note(text)

    def step(self, text: str) -> None:
        """Note a step before it begins."""
        self.begun = True
        self._note(text)

    def _note(self, text: str) -> None:
        content = f"{self.title}, while {text}".encode()
        os.pwrite(self.descriptor, content, 0)
        os.ftruncate(self.descriptor, len(content))
        os.fsync(self.descriptor)

    def clear(self) -> None:
        """Note that everything was done."""
        os.ftruncate(self.descriptor, 0)


@contextlib.contextmanager
def held(root: Path, stack: str, what: str, who: str, now: datetime.datetime) -> Generator[Journal]:
    """Hold the stack until the end; the system gives it back however the run ends.

    Args:
        root: The checkout.
        stack: Name of the stack.
        what: The command, such as `switch storefront`.
        who: Who runs it.
        now: The time.

    Raises:
        Refused: When another run holds it; says whose.
    """
    descriptor = os.open(folder(root) / f"{stack}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _text(descriptor) or "another run"
            raise Refused(f"stack {stack} is busy: {holder}; wait until it ends") from None
        left = _text(descriptor)
        journal = Journal(descriptor, f"{what} by {who} since {now:%Y-%m-%d %H:%M:%S} UTC", left)
        journal.look("it begins")
        try:
            yield journal
        except ReleaseError:
            if not journal.begun:
                # What an earlier run left is still all there is to know.
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, left.encode(), 0)
            raise
        journal.clear()
    finally:
        os.close(descriptor)


def left(root: Path, stack: str) -> str:
    """The note of a run that was cut short or is under way; empty when there is none."""
    try:
        return (root / FOLDER / f"{stack}.lock").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _text(descriptor: int) -> str:
    return os.pread(descriptor, 1000, 0).decode(errors="replace").strip()
