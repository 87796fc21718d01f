"""What is told of backups: a file for the textfile collector of the host's node exporter, and what was told before."""

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from backup.outcome import Outcome

_HELP: Final = {
    "last_success_timestamp_seconds": "When the last good backup ended",
    "last_failure_timestamp_seconds": "When a run last failed; 0 for never",
    "last_drill_timestamp_seconds": "When the last good restore drill ended; 0 for never",
    "last_drill_failure_timestamp_seconds": "When a restore drill last failed; 0 for never",
    "verified_timestamp_seconds": "When something of a backup was last read back, compared, and right",
    "duration_seconds": "How long the last good run took",
    "objects": "Objects, or files, that the newest backup holds",
    "size_bytes": "What they are together",
}
_FAILURE: Final = "last_failure_timestamp_seconds"
METRICS: Final = tuple(f"backup_{name}" for name in _HELP)
"""Names of the metrics; each has the label `backup`."""


@dataclass(frozen=True)
class Told:
    """Times are seconds since 1970."""

    last_success_timestamp_seconds: float = 0
    last_failure_timestamp_seconds: float = 0
    last_drill_timestamp_seconds: float = 0
    last_drill_failure_timestamp_seconds: float = 0
    verified_timestamp_seconds: float = 0
    duration_seconds: float = 0
    objects: int = 0
    size_bytes: int = 0

    def succeeded(self, outcome: Outcome, begun: float, ended: float) -> "Told":
        """After a backup that was made."""
        return replace(
            self,
            last_success_timestamp_seconds=ended,
            verified_timestamp_seconds=ended if outcome.verified else self.verified_timestamp_seconds,
            duration_seconds=ended - begun,
            objects=outcome.objects,
            size_bytes=outcome.size_bytes,
        )


class Telling:
    """What is known of one kind of backup, over restarts.

    Args:
        kind: Value of the label `backup`.
        state: File that it is kept in.
        textfiles: Folder that the node exporter reads.
    """

    def __init__(self, kind: str, state: Path, textfiles: Path) -> None:
        self._kind, self._state, self._textfile = kind, state, textfiles / f"backup_{kind}.prom"

    @property
    def told(self) -> Told:
        """What was told last; another process, such as a run by hand, may have done it."""
        try:
            return Told(**json.loads(self._state.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return Told()

    def tell(self, told: Told) -> None:
        """Keep it and tell it."""
        write(self._state, json.dumps(asdict(told)))
        self.again()

    def again(self) -> None:
        """Write the metrics' file anew; before the first good backup nothing is told but that it failed."""
        lines: list[str] = []
        told = self.told
        for name, value in asdict(told).items():
            if told.last_success_timestamp_seconds or (name == _FAILURE and value):
                lines += [
                    f"# HELP backup_{name} {_HELP[name]}",
                    f"# TYPE backup_{name} gauge",
                    f'backup_{name}{{backup="{self._kind}"}} {value}',
                ]
        write(self._textfile, "".join(f"{line}\n" for line in lines))


def write(path: Path, text: str) -> None:
    """Another file, then its name: nobody reads half of it."""
    other = path.with_name(f".{path.name}.new")
    with other.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    other.chmod(0o644)
    other.replace(path)
