"""What is wrong with settings, as sentences: which setting, what it is, what would be right."""

from collections.abc import Sequence
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Where a setting is: keys and list positions, from `luxima:<area>` (or the release file's root) on."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong."""

    path: Path
    text: str

    def __str__(self) -> str:
        return f"{show_path(self.path)}: {self.text}" if self.path else self.text


class SettingsError(Exception):
    """Settings that cannot be used. `str()` is the full report; `problems` holds one entry per mistake."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = "1 setting is" if len(problems) == 1 else f"{len(problems)} settings are"
        lines = [f"{source}: {count} wrong; nothing was changed", *(f"  {problem}" for problem in problems)]
        super().__init__("\n".join(lines))


def show_path(path: Path) -> str:
    """A path in the notation of `pulumi config set --path`: luxima:compute.vms.docker-1.memory_mib, …servers[0]."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
