"""A second checkout in a temporary folder, in which the sandbox is run as a person would run it.

It has the checkout's files as they are now, a home of its own that is empty, and nothing of the user's environment but
PATH and the cache of third-party programs. Whatever a test does to it, nothing of it is left in the end.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sandbox.copying import copy
from tests.e2e.running import Left, left_of
from tools import cache

ROOT = Path(__file__).resolve().parents[2]

LONGEST = 1500
"""Seconds that a command of the sandbox may take on a busy machine."""
ENGINE_RUNS: Counter[str] = Counter()
"""Commands that run the engine, by verb; the run of tests ends with their number."""
_WITH_ENGINE = ("up", "preview", "refresh", "destroy", "release")
_ROUNDS = 3
"""How often processes are looked for that a failed test left."""
_RUN = "PYTEST_XDIST_TESTRUNUID"
"""What xdist calls the run, in the environment of its workers and of most that they start."""


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    arguments: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything that was said."""
        return self.out + self.err

    def __str__(self) -> str:
        return f"`{' '.join(self.arguments)}` ended with {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class Running:
    """A command under way, in a process group of its own, as a terminal would have it."""

    def __init__(self, arguments: tuple[str, ...], process: subprocess.Popen[str]) -> None:
        self.arguments = arguments
        self.process = process
        self._said: dict[str, list[str]] = {"out": [], "err": []}
        self._news = threading.Condition()
        streams = {"out": process.stdout, "err": process.stderr}
        self._readers = [
            threading.Thread(target=self._read, args=(name, stream), daemon=True) for name, stream in streams.items()
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, name: str, stream: IO[str] | None) -> None:
        if stream is None:
            return
        for line in stream:
            with self._news:
                self._said[name].append(line)
                self._news.notify_all()

    def wait_for(self, pattern: str, seconds: float = LONGEST) -> str:
        """The first line that the pattern is found in; fails when the command ends without having said it."""
        end = time.monotonic() + seconds
        with self._news:
            while True:
                # Asked first: its last line may come between the two.
                ended = not any(reader.is_alive() for reader in self._readers)
                for line in self._said["out"] + self._said["err"]:
                    if re.search(pattern, line):
                        return line
                assert time.monotonic() < end, f"no {pattern!r} after {seconds} s\n{self._so_far()}"
                assert not ended, f"it ended without {pattern!r}\n{self._so_far()}"
                self._news.wait(0.5)

    def _so_far(self) -> str:
        return "".join(self._said["out"] + self._said["err"])

    def interrupt(self) -> None:
        """Ctrl-C: the signal goes to the whole process group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        """End the command at once, and nothing else."""
        self.process.kill()

    def wait(self, seconds: float = LONGEST) -> Done:
        """The end of it."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"{self.arguments} takes longer than {seconds} s\n{self._so_far()}") from None
        for reader in self._readers:
            # Servers have let go of the command's own output; whoever has not would keep this waiting.
            reader.join(60)
            assert not reader.is_alive(), f"{self.arguments} ended and left its output open\n{self._so_far()}"
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return Done(self.arguments, code, "".join(self._said["out"]), "".join(self._said["err"]))


class Checkout:
    """The second checkout."""

    def __init__(self, folder: Path, node: str) -> None:
        self._node = node
        self.root = folder / "checkout"
        self.home = folder / "home"
        self.temporary = folder / "tmp"
        self.runs: list[Done] = []
        """Every command that was waited for."""

    def sandbox(self, stack: str) -> Path:
        """All that the sandbox keeps of a stack."""
        return self.root / ".sandbox" / stack

    def environment(self, **more: str) -> dict[str, str]:
        """The whole environment of a command."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "LANG": "C.UTF-8",
            "LUXIMA_CACHE": str(cache.root()),
            "NODE": self._node,
            **more,
        }

    def start(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Running:
        """Begin `python -m sandbox ARGUMENT…`."""
        if arguments[0] in _WITH_ENGINE:
            ENGINE_RUNS[arguments[0]] += 1
        return self.start_command(sys.executable, "-m", "sandbox", *arguments, environment=environment)

    def start_command(self, *command: str, environment: Mapping[str, str] | None = None) -> Running:
        """Begin a command in the checkout."""
        process = subprocess.Popen(
            command,
            cwd=self.root,
            env=self.environment(**(environment or {})),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            process_group=0,
        )
        return Running(command, process)

    def finish(self, running: Running, seconds: float = LONGEST) -> Done:
        """Wait for a command and keep what it said."""
        done = running.wait(seconds)
        self.runs.append(done)
        return done

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None, seconds: float = LONGEST) -> Done:
        """`python -m sandbox ARGUMENT…`."""
        return self.finish(self.start(*arguments, environment=environment), seconds)

    def succeed(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Done:
        """The same, for a command that has to succeed."""
        done = self.run(*arguments, environment=environment)
        assert done.code == 0, str(done)
        return done

    def replace(self, file: str, old: str, new: str) -> None:
        """Edit a file of the checkout; `old` has to be there."""
        path = self.root / file
        content = path.read_text(encoding="utf-8")
        assert old in content, f"{file} has no {old!r}"
        path.write_text(content.replace(old, new), encoding="utf-8")

    def release(self, stack: str, pattern: str, new: str) -> None:
        """Edit the release file as a person would: where `pattern` is found first, and with the next revision."""
        path = self.root / "releases" / f"{stack}.yaml"
        content, found = re.subn(pattern, new, path.read_text(encoding="utf-8"), count=1)
        assert found == 1, f"{path.name} has no {pattern!r}"
        content = re.sub(r"(?m)^revision: (\d+)$", lambda match: f"revision: {int(match[1]) + 1}", content)
        path.write_text(content, encoding="utf-8")

    def git(self, *arguments: str) -> str:
        """Output of a git command in the checkout."""
        identity = ("-c", "user.name=tests", "-c", "user.email=tests@example.test", "-c", "commit.gpgsign=false")
        done = subprocess.run(
            ["git", *identity, *arguments],
            cwd=self.root,
            env=self.environment(GIT_CONFIG_NOSYSTEM="1"),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def commit(self) -> None:
        """Make it a repository with everything committed."""
        self.git("init", "--quiet")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "as it is")

    def processes(self) -> list[Left]:
        """Processes that belong to this checkout."""
        return left_of(self.root.parent)


@contextlib.contextmanager
def checkout(node: str = "simulated") -> Generator[Checkout]:
    """A second checkout; in the end its servers are stopped, nothing of it may still run, and it is removed.

    Args:
        node: Whether nodes are `simulated` or `real`.
    """
    folder = Path(tempfile.mkdtemp(prefix=_prefix(os.environ.get(_RUN, ""))))
    made = Checkout(folder, node)
    try:
        for place in (made.root, made.home, made.temporary):
            place.mkdir()
        copy(ROOT, made.root, ROOT / ".sandbox" / ".pycache")
        yield made
        down = made.start("down").wait()
        assert down.code == 0, str(down)
        left = made.processes()
        assert not left, f"after down these still run: {left}"
    finally:
        _end(str(folder))
        shutil.rmtree(folder, ignore_errors=True)


def clear(run: str) -> None:
    """End and remove what a run's workers left: after a Ctrl-C xdist gives them ten seconds, and kills them."""
    prefix = _prefix(run)
    for mentioned in (prefix, f"{_RUN}={run}"):
        _end(mentioned)
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _prefix(run: str) -> str:
    """How the names of a run's folders begin; short, as the paths of sockets are."""
    return f"luxima-{run[:8]}-"


def _end(mentioned: str) -> None:
    """End the processes that have to do with a folder or a run."""
    # What is ended may have been started anew, as long as what starts it is there.
    for _ in range(_ROUNDS):
        for process in left_of(mentioned):
            process.end()
