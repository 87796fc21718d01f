"""What Linux tells of processes in /proc."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Stat:
    """What `/proc/<pid>/stat` tells."""

    state: str
    session: int
    started: int

    @property
    def dead(self) -> bool:
        """Whether it has ended and only waits to be reaped."""
        return self.state in {"Z", "X"}


def boot_id() -> str:
    """The identity of the running system since it was booted."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def read_stat(pid: int) -> Stat | None:
    """What the system knows of a process; None when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return Stat(state=fields[0], session=int(fields[3]), started=int(fields[19]))


def processes() -> list[int]:
    """The ids of all that run, and of what waits to be reaped."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def environment(pid: int) -> list[bytes]:
    """The variables that a process was started with; none where it is gone, or somebody else's."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def children(pid: int) -> list[int]:
    """The processes that a process has started; none when it is gone."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(child) for child in text.split()]
