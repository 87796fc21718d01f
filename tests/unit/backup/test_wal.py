"""How far the archive of WAL is, as it is told."""

import os
import time
from pathlib import Path

from backup.outcome import BackupError
from backup.pgbackrest import Pgbackrest
from backup.wal import Wal
from tests.waiting import wait_for


class _Away(Pgbackrest):
    """A repository that takes nothing until it is back."""

    back = False

    def say(self, *words: str) -> str:
        if not self.back:
            raise BackupError(f"{words[0]}: the object storage is away")
        return ""


def test_the_moment_until_which_all_is_pushed_stays_behind_what_waits_and_comes_up_again(tmp_path: Path) -> None:
    told, spool = tmp_path / "backup_wal.prom", tmp_path / "spool"
    repository = _Away(tmp_path, 1)
    wal = Wal(spool, repository, lambda _: None)

    def until() -> float:
        wal.tell(tmp_path)
        return float(told.read_text().rpartition(" ")[2])

    assert until() >= time.time() - 60, "PostgreSQL has not made the folder yet"
    spool.mkdir()
    for age, name in ((0, "0" * 23 + "2"), (1000, "0" * 23 + "1")):
        (spool / name).touch()
        os.utime(spool / name, (time.time() - age, time.time() - age))
    with wal.pushing(tmp_path / "figures"):
        # Nobody can write there: it goes on pushing.
        repository.back = True
        wait_for(lambda: not wal.waiting(), "an empty spool")
    assert until() >= time.time() - 60
    (spool / ("0" * 23 + "3")).touch()
    os.utime(spool / ("0" * 23 + "3"), (time.time() - 1000, time.time() - 1000))
    told.unlink()
    repository.back = False
    with wal.pushing(tmp_path):
        wait_for(told.is_file, "the figure")
    assert 900 < time.time() - until() < 1100
