"""What PostgreSQL runs for each segment of its WAL: run; and read by shellcheck, as what brings a schema back."""

import subprocess
from pathlib import Path

import pytest

from components.database.postgres import SPOOL, scripts
from tools import ensure

NAME = "0000000100000000000000A1"


def _run(folder: Path, content: bytes, name: str = NAME) -> "subprocess.CompletedProcess[str]":
    script, segment = folder / "pgbackrest-spool.sh", folder / "segment"
    script.write_text(scripts()["pgbackrest-spool.sh"].replace(SPOOL, f"{folder}/spool"))
    segment.write_bytes(content)
    return subprocess.run(["sh", script, segment, name], capture_output=True, text=True, check=False)


def test_a_segment_is_copied_whole_and_once(tmp_path: Path) -> None:
    spooled = tmp_path / "spool" / NAME
    for _ in range(2):
        assert _run(tmp_path, b"wal").returncode == 0
        assert spooled.read_bytes() == b"wal"
    other = _run(tmp_path, b"another")
    assert other.returncode == 1
    assert "with another content" in other.stderr
    assert spooled.read_bytes() == b"wal"
    assert [each.name for each in spooled.parent.iterdir()] == [NAME]
    assert spooled.parent.stat().st_mode & 0o777 == 0o700


def test_what_a_crash_left_is_no_segment(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / f".{NAME}").write_bytes(b"w")
    assert _run(tmp_path, b"wal").returncode == 0
    assert [each.name for each in (tmp_path / "spool").iterdir()] == [NAME]


def test_a_full_spool_refuses_and_loses_nothing(tmp_path: Path) -> None:
    """PostgreSQL keeps the segment then."""
    (tmp_path / "spool").mkdir()
    for number in range(64):
        (tmp_path / "spool" / f"{number:024X}").touch()
    full = _run(tmp_path, b"wal")
    assert full.returncode == 1
    assert "64 segments wait in the spool: is backup-database running?" in full.stderr
    assert not (tmp_path / "spool" / NAME).exists()
    (tmp_path / "spool" / f"{0:024X}").unlink()
    assert _run(tmp_path, b"wal").returncode == 0


@pytest.mark.needs_tools
def test_shellcheck_finds_nothing(tmp_path: Path) -> None:
    for name, text in scripts().items():
        (tmp_path / name).write_text(text)
    files = sorted(tmp_path.iterdir())
    done = subprocess.run([ensure("shellcheck")["shellcheck"], *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
