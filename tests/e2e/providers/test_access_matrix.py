"""Every key of a stack against every bucket, folder and action, on a real MinIO: allowed where listed, else denied."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

import pytest
from minio import Minio
from minio.commonconfig import GOVERNANCE
from minio.error import MinioAdminException, S3Error
from pulumi.dynamic import ConfigureRequest

from components.storage.access import key_policy
from components.storage.lock import LockError, LockProvider
from settings.storage import Storage, StorageUser
from tests.e2e.providers.minio_server import KMS_KEY, Running, running
from tests.e2e.providers.storage_actions import ADMINISTERING, OF_BUCKETS, OF_OBJECTS, SEED, Place, delete, put
from tests.recording import STACKS, stack_settings
from tools import ensure

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(900)]

LOCK_DAYS: Final = 14


@dataclass(frozen=True)
class World:
    """A MinIO with the buckets and users of a stack."""

    server: Running
    storage: Storage
    root: Minio
    keys: Mapping[str, Minio]
    """By user."""
    admins: Mapping[str, Any]
    """By user, with its key, as a client that administers."""
    users: Mapping[str, Minio]
    """By user, with its own password, which no program is given."""
    places: Mapping[str, tuple[Place, ...]]
    """By bucket, without the prefix."""


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


def _world(server: Running, stack: str = "dev") -> World:
    storage = stack_settings(stack).storage.model_copy(update={"kms_key": KMS_KEY, "endpoint": server.server})
    root = server.client()
    places: dict[str, tuple[Place, ...]] = {}
    for name, settings in storage.buckets.items():
        bucket = storage.bucket_name(name)
        server.make("S3Bucket", bucket=bucket, **({"objectLocking": True} if settings.versioning else {}))
        if settings.versioning:
            server.make("S3BucketVersioning", bucket=bucket, versioningConfiguration={"status": "Enabled"})
        server.make("S3BucketServerSideEncryption", bucket=bucket, encryptionType="aws:kms", kmsKeyId=KMS_KEY)
        if settings.locked and server.secure:
            _locks(server).create(_lock(server, bucket))
        folders = _folders(name, storage.users.values())
        places[name] = tuple(Place(bucket, each, put(root, bucket, f"{each}{SEED}")) for each in folders)
    keys: dict[str, Minio] = {}
    admins: dict[str, Any] = {}
    users: dict[str, Minio] = {}
    for name, user in storage.users.items():
        password = f"{name}-{server.password}"
        key = server.make_key(name, password, key_policy(user, storage))
        keys[name], admins[name] = server.client(*key), server.admin(*key)
        users[name] = server.client(name, password)
    return World(server, storage, root, keys, admins, users, places)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Generator[Callable[[str], World]]:
    """That of a stack, which is made when it is first asked for."""
    with ExitStack() as ended:
        environment = ended.enter_context(pytest.MonkeyPatch.context())

        @cache
        def of(stack: str) -> World:
            server = ended.enter_context(running(ensure("minio")["minio"], tmp_path_factory.mktemp("minio")))
            # The authorities of those before are in it as well.
            environment.setenv("SSL_CERT_FILE", str(server.bundle))
            return _world(server, stack)

        yield of


@pytest.fixture(scope="module")
def world(worlds: Callable[[str], World]) -> World:
    return worlds("dev")


def _allowed(user: StorageUser, bucket: str, folder: str, action: str) -> bool:
    """What the settings list."""
    reads = bucket in user.also_reads or (bucket == user.bucket and folder.startswith(user.prefix))
    changes = bucket == user.bucket and reads
    match action:
        case "list" | "list versions":
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


@pytest.mark.parametrize("stack", ["dev", *(pytest.param(each, marks=pytest.mark.long) for each in STACKS[1:])])
def test_every_key_may_what_is_listed_and_nothing_else(
    worlds: Callable[[str], World], stack: str, record_property: Callable[[str, object], None]
) -> None:
    world = worlds(stack)
    wrong: list[str] = []
    asked = 0
    for user, client in world.keys.items():
        for name, places in world.places.items():
            bucket = world.storage.bucket_name(name)
            cells: list[tuple[str, str, str]] = [
                (action, "", _answer(do, client, bucket)) for action, do in OF_BUCKETS.items()
            ]
            cells += [
                (action, place.folder, _answer(do, client, place))
                for place in places
                for action, do in OF_OBJECTS.items()
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
    assert asked > 2400


@pytest.mark.parametrize("stack", STACKS[1:])
def test_what_a_stack_has_dev_has_as_well(stack: str) -> None:
    """So the matrix of dev is that of all, by other names; theirs are asked in the long tests."""
    dev, other = stack_settings("dev").storage, stack_settings(stack).storage
    assert other.users.items() <= dev.users.items()
    kept = {name: (bucket.versioning, bucket.locked) for name, bucket in dev.buckets.items()}
    assert {name: (each.versioning, each.locked) for name, each in other.buckets.items()}.items() <= kept.items()


def test_no_key_administers(world: World) -> None:
    allowed: list[str] = []
    for user, admin in world.admins.items():
        for action, ask in ADMINISTERING.items():
            try:
                ask(admin)
            except MinioAdminException as error:
                if "AccessDenied" in str(error):
                    continue
            allowed.append(f"{user}: {action}")
    assert allowed == []


def test_not_even_a_user_s_own_password_deletes_a_version(world: World) -> None:
    for user, client in world.users.items():
        for place in world.places[world.storage.users[user].bucket]:
            if place.version:
                assert _answer(delete, client, place) == "AccessDenied", (user, place)
                assert _answer(delete, client, place, bypass=True) == "AccessDenied", (user, place)


def test_a_locked_version_outlives_its_writer_s_key_and_an_administrator_without_bypass(world: World) -> None:
    bucket, key = world.storage.bucket_name("copies"), world.keys["copy-target"]
    place = Place(bucket, "locked-", put(key, bucket, f"locked-{SEED}"))
    kept = world.root.get_object_retention(bucket, place.seed, place.version)
    assert kept is not None
    assert kept.mode == GOVERNANCE
    assert abs(kept.retain_until_date - datetime.now(UTC) - timedelta(days=LOCK_DAYS)) < timedelta(hours=1)
    put(key, bucket, place.seed)
    key.remove_object(bucket, place.seed)
    assert _answer(delete, key, place, bypass=True) == "AccessDenied"
    assert _answer(lambda: world.root.remove_object(bucket, place.seed, place.version)) == "InvalidRequest"
    assert key.get_object(bucket, place.seed, version_id=place.version).read() == b"one"
    delete(world.root, place, bypass=True)
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
            put(world.keys[user], bucket, name)
            said = world.root.stat_object(bucket, name).metadata
            assert said is not None
            assert said["x-amz-server-side-encryption"] == "aws:kms"
            assert said["x-amz-server-side-encryption-aws-kms-key-id"].removeprefix("arn:aws:kms:") == KMS_KEY


def test_without_tls_no_key_does_anything(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running(ensure("minio")["minio"], tmp_path_factory.mktemp("plain"), secure=False) as server:
        world = _world(server)
        for user, client in world.keys.items():
            settings = world.storage.users[user]
            bucket = world.storage.bucket_name(settings.bucket)
            assert _answer(OF_BUCKETS["list"], client, bucket) == "AccessDenied", user
            assert _answer(client.get_object, bucket, f"{settings.prefix or 'other/'}{SEED}") == "AccessDenied", user
