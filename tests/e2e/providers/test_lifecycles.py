"""What the lifecycles of a stack's buckets do on a real MinIO with objects of every age: the scanner itself acts.

No clock is moved. MinIO believes who writes how old an object is (`X-Minio-Source-Mtime`, by which one server tells
another), and an old version is as old as what replaced it. A day counts when it is over in UTC, so an hour before
its promise nothing goes, and a day after it everything does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import pytest
import requests
from minio import Minio

from components.storage.object_storage import ObjectStorage, ObjectStorageArgs
from tests.e2e.providers.minio_server import KMS_KEY, running
from tests.recording import record, stack_settings
from tests.waiting import wait_for
from tools import ensure

# The server looks at what it knows only now and then: minutes on a busy machine.
pytestmark = [pytest.mark.needs_tools, pytest.mark.long, pytest.mark.timeout(600)]

EARLY: Final = -1
LATE: Final = 24
"""Hours from the moment of a promise."""
LOCK_DAYS: Final = 14


class Act(NamedTuple):
    """What happened to an object."""

    hours: int
    """Before the test."""
    deleted: bool
    locked: int | None = None
    """Hours before the test when its lock ended, where that is not as long after it was written as the bucket says."""


BY_LIFECYCLE: Final = Act(0, deleted=True)
"""The mark that the lifecycle leaves when an object with versions has expired."""


def written(days: int, hours: int = 0, locked: int | None = None) -> Act:
    return Act(days * 24 + hours, deleted=False, locked=locked)


def deleted(days: int, hours: int = 0) -> Act:
    return Act(days * 24 + hours, deleted=True)


class Case(NamedTuple):
    """An object's life, and what is left of it."""

    bucket: str
    """Without the prefix."""
    name: str
    life: tuple[Act, ...]
    left: tuple[Act, ...]


def _expiring(bucket: str, folder: str, days: int, old_days: int | None = None) -> Iterator[Case]:
    """Objects go after some days; where versions are kept, `old_days` later for good, as what was written over."""
    young, old, long_ago = written(days, EARLY), written(days, LATE), written(days + 190)
    yield Case(bucket, f"{folder}young", (young,), (young,))
    yield Case(bucket, f"{folder}old", (old,), (old, BY_LIFECYCLE) if old_days else ())
    if old_days:
        still = (long_ago, deleted(old_days, EARLY))
        yield Case(bucket, f"{folder}gone-today", still, still)
        yield Case(bucket, f"{folder}gone", (long_ago, deleted(old_days, LATE)), ())
        over = (long_ago, written(min(days, old_days), EARLY))
        yield Case(bucket, f"{folder}written-over", over, over)


def _versions(bucket: str, folder: str, days: int) -> Iterator[Case]:
    """Objects stay; what was overwritten or deleted goes after some days."""
    first = written(1000)
    yield Case(bucket, f"{folder}kept", (first,), (first,))
    for end in (written, deleted):
        young, old = (first, end(days, EARLY)), (first, end(days, LATE))
        yield Case(bucket, f"{folder}{end.__name__}-young", young, young)
        yield Case(bucket, f"{folder}{end.__name__}-old", old, () if end is deleted else old[1:])


def _cases() -> Iterator[Case]:
    """The promises of the retention table, in days (BAK-1 to BAK-4, LOG-6)."""
    yield from _expiring("loki", "luxima/", 90)
    yield from _expiring("loki", "audit/", 90)
    yield from _expiring("tempo", "single-tenant/", 14)
    yield Case("tempo", "tempo_cluster_seed.json", (written(1000),), (written(1000),))
    yield from _expiring("logs-archive", "luxima/", 60, 14)
    yield from _expiring("logs-archive", "audit/", 90, 90)
    yield from _expiring("backups", "deployment/etcd/", 7, 7)
    yield from _versions("backups", "database/", 14)
    for bucket in ("media", "vendor-media", "registry"):
        yield from _versions(bucket, "", 14)
    yield from _versions("copies", "luxima-dev-media/", 15)
    # Its time is over by the lifecycle, and its lock ends tomorrow.
    locked = (written(1000, locked=-24), written(15, LATE))
    yield Case("copies", "luxima-dev-media/locked", locked, locked)


class World(NamedTuple):
    """A MinIO with the stack's buckets."""

    client: Minio
    bundle: Path
    drive: Path
    names: Mapping[str, str]
    """Of buckets, by those without the prefix."""
    began: datetime

    def do(self, case: Case, act: Act) -> None:
        """Let it have happened when it says."""
        moment = self.began - timedelta(hours=act.hours)
        headers = {"x-minio-source-mtime": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
        if case.bucket == "copies" and not act.deleted:
            # As the bucket does it, but counted from then and not from now.
            ends = moment + timedelta(days=LOCK_DAYS)
            if act.locked is not None:
                ends = self.began - timedelta(hours=act.locked)
            headers |= {
                "x-minio-source-replication-request": "true",
                "x-amz-object-lock-mode": "GOVERNANCE",
                "x-amz-object-lock-retain-until-date": f"{ends:%Y-%m-%dT%H:%M:%SZ}",
            }
        method = "DELETE" if act.deleted else "PUT"
        url = self.client.get_presigned_url(method, self.names[case.bucket], case.name)
        answer = requests.request(method, url, headers=headers, data=b"one", verify=str(self.bundle), timeout=30)
        assert answer.ok, answer.text

    def left(self) -> dict[tuple[str, str], list[tuple[datetime | None, bool]]]:
        """What is there, oldest first; without the moment if it came later."""
        found: dict[tuple[str, str], list[tuple[datetime | None, bool]]] = {}
        for bucket, name in self.names.items():
            for item in self.client.list_objects(name, recursive=True, include_version=True):
                assert item.last_modified is not None
                moment = item.last_modified if item.last_modified < self.began else None
                found.setdefault((bucket, str(item.object_name)), []).append((moment, bool(item.is_delete_marker)))
        return {key: sorted(each, key=lambda one: one[0] or self.began) for key, each in found.items()}

    def expected(self, case: Case) -> list[tuple[datetime | None, bool]]:
        """As `left` has it."""
        return [(self.began - timedelta(hours=act.hours) if act.hours else None, act.deleted) for act in case.left]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    settings = stack_settings("dev")
    storage = settings.storage.model_copy(update={"kms_key": KMS_KEY})
    args = ObjectStorageArgs(storage, settings.retention, "the-password")
    recorded = record(lambda: ObjectStorage("storage", args))
    # It looks without pauses; what it saw before it looks at each 16th time, which is minutes on a busy machine.
    with running(ensure("minio")["minio"], tmp_path, more={"MINIO_SCANNER_SPEED": "fastest"}) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.bundle))
        for kind in ("S3Bucket", "S3BucketVersioning", "S3BucketServerSideEncryption", "IlmPolicy"):
            for declared in recorded.of(f":{kind}"):
                server.driver.handler(declared.type).create(declared.name, dict(declared.inputs))
        (lock,) = recorded.of(":BucketLock")
        assert lock.inputs["days"] == LOCK_DAYS
        names = {bucket: storage.bucket_name(bucket) for bucket in storage.buckets}
        yield World(server.client(), server.bundle, tmp_path / "drive", names, datetime.now(UTC).replace(microsecond=0))


def test_what_is_old_goes_and_what_is_young_stays(world: World, record_property: Callable[[str, object], None]) -> None:
    # What will be gone without a trace is written last: when that is seen, the scanner was at all others.
    cases = sorted(_cases(), key=lambda case: not case.left)
    assert {case.bucket for case in cases} == set(world.names)
    for case in cases:
        for act in case.life:
            world.do(case, act)
    traceless = [world.drive / world.names[case.bucket] / case.name for case in cases if not case.left]
    # On the drive, since who asks for a list makes the server look at what is in it.
    wait_for(lambda: not [path for path in traceless if path.exists()], "the end of all that is old", 400)
    expected = {(case.bucket, case.name): world.expected(case) for case in cases if case.left}

    def only_that() -> bool:
        assert world.left() == expected
        return True

    wait_for(only_that, "that what is young is left, and nothing else", 30)
    record_property("objects", len(cases))
