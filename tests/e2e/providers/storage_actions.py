"""What a key of the object storage may try: one action after another, on a bucket or on an object in it."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from minio import Minio
from minio.commonconfig import ENABLED, GOVERNANCE, Filter, Tags
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from minio.lifecycleconfig import Expiration, LifecycleConfig, Rule
from minio.notificationconfig import NotificationConfig
from minio.objectlockconfig import DAYS, ObjectLockConfig
from minio.replicationconfig import Destination, ReplicationConfig
from minio.replicationconfig import Rule as ReplicationRule
from minio.retention import Retention
from minio.sse import Sse, SseCustomerKey, SseKMS
from minio.sseconfig import Rule as EncryptionRule
from minio.sseconfig import SSEConfig
from minio.versioningconfig import SUSPENDED, VersioningConfig

SEED: Final = "seed"


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
        """Name of the object that is there."""
        return f"{self.folder}{SEED}"


def put(client: Minio, bucket: str, name: str, sse: Sse | None = None) -> str | None:
    """Write an object; gives its version."""
    return client.put_object(bucket, name, io.BytesIO(b"one"), 3, sse=sse).version_id


def delete(client: Minio, place: Place, *, bypass: bool = False) -> None:
    """Delete the version for good."""
    asked = client.remove_objects(
        place.bucket, [DeleteObject(place.seed, place.version)], bypass_governance_mode=bypass
    )
    for error in asked:
        raise S3Error(None, error.code, error.message, None, None, None)  # type: ignore[arg-type]  # only its code is read


def _later() -> Retention:
    return Retention(GOVERNANCE, datetime.now(UTC) + timedelta(days=999))


_LIFECYCLE: Final = LifecycleConfig([Rule(ENABLED, rule_filter=Filter(prefix=""), expiration=Expiration(days=1))])
_ELSEWHERE: Final = Destination("arn:minio:replication::mine:elsewhere")
_REPLICATION: Final = ReplicationConfig(
    _ELSEWHERE.bucket_arn,
    [ReplicationRule(status=ENABLED, destination=_ELSEWHERE, rule_filter=Filter(prefix=""))],
)
_OPEN: Final = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["*"]},'
ADMINISTERING: Final[Mapping[str, Callable[[Any], object]]] = {
    "see the server": lambda admin: admin.info(),
    "see users": lambda admin: admin.user_list(),
    "make a user": lambda admin: admin.user_add("mine", "password-of-mine"),
    "see policies": lambda admin: admin.policy_list(),
    "be an administrator": lambda admin: admin.policy_set("consoleAdmin", "loki"),
    "lift a quota": lambda admin: admin.bucket_quota_set("luxima-dev-media", 1),
    "make a key that outlives this one": lambda admin: admin.add_service_account(
        access_key="mine-for-ever", secret_key="password-of-mine"
    ),
}
OF_BUCKETS: Final[Mapping[str, Callable[[Minio, str], object]]] = {
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
    "list versions": lambda client, bucket: list(client.list_objects(bucket, recursive=True, include_version=True)),
    "read policy": lambda client, bucket: client.get_bucket_policy(bucket),
    "drop policy": lambda client, bucket: client.delete_bucket_policy(bucket),
    "drop lifecycle": lambda client, bucket: client.delete_bucket_lifecycle(bucket),
    "drop encryption": lambda client, bucket: client.delete_bucket_encryption(bucket),
    "copy elsewhere": lambda client, bucket: client.set_bucket_replication(bucket, _REPLICATION),
    "tell elsewhere": lambda client, bucket: client.set_bucket_notification(bucket, NotificationConfig()),
    "make another": lambda client, bucket: client.make_bucket(f"{bucket}-mine"),
}
OF_OBJECTS: Final[Mapping[str, Callable[[Minio, Place], object]]] = {
    "get": lambda client, place: client.get_object(place.bucket, place.seed).read(),
    "get version": lambda client, place: client.get_object(place.bucket, place.seed, version_id=place.version).read(),
    "put": lambda client, place: put(client, place.bucket, f"{place.folder}new"),
    "put with another key": lambda client, place: put(client, place.bucket, place.seed, SseKMS("another", {})),
    "put with an own key": lambda client, place: put(client, place.bucket, place.seed, SseCustomerKey(b"k" * 32)),
    "delete": lambda client, place: client.remove_object(place.bucket, f"{place.folder}gone"),
    "delete version": lambda client, place: delete(client, place) if place.version else _denied(),
    "bypass": lambda client, place: delete(client, place, bypass=True) if place.version else _denied(),
    "lock longer": lambda client, place: client.set_object_retention(place.bucket, place.seed, _later(), place.version),
    "hold": lambda client, place: client.enable_object_legal_hold(place.bucket, place.seed, place.version),
    "read lock": lambda client, place: client.get_object_retention(place.bucket, place.seed, place.version),
    "tag": lambda client, place: client.set_object_tags(place.bucket, place.seed, Tags.new_object_tags()),
    "read tags": lambda client, place: client.get_object_tags(place.bucket, place.seed),
}


def _denied() -> None:
    """An object without versions has none that could be deleted: `delete` is about it."""
    raise S3Error(None, "AccessDenied", None, None, None, None)  # type: ignore[arg-type]  # only its code is read
