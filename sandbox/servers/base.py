"""What every server of the sandbox has in common: how it is started once, found again and asked whether it answers."""

import contextlib
import hashlib
import json
import os
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sandbox import process
from sandbox.credentials import Credentials
from sandbox.faults import SandboxError
from sandbox.images import Image
from sandbox.layout import PYCACHE, ROOT, Layout
from sandbox.ports import Wanted
from sandbox.process import Record
from settings import Settings


@dataclass(frozen=True)
class Site:
    """Everything a server is started from."""

    layout: Layout
    settings: Settings
    credentials: Credentials
    ports: Mapping[str, int]
    programs: Mapping[str, Path]
    """Paths of third-party programs by name, as `tools.ensure` gives them."""
    images: Sequence[Image] | None = None
    """What the real node runs; None where nodes are simulated."""

    @property
    def real(self) -> bool:
        """Whether the stack has a network of its own with a real node in it."""
        return self.images is not None

    def environment(self, home: Path, **extra: str) -> dict[str, str]:
        """The whole environment of a server: nothing of the user's shell but the path, a home of its own."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "LUXIMA_SANDBOX_DIR": str(self.layout.base),
            **extra,
        }

    def python(self, home: Path) -> dict[str, str]:
        """The whole environment of a server that is a module of this package."""
        paths = {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(PYCACHE)}
        return self.environment(home, PYTHONUNBUFFERED="1", **paths)


class Server(Protocol):
    """One server, or one group of processes that serve together."""

    name: str
    """Its name in messages."""
    programs: Sequence[str]
    """Third-party programs it needs."""
    holds_data: bool
    """Whether resources live in it: then `world` tells one life of its data from the next."""

    def ports(self) -> list[Wanted]:
        """The ports it listens on."""
        ...

    def start(self, site: Site) -> None:
        """Bring it up, or leave it be when it runs as it should; returns when it answers."""
        ...

    def records(self, layout: Layout) -> list[Record]:
        """Its processes as they were written down, running or not."""
        ...

    def address(self, ports: Mapping[str, int]) -> str:
        """Where it is reached."""
        ...

    def answers(self, layout: Layout, ports: Mapping[str, int]) -> bool:
        """Whether it answers now."""
        ...


class Single(Server):
    """A server that is one process."""

    def records(self, layout: Layout) -> list[Record]:
        """The one process."""
        record = process.load(layout.run, self.name)
        return [record] if record else []

    def keep_running(
        self,
        site: Site,
        folder: Path,
        command: Sequence[str],
        files: Sequence[Path] = (),
        environment: Mapping[str, str] | None = None,
        seconds: float = 180,
    ) -> Record:
        """See `keep_running`.

        Args:
            site: The stack.
            folder: Where it runs.
            command: Program and arguments; those of a module of this package begin with its name.
            files: Configuration files that it reads at its start.
            environment: That of a program that is no module of this package.
            seconds: How long its start may take.
        """
        if environment is None:
            command, environment = [sys.executable, "-m", *command], site.python(folder)
        log = site.layout.logs / f"{self.name}.log"
        program = Program(self.name, command, environment, folder, log, files)
        return keep_running(site.layout.run, program, lambda: self.answers(site.layout, site.ports), seconds)


class Unreached(Single):
    """A server to which nobody connects."""

    def ports(self) -> list[Wanted]:
        """It listens nowhere, or inside only."""
        return []

    def address(self, ports: Mapping[str, int]) -> str:  # noqa: ARG002 - as every server
        """None."""
        return ""


@dataclass(frozen=True)
class Program:
    """A process to run."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    cwd: Path
    log: Path
    files: Sequence[Path] = field(default_factory=tuple)
    """Configuration files it reads at its start: when they change, it is started anew."""

    def fingerprint(self) -> str:
        """Changes when the process would have to be started anew; gives no secret away."""
        content = [list(self.command), sorted(self.environment.items()), str(self.cwd)]
        digest = hashlib.sha256(json.dumps(content).encode())
        for file in self.files:
            digest.update(file.read_bytes())
        return digest.hexdigest()


LATE_SECONDS = 30.0
"""How late an answer may be on a busy machine."""


def answers_late(record: Record, ready: Callable[[], bool]) -> bool:
    """Whether a running process answers, be it as late as on a busy machine."""
    with contextlib.suppress(SandboxError):
        process.wait_ready(record, ready, LATE_SECONDS)
        return True
    return False


def keep_running(folder: Path, program: Program, ready: Callable[[], bool], seconds: float = 180) -> Record:
    """Start a process unless it runs already, with this very command line and configuration, and answers.

    Args:
        folder: Where its record is kept.
        program: What to run.
        ready: Whether it answers.
        seconds: How long its start may take.

    Raises:
        SandboxError: When it does not come up.
    """
    mark = folder / f"{program.name}.started-as"
    fingerprint = program.fingerprint()
    record = process.load(folder, program.name)
    if record is not None and record.alive():
        same = mark.exists() and mark.read_text(encoding="ascii") == fingerprint
        # A server that has stopped to answer is started anew.
        if same and answers_late(record, ready):
            return record
        process.stop([record])
    mark.write_text(fingerprint, encoding="ascii")
    record = process.start(folder, program.name, program.log, program.command, program.environment, program.cwd)
    process.wait_ready(record, ready, seconds)
    return record


def world(layout: Layout, name: str) -> str:
    """The identity of a server's data, new when the data is new; empty before its first start."""
    try:
        return (layout.data / name / "world").read_text(encoding="ascii")
    except OSError:
        return ""


def begin_world(layout: Layout, name: str) -> Path:
    """The server's data folder, marked with an identity when it is new."""
    folder = layout.data / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark = folder / "world"
    if not mark.exists():
        mark.write_text(os.urandom(8).hex(), encoding="ascii")
    return folder


def https_status(url: str, bundle: Path, headers: Mapping[str, str] | None = None) -> int | None:
    """The status that a GET is answered with; None without an answer."""
    request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310 - always https on loopback
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(bundle))),
    )
    try:
        with opener.open(request, timeout=3) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ValueError):
        return None
