"""Copies at another site whose server is no MinIO: it keeps versions and locks them, and can read nothing (BAK-2)."""

import io
import secrets
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import requests
from minio import Minio
from minio.commonconfig import ENABLED, GOVERNANCE
from minio.error import S3Error
from minio.objectlockconfig import DAYS, ObjectLockConfig
from minio.versioningconfig import VersioningConfig

from tests.e2e.backup import seaweedfs
from tests.e2e.backup.job import BackupJob, made
from tests.e2e.backup.stores import Store, store
from tests.waiting import wait_for

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(300)]

_COPIES = "off-site"
_NAMES = tuple(f"{year}/{index}.bin" for year in (2025, 2026) for index in (0, 1))


class Sites(NamedTuple):
    """The stack's storage with a bucket, the other site with a bucket for copies, and the job between them."""

    own: Store
    other: Store
    job: BackupJob


@pytest.fixture
def sites(tmp_path: Path) -> Generator[Sites]:
    folder = tmp_path / "other"
    folder.mkdir()
    with store(tmp_path, ["media"]) as own, seaweedfs.running(folder, folder) as (server, client):
        client.make_bucket(_COPIES, object_lock=True)
        client.set_bucket_versioning(_COPIES, VersioningConfig(ENABLED))
        client.set_object_lock_config(_COPIES, ObjectLockConfig(GOVERNANCE, 14, DAYS))
        other = Store(server, client, folder)
        plan = {"kind": "object_storage", "buckets": [{"name": "media", "folder": "media"}]}
        first = made(tmp_path / "job", own, {**plan, "copies": None, "keep_days": 14}, own.root, other.root)
        job = first.leave_for(other, _COPIES, own)
        own.put(
            "media", {f"{year}/{index}.bin": secrets.token_bytes(1000) for year in (2025, 2026) for index in (0, 1)}
        )
        yield Sites(own, other, job)


def test_a_day_is_brought_back_from_a_server_that_is_no_minio(sites: Sites) -> None:
    own, other, job = sites
    before = own.content("media")
    ran = job.run("run")
    assert ran.returncode == 0, ran.stderr
    there = other.content(_COPIES)
    assert len(there) == 4
    # Neither names nor content can be read there.
    assert not [name for name in there if "media" in name or "20" in name or ".bin" in name]
    assert not [
        content for content in there.values() if content in before.values() or not content.startswith(b"RCLONE")
    ]
    told = job.figures("object_storage")
    assert told["backup_objects"] == 4
    assert told["backup_verified_timestamp_seconds"] == told["backup_last_success_timestamp_seconds"]
    day = datetime.now(UTC) + timedelta(seconds=2)
    # Versions are asked for by the second.
    wait_for(lambda: datetime.now(UTC) > day + timedelta(seconds=1), "the next second")
    own.put("media", {"2026/0.bin": secrets.token_bytes(1000)})
    own.client.remove_object("media", "2026/1.bin")
    assert job.run("run").returncode == 0
    assert len(other.content(_COPIES)) == 3

    arguments = ("--to=media", "--what=media", f"--at={day:%Y-%m-%dT%H:%M:%SZ}", "--over")
    restored = job.run("restore", *arguments, key=own.root)
    assert restored.returncode == 0, restored.stderr
    assert own.content("media") == before


def test_a_copy_that_is_another_is_noticed_there(sites: Sites) -> None:
    own, other, job = sites
    assert job.run("run").returncode == 0
    name, content = next(iter(other.content(_COPIES).items()))
    metadata = other.client.stat_object(_COPIES, name).metadata or {}
    same_time = {"x-amz-meta-mtime": str(metadata["x-amz-meta-mtime"])}
    other.put(_COPIES, {name: content[:500] + bytes([content[500] ^ 1]) + content[501:]}, same_time)
    noticed = job.run("run")
    assert noticed.returncode == 1
    assert any(name in noticed.stderr for name in _NAMES)
    assert own.content("media").keys() == set(_NAMES)


def test_another_passphrase_reads_nothing(sites: Sites) -> None:
    own, other, job = sites
    assert job.run("run").returncode == 0
    job.leave_for(other, _COPIES, own, "another-passphrase")
    refused = job.run("restore", "--to=media", "--what=media", "--dry-run", key=own.root)
    assert refused.returncode == 1
    assert "holds nothing" in refused.stderr


def test_a_locked_version_there_is_neither_deleted_nor_replaced(sites: Sites) -> None:
    client: Minio = sites.other.client
    version = client.put_object(_COPIES, "locked", io.BytesIO(b"one"), 3).version_id
    with pytest.raises(S3Error, match="AccessDenied"):
        client.remove_object(_COPIES, "locked", version_id=version)
    # MinIO puts it in the place of the version.
    url = client.get_presigned_url("PUT", _COPIES, "locked", extra_query_params={"versionId": str(version)})
    requests.put(url, data=b"another", verify=str(sites.other.server.bundle), timeout=30)
    assert client.get_object(_COPIES, "locked", version_id=version).read() == b"one"
