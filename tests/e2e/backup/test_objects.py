"""Copies of buckets, with a real MinIO and a real rclone: made, lost, and brought back (BAK-2)."""

import itertools
import secrets
import time
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from minio import Minio
from minio.commonconfig import Tags

from tests.e2e.backup.held import held
from tests.e2e.backup.job import BackupJob, made
from tests.e2e.backup.stores import LOCKED, Store, store
from tests.waiting import wait_for

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(300)]

_KIND: Final = "object_storage"
_NUMBERS: Final = itertools.count()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Store]:
    """One server; each test has a bucket of its own in it."""
    with store(tmp_path_factory.mktemp("store"), [LOCKED]) as running:
        yield running


@pytest.fixture
def bucket(server: Store) -> str:
    """A bucket that is copied, with some objects."""
    name = f"bucket-{next(_NUMBERS)}"
    server.make(name)
    server.put(name, {f"{folder}/{index}.bin": _bytes() for folder in ("2026", "2025") for index in range(3)})
    return name


@pytest.fixture
def job(server: Store, bucket: str, tmp_path: Path) -> BackupJob:
    """What copies it."""
    buckets = [{"name": bucket, "folder": bucket}]
    told = {"kind": _KIND, "buckets": buckets, "copies": LOCKED, "keep_days": 14}
    return made(tmp_path / "job", server, told, server.root, server.root)


def _bytes(size: int = 1000) -> bytes:
    return secrets.token_bytes(size)


def _now() -> str:
    """The moment, once it is over: versions are asked for by the second."""
    moment = datetime.now(UTC)
    wait_for(lambda: int(time.time()) > int(moment.timestamp()) + 1, "the next second")
    return f"{datetime.fromtimestamp(int(moment.timestamp()) + 1, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _flip_a_bit(server: Store, bucket: str, name: str) -> None:
    """In the copy, which stays as long as before, and has the time that rclone compares."""
    copy = f"{bucket}/{name}"
    metadata = server.client.stat_object(LOCKED, copy).metadata
    assert metadata is not None
    content = bytearray(server.content(LOCKED, f"{bucket}/")[name])
    content[500] ^= 1
    server.put(LOCKED, {copy: bytes(content)}, {"x-amz-meta-mtime": str(metadata["x-amz-meta-mtime"])})


def test_a_bucket_is_brought_back_as_it_was(server: Store, bucket: str, job: BackupJob) -> None:
    before = server.content(bucket)
    ran = job.run("run")
    assert ran.returncode == 0, ran.stderr
    assert server.content(LOCKED, f"{bucket}/") == before
    told = job.figures(_KIND)
    assert (told["backup_objects"], told["backup_size_bytes"]) == (6, 6000)
    assert told["backup_verified_timestamp_seconds"] == told["backup_last_success_timestamp_seconds"]
    day = _now()
    # The next day one is another, one is gone, one is new; and then all are gone.
    server.put(bucket, {"2026/0.bin": _bytes(), "2027/0.bin": b"new"})
    server.client.remove_object(bucket, "2026/1.bin")
    assert job.run("run").returncode == 0
    assert server.content(LOCKED, f"{bucket}/") == server.content(bucket)
    for name in server.content(bucket):
        server.client.remove_object(bucket, name)
    assert job.run("run").returncode == 0
    assert job.figures(_KIND)["backup_objects"] == 0

    restored = job.run("restore", f"--to={bucket}", f"--what={bucket}", f"--at={day}", key=server.root)
    assert restored.returncode == 0, restored.stderr
    assert server.content(bucket) == before


def test_a_folder_is_restored_beside_what_is_there(server: Store, bucket: str, job: BackupJob) -> None:
    before = server.content(bucket)
    assert job.run("run").returncode == 0
    planned = job.run("restore", f"--what={bucket}/2025", "--dry-run", key=server.root)
    assert "3 objects are new" in planned.stdout
    assert server.content(bucket) == before
    assert job.run("restore", f"--what={bucket}/2025", key=server.root).returncode == 0
    expected = {name.removeprefix("2025/"): content for name, content in before.items() if name.startswith("2025/")}
    assert server.content(bucket, "restored/2025/") == expected


def test_what_is_there_is_replaced_only_when_that_is_said(server: Store, bucket: str, job: BackupJob) -> None:
    before = server.content(bucket)
    assert job.run("run").returncode == 0
    server.put(bucket, {"2026/0.bin": _bytes()})
    live = server.content(bucket)
    refused = job.run("restore", f"--to={bucket}", f"--what={bucket}", key=server.root)
    assert refused.returncode == 1
    assert "1 objects at" in refused.stderr
    assert server.content(bucket) == live
    assert job.run("restore", f"--to={bucket}", f"--what={bucket}", "--over", key=server.root).returncode == 0
    assert server.content(bucket) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--what=nothing"], "'nothing' is no part of this backup; give one of"),
        (["--what={bucket}", "--at=2020-01-01T00:00:00Z"], "is not covered: copies go back to"),
        (["--what={bucket}", "--at=yesterday"], "'yesterday' is not a UTC time: give one such as"),
        (["--what={bucket}/2031"], "holds nothing"),
    ],
)
def test_what_cannot_be_restored_is_refused(
    server: Store, bucket: str, job: BackupJob, arguments: list[str], said: str
) -> None:
    assert job.run("run").returncode == 0
    refused = job.run("restore", "--to=x", *(each.format(bucket=bucket) for each in arguments), key=server.root)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert said in refused.stderr


def test_a_restore_without_a_key_says_where_it_belongs(bucket: str, job: BackupJob) -> None:
    refused = job.run("restore", "--to=x", f"--what={bucket}")
    assert "standard input has no key" in refused.stderr


def test_a_copy_that_is_another_is_noticed(server: Store, bucket: str, job: BackupJob) -> None:
    """One bit is flipped behind the server's back: it answers with an error, which is no good backup."""
    assert job.run("run").returncode == 0
    good = job.figures(_KIND)
    _flip_a_bit(server, bucket, "2026/0.bin")
    noticed = job.run("run")
    assert noticed.returncode == 1
    assert "2026/0.bin" in noticed.stderr
    told = job.figures(_KIND)
    assert told["backup_last_success_timestamp_seconds"] == good["backup_last_success_timestamp_seconds"]
    assert told["backup_last_failure_timestamp_seconds"] > good["backup_last_success_timestamp_seconds"]


def test_a_truncated_copy_is_made_again(server: Store, bucket: str, job: BackupJob) -> None:
    assert job.run("run").returncode == 0
    server.put(LOCKED, {f"{bucket}/2026/0.bin": b"cut"})
    assert job.run("run").returncode == 0
    assert server.content(LOCKED, f"{bucket}/") == server.content(bucket)


def test_a_run_that_is_killed_is_taken_up_and_its_keys_are_seen_nowhere(
    server: Store, bucket: str, job: BackupJob
) -> None:
    server.put(bucket, {f"large/{index}.bin": _bytes(4_000_000) for index in range(12)})
    process = job.start("run")
    try:
        large = f"{bucket}/large/"
        rclone = held(process, lambda _: any(True for _ in server.client.list_objects(LOCKED, large)))
        seen = [*rclone.cmdline(), *rclone.environ().values()]
        assert not [each for each in seen if server.server.password in each]
        # Another one keeps away meanwhile.
        second = job.run("run")
        assert "another run is under way" in second.stderr
        rclone.kill()
    finally:
        process.kill()
        assert server.server.password not in process.communicate()[0]
    assert job.run("status").returncode == 1
    assert job.run("run").returncode == 0
    assert server.content(LOCKED, f"{bucket}/") == server.content(bucket)


def test_a_full_bucket_leaves_the_copies_that_are_there(server: Store, bucket: str, tmp_path: Path) -> None:
    """The bucket of copies of its own has a hard quota, as the stack's has."""
    full = f"{bucket[:30]}-full"
    server.make(full)
    server.quota(full, 20_000)
    told = {"kind": _KIND, "buckets": [{"name": bucket, "folder": "x"}], "copies": full, "keep_days": 14}
    job = made(tmp_path / "full", server, told, server.root, server.root)
    assert job.run("run").returncode == 0
    before = server.content(full, "x/")
    server.put(bucket, {"2026/large.bin": _bytes(30_000)})
    refused = job.run("run")
    assert refused.returncode == 1
    assert "quota" in refused.stderr.lower()
    assert server.content(full, "x/") == before


def test_nobody_removes_a_version_of_a_copy_with_an_ordinary_delete(server: Store, bucket: str, job: BackupJob) -> None:
    assert job.run("run").returncode == 0
    client: Minio = server.client
    name = f"{bucket}/2026/0.bin"
    version = client.stat_object(LOCKED, name).version_id
    with pytest.raises(Exception, match=r"WORM|[Ll]ock|[Rr]etention"):
        client.remove_object(LOCKED, name, version_id=version)
    client.set_object_tags(LOCKED, name, Tags.new_object_tags())


def test_a_drill_is_good_whatever_people_write_meanwhile(server: Store, bucket: str, job: BackupJob) -> None:
    refused = job.run("drill")
    assert "no backup has anything in it yet" in refused.stderr
    assert job.run("run").returncode == 0
    assert "last good restore drill never" in job.run("status").stdout
    _now()
    server.put(bucket, {"2026/0.bin": _bytes(), "2027/0.bin": _bytes()})
    server.client.remove_object(bucket, "2026/1.bin")
    live, copies = server.content(bucket), server.content(LOCKED, f"{bucket}/")
    drilled = job.run("drill")
    assert drilled.returncode == 0, drilled.stderr
    assert "6 objects, 6000 bytes restored and compared" in drilled.stdout
    told = job.figures(_KIND)
    assert told["backup_last_drill_timestamp_seconds"] > told["backup_last_success_timestamp_seconds"]
    assert told["backup_last_drill_failure_timestamp_seconds"] == 0
    assert "last good restore drill 20" in job.run("status").stdout
    assert (server.content(bucket), server.content(LOCKED, f"{bucket}/")) == (live, copies)
    assert not (job.folder / "drill").exists()


@pytest.mark.parametrize("damage", ["a bit", "the end"])
def test_a_damaged_copy_makes_the_drill_fail(server: Store, bucket: str, job: BackupJob, damage: str) -> None:
    assert job.run("run").returncode == 0
    assert job.run("drill").returncode == 0
    good = job.figures(_KIND)
    if damage == "a bit":
        _flip_a_bit(server, bucket, "2026/0.bin")
    else:
        server.put(LOCKED, {f"{bucket}/2026/0.bin": b"cut"})
    failed = job.run("drill")
    assert failed.returncode == 1
    assert "are not what was backed up: 2026/0.bin" in failed.stderr
    told = job.figures(_KIND)
    assert told["backup_last_drill_timestamp_seconds"] == good["backup_last_drill_timestamp_seconds"]
    assert told["backup_last_drill_failure_timestamp_seconds"] > good["backup_last_drill_timestamp_seconds"]
    assert not (job.folder / "drill").exists()


def test_what_a_killed_drill_leaves_is_gone_after_the_next(server: Store, bucket: str, job: BackupJob) -> None:
    server.put(bucket, {f"large/{index}.bin": _bytes(4_000_000) for index in range(12)})
    assert job.run("run").returncode == 0
    rest = job.folder / "drill"
    process = job.start("drill")
    try:
        rclone = held(process, lambda _: any(rest.rglob("*.*")))
        process.kill()
        rclone.kill()
    finally:
        process.kill()
        process.communicate()
    assert any(rest.rglob("*.*"))
    drilled = job.run("drill")
    assert drilled.returncode == 0, drilled.stderr
    assert not rest.exists()


def test_a_drill_restores_no_more_than_its_bound(server: Store, bucket: str, tmp_path: Path) -> None:
    """Of two objects that are too large together, one; and no more small ones than a run compares."""
    server.put(bucket, {f"large/{index}.bin": _bytes(40_000_000) for index in range(2)})
    for sample, expected in ((100, "7 objects, 40006000 bytes"), (5, "5 objects")):
        told = {"kind": _KIND, "copies": LOCKED, "keep_days": 14, "sample": sample}
        buckets = [{"name": bucket, "folder": f"{bucket}-{sample}"}]
        job = made(tmp_path / f"{sample}", server, {**told, "buckets": buckets}, server.root, server.root)
        assert job.run("run").returncode == 0
        assert f"restore drill: {expected}" in job.run("drill").stdout
