"""One run per stack at a time."""

import contextlib
import fcntl
import os
from collections.abc import Generator
from pathlib import Path

from sandbox.faults import SandboxError
from sandbox.layout import Layout


@contextlib.contextmanager
def exclusive(layout: Layout, verb: str, folder: Path | None = None) -> Generator[None]:
    """Hold the stack for this run; the system gives it back however the run ends.

    Args:
        layout: The stack.
        verb: What holds it, for the message of another run.
        folder: Where the lock is; that of the servers when None.

    Raises:
        SandboxError: When another run holds it; says which.
    """
    path = (folder or layout.run) / "lock"
    # Opened without truncation: until the lock is ours, the text in it is another run's.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 200).decode(errors="replace").strip()
            raise SandboxError(
                f"stack {layout.stack} is busy: {holder or 'another run'} holds it; wait for it to end or stop it"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"make {verb} (pid {os.getpid()})".encode(), 0)
        yield
    finally:
        os.close(descriptor)
