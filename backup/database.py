"""Backups of PostgreSQL by pgBackRest: full or incremental, with WAL, and the root key of the vault (BAK-1)."""

import hashlib
import re
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from backup.database_restore import DatabaseRestore
from backup.drill import check_room
from backup.outcome import BackupError, Outcome
from backup.pgbackrest import Pgbackrest
from backup.plan import DatabasePlan
from backup.wal import Wal

_SEGMENT_BYTES: Final = 16 * 1024**2
_STATUS: Final = re.compile(r"^status: (\w+)", re.MULTILINE)


class Database:
    """The job.

    Args:
        plan: What is backed up.
        pgbackrest: What does it.
        clock: The moment, in UTC.
        say: Takes a line for the log.
    """

    def __init__(
        self, plan: DatabasePlan, pgbackrest: Pgbackrest, clock: Callable[[], datetime], say: Callable[[str], None]
    ) -> None:
        self._plan, self._pgbackrest, self._clock, self._say = plan, pgbackrest, clock, say
        self.wal = Wal(plan.spool, pgbackrest, say)

    def run(self) -> Outcome:
        """Make one, full when the last full one is old, and verify all that is kept."""
        # It is there already, except at the first time; it says so when the database or the passphrase is another one.
        self._pgbackrest.say("stanza-create")
        with self.wal.pushing():
            root_key = self._keep_root_key()
            kind = "full" if self._full_is_due() else "incr"
            self._pgbackrest.say("backup", f"--type={kind}", f"--annotation=root-key={root_key}")
        said, good = self.verify()
        newest = self._pgbackrest.backups()[-1]
        return Outcome(_files(said, newest.label), newest.size_bytes, good)

    def verify(self) -> tuple[str, bool]:
        """Read back all that is kept; gives pgBackRest's words, and whether all had its checksum.

        pgBackRest itself ends well also when not, but for a file that was cut off.
        """
        try:
            said = self._pgbackrest.say("verify", "--output=text", "--verbose")
        except BackupError as error:
            said = str(error)
        status = _STATUS.search(said)
        good = status is not None and status[1] == "ok"
        if not good:
            self._say("error: verification found damage in the repository: " + " ".join(said.split())[:2000])
        return said, good

    def restore(self, what: str, at: datetime | None, to: str) -> DatabaseRestore:
        """What brings the whole database back, into the folder `to`.

        Raises:
            BackupError: When it cannot be.
        """
        if what:
            raise BackupError(
                f"{what!r}: a database is restored whole, into a folder; leave the part out here, and bring one schema "
                "back out of that folder as docs/how-to/restore-database.md says"
            )
        if not to:
            raise BackupError("name the folder for the data: --to /var/lib/postgresql/data (make: TO=…)")
        return DatabaseRestore(self._pgbackrest, at, Path(to))

    def drill(self, folder: Path, begun: datetime) -> Outcome:
        """See `Job`; all of the newest backup, with the WAL since and the vault's key.

        pgBackRest compares each file with its checksum. There is no PostgreSQL here that could be started on it.
        """
        restore = DatabaseRestore(self._pgbackrest, None, folder / "data")
        found = restore.found()
        if found.backup.ended < begun.replace(microsecond=0):
            raise BackupError(f"the newest backup in the repository is {found.backup.label}, and a newer one was made")
        check_room(folder, found.backup.size_bytes + _SEGMENT_BYTES * len(found.segments))
        outcome = restore.run()
        if _root_key_name(restore.root_key.read_bytes()) != found.backup.root_key:
            raise BackupError(f"the vault's key that was restored is not {found.backup.root_key}")
        return outcome

    def _full_is_due(self) -> bool:
        fulls = [each.begun for each in self._pgbackrest.backups() if each.full]
        return not fulls or self._clock() - fulls[-1] >= timedelta(days=self._plan.full_days)

    def _keep_root_key(self) -> str:
        """Put the vault's key into the archive, encrypted as all of it, under a name that follows from its content.

        An older one stays: what was encrypted with it can be read after a restore.
        """
        try:
            content = self._plan.root_key.read_bytes()
        except OSError as error:
            text = f"{self._plan.root_key} cannot be read: {error.strerror}; without it, a restored vault is closed"
            raise BackupError(text) from error
        name = _root_key_name(content)
        # Before the first WAL, there is no archive to look into.
        try:
            known = self._pgbackrest.has(name)
        except BackupError:
            known = False
        if not known:
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / name
                file.write_bytes(content)
                self._pgbackrest.say("archive-push", str(file))
        return name


def _root_key_name(content: bytes) -> str:
    return f"root-key-{hashlib.sha256(content).hexdigest()[:12]}"


def _files(said: str, label: str) -> int:
    """How many files the verification counted in a backup."""
    found = re.search(rf"backup: {re.escape(label)}, .*?total files checked: (\d+)", said)
    return int(found[1]) if found else 0
