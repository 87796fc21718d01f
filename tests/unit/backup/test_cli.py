"""The command line: a key that a person gives is in no file."""

import io
import sys
import tempfile
from pathlib import Path

import pytest

from backup.cli import _with_key  # pyright: ignore[reportPrivateUsage] - whoever kills it leaves nothing behind


def test_a_key_is_in_no_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    config = tmp_path / "rclone.conf"
    config.write_text("[source]\ntype = s3\naccess_key_id = reader\nsecret_access_key = x\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO("writer\nthe-key-of-a-person\n"))
    with _with_key(config) as made:
        assert "access_key_id = writer\nsecret_access_key = the-key-of-a-person" in made.read_text()
        assert not list((tmp_path / "tmp").iterdir())
        assert "the-key-of-a-person" not in config.read_text()
        assert made.is_relative_to("/proc")
    assert not made.exists()
