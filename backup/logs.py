"""The archive of logs: Loki's objects in a bucket of their own, which a fresh Loki can read (BAK-4, LOG-6)."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from backup.drill import drilled
from backup.outcome import BackupError, Outcome
from backup.plan import LogsPlan
from backup.rclone import ONCE, SOURCE, TARGET, Rclone, Restore, sample_differs, summed

INDEX: Final = "index"
"""Folder of what says where lines are, of all tenants; the folders of tenants hold the chunks with the lines."""


@dataclass(frozen=True)
class Logs:
    """See `backup.outcome.Job`. A part is a tenant; nothing but the whole can be read by a Loki."""

    plan: LogsPlan
    rclone: Rclone

    def run(self) -> Outcome:
        """Chunks first: what the archive's index names is in the archive. Loki never changes an object."""
        present = self.rclone.folders(f"{SOURCE}:{self.plan.source}")
        outcome = summed([self._copied(folder) for folder in self._folders if folder in present])
        unknown = sorted({*present} - {*self._folders})
        if unknown:
            raise BackupError(
                f"{', '.join(unknown)} of {self.plan.source} is not archived, all else is: Loki has a tenant that is "
                f"none of {', '.join(self.plan.tenants)}"
            )
        return outcome

    def _copied(self, folder: str) -> Outcome:
        source, target = f"{SOURCE}:{self.plan.source}/{folder}", f"{TARGET}:{self.plan.archive}/{folder}"
        chosen = self.rclone.some(source, self.plan.sample)
        # Who has Loki's key can write another chunk in the place of one: the one that is archived stays.
        flags = () if folder == INDEX else ONCE
        self.rclone.copy(source, target, flags=flags)
        # Loki replaces files of the index by others, and an expired chunk is no longer there to be compared with.
        different = sample_differs(self.rclone, source, target, chosen, flags)
        if different:
            raise BackupError(f"{len(different)} objects of {folder} differ from the archive: {different[0]}")
        sizes = self.rclone.sizes(target)
        return Outcome(sizes.objects, sizes.size_bytes, verified=True)

    def drill(self, folder: Path, begun: datetime) -> Outcome:
        """See `Job`; some objects of each tenant, and of the index."""
        return summed([self._drilled(name, folder / name, begun) for name in self._folders])

    def _drilled(self, name: str, folder: Path, begun: datetime) -> Outcome:
        folder.mkdir()
        source, target = f"{SOURCE}:{self.plan.source}/{name}", f"{TARGET}:{self.plan.archive}/{name}"
        return drilled(self.rclone, source, target, folder, begun, self.plan.sample)

    @property
    def _folders(self) -> list[str]:
        return [*self.plan.tenants, INDEX]

    def restore(self, what: str, at: datetime | None, to: str) -> Restore:
        """See `Job`; `to` is a bucket that a Loki is then given."""
        if what:
            raise BackupError(f"{what!r} cannot be restored alone: leave it out, a Loki needs chunks and index")
        if at is not None:
            raise BackupError("the archive has one state, with every line that is not too old: leave the moment out")
        if not to:
            raise BackupError("name the bucket that the archive is restored to; a Loki is then given it")
        return Restore(self.rclone, f"{TARGET}:{self.plan.archive}", to)
