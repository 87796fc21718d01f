"""Run another program, such as rclone: within a time, and with its own words where it fails."""

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Final

from backup.outcome import BackupError

_GRACE_SECONDS: Final = 10
_LAST_WORDS: Final = 600
"""Characters of its error output that are told."""


def run(
    command: Sequence[str], *, environment: Mapping[str, str], deadline_seconds: float, errors: bool = False
) -> str:
    """Give what the program wrote to its standard output.

    Args:
        command: Program and arguments; no secret is in them, since everybody on the machine sees them.
        environment: All that it finds in its environment, besides PATH.
        deadline_seconds: When it is ended, with all that it started.
        errors: Give what it wrote to its error output instead.

    Raises:
        BackupError: When it is missing, fails, or takes longer.
    """
    process = _begun(command, environment, subprocess.PIPE)
    try:
        # Names of objects are in it: no sign in them is taken for a new line.
        said, complained = (each.decode(errors="replace") for each in process.communicate(timeout=deadline_seconds))
    except subprocess.TimeoutExpired:
        raise BackupError(f"{_name(command)} took longer than {deadline_seconds:.0f} s and was ended") from None
    finally:
        _end(process)
    if process.returncode != 0:
        words = " ".join((complained or said).split())[-_LAST_WORDS:]
        raise BackupError(f"{_name(command)} failed ({process.returncode}): {words}")
    return complained if errors else said


def lines(command: Sequence[str], *, environment: Mapping[str, str], deadline_seconds: float) -> Iterator[str]:
    """Give each line that the program writes while it runs, however many there are: none is kept.

    Args and errors are those of `run`; the program ends with whoever takes no more.
    """
    with tempfile.TemporaryFile() as complaints:
        process = _begun(command, environment, complaints)
        late = threading.Timer(deadline_seconds, os.killpg, (process.pid, signal.SIGTERM))
        late.start()
        try:
            for line in process.stdout or ():
                yield line.removesuffix(b"\n").decode(errors="replace")
            process.wait()
        finally:
            over = not late.is_alive()
            late.cancel()
            _end(process)
        if over:
            raise BackupError(f"{_name(command)} took longer than {deadline_seconds:.0f} s and was ended")
        if process.returncode != 0:
            complaints.seek(0)
            words = " ".join(complaints.read().decode(errors="replace").split())[-_LAST_WORDS:]
            raise BackupError(f"{_name(command)} failed ({process.returncode}): {words}")


def _begun(
    command: Sequence[str], environment: Mapping[str, str], errors: IO[bytes] | int
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            command,
            env={"PATH": os.environ.get("PATH", os.defpath), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    except OSError as error:
        raise BackupError(f"{command[0]} cannot be run: {error.strerror}") from error


def _name(command: Sequence[str]) -> str:
    return " ".join((os.path.basename(command[0]), *command[1:2]))  # noqa: PTH119 - a name, not a path


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End it and what it started; nothing is done when it has ended."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.communicate(timeout=_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
