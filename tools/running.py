"""Run a long command with a line that shows it is alive, and its output in a log."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from tools.errors import ToolError

_REDRAW_SECONDS = 1
_REPEAT_SECONDS = 30
"""Where the line cannot be redrawn (a CI log), it is printed anew this often."""


@dataclass(frozen=True)
class Job:
    """One filling of a cache entry.

    Attributes:
        work: An empty folder to make the entry in.
        log: Takes the output of the commands.
        lock: The descriptor of the held lock. Commands inherit it, so that the lock outlives a killed parent.
    """

    work: Path
    log: Path
    lock: int


def run(
    command: Sequence[str],
    job: Job,
    *,
    what: str,
    minutes: float,
    folder: Path,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a command to its end.

    Args:
        command: Program and arguments.
        job: What the command is part of.
        what: What is being done, as the progress line and the error say it.
        minutes: How long it takes from nothing on two cores, for the progress line.
        folder: The working directory.
        environment: The whole environment; this process's own when None.

    Raises:
        ToolError: When the command cannot be started or fails; names the log.
    """
    with job.log.open("ab") as output, _Progress(what, minutes) as line:
        try:
            child = subprocess.Popen(
                list(command),
                cwd=folder,
                env=dict(os.environ if environment is None else environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(job.lock,),
            )
        except OSError as error:
            raise ToolError(f"{what} failed: {command[0]} cannot be run ({error.strerror})") from error
        try:
            status = child.wait()
        except BaseException:
            child.terminate()
            child.wait()
            raise
        if status != 0:
            raise ToolError(f"{what} failed ({_last_words(job.log, status)}); the whole output is in {job.log}")
        line.done = True


class _Progress:
    """A line on stderr: what, how long it usually takes, how long it has taken."""

    def __init__(self, what: str, minutes: float) -> None:
        expected = f"{minutes:g} min" if minutes >= 1 else f"{minutes * 60:.0f} s"
        self._text = f"{what} (up to about {expected})"
        self._started = time.monotonic()
        self._ended = Event()
        self._ticker = Thread(target=self._tick, daemon=True)
        self._redraws = sys.stderr.isatty()
        self.done = False

    def __enter__(self) -> "_Progress":
        self._show(end="" if self._redraws else "\n")
        self._ticker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._ticker.join()
        self._show(end="\n", state="done in " if self.done else "gave up after ")

    def _tick(self) -> None:
        while not self._ended.wait(_REDRAW_SECONDS if self._redraws else _REPEAT_SECONDS):
            self._show(end="" if self._redraws else "\n")

    def _show(self, end: str, state: str = "") -> None:
        start = "\r\x1b[K" if self._redraws else ""
        elapsed = f"{time.monotonic() - self._started:.0f} s"
        sys.stderr.write(f"{start}{self._text}: {state}{elapsed}{end}")
        sys.stderr.flush()


def _last_words(log: Path, status: int) -> str:
    """How the command ended and the line of its output that says why: about a full disk, else the last one."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    ended = f"exit status {status}" if status >= 0 else f"ended by signal {-status}"
    reasons = [line for line in lines if "no space left" in line.lower()] or lines[-1:]
    return ": ".join((ended, *(reason[:300] for reason in reasons[:1])))
