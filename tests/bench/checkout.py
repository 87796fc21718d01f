"""`make` in a copy of this checkout, so that nobody's sandbox is touched."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from sandbox.layout import ROOT
from tests.bench.measuring import Run, RunError

_LEFT_OUT = (".git", ".venv", ".sandbox", ".make", "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis")
_CACHES = ("LUXIMA_CACHE", "GOCACHE", "GOMODCACHE", "PIP_CACHE_DIR", "UV_CACHE_DIR")

_ENDING_SECONDS = 60
"""What a target may take to end in order when it is asked to."""


class Checkout:
    """A copy of this checkout.

    Args:
        folder: Where to make it.
        cold: Whether it is to find nothing: no tools, no virtual environment, nothing that Go, pip or uv kept.
    """

    def __init__(self, folder: Path, *, cold: bool) -> None:
        self._root, self._log = folder / "checkout", folder / "make.log"
        shutil.copytree(ROOT, self._root, symlinks=True, ignore=shutil.ignore_patterns(*_LEFT_OUT))
        # What the `make` around this was told is not for the ones in here.
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAG"))
        }
        self._settings: list[str] = []
        if cold:
            self._environment |= {name: str(folder / name.lower()) for name in _CACHES}
        elif sys.prefix != sys.base_prefix:
            self._settings = [f"VENV={sys.prefix}"]

    @property
    def used(self) -> bool:
        """Whether there is anything to stop or to remove."""
        return (self._root / ".sandbox").is_dir()

    def make(self, *arguments: str) -> Run:
        """Run a target to its end.

        Raises:
            RunError: When it failed, with the end of its output.
        """
        command, started = ["make", *arguments, *self._settings], time.monotonic()
        with self._log.open("wb") as log:
            child = subprocess.Popen(
                command, cwd=self._root, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
            try:
                child.wait()
            except BaseException:
                _end(child)
                raise
        seconds = time.monotonic() - started
        if child.returncode:
            lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:]
            raise RunError("\n    ".join((f"exit status {child.returncode}; its output ends with", *lines)))
        return {"seconds": seconds}


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a make and what it runs, which it does not do itself for all of it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
        deadline = time.monotonic() + _ENDING_SECONDS
        while time.monotonic() < deadline:
            child.poll()
            os.killpg(child.pid, 0)
            time.sleep(0.1)
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
