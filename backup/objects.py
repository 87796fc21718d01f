"""Copies of buckets, in a bucket that keeps versions and lets nobody delete one before its time (BAK-2)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from backup.drill import drilled
from backup.outcome import BackupError, Outcome
from backup.plan import Bucket, ObjectsPlan
from backup.rclone import SOURCE, TARGET, Rclone, Restore, sample_differs, summed


@dataclass(frozen=True)
class Objects:
    """See `backup.outcome.Job`. A part is a bucket, or a folder in one: `media` or `media/2026/05`."""

    plan: ObjectsPlan
    rclone: Rclone
    now: Callable[[], datetime]

    def run(self) -> Outcome:
        """Make each copy what its bucket is now, and compare a sample byte by byte."""
        return summed([self._copied(bucket) for bucket in self.plan.buckets])

    def _copied(self, bucket: Bucket) -> Outcome:
        source, target = f"{SOURCE}:{bucket.name}", f"{TARGET}:{self._copy(bucket)}"
        # Of what is to be copied, not of what was: what is missing in the copy is noticed as well.
        chosen = self.rclone.some(source, self.plan.sample)
        self.rclone.sync(source, target)
        different = sample_differs(self.rclone, source, target, chosen)
        if different:
            raise BackupError(f"{len(different)} copies of {bucket.name} differ from their source: {different[0]}")
        sizes = self.rclone.sizes(target)
        return Outcome(sizes.objects, sizes.size_bytes, verified=True)

    def restore(self, what: str, at: datetime | None, to: str) -> Restore:
        """See `Job`; `to` is a bucket with a folder or without."""
        folder, _, prefix = what.partition("/")
        known = {bucket.folder: bucket for bucket in self.plan.buckets}
        if folder not in known:
            raise BackupError(f"{what!r} is no part of this backup; give one of {', '.join(known)}, or a folder in one")
        now = self.now()
        oldest = now - timedelta(days=self.plan.keep_days)
        if at is not None and not oldest <= at <= now:
            raise BackupError(f"{at:%Y-%m-%d %H:%M}Z is not covered: copies go back to {oldest:%Y-%m-%d %H:%M}Z")
        source = f"{self.rclone.as_of(TARGET, at)}:{self._copy(known[folder])}/{prefix}"
        target = to or f"{known[folder].name}/restored/{prefix}"
        return Restore(self.rclone, source.rstrip("/"), target.rstrip("/"))

    def drill(self, folder: Path, begun: datetime) -> Outcome:
        """See `Job`; some objects of each bucket."""
        return summed([self._drilled(bucket, folder / bucket.folder, begun) for bucket in self.plan.buckets])

    def _drilled(self, bucket: Bucket, folder: Path, begun: datetime) -> Outcome:
        folder.mkdir()
        source, target = f"{SOURCE}:{bucket.name}", f"{TARGET}:{self._copy(bucket)}"
        return drilled(self.rclone, source, target, folder, begun, self.plan.sample)

    def _copy(self, bucket: Bucket) -> str:
        return "/".join(filter(None, (self.plan.copies, bucket.folder)))
