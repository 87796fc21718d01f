"""What rclone is told, by a real one on folders: names as whoever uploads chooses them, and what is never replaced."""

import os
from collections.abc import Collection, Sequence
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backup.drill import drilled
from backup.logs import Logs
from backup.objects import Objects
from backup.outcome import BackupError
from backup.plan import Bucket, LogsPlan, ObjectsPlan
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
    with pytest.raises(BackupError, match=r"1 objects of audit differ from the archive: .*chunk"):
        logs.run()
    assert (tmp_path / TARGET / "archive" / "audit" / "chunk").read_text() == "first"
    assert (tmp_path / TARGET / "archive" / "index" / "day" / "file").read_text() == "second"


def test_a_tenant_that_no_plan_knows_is_told_and_all_others_are_archived(rclone: Rclone, tmp_path: Path) -> None:
    for name in ("audit/chunk", "another/chunk", "index/day/file"):
        _put(tmp_path / SOURCE / "loki", name, name)
    logs = Logs(LogsPlan(kind="logs", source="loki", archive="archive", tenants=("audit",)), rclone)
    with pytest.raises(BackupError, match="another of loki is not archived, all else is"):
        logs.run()
    archived = {each.name for each in (tmp_path / TARGET / "archive").iterdir()}
    assert archived == {"audit", "index"}


class Losing(Rclone):
    """It says that all was copied, and one object was not."""

    def sync(self, source: str, target: str) -> None:
        super().sync(source, target)
        self._lost.unlink(missing_ok=True)

    def copy(
        self, source: str, target: str, names: Collection[str] | None = None, *, flags: Sequence[str] = ()
    ) -> None:
        super().copy(source, target, names, flags=flags)
        self._lost.unlink(missing_ok=True)

    @property
    def _lost(self) -> Path:
        return self.config.parent / TARGET / "copies" / "media" / "lost"


def test_what_a_copy_left_out_is_no_good_backup(rclone: Rclone, tmp_path: Path) -> None:
    for name in ("kept", "lost"):
        _put(tmp_path / SOURCE / "media", name, name)
    bucket = Bucket(name="media", folder="media")
    plan = ObjectsPlan(kind="object_storage", buckets=(bucket,), copies="copies", keep_days=14)
    now = lambda: datetime.now(UTC)  # noqa: E731
    with pytest.raises(BackupError, match="1 copies of media differ from their source: lost"):
        Objects(plan, Losing(*astuple(rclone)), now).run()
    assert Objects(plan, rclone, now).run().objects == 2


def test_a_drill_of_a_backup_that_was_emptied_fails(rclone: Rclone, tmp_path: Path) -> None:
    source, target, folder = f"{SOURCE}:bucket", f"{TARGET}:bucket", tmp_path / "drill"
    folder.mkdir()
    _put(tmp_path / SOURCE / "bucket", "a", "there", 1_800_000_000)
    before, after = (datetime.fromtimestamp(1_800_000_000 + seconds, UTC) for seconds in (-60, 60))
    with pytest.raises(BackupError, match="bucket holds nothing, and a was there to be backed up"):
        drilled(rclone, source, target, folder, after, 20)
    # It was written since the backup.
    assert drilled(rclone, source, target, folder, before, 20).objects == 0
