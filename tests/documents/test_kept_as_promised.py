"""Lifecycles over random retention tables and histories: nothing goes before its promise, and nothing stays far longer.

No server: a model of what MinIO does with a bucket once a day, by its `internal/bucket/lifecycle` (facts of 2026-02):
a day counts when it is over in UTC, an object that expires in a versioned bucket becomes an old version, a lock keeps
a version whatever the lifecycle says, and a mark of a deletion goes when no version is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from components.storage.lifecycle import LifecycleRule, lifecycle
from settings.retention import BackupRetention, LogRetention, Retention

HOURS: Final = 24
FOLDERS: Final[Mapping[str, Sequence[str]]] = {
    "loki": ("luxima/", "audit/"),
    "tempo": ("single-tenant/",),
    "logs-archive": ("luxima/", "audit/"),
    "backups": ("database/", "deployment/"),
    "media": ("",),
    "vendor-media": ("",),
    "registry": ("",),
    "copies": ("",),
}
"""Where programs write, by bucket."""
LATE: Final = 2
"""Days after its promise after which nothing may be left: the day has to be over, and then MinIO looks once a day."""


@dataclass
class Version:
    """A version of an object, or the mark that it was deleted; hours since the beginning."""

    made: int
    mark: bool = False
    replaced: int | None = None
    by_program: bool = False
    """Whether a program replaced or deleted it, and not the lifecycle."""


@dataclass
class Bucket:
    """What MinIO keeps of one object."""

    rules: Sequence[LifecycleRule]
    versioned: bool
    lock_days: int
    versions: list[Version] = field(default_factory=list[Version])
    """The newest last."""
    removed: list[Version] = field(default_factory=list[Version])
    """What the lifecycle deleted at its last look."""

    def put(self, now: int, *, mark: bool = False, by_program: bool = True) -> None:
        """The object is written, or deleted."""
        if mark and (not self.versions or self.versions[-1].mark):
            return
        if self.versions:
            self.versions[-1].replaced = now
            self.versions[-1].by_program = by_program
        if not self.versioned:
            self.versions.clear()
        if self.versioned or not mark:
            self.versions.append(Version(now, mark))

    def look(self, now: int) -> None:
        """The scanner comes by."""
        for version in list(self.versions):
            if version is not self.versions[-1]:
                if version.replaced is not None and any(
                    rule.noncurrent_days and now > _ends(version.replaced, rule.noncurrent_days) for rule in self.rules
                ):
                    self._remove(version, now)
            elif version.mark:
                due = [
                    rule
                    for rule in self.rules
                    if rule.expire_days is None or now > _ends(version.made, rule.expire_days)
                ]
                if len(self.versions) == 1 and due:
                    self._remove(version, now)
            elif any(
                rule.expire_days is not None and now > _ends(version.made, rule.expire_days) for rule in self.rules
            ):
                if self.versioned:
                    self.put(now, mark=True, by_program=False)
                else:
                    self._remove(version, now)

    def _expires(self, version: Version, now: int) -> bool:
        return any(rule.expire_days and now > _ends(version.made, rule.expire_days) for rule in self.rules)

    def _remove(self, version: Version, now: int) -> None:
        if version.mark or now >= version.made + self.lock_days * HOURS:
            self.versions.remove(version)
            self.removed.append(version)


def _ends(begin: int, days: int) -> int:
    """When a number of days is over: at the end of a day, as S3 counts."""
    return (begin // HOURS + days + 1) * HOURS


@dataclass(frozen=True)
class Promise:
    """What the retention table promises of a folder, in days; written down here beside the code that keeps it."""

    current: int | None
    """How long an object is kept that nobody deletes; None for ever."""
    old: int
    """How long one is kept that was overwritten or deleted."""


def promise(bucket: str, folder: str, table: Retention) -> Promise:
    backups = table.backups
    match bucket, folder:
        case "loki", _:
            return Promise(table.log_objects_days, 0)
        case "tempo", _:
            return Promise(table.traces_days, 0)
        case "logs-archive", "audit/":
            return Promise(backups.audit_logs_days, max(backups.audit_logs_days, backups.object_storage_days))
        case "logs-archive", _:
            return Promise(backups.logs_days, backups.object_storage_days)
        case "backups", "deployment/":
            return Promise(backups.deployment_days, backups.deployment_days)
        case "copies", _:
            return Promise(None, backups.object_storage_days + 1)
        case _:
            return Promise(None, backups.object_storage_days)


DAYS = st.integers(1, 40)
TABLES = st.builds(
    Retention,
    log_objects_days=DAYS,
    traces_days=DAYS,
    logs=st.just(LogRetention()),
    backups=st.builds(
        BackupRetention,
        database_days=DAYS,
        object_storage_days=DAYS,
        deployment_days=DAYS,
        logs_days=DAYS,
        audit_logs_days=DAYS,
    ),
)
WHERE = st.sampled_from([(bucket, folder) for bucket, folders in FOLDERS.items() for folder in folders])
HISTORIES = st.lists(st.tuples(st.integers(0, 30 * HOURS), st.sampled_from(["put", "delete"])), min_size=1, max_size=6)


@settings(max_examples=150, deadline=None)
@given(table=TABLES, where=WHERE, history=HISTORIES)
def test_nothing_goes_before_its_promise_and_nothing_stays_far_longer(
    table: Retention, where: tuple[str, str], history: list[tuple[int, str]]
) -> None:
    bucket, folder = where
    versioned = bucket not in {"loki", "tempo"}
    rules = [rule for rule in lifecycle(bucket, versioned, table) if folder.startswith(rule.prefix)]
    locked = table.backups.object_storage_days if bucket == "copies" else 0
    kept, given_ = Bucket(rules, versioned, locked), promise(bucket, folder, table)
    acts = sorted(history)
    for now in range(7, acts[-1][0] + (3 * 40 + 9) * HOURS, HOURS):
        while acts and acts[0][0] <= now:
            at, act = acts.pop(0)
            kept.put(at, mark=act == "delete")
        kept.look(now)
        _check(kept, now, given_)
        kept.removed.clear()
    assert len(kept.versions) <= 1, kept.versions
    if given_.current is not None:
        assert kept.versions == []
    else:
        assert all(not each.mark for each in kept.versions), "the mark of a deletion goes when it is all that is left"


def _check(kept: Bucket, now: int, given_: Promise) -> None:
    for version in kept.removed:
        if version.mark:
            continue
        if version.by_program:
            assert version.replaced is not None
            assert now >= version.replaced + given_.old * HOURS, (version, now)
        else:
            assert given_.current is not None, (version, now)
            assert now >= version.made + given_.current * HOURS, (version, now)
        assert now >= version.made + kept.lock_days * HOURS, (version, now)
    for version in kept.versions:
        if version.replaced is not None and not version.mark:
            # An expired object is an old version for a day at least.
            latest = version.replaced + (max(given_.old, 1) + LATE) * HOURS
            assert now <= max(latest, version.made + (kept.lock_days + LATE) * HOURS), (version, now)
        elif not version.mark and given_.current is not None:
            assert now <= version.made + (given_.current + LATE) * HOURS, (version, now)
