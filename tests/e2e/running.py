"""Which processes belong to a folder or a run: by command line, working folder or environment."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Left:
    """A process that runs."""

    pid: int
    started: float
    """Seconds since the epoch: with the id it is this very process."""
    command: str

    def end(self) -> None:
        """End it, and nobody who has its id by now."""
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.pid)
            if process.create_time() == self.started:
                process.kill()
                process.wait(10)


def left_of(mentioned: Path | str) -> list[Left]:
    """The processes that have to do with a folder or a run; this one does not count."""
    found: list[Left] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid == os.getpid() or process.status() in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}:
                continue
            if _mentions(process, str(mentioned)):
                found.append(Left(process.pid, process.create_time(), " ".join(process.cmdline())))
    return found


def _mentions(process: psutil.Process, text: str) -> bool:
    with contextlib.suppress(psutil.Error):
        if any(text in argument for argument in process.cmdline()):
            return True
    with contextlib.suppress(psutil.Error):
        if text in process.cwd():
            return True
    with contextlib.suppress(psutil.Error):
        return any(text in f"{name}={value}" for name, value in process.environ().items())
    return False
