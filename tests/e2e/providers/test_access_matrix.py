"""Every key of a stack against every bucket, folder and action, on a real MinIO: allowed where listed, else denied."""

from __future__ import annotations

import io
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
import urllib3
from minio import Minio
from minio.commonconfig import ENABLED, GOVERNANCE, Filter
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from minio.lifecycleconfig import Expiration, LifecycleConfig, Rule
from minio.objectlockconfig import DAYS, ObjectLockConfig
from minio.retention import Retention
from minio.sse import Sse, SseCustomerKey, SseKMS
from minio.sseconfig import Rule as EncryptionRule
from minio.sseconfig import SSEConfig
from minio.versioningconfig import SUSPENDED, VersioningConfig
from pulumi.dynamic import ConfigureRequest

from components.storage.access import key_policy
from components.storage.lock import LockError, LockProvider
from sandbox.providers.minio.driver import MinioDriver
from settings.storage import Storage, StorageUser
from tests.e2e.providers.minio_server import KMS_KEY, Running, running
from tests.recording import stack_settings
from tools import ensure

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(900)]

SEED: Final = "seed"
LOCK_DAYS: Final = 14


@dataclass(frozen=True)
class Place:
    """A bucket and a folder in it, with one object."""

    bucket: str
    """Full name."""
    folder: str
    version: str | None
    """The object's version."""

    @property
    def seed(self) -> str:
        return f"{self.folder}{SEED}"


@dataclass(frozen=True)
class World:
    """A MinIO with the buckets and users of a stack."""

    server: Running
    storage: Storage
    root: Minio
    keys: Mapping[str, Minio]
    """By user."""
    users: Mapping[str, Minio]
    """By user, with its own password, which no program is given."""
    places: Mapping[str, tuple[Place, ...]]
    """By bucket, without the prefix."""


def _client(server: Running, user: str, password: str, secure: bool = True) -> Minio:
    pool = urllib3.PoolManager(cert_reqs="CERT_REQUIRED", ca_certs=str(server.bundle))
    return Minio(server.server, user, password, secure=secure, region="us-east-1", http_client=pool)


def _put(client: Minio, bucket: str, name: str, sse: Sse | None = None) -> str | None:
    return client.put_object(bucket, name, io.BytesIO(b"one"), 3, sse=sse).version_id


def _locks(server: Running) -> LockProvider:
    class Config:
        def get(self, _name: str) -> str:
            return server.password

    provider = LockProvider()
    provider.configure(ConfigureRequest(Config()))  # type: ignore[arg-type]  # what it asks of a configuration
    return provider


def _lock(server: Running, bucket: str, days: int = LOCK_DAYS) -> dict[str, Any]:
    return {"endpoint": server.server, "region": "us-east-1", "user": server.user, "bucket": bucket, "days": days}


def _folders(name: str, users: Iterable[StorageUser]) -> list[str]:
    """Those that a user of the bucket has, and one that none has."""
    return sorted({"other/", *(user.prefix for user in users if user.bucket == name and user.prefix)})


def _world(server: Running, secure: bool) -> World:
    storage = stack_settings("dev").storage.model_copy(update={"kms_key": KMS_KEY, "endpoint": server.server})
    root, driver = _client(server, server.user, server.password, secure), MinioDriver()
    driver.configure(
        {"minioServer": server.server, "minioUser": server.user, "minioPassword": server.password, "minioSsl": secure}
    )

    def create(kind: str, **inputs: Any) -> Mapping[str, Any]:
        return driver.create(f"minio:index/{kind[0].lower()}{kind[1:]}:{kind}", kind, inputs)[1]

    places: dict[str, tuple[Place, ...]] = {}
    for name, settings in storage.buckets.items():
        bucket = storage.bucket_name(name)
        create("S3Bucket", bucket=bucket, **({"objectLocking": True} if settings.versioning else {}))
        if settings.versioning:
            create("S3BucketVersioning", bucket=bucket, versioningConfiguration={"status": "Enabled"})
        create("S3BucketServerSideEncryption", bucket=bucket, encryptionType="aws:kms", kmsKeyId=KMS_KEY)
        if settings.locked and secure:
            _locks(server).create(_lock(server, bucket))
        folders = _folders(name, storage.users.values())
        places[name] = tuple(Place(bucket, each, _put(root, bucket, f"{each}{SEED}")) for each in folders)
    keys: dict[str, Minio] = {}
    users: dict[str, Minio] = {}
    for name, user in storage.users.items():
        document, password = key_policy(user, storage), f"{name}-{server.password}"
        create("IamUser", name=name, secret=password)
        create("IamPolicy", name=name, policy=document)
        create("IamUserPolicyAttachment", userName=name, policyName=name)
        key = create("IamServiceAccount", targetUser=name, policy=document)
        keys[name] = _client(server, key["accessKey"], key["secretKey"], secure)
        users[name] = _client(server, name, password, secure)
    return World(server, storage, root, keys, users, places)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Generator[World]:
    with ExitStack() as stack:
        server = stack.enter_context(running(ensure("minio")["minio"], tmp_path_factory.mktemp("minio")))
        stack.enter_context(pytest.MonkeyPatch.context()).setenv("SSL_CERT_FILE", str(server.bundle))
        yield _world(server, secure=True)


def _delete(client: Minio, place: Place, *, bypass: bool = False) -> None:
    """Delete the version for good."""
    asked = client.remove_objects(
        place.bucket, [DeleteObject(place.seed, place.version)], bypass_governance_mode=bypass
    )
    for error in asked:
        raise S3Error(None, error.code, error.message, None, None, None)  # type: ignore[arg-type]  # only its code is read


def _later() -> Retention:
    return Retention(GOVERNANCE, datetime.now(UTC) + timedelta(days=999))


_LIFECYCLE: Final = LifecycleConfig([Rule(ENABLED, rule_filter=Filter(prefix=""), expiration=Expiration(days=1))])
_OPEN: Final = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["*"]},'
_OF_BUCKETS: Final[Mapping[str, Callable[[Minio, str], object]]] = {
    "list": lambda client, bucket: list(client.list_objects(bucket, recursive=True)),
    "policy": lambda client, bucket: client.set_bucket_policy(
        bucket, f'{_OPEN}"Action":["s3:GetObject"],"Resource":["arn:aws:s3:::{bucket}/*"]}}]}}'
    ),
    "lifecycle": lambda client, bucket: client.set_bucket_lifecycle(bucket, _LIFECYCLE),
    "versioning": lambda client, bucket: client.set_bucket_versioning(bucket, VersioningConfig(SUSPENDED)),
    "encryption": lambda client, bucket: client.set_bucket_encryption(
        bucket, SSEConfig(EncryptionRule.new_sse_s3_rule())
    ),
    "lock": lambda client, bucket: client.set_object_lock_config(bucket, ObjectLockConfig(GOVERNANCE, 1, DAYS)),
    "remove": lambda client, bucket: client.remove_bucket(bucket),
}
_OF_OBJECTS: Final[Mapping[str, Callable[[Minio, Place], object]]] = {
    "get": lambda client, place: client.get_object(place.bucket, place.seed).read(),
    "get version": lambda client, place: client.get_object(place.bucket, place.seed, version_id=place.version).read(),
    "put": lambda client, place: _put(client, place.bucket, f"{place.folder}new"),
    "put with another key": lambda client, place: _put(client, place.bucket, place.seed, SseKMS("another", {})),
    "put with an own key": lambda client, place: _put(client, place.bucket, place.seed, SseCustomerKey(b"k" * 32)),
    "delete": lambda client, place: client.remove_object(place.bucket, f"{place.folder}gone"),
    "delete version": lambda client, place: _delete(client, place) if place.version else _denied(),
    "bypass": lambda client, place: _delete(client, place, bypass=True) if place.version else _denied(),
    "lock longer": lambda client, place: client.set_object_retention(place.bucket, place.seed, _later(), place.version),
}


def _denied() -> None:
    """An object without versions has none that could be deleted: `delete` is about it."""
    raise S3Error(None, "AccessDenied", None, None, None, None)  # type: ignore[arg-type]  # only its code is read


def _allowed(user: StorageUser, bucket: str, folder: str, action: str) -> bool:
    """What the settings list."""
    reads = bucket in user.also_reads or (bucket == user.bucket and folder.startswith(user.prefix))
    changes = bucket == user.bucket and reads
    match action:
        case "list":
            return bucket in {user.bucket, *user.also_reads}
        case "get" | "get version":
            return reads
        case "put":
            return changes and user.access != "read_only"
        case "delete":
            return changes and user.access == "read_write"
        case _:
            return False


def _answer(ask: Callable[..., object], *about: object, **how: bool) -> str:
    try:
        ask(*about, **how)
    except S3Error as error:
        return str(error.code)
    return "allowed"


def test_every_key_may_what_is_listed_and_nothing_else(
    world: World, record_property: Callable[[str, object], None]
) -> None:
    wrong: list[str] = []
    asked = 0
    for user, client in world.keys.items():
        for name, places in world.places.items():
            bucket = world.storage.bucket_name(name)
            cells: list[tuple[str, str, str]] = [
                (action, "", _answer(do, client, bucket)) for action, do in _OF_BUCKETS.items()
            ]
            cells += [
                (action, place.folder, _answer(do, client, place))
                for place in places
                for action, do in _OF_OBJECTS.items()
            ]
            for action, folder, answer in cells:
                listed = _allowed(world.storage.users[user], name, folder, action)
                # Where nothing can be locked, MinIO says so before it looks at who asks.
                unlockable = action == "lock longer" and not world.storage.buckets[name].versioning
                if answer != ("allowed" if listed else "InvalidRequest" if unlockable else "AccessDenied"):
                    wrong.append(f"{user}: {action} {name}/{folder}: {answer}")
            asked += len(cells)
    record_property("cells", asked)
    assert wrong == []
    assert asked > 1800


def test_not_even_a_user_s_own_password_deletes_a_version(world: World) -> None:
    for user, client in world.users.items():
        for place in world.places[world.storage.users[user].bucket]:
            if place.version:
                assert _answer(_delete, client, place) == "AccessDenied", (user, place)
                assert _answer(_delete, client, place, bypass=True) == "AccessDenied", (user, place)


def test_a_locked_version_outlives_its_writer_s_key_and_an_administrator_without_bypass(world: World) -> None:
    bucket, key = world.storage.bucket_name("copies"), world.keys["copy-target"]
    place = Place(bucket, "locked-", _put(key, bucket, f"locked-{SEED}"))
    kept = world.root.get_object_retention(bucket, place.seed, place.version)
    assert kept is not None
    assert kept.mode == GOVERNANCE
    assert abs(kept.retain_until_date - datetime.now(UTC) - timedelta(days=LOCK_DAYS)) < timedelta(hours=1)
    _put(key, bucket, place.seed)
    key.remove_object(bucket, place.seed)
    assert _answer(_delete, key, place, bypass=True) == "AccessDenied"
    assert _answer(lambda: world.root.remove_object(bucket, place.seed, place.version)) == "InvalidRequest"
    assert key.get_object(bucket, place.seed, version_id=place.version).read() == b"one"
    _delete(world.root, place, bypass=True)
    assert _answer(lambda: world.root.stat_object(bucket, place.seed, version_id=place.version)) == "NoSuchKey"


def test_a_lock_is_read_changed_and_taken_away(world: World) -> None:
    locks, bucket = _locks(world.server), world.storage.bucket_name("copies")
    props = _lock(world.server, bucket)
    assert locks.read(bucket, props).outs == props
    longer = {**props, "days": 30}
    assert locks.diff(bucket, props, longer).changes
    assert not locks.diff(bucket, {**props, "__provider": "x"}, props).changes
    locks.update(bucket, props, longer)
    assert locks.read(bucket, props).outs == longer
    locks.delete(bucket, longer)
    assert locks.read(bucket, props).id == ""
    locks.create(props)
    unlocked = _lock(world.server, world.storage.bucket_name("loki"))
    with pytest.raises(LockError, match=r"the lock of bucket \S+-loki is not set: \S+ said \w+"):
        locks.create(unlocked)
    locks.delete("nowhere", _lock(world.server, "nowhere"))


def test_what_any_key_writes_is_encrypted_with_the_bucket_s_key(world: World) -> None:
    for user, settings in world.storage.users.items():
        if settings.access != "read_only":
            bucket, name = world.storage.bucket_name(settings.bucket), f"{settings.prefix}encrypted"
            _put(world.keys[user], bucket, name)
            said = world.root.stat_object(bucket, name).metadata
            assert said is not None
            assert said["x-amz-server-side-encryption"] == "aws:kms"
            assert said["x-amz-server-side-encryption-aws-kms-key-id"].removeprefix("arn:aws:kms:") == KMS_KEY


def test_without_tls_no_key_does_anything(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running(ensure("minio")["minio"], tmp_path_factory.mktemp("plain"), secure=False) as server:
        world = _world(server, secure=False)
        for user, client in world.keys.items():
            settings = world.storage.users[user]
            bucket = world.storage.bucket_name(settings.bucket)
            assert _answer(_OF_BUCKETS["list"], client, bucket) == "AccessDenied", user
            assert _answer(client.get_object, bucket, f"{settings.prefix or 'other/'}{SEED}") == "AccessDenied", user
