"""Processes that outlive the command that started them: written down, found again, waited for, ended.

A process is known by its id *and* the moment it started (`/proc/<pid>/stat`, in clock ticks since boot) *and* the boot,
so an id that the system has given to somebody else since is never taken for ours.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event

from sandbox import procfs
from sandbox.faults import SandboxError
from sandbox.layout import relative
from sandbox.procfs import boot_id, read_stat

_POLL_SECONDS = 0.05
_SPAWN = Path(__file__).with_name("spawn.py")

cancelled = Event()
"""Set when the user asked to stop: every wait ends at once."""


@dataclass(frozen=True)
class Record:
    """One process, as written down when it was started."""

    name: str
    pid: int
    started: int
    boot: str
    command: list[str]
    log: str

    def alive(self) -> bool:
        """Whether this very process still runs (a zombie does not)."""
        stat = read_stat(self.pid)
        return stat is not None and stat.started == self.started and not stat.dead and self.boot == boot_id()


def mark() -> str:
    """What tells this very process from all others; `marked` finds it in a file."""
    stat = read_stat(os.getpid())
    return json.dumps([os.getpid(), stat.started if stat else 0])


def announce(file: Path) -> None:
    """Say in a file that this very process is ready."""
    partial = file.with_suffix(".part")
    partial.write_text(mark(), encoding="ascii")
    partial.replace(file)


def marked(file: Path, record: Record | None) -> bool:
    """Whether a process has said in this file that it is ready."""
    try:
        found = json.loads(file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return False
    return record is not None and found == [record.pid, record.started]


def record_of(name: str, pid: int, log: Path) -> Record | None:
    """Write down a process that another program started; None when it is gone."""
    stat = read_stat(pid)
    if stat is None or stat.dead:
        return None
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return None
    return Record(name, pid, stat.started, boot_id(), command, str(log))


def save(folder: Path, record: Record) -> None:
    """Keep a record in the folder of running processes."""
    path = folder / f"{record.name}.json"
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(asdict(record)), encoding="utf-8")
    temporary.replace(path)


def load(folder: Path, name: str) -> Record | None:
    """The record of a process, running or not."""
    try:
        return Record(**json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def records(folder: Path) -> list[Record]:
    """All records of a folder."""
    if not folder.is_dir():
        return []
    found = (load(folder, path.stem) for path in sorted(folder.glob("*.json")))
    return [record for record in found if record is not None]


def forget(folder: Path, name: str) -> None:
    """Remove a record."""
    (folder / f"{name}.json").unlink(missing_ok=True)


def wrapped(folder: Path, name: str, log: Path | None, command: Sequence[str]) -> list[str]:
    """The command line that records itself in `folder` and then becomes `command`, in a session of its own."""
    record = folder / f"{name}.json"
    return [sys.executable, "-I", "-S", str(_SPAWN), str(record), str(log) if log else "-", name, *command]


def start(
    folder: Path, name: str, log: Path, command: Sequence[str], environment: Mapping[str, str], cwd: Path
) -> Record:
    """Start a program that goes on when this one ends.

    Args:
        folder: Where its record is kept.
        name: Its name in records and messages.
        log: Takes both its outputs, appended.
        command: Program and arguments; no secrets, because everybody on the machine can read them.
        environment: Its whole environment.
        cwd: Its working directory.

    Raises:
        SandboxError: When it cannot be started.
    """
    forget(folder, name)
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        child = subprocess.Popen(
            wrapped(folder, name, log, command),
            env=dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError as error:
        raise SandboxError(f"{name} cannot be started: {error.strerror}") from error
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        # In this order: it may write its record and end at once.
        ended = child.poll() is not None
        record = load(folder, name)
        if record is not None and record.pid == child.pid:
            # Reaped when it ends, so that it is not taken for running; Popen's own destructor would warn.
            _CHILDREN.append(child)
            return record
        if ended:
            raise SandboxError(f"{name} did not start (exit status {child.returncode}){tail(log)}")
        time.sleep(_POLL_SECONDS / 5)
    child.kill()
    raise SandboxError(f"{name} did not start within 30 s{tail(log)}")


_CHILDREN: list[subprocess.Popen[bytes]] = []


def wait_ready(record: Record, ready: Callable[[], bool], seconds: float) -> None:
    """Wait until a server answers.

    Raises:
        SandboxError: When it ends or does not answer in time; with the end of its log.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if cancelled.is_set():
            raise SandboxError(f"stopped before {record.name} was ready")
        if not record.alive():
            raise SandboxError(f"{record.name} ended while it was starting{tail(Path(record.log))}")
        if time.monotonic() > deadline:
            raise SandboxError(
                f"{record.name} (pid {record.pid}) does not answer after {seconds:.0f} s{tail(Path(record.log))}"
            )
        time.sleep(_POLL_SECONDS)


def run_recorded(record: Record, seconds: float) -> int:
    """Wait for a program that was started to do one thing and end.

    Returns:
        Its exit status.

    Raises:
        SandboxError: When it takes too long; it is ended then.
    """
    child = next(child for child in _CHILDREN if child.pid == record.pid)
    deadline = time.monotonic() + seconds
    while child.poll() is None:
        if cancelled.is_set() or time.monotonic() > deadline:
            stop([record])
            why = "interrupted" if cancelled.is_set() else f"not done after {seconds:.0f} s"
            raise SandboxError(f"{record.name}: {why}{tail(Path(record.log))}")
        time.sleep(_POLL_SECONDS / 2)
    return child.returncode


def tail(log: Path, lines: int = 5) -> str:
    """The end of a log as an addition to a message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8192))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    last = [line for line in text.splitlines() if line.strip()][-lines:]
    return f"; the end of its log ({relative(log)}):" + "".join(f"\n    {line[:240]}" for line in last) if last else ""


def session_of(record: Record, marker: str) -> list[int]:
    """The processes of the session that a recorded process leads or led.

    A session's id stays taken while any member lives, so members belong to the recorded leader unless another process
    has become that leader; `marker` (`NAME=value` in the environment) is asked for as well when the leader is gone.
    """
    if record.boot != boot_id():
        return []
    leader = read_stat(record.pid)
    if leader is not None and leader.started != record.started:
        return []
    members: list[int] = []
    for pid in procfs.processes():
        stat = read_stat(pid)
        if stat is None or stat.dead or stat.session != record.pid or stat.started < record.started:
            continue
        if leader is not None or marker.encode() in procfs.environment(pid):
            members.append(pid)
    return members


def signal_pid(pid: int, number: signal.Signals) -> None:
    """Send a signal to one process; one that is gone is fine."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def stop(running: Iterable[Record], seconds: float = 15) -> list[Record]:
    """End processes: ask all (SIGTERM), wait, then insist (SIGKILL).

    Returns:
        Those that had to be killed.
    """
    left = [record for record in running if record.alive()]
    for record in left:
        signal_pid(record.pid, signal.SIGTERM)
    left = wait_gone(left, seconds)
    for record in left:
        signal_pid(record.pid, signal.SIGKILL)
    stuck = wait_gone(left, 10)
    if stuck:
        names = ", ".join(f"{record.name} (pid {record.pid})" for record in stuck)
        raise SandboxError(f"these processes do not end, not even by SIGKILL: {names}; see what disk they wait for")
    return left


def wait_gone(waiting: list[Record], seconds: float) -> list[Record]:
    """Wait until processes have ended; gives those that have not."""
    deadline = time.monotonic() + seconds
    left = waiting
    while left and time.monotonic() < deadline:
        for child in _CHILDREN:
            child.poll()
        left = [record for record in left if record.alive()]
        if left:
            time.sleep(_POLL_SECONDS / 2)
    return left
