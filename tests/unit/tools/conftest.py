"""Fixtures for the tests of `tools`."""

import os
from pathlib import Path

import pytest

from tests.unit.tools.machine import Machine


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine that has a shell and coreutils, and no third-party program."""
    made = Machine(tmp_path)
    for name in ("sh", "cat", "chmod", "mkdir", "printf", "dirname", "readlink", "sleep", "env", "cp", "touch", "df"):
        found = next(Path(folder) / name for folder in os.defpath.split(":") if (Path(folder) / name).exists())
        (made.bin / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(made.bin))
    monkeypatch.setenv("LUXIMA_CACHE", str(made.cache))
    monkeypatch.setattr("tools.versions._SYSTEM_FOLDERS", ())
    return made
