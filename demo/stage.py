"""Where the demo is played: a copy of the checkout with a dev stack of its own, in its folder `.demo`."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, Final, cast

import yaml

from sandbox.copying import copy
from sandbox.layout import Layout
from settings import Settings
from settings.loading import check

STACK: Final = "dev"
SERVICE: Final = "storefront"
_OWN: Final = ("LUXIMA_CACHE",)
"""Of the user's own variables for the platform's tools, what the demo follows: the rest could lead it elsewhere."""
_END_SECONDS: Final = 120
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""With which a person or a system ends a program."""

CHANGED: Final[Mapping[str, Any]] = {
    # What a release does not touch is elsewhere, or not there, so that there is less to bring up.
    "luxima:storage": {"server": {"mode": "existing"}},
    "luxima:database": {"mode": "existing"},
    "luxima:backup": {"image": None},
    # A probation as short as it can be, and metrics that are read often enough for it.
    "luxima:guard": {"probation_minutes": 1, "window_minutes": 1, "minimum_requests": 50, "check_seconds": 1},
    "luxima:observability": {"scrape_interval_seconds": 5, "prometheus": {"volume_gib": 96}},
    "luxima:compute": {"vms": {"k3s-agent-1": {"disk_gib": 180}}},
    "luxima:dns": {
        "switch_ttl_seconds": 10,
        "hosts": {"core": {"object-storage": ["10.10.10.9"]}, "public": {"supabase": ["10.10.10.9"]}},
    },
}
"""What the demo's dev stack has else than dev: settings of the stack file, by area; None takes one away."""
_SHOP: Final[Mapping[str, Any]] = {
    SERVICE: {"strategy": "blue_green", "smoke_paths": ["/cart"], "rolling": {"min_ready_seconds": 1}}
}
"""The same for the services."""
_RELEASED: Final[Mapping[str, Any]] = {"services": dict.fromkeys(("admin", "auth", "api", "functions"))}
"""The same for what runs: of the services the shop alone."""


class StepError(Exception):
    """A command of the demo did not end as it should; the text is one sentence."""


class Stage:
    """The copy, and the commands that are run in it."""

    def __init__(self, root: Path) -> None:
        """Remember the checkout that it is in."""
        self._root = root
        self.hear: Callable[[str], None] = lambda _line: None
        """Given each line that a command says."""
        self._last = ""
        self.folder = root / ".demo"
        self.checkout = self.folder / "checkout"
        self.log = self.folder / "demo.log"

    @property
    def layout(self) -> Layout:
        """Of the demo's own stack."""
        return Layout(STACK, self.checkout)

    @property
    def settings(self) -> Settings:
        """Of the demo's own stack."""
        return check(STACK, self.checkout)

    def set(self, images: Mapping[str, Mapping[str, str]]) -> None:
        """End what an earlier demo may have left, and make the copy anew.

        Args:
            images: How the images behave that are going to be released.
        """
        self.log.write_text("", encoding="utf-8")
        self.clear()
        copy(self._root, self.checkout, self.folder / "bytecode")
        self.adapt()
        self.images.write_text(json.dumps(images), encoding="utf-8")

    def adapt(self) -> None:
        """Give the copy the demo's own settings."""
        _change(self.checkout / f"Pulumi.{STACK}.yaml", {"config": CHANGED})
        _change(self.checkout / "services" / f"{STACK}.yaml", _SHOP)
        _change(self.checkout / "releases" / f"{STACK}.yaml", _RELEASED)

    @property
    def images(self) -> Path:
        """The file that says how images behave."""
        return self.folder / "images.json"

    def clear(self) -> None:
        """Stop everything that was started, and remove the copy.

        Raises:
            StepError: When something still runs; then the copy stays.
        """
        if self.layout.base.is_dir():
            self.sandbox("clean", "--stack", STACK)
        shutil.rmtree(self.checkout, ignore_errors=True)

    def sandbox(self, *arguments: str, codes: Collection[int] = (0,)) -> None:
        """Run a verb of the sandbox.

        Raises:
            StepError: When it ends with none of the codes.
        """
        ended = self._run(*arguments)
        if ended not in codes:
            wanted = " or ".join(map(str, codes))
            raise StepError(f"`{' '.join(arguments)}` ended with {ended}, not {wanted}: {self._last}; see {self.log}")

    def release(self, verb: str, *arguments: str, codes: Collection[int] = (0,)) -> None:
        """Run a verb of the release tool for the shop; the same error."""
        self.sandbox("release", "--stack", STACK, "--", verb, SERVICE, *arguments, codes=codes)

    def _run(self, *arguments: str) -> int:
        kept = {name: value for name, value in os.environ.items() if name in _OWN or not name.startswith("LUXIMA_")}
        with (
            self.log.open("a", encoding="utf-8") as log,
            subprocess.Popen(
                [sys.executable, "-m", "sandbox", *arguments],
                cwd=self.checkout,
                env={**kept, "NODE": "real"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                # Ctrl-C reaches it once, through here.
                process_group=0,
            ) as process,
        ):
            try:
                for line in process.stdout or ():
                    log.write(line)
                    log.flush()
                    self._last = line.strip() or self._last
                    self.hear(line.rstrip())
                return process.wait()
            except BaseException:
                _end(process)
                raise


def _end(process: subprocess.Popen[str]) -> None:
    """Have a command finish what is under way."""
    with deaf():
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_END_SECONDS)
            return
        process.kill()


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Other than SIG_IGN, programs that are started meanwhile do not inherit it."""


@contextmanager
def deaf() -> Generator[None]:
    """In the block signals that ask to end are not heard: it ends soon."""
    before = {number: signal.signal(number, _ignore) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _change(path: Path, changes: Mapping[str, Any]) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump(_merged(document, changes), sort_keys=False), encoding="utf-8")


def _merged(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    changed = dict(document)
    for key, value in changes.items():
        within = isinstance(value, Mapping) and key in document
        changed[key] = _merged(document[key], cast("Mapping[str, Any]", value)) if within else value
    return {key: value for key, value in changed.items() if value is not None}
