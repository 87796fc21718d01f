"""Which processes belong to a folder: by command line, working folder or environment."""

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


def left_of(folder: Path) -> list[Left]:
    """The processes that have to do with the folder; this one does not count."""
    found: list[Left] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid == os.getpid() or process.status() in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}:
                continue
            if _mentions(process, str(folder)):
                found.append(Left(process.pid, process.create_time(), " ".join(process.cmdline())))
    return found


def _mentions(process: psutil.Process, folder: str) -> bool:
    with contextlib.suppress(psutil.Error):
        if any(folder in argument for argument in process.cmdline()):
            return True
    with contextlib.suppress(psutil.Error):
        if process.cwd().startswith(folder):
            return True
    with contextlib.suppress(psutil.Error):
        return any(folder in value for value in process.environ().values())
    return False
