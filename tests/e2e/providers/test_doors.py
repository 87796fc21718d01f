"""Requests of MinIO's own that a job's key may make though its policy names no such right.

The archived MinIO, which runs here, believes headers that S3 does not know: those by which one server tells another of
its objects, and those that are called as a condition of a policy. The platform's own server, silo, does not by its
notes. What is wrong here is expected to fail, so that a server that mends it is noticed (docs/adr/0031).
"""

from collections.abc import Generator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import requests
from minio import Minio
from minio.commonconfig import COMPLIANCE, ENABLED, GOVERNANCE
from minio.error import S3Error
from minio.objectlockconfig import DAYS, ObjectLockConfig
from minio.versioningconfig import VersioningConfig

from components.storage.access import key_policy
from components.storage.bucket import Bucket, BucketArgs
from settings.storage import Bucket as BucketSettings
from settings.storage import Storage
from tests.e2e.providers.minio_server import KMS_KEY, Running, running
from tests.recording import record, stack_settings
from tools import ensure

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(300)]

_open = pytest.mark.xfail(reason="MinIO asks for no right", raises=AssertionError, strict=True)
_UNSEEN = {"Versionid": ""}
"""With it the condition `s3:versionid` of a policy sees no version."""


class Key(NamedTuple):
    """A job's key, and the bucket that it writes to."""

    root: Minio
    client: Minio
    bucket: str
    bundle: Path

    def put(self) -> str:
        """Write a new version, and give its id."""
        url = self.client.get_presigned_url("PUT", self.bucket, "object")
        return requests.put(url, data=b"one", verify=str(self.bundle), timeout=30).headers["x-amz-version-id"]

    def ask(self, method: str, headers: Mapping[str, str], data: bytes = b"", **query: str) -> int:
        """Send it; gives the status."""
        url = self.client.get_presigned_url(method, self.bucket, "object", extra_query_params=dict(query))
        return requests.request(
            method, url, headers=headers, data=data, verify=str(self.bundle), timeout=30
        ).status_code

    def has(self, version: str) -> bool:
        """Whether that version is there as it was written."""
        found = self.client.list_objects(self.bucket, include_version=True)
        return version in {each.version_id for each in found} and (
            self.client.get_object(self.bucket, "object", version_id=version).read() == b"one"
        )


def _made_for_locks(settings: BucketSettings) -> bool:
    """What the component declares of such a bucket."""
    args = BucketArgs("bucket", settings, KMS_KEY, ())
    (declared,) = record(lambda: Bucket("bucket", args)).of(":S3Bucket")
    return bool(declared.inputs.get("objectLocking"))


def _key(server: Running, storage: Storage, name: str) -> Key:
    """Make the bucket as the component does, with a lock if the stack's has one, and its writer's key."""
    user, root = storage.users[name], server.client()
    bucket, settings = storage.bucket_name(user.bucket), storage.buckets[user.bucket]
    root.make_bucket(bucket, object_lock=_made_for_locks(settings))
    root.set_bucket_versioning(bucket, VersioningConfig(ENABLED))
    if settings.locked:
        root.set_object_lock_config(bucket, ObjectLockConfig(GOVERNANCE, 14, DAYS))
    key = server.make_key(name, f"{name}-password", key_policy(user, storage))
    return Key(root, server.client(*key), bucket, server.bundle)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Generator[Mapping[str, Key]]:
    storage = stack_settings("dev").storage.model_copy(update={"kms_key": KMS_KEY})
    with (
        running(ensure("minio")["minio"], tmp_path_factory.mktemp("minio")) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("SSL_CERT_FILE", str(server.bundle))
        yield {name: _key(server, storage, name) for name in ("storefront", "copy-target")}


@pytest.mark.parametrize("user", ["storefront", "copy-target"])
def test_a_bucket_that_keeps_versions_loses_none_by_force(keys: Mapping[str, Key], user: str) -> None:
    key = keys[user]
    version = key.put()
    assert key.ask("DELETE", {"x-minio-force-delete": "true"}) == 400
    assert key.has(version)


@pytest.mark.parametrize("headers", [{}, _UNSEEN, {"x-amz-bypass-governance-retention": "true", **_UNSEEN}])
@pytest.mark.parametrize("user", ["storefront", "copy-target"])
def test_no_version_is_deleted(keys: Mapping[str, Key], user: str, headers: Mapping[str, str]) -> None:
    key = keys[user]
    version = key.put()
    assert key.ask("DELETE", headers, versionId=version) == 403
    assert key.has(version)


@pytest.mark.parametrize("headers", [{}, pytest.param(_UNSEEN, marks=_open)])
@pytest.mark.parametrize("user", ["storefront", "copy-target"])
def test_nothing_is_put_in_the_place_of_a_version(
    keys: Mapping[str, Key], user: str, headers: Mapping[str, str]
) -> None:
    key = keys[user]
    version = key.put()
    status = key.ask("PUT", headers, b"another", versionId=version)
    assert key.has(version)
    assert status == 403


def test_a_lock_of_mode_compliance_closes_every_door(keys: Mapping[str, Key]) -> None:
    key = keys["copy-target"]
    key.root.set_object_lock_config(key.bucket, ObjectLockConfig(COMPLIANCE, 14, DAYS))
    try:
        version = key.put()
        long_ago = {"x-minio-source-mtime": "2020-01-01T00:00:00Z"}
        for method, headers in (("PUT", _UNSEEN), ("PUT", {**_UNSEEN, **long_ago}), ("DELETE", _UNSEEN)):
            key.ask(method, headers, b"another", versionId=version)
            assert key.has(version), (method, headers)
        # Nor is it the administrator's to delete.
        with pytest.raises(S3Error, match="WORM"):
            key.root.remove_object(key.bucket, "object", version)
    finally:
        key.root.set_object_lock_config(key.bucket, ObjectLockConfig(GOVERNANCE, 14, DAYS))


@_open
def test_nobody_says_how_old_an_object_is(keys: Mapping[str, Key]) -> None:
    key, long_ago = keys["copy-target"], datetime.now(UTC) - timedelta(days=16)
    key.ask("PUT", {"x-minio-source-mtime": f"{long_ago:%Y-%m-%dT%H:%M:%SZ}"}, b"another")
    made = {each.last_modified for each in key.client.list_objects(key.bucket, include_version=True)}
    assert not [each for each in made if each and each < long_ago + timedelta(days=1)]
