"""Find a program on PATH and judge by its version whether it can be used."""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Version = tuple[int, ...]

_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where a distribution puts servers; a plain user's PATH often lacks them."""

_ANSWER_SECONDS = 10
_QUIET = {"PULUMI_SKIP_UPDATE_CHECK": "true"}
"""Keeps a program that is asked for its version from asking the network whether there is a newer one."""


@dataclass(frozen=True)
class Check:
    """How the version of a program on PATH is asked, and which answers are good.

    Attributes:
        arguments: What makes the program print its version and exit.
        pattern: Regular expression whose groups are the numbers of the version, the most significant first.
        minimum: The lowest version that works, numbers from the most significant on.
        family: How much of the version must be that of the pinned one: `major`, `minor` (major and minor), or `any`.
    """

    arguments: tuple[str, ...]
    pattern: str
    minimum: Version
    family: Literal["major", "minor", "any"]

    def accepts(self, version: Version, pinned: Version) -> bool:
        """Whether `version` can stand in for the `pinned` one."""
        shared = {"major": 1, "minor": 2, "any": 0}[self.family]
        return version >= self.minimum and version[:shared] == pinned[:shared]

    def wanted(self, pinned: Version) -> str:
        """The good versions in words, for people."""
        shared = {"major": 1, "minor": 2, "any": 0}[self.family]
        family = f", {dotted(pinned[:shared])}.x" if shared else ""
        return f">= {dotted(self.minimum)}{family}"


NOT_ON_PATH = Check((), "", (), family="any")
"""Of what does not say its version (files, an engine's plugin), and is taken from its source only."""


def dotted(version: Version) -> str:
    """The usual way to write a version."""
    return ".".join(str(number) for number in version)


def ask(program: Path, check: Check) -> Version | None:
    """The version that a program says it has, or None when it does not say one."""
    try:
        answer = subprocess.run(
            [str(program), *check.arguments],
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=_ANSWER_SECONDS,
            check=False,
            env=os.environ | _QUIET,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(check.pattern, answer.stdout + answer.stderr)
    return tuple(int(number or 0) for number in found.groups()) if found else None


def on_path(name: str, check: Check, pinned: Version) -> Path | None:
    """The first program of that name on PATH, or among the system's servers, whose version is good."""
    for candidate in candidates(name):
        version = ask(candidate, check)
        if version is not None and check.accepts(version, pinned):
            return candidate
    return None


def candidates(name: str) -> Iterator[Path]:
    """Every executable file of that name, in the order of PATH; the same file once."""
    seen: set[Path] = set()
    for folder in (*os.environ.get("PATH", os.defpath).split(os.pathsep), *_SYSTEM_FOLDERS):
        path = Path(folder or ".").absolute() / name
        if path not in seen and os.access(path, os.X_OK) and path.is_file():
            seen.add(path)
            yield path
