"""Shared libraries of programs, which have to come along into an image."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sandbox.faults import SandboxError


def libraries(files: Sequence[Path]) -> list[Path]:
    """What the loader would load for these programs and libraries, the loader too; nothing for static ones.

    Raises:
        SandboxError: When a library is missing.
    """
    answer = subprocess.run(["ldd", *map(str, files)], capture_output=True, text=True, check=False)
    lost = sorted(set(re.findall(r"^\s+(\S+) => not found", answer.stdout, re.MULTILINE)))
    if lost:
        raise SandboxError(f"{files[0]} lacks shared libraries: {', '.join(lost)}")
    return sorted({Path(path) for path in re.findall(r"^\s+(?:\S+ => )?(/\S+) \(0x", answer.stdout, re.MULTILINE)})


def is_program(file: Path) -> bool:
    """Whether it is machine code, not a script that needs more than its libraries."""
    with file.open("rb") as opened:
        return opened.read(4) == b"\x7fELF"
