"""Nothing is deleted before its time, and what was deleted by mistake can be had back (BAK, LOG)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..judging import Level, Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .buckets import BACKUPS, COPIES, LOGS_ARCHIVE, LOKI, MEDIA, REGISTRY, TEMPO, class_of, for_bucket


@dataclass(frozen=True, slots=True)
class Floor:
    """How long objects under a prefix are kept at least, in days; None: they never expire."""

    prefix: str
    days: int | None
    noncurrent_days: int
    requirement: str


FLOORS: dict[str, tuple[Floor, ...]] = {
    LOKI: (Floor("", 90, 0, "LOG-6"),),
    LOGS_ARCHIVE: (Floor("", 60, 14, "BAK-4"), Floor("audit/", 90, 90, "LOG-6")),
    BACKUPS: (
        # pgBackRest expires what is too old, and needs some objects for as long as there are backups.
        Floor("database/", None, 14, "BAK-1"),
        Floor("deployment/", 7, 7, "BAK-3"),
    ),
    COPIES: (Floor("", None, 14, "BAK-2"),),
    MEDIA: (Floor("", None, 14, "BAK-2"),),
    REGISTRY: (Floor("", None, 14, "INF-6"),),
    TEMPO: (Floor("", 7, 0, "MON-4"),),
    "": (Floor("", None, 14, "BAK-2"),),
}
"""The requirement's floors by class of bucket. They are written here on purpose, not read from the settings."""

MUST_BE_VERSIONED = frozenset({MEDIA, BACKUPS, COPIES, REGISTRY, ""})
_PARTS = frozenset({"id", "filter", "status", "expiration", "noncurrentVersionExpirationDays", "__defaults"})
"""What a lifecycle's rule is made of."""
MUST_HAVE_LIFECYCLE = frozenset({LOKI, LOGS_ARCHIVE, BACKUPS, TEMPO})


def floors_met_by(class_: str, prefix: str) -> list[Floor]:
    """The floors that a lifecycle rule with this prefix must keep: all whose objects it may touch."""
    touched = [each for each in FLOORS[class_] if each.prefix.startswith(prefix) or prefix.startswith(each.prefix)]
    # A prefix that no floor speaks of holds backups all the same: the longest of the class counts.
    return touched or [max(FLOORS[class_], key=lambda each: each.days or math.inf)]


@resource_rule(
    "lifecycle-floors",
    requirements=("BAK-1", "BAK-2", "BAK-3", "BAK-4", "LOG-2", "LOG-6"),
    types=(kinds.BUCKET_LIFECYCLE,),
    severity=Severity.CRITICAL,
)
def lifecycle_floors(resource: Resource) -> Iterator[Finding]:
    """No lifecycle deletes objects, or the versions before them, earlier than the requirement says."""
    class_ = class_of(kinds.bucket_of(resource).text)
    for rule in resource.props.at("rules").items():
        floors = floors_met_by(class_, rule.at("filter").text)
        yield from _expiration(rule.at("expiration"), class_, floors)
        for name in rule.names():
            if name not in _PARTS:
                yield rule.at(name).wrong("moves or ends objects by what no rule reads", "remove it")
        noncurrent = rule.at("noncurrentVersionExpirationDays")
        days = noncurrent.number
        least = max(floors, key=lambda each: each.noncurrent_days)
        if days is not None and days < least.noncurrent_days:
            yield noncurrent.wrong(
                f"is {days:g} days",
                f"give at least {least.noncurrent_days}: {least.requirement} needs the versions before",
            )


def _expiration(expiration: Value, class_: str, floors: list[Floor]) -> Iterator[Finding]:
    text = expiration.text
    if text in {"", "DeleteMarker"}:
        return
    days = re.fullmatch(r"(\d+)d", text)
    forever = next((each for each in floors if each.days is None), None)
    if forever is not None:
        yield expiration.wrong(
            f"lets objects of {class_ or 'an unclassified'} bucket expire",
            f"remove it: they are kept until someone deletes them ({forever.requirement})",
        )
    elif days is None:
        yield expiration.wrong(f"is {text!r}, not a number of days", "give it as <days>d")
    else:
        longest = max(floors, key=lambda each: each.days or 0)
        if int(days.group(1)) < (longest.days or 0):
            yield expiration.wrong(f"is {text}", f"give at least {longest.days}d ({longest.requirement})")


@resource_rule("loki-lifecycle-prefix", requirements=("LOG-6",), types=(kinds.BUCKET_LIFECYCLE,))
def loki_lifecycle_prefix(resource: Resource) -> Iterator[Finding]:
    """A lifecycle on Loki's bucket names a prefix: on an empty one it would delete Loki's index as well."""
    if class_of(kinds.bucket_of(resource).text) != LOKI:
        return
    for rule in resource.props.at("rules").items():
        prefix = rule.at("filter")
        if not prefix.text.strip("/"):
            yield prefix.wrong("is empty", "name the tenant's prefix, as in fake/")


@stack_rule(
    "bucket-lifecycle",
    requirements=("BAK-1", "BAK-2", "BAK-4", "LOG-6"),
    types=(kinds.BUCKET, kinds.BUCKET_LIFECYCLE),
    severity=Severity.MEDIUM,
)
def bucket_lifecycle(stack: Stack) -> Iterator[Finding]:
    """Buckets of logs and backups have a lifecycle."""
    lifecycles = stack.of(kinds.BUCKET_LIFECYCLE)
    for bucket in stack.of(kinds.BUCKET):
        name = bucket.props.at("bucket")
        class_ = class_of(name.text)
        if class_ not in MUST_HAVE_LIFECYCLE:
            continue
        found = for_bucket(bucket, lifecycles)
        if not found:
            yield name.wrong("has no IlmPolicy", "declare one with the same bucket and the class's retention")
        for lifecycle in found:
            yield from _covers(lifecycle, class_)


def _covers(lifecycle: Resource, class_: str) -> Iterator[Finding]:
    """Every folder that the requirement speaks of comes to an end at some time."""
    rules = lifecycle.props.at("rules")
    ended: list[str] = []
    for rule in rules.items():
        if rule.at("status").text not in {"", "Enabled"}:
            yield rule.at("status").wrong(f"is {rule.at('status').text}", "give Enabled")
        if rule.at("expiration").text not in {"", "DeleteMarker"}:
            ended.append(rule.at("filter").text)
            if rule.at("filter").text and not rule.at("filter").text.endswith("/"):
                yield rule.at("filter").wrong("is no folder", "end it with /")
    for floor in FLOORS[class_]:
        if floor.days and not any(floor.prefix.startswith(each) or not floor.prefix for each in ended):
            yield rules.wrong(f"lets nothing under {floor.prefix or '/'} expire", f"give {floor.days}d")


@stack_rule("bucket-versioned", requirements=("BAK-2", "INF-5"), types=(kinds.BUCKET, kinds.BUCKET_VERSIONING))
def bucket_versioned(stack: Stack) -> Iterator[Finding]:
    """Buckets whose objects cannot be made again, the archive of logs as well, keep the versions before."""
    versionings = stack.of(kinds.BUCKET_VERSIONING)
    for bucket in stack.of(kinds.BUCKET):
        name = bucket.props.at("bucket")
        if class_of(name.text) not in MUST_BE_VERSIONED | {LOGS_ARCHIVE}:
            continue
        found = for_bucket(bucket, versionings)
        if not found:
            yield name.wrong("has no S3BucketVersioning", "declare one with the same bucket and status Enabled")
        for versioning in found:
            status = versioning.props.at("versioningConfiguration", "status")
            if status.text != "Enabled":
                yield status.wrong(f"is {status.text!r}", "give Enabled")
            for part in ("excludedPrefixes", "excludeFolders"):
                left = versioning.props.at("versioningConfiguration", part)
                if any(each.text not in {"", "false"} for each in left.leaves()):
                    yield left.wrong("leaves objects out", "remove it")


@stack_rule(
    "bucket-locked",
    requirements=("BAK-2", "INF-5"),
    types=(kinds.BUCKET, kinds.BUCKET_LOCK),
    severity=Severity.CRITICAL,
)
def bucket_locked(stack: Stack) -> Iterator[Finding]:
    """No version of the copies can be deleted before its time, whoever holds a key."""
    locks = {each.props.at("bucket").text: each.props.at("days") for each in stack.of(kinds.BUCKET_LOCK)}
    for bucket in stack.of(kinds.BUCKET):
        name = bucket.props.at("bucket")
        if class_of(name.text) != COPIES:
            continue
        if not bucket.props.at("objectLocking").flag:
            yield bucket.props.at("objectLocking").wrong("is not true", "give true: it cannot be had later")
        days = locks.get(name.text)
        if days is None:
            yield name.wrong("has no BucketLock", "declare one with the same bucket and the days of the copies")
        elif (days.number or 0) < FLOORS[COPIES][0].noncurrent_days:
            yield days.wrong(f"is {days.number or 0:g}", f"give at least {FLOORS[COPIES][0].noncurrent_days} (BAK-2)")


@stack_rule(
    "bucket-made-for-locks",
    requirements=("BAK-2", "INF-5"),
    types=(kinds.BUCKET, kinds.BUCKET_VERSIONING),
    dev=Level.ADVISORY,
    elsewhere=Level.ADVISORY,
    because="a bucket that was made before cannot have it, and is never replaced: its objects would be gone",
)
def bucket_made_for_locks(stack: Stack) -> Iterator[Finding]:
    """Who may write to a bucket with versions cannot remove them all by force, as MinIO else lets him."""
    versionings = stack.of(kinds.BUCKET_VERSIONING)
    for bucket in stack.of(kinds.BUCKET):
        locking = bucket.props.at("objectLocking")
        if for_bucket(bucket, versionings) and not locking.flag:
            yield locking.wrong("is not true", "copy what is in it into a new bucket with true (docs/adr/0031)")


@resource_rule(
    "bucket-force-destroy",
    requirements=("BAK-2", "INF-5"),
    types=(kinds.BUCKET,),
    dev=Level.ADVISORY,
    because="dev's objects are test data, and a developer's destroy is meant to be one command",
)
def bucket_force_destroy(resource: Resource) -> Iterator[Finding]:
    """No bucket is deleted together with what lies in it."""
    force = resource.props.at("forceDestroy")
    if force.flag:
        yield force.wrong("is true", "remove it; empty the bucket by hand when it must really go")


@resource_rule(
    "bucket-protected",
    requirements=("BAK-2", "INF-5"),
    types=(kinds.BUCKET,),
    severity=Severity.LOW,
    dev=Level.OFF,
    elsewhere=Level.ADVISORY,
    because="who means to remove a stack takes the protection away first, and sees here what that does",
)
def bucket_protected(resource: Resource) -> Iterator[Finding]:
    """Buckets that hold the only copy of something are protected against deletion."""
    name = resource.props.at("bucket")
    if class_of(name.text) in MUST_BE_VERSIONED and not resource.protected:
        yield name.wrong("can be deleted by any update", "give it protected: true in the stack file")
