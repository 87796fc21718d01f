"""What rclone is told, by a real one on folders: names as whoever uploads chooses them, and what is never replaced."""

import os
from pathlib import Path

import pytest

from backup.logs import Logs
from backup.outcome import BackupError
from backup.plan import LogsPlan
from backup.rclone import RESTORE, SOURCE, TARGET, Rclone, Restore
from tools import ensure

pytestmark = pytest.mark.needs_tools

NAMES = {"plain", "next\x85line", "line\u2028separator", "-dash", "a = b"}


@pytest.fixture
def rclone(tmp_path: Path) -> Rclone:
    """Each remote is a folder of the test."""
    remotes = (SOURCE, TARGET, RESTORE)
    config = "".join(f"[{each}]\ntype = alias\nremote = {tmp_path / each}\n\n" for each in remotes)
    (tmp_path / "rclone.conf").write_text(config)
    for each in remotes:
        (tmp_path / each / "bucket").mkdir(parents=True)
    return Rclone(tmp_path / "rclone.conf", None, 60, str(ensure("rclone")["rclone"]))


def _put(folder: Path, name: str, content: str, at: int = 1_800_000_000) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content)
    os.utime(folder / name, (at, at))


def test_names_are_whole_whatever_is_in_them(rclone: Rclone, tmp_path: Path) -> None:
    for name in NAMES:
        _put(tmp_path / TARGET, name, name)
    assert set(rclone.names(f"{TARGET}:")) == NAMES
    restore = Restore(rclone, f"{TARGET}:", "bucket")
    assert {(each.name, each.what) for each in restore.plan()} == {(name, "new") for name in NAMES}
    assert restore.run(over=False).objects == len(NAMES)
    _put(tmp_path / RESTORE / "bucket", "next\x85line", "another")
    assert rclone.different(f"{TARGET}:", f"{RESTORE}:bucket") == ["next\x85line"]


def test_what_came_since_the_plan_is_not_replaced(rclone: Rclone, tmp_path: Path) -> None:
    _put(tmp_path / TARGET, "a", "kept")
    restore = Restore(rclone, f"{TARGET}:", "bucket")
    assert [each.what for each in restore.plan()] == ["new"]
    _put(tmp_path / RESTORE / "bucket", "a", "written meanwhile")
    with pytest.raises(BackupError, match="1 objects differ, such as a"):
        restore.run(over=False)
    assert (tmp_path / RESTORE / "bucket" / "a").read_text() == "written meanwhile"
    restore.run(over=True)
    assert (tmp_path / RESTORE / "bucket" / "a").read_text() == "kept"


def test_a_chunk_that_is_another_at_the_source_does_not_reach_the_archive(rclone: Rclone, tmp_path: Path) -> None:
    """Loki writes none twice: who does has its key and no business there. Files of the index are written again."""
    plan = LogsPlan(kind="logs", source="loki", archive="archive", tenants=("audit",))
    for name in ("audit/chunk", "index/day/file"):
        _put(tmp_path / SOURCE / "loki", name, "first")
    logs = Logs(plan, rclone)
    assert logs.run().objects == 2
    _put(tmp_path / SOURCE / "loki", "index/day/file", "second", 1_800_000_100)
    assert logs.run().objects == 2
    _put(tmp_path / SOURCE / "loki", "audit/chunk", "forged", 1_800_000_200)
    with pytest.raises(BackupError, match=r"1 objects of audit are others in the archive: .*chunk"):
        logs.run()
    assert (tmp_path / TARGET / "archive" / "audit" / "chunk").read_text() == "first"
    assert (tmp_path / TARGET / "archive" / "index" / "day" / "file").read_text() == "second"
