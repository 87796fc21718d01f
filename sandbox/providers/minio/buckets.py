# ruff: noqa: ARG002 - hooks take what the protocol gives them, needed or not
"""Buckets and what is set on them: quota, versions, encryption."""

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from minio import Minio
from minio.commonconfig import ENABLED
from minio.sseconfig import Rule as EncryptionRule
from minio.sseconfig import SSEConfig
from minio.versioningconfig import SUSPENDED, VersioningConfig

from sandbox.providers.base import UNKNOWN, Properties, ProviderError
from sandbox.providers.handlers import OnServer
from sandbox.providers.minio.client import Client, RefusedError
from sandbox.providers.rules import Rule, anything, between, not_empty, one_of

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")
GONE = ("NoSuchBucket", "NoSuchLifecycleConfiguration")


def _bucket_name(value: Any) -> str | None:
    text = str(value)
    if not _NAME.fullmatch(text) or ".." in text or ".-" in text or "-." in text or _ADDRESS.fullmatch(text):
        return (
            f"{text!r} is no bucket name: 3 to 63 lower-case letters, digits, '-' and single '.', not like an address"
        )
    return None


BUCKET = Rule("a bucket name by the rules of S3", _bucket_name)


class OnBucket(OnServer[Client]):
    """What is set on a bucket has the bucket's name as its id."""

    identity = "{bucket}"
    replacing = ("bucket",)
    noun = ""

    def _subject(self, bucket: Any) -> str:
        return f"{self.noun} of bucket {bucket}"

    def put(self, inputs: Properties) -> None:
        """Set it."""
        raise NotImplementedError

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Set it. MinIO would take some settings for a bucket that does not exist."""
        bucket = str(inputs["bucket"])
        if not self.api.s3(self._subject(bucket), lambda s3: s3.bucket_exists(bucket)):
            raise ProviderError(f"{self._subject(bucket)}: there is no such bucket at {self.api.settings.url}")
        self.put(inputs)
        return bucket, self.outputs(inputs)

    def outputs(self, inputs: Properties) -> Properties:
        """The inputs and what follows from them."""
        return dict(inputs)

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Set it anew."""
        self.put(new)
        return self.outputs(new)

    def _found(self, resource_id: str, call: Callable[[Minio], Any]) -> Any:
        """What the server says; None where the bucket or the setting is gone."""
        return self.api.s3(self._subject(resource_id), call, *GONE)


class Buckets(OnBucket):
    """`S3Bucket`."""

    noun = "contents"
    rules: ClassVar[Mapping[str, Rule]] = {
        "bucket": BUCKET,
        "acl": one_of("private"),
        "objectLocking": anything,
        "quota": between(1),
    }
    needed = ("bucket",)

    def computed(self, inputs: Properties) -> Properties:
        """Where it will be is known once its name is."""
        return {"arn": UNKNOWN, "bucketDomainName": UNKNOWN}

    def outputs(self, inputs: Properties) -> Properties:
        """Its name for policies, and its address."""
        name = inputs["bucket"]
        domain = f"{self.api.settings.url}/minio/{name}"
        return {"acl": "private", **inputs, "arn": f"arn:aws:s3:::{name}", "bucketDomainName": domain}

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the bucket."""
        client, bucket = self.api, str(inputs["bucket"])
        subject = f"bucket {bucket}"
        if client.s3(subject, lambda s3: s3.bucket_exists(bucket)):
            raise ProviderError(f"{subject} already exists at {client.settings.url}; choose another name or import it")
        client.s3(subject, lambda s3: s3.make_bucket(bucket, client.settings.region, bool(inputs.get("objectLocking"))))
        self.put(inputs)
        return bucket, self.outputs(inputs)

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Set the quota; whether versions can be locked is said once, when the bucket is made."""
        if bool(old.get("objectLocking")) != bool(new.get("objectLocking")):
            raise ProviderError(f"bucket {resource_id}: objectLocking cannot change; make another bucket")
        return super().update(resource_id, old, new)

    def put(self, inputs: Properties) -> None:
        """Set the quota."""
        bucket, quota = str(inputs["bucket"]), int(inputs.get("quota") or 0)
        if quota or self._quota(bucket):
            self.api.admin(f"quota of bucket {bucket}", lambda admin: admin.bucket_quota_set(bucket, quota))

    def _quota(self, bucket: str) -> int:
        found: Any = self.api.admin(f"quota of bucket {bucket}", lambda admin: admin.bucket_quota_get(bucket))
        return int(found["quota"]) if found else 0

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """The bucket, if it is there; the official plugin does not ask for its quota."""
        if not self.api.s3(f"bucket {resource_id}", lambda s3: s3.bucket_exists(resource_id)):
            return None
        live = {**inputs, "bucket": resource_id}
        if not outputs and "quota" in inputs:
            # Begun by a run that was killed: nobody knows whether its quota was set.
            live["quota"] = self._quota(resource_id)
        return live, self.outputs(live)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove the bucket, if there is nothing in it."""
        subject = f"bucket {resource_id}"
        try:
            self.api.s3(subject, lambda s3: s3.remove_bucket(resource_id), *GONE)
        except RefusedError as error:
            if error.code == "BucketNotEmpty":
                raise ProviderError(
                    f"{subject} is not empty and was not removed; delete its objects with all their versions"
                ) from None
            raise


class Versionings(OnBucket):
    """`S3BucketVersioning`."""

    noun = "versioning"
    rules: ClassVar[Mapping[str, Rule]] = {
        "bucket": BUCKET,
        "versioningConfiguration.status": one_of(ENABLED, SUSPENDED),
    }
    read_back = ("versioningConfiguration",)

    def put(self, inputs: Properties) -> None:
        """Switch versions on or off."""
        bucket, status = str(inputs["bucket"]), inputs["versioningConfiguration"]["status"]
        self.api.s3(self._subject(bucket), lambda s3: s3.set_bucket_versioning(bucket, VersioningConfig(status)))

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """What the bucket does now; None where versions were never switched on."""
        found = self._found(resource_id, lambda s3: s3.get_bucket_versioning(resource_id))
        if found is None or found.status is None:
            return None
        result = {**inputs, "bucket": resource_id, "versioningConfiguration": {"status": found.status}}
        return result, dict(result)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Suspend: what has versions keeps them."""
        self._found(resource_id, lambda s3: s3.set_bucket_versioning(resource_id, VersioningConfig(SUSPENDED)))


class Encryptions(OnBucket):
    """`S3BucketServerSideEncryption`."""

    noun = "encryption"
    rules: ClassVar[Mapping[str, Rule]] = {
        "bucket": BUCKET,
        "encryptionType": one_of("aws:kms"),
        "kmsKeyId": not_empty,
    }
    read_back = ("encryptionType", "kmsKeyId")

    def put(self, inputs: Properties) -> None:
        """Encrypt new objects with this key."""
        bucket = str(inputs["bucket"])
        config = SSEConfig(EncryptionRule.new_sse_kms_rule(inputs["kmsKeyId"]))
        self.api.s3(self._subject(bucket), lambda s3: s3.set_bucket_encryption(bucket, config))

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """How new objects are encrypted now; None if they are not."""
        found = self._found(resource_id, lambda s3: s3.get_bucket_encryption(resource_id))
        if found is None:
            return None
        live = {
            **inputs,
            "bucket": resource_id,
            "encryptionType": found.rule.sse_algorithm,
            "kmsKeyId": str(found.rule.kms_master_key_id or "").removeprefix("arn:aws:kms:"),
        }
        return live, dict(live)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """New objects are not encrypted any more."""
        self._found(resource_id, lambda s3: s3.delete_bucket_encryption(resource_id))
