"""MinIO by its own client: the S3 and the admin API."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import urllib3
from minio import Minio, MinioAdmin
from minio.commonconfig import ENABLED
from minio.credentials.providers import StaticProvider
from minio.error import S3Error
from minio.lifecycleconfig import LifecycleConfig


@dataclass(frozen=True)
class Rule:
    """A rule of a bucket's lifecycle."""

    id: str
    prefix: str
    days: int | None
    noncurrent_days: int | None
    marks: bool = False
    """Whether the mark of a deletion goes when it is all that is left."""


class Key:
    """What somebody with a key can do."""

    def __init__(self, s3: Minio) -> None:
        self._s3 = s3

    def put(self, bucket: str, name: str, content: bytes) -> None:
        """Write an object."""
        self._s3.put_object(bucket, name, io.BytesIO(content), len(content))

    def get(self, bucket: str, name: str) -> bytes:
        """Read an object."""
        answer = self._s3.get_object(bucket, name)
        try:
            return answer.read()
        finally:
            answer.close()
            answer.release_conn()

    def encryption(self, bucket: str, name: str) -> tuple[str, str]:
        """How an object is stored: the algorithm and the id of the key."""
        metadata = self._s3.stat_object(bucket, name).metadata or {}
        found = {key.lower(): value for key, value in metadata.items()}
        prefix = "x-amz-server-side-encryption"
        return found.get(prefix, ""), found.get(f"{prefix}-aws-kms-key-id", "")

    def denied(self, bucket: str, name: str) -> set[str]:
        """The codes with which reading, writing, listing and removing are refused; `allowed` for what is not."""
        attempts = (
            lambda: self.get(bucket, name),
            lambda: self.put(bucket, name, b"x"),
            lambda: list(self._s3.list_objects(bucket)),
            lambda: self._s3.remove_object(bucket, name),
        )
        return {_code(attempt) for attempt in attempts}


def _code(attempt: Any) -> str:
    try:
        attempt()
    except S3Error as error:
        return str(error.code)
    return "allowed"


class Store:
    """The object storage as its administrator sees it."""

    def __init__(self, endpoint: str, user: str, password: str, region: str, bundle: Path) -> None:
        self._endpoint, self._region, self._bundle = endpoint, region, bundle
        self._s3 = self._client(user, password)
        self._admin = MinioAdmin(
            endpoint=endpoint, credentials=StaticProvider(user, password), region=region, http_client=self._pool()
        )

    def _pool(self) -> urllib3.PoolManager:
        return urllib3.PoolManager(ca_certs=str(self._bundle), timeout=30, retries=urllib3.Retry(2))

    def _client(self, user: str, password: str) -> Minio:
        return Minio(self._endpoint, user, password, region=self._region, http_client=self._pool())

    def key(self, access_key: str, secret_key: str) -> Key:
        """Somebody else's view."""
        return Key(self._client(access_key, secret_key))

    def buckets(self) -> set[str]:
        """Names of all buckets."""
        return {str(bucket.name) for bucket in self._s3.list_buckets() or ()}

    def versioned(self, bucket: str) -> bool:
        """Whether old versions are kept."""
        return self._s3.get_bucket_versioning(bucket).status == ENABLED

    def encryption(self, bucket: str) -> tuple[str, str]:
        """The algorithm that objects are encrypted with unless they say otherwise, and the key's id."""
        found = self._s3.get_bucket_encryption(bucket)
        return (str(found.rule.sse_algorithm), str(found.rule.kms_master_key_id)) if found else ("", "")

    def names(self, bucket: str) -> set[str]:
        """Names of all objects."""
        return {str(item.object_name) for item in self._s3.list_objects(bucket, recursive=True)}

    def limit(self, bucket: str, size: int) -> None:
        """Another quota, in bytes."""
        self._admin.bucket_quota_set(bucket, size)

    def quota(self, bucket: str) -> int:
        """Bytes that the bucket may hold."""
        return int(json.loads(self._admin.bucket_quota_get(bucket))["quota"])

    def lifecycle(self, bucket: str) -> list[Rule]:
        """The rules, by id."""
        found = self._s3.get_bucket_lifecycle(bucket)
        rules: list[Rule] = []
        for rule in found.rules if found else ():
            noncurrent = rule.noncurrent_version_expiration
            rules.append(
                Rule(
                    str(rule.rule_id),
                    (rule.rule_filter.prefix or "") if rule.rule_filter else "",
                    rule.expiration.days if rule.expiration else None,
                    noncurrent.noncurrent_days if noncurrent else None,
                    bool(rule.expiration and rule.expiration.expired_object_delete_marker),
                )
            )
        return sorted(rules, key=lambda rule: rule.id)

    def remove_rule(self, bucket: str, rule_id: str) -> None:
        """What somebody does who does not know why the rule is there."""
        found = self._s3.get_bucket_lifecycle(bucket)
        assert found is not None
        kept = [rule for rule in found.rules if rule.rule_id != rule_id]
        assert len(kept) == len(found.rules) - 1, f"{bucket} has no rule {rule_id}"
        if kept:
            self._s3.set_bucket_lifecycle(bucket, LifecycleConfig(kept))
        else:
            self._s3.delete_bucket_lifecycle(bucket)

    def empty(self, bucket: str) -> None:
        """Remove every version of every object."""
        for item in self._s3.list_objects(bucket, recursive=True, include_version=True):
            self._s3.remove_object(bucket, str(item.object_name), item.version_id)

    def users(self) -> set[str]:
        """Users that are not the administrator."""
        return set(json.loads(self._admin.user_list()))

    def policies(self) -> set[str]:
        """Policies, the server's own included."""
        return set(json.loads(self._admin.policy_list()))

    def configuration(self) -> dict[str, Any]:
        """All that can be set: what a release may not touch."""
        return {
            "users": json.loads(self._admin.user_list()),
            "policies": _in_order(json.loads(self._admin.policy_list())),
            "buckets": {
                bucket: [self.versioned(bucket), self.encryption(bucket), self.quota(bucket), self.lifecycle(bucket)]
                for bucket in sorted(self.buckets())
            },
        }


def _in_order(value: Any) -> Any:
    """A policy with its actions and resources in order: MinIO keeps them as sets and lists them as it likes."""
    if isinstance(value, dict):
        return {key: _in_order(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return sorted((_in_order(item) for item in cast("list[Any]", value)), key=str)
    return value
