"""A bucket that is encrypted, and whose objects live as long as the retention table says."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_minio as minio

from components.storage.lifecycle import LifecycleRule
from settings.storage import Bucket as BucketSettings


@dataclass(frozen=True)
class BucketArgs:
    """Inputs of a Bucket."""

    bucket: str
    """Full name in the object storage."""
    settings: BucketSettings
    """Versioning, quota (GiB) and protection."""
    kms_key: str
    """Id of the KMS key that objects are encrypted with."""
    lifecycle: Sequence[LifecycleRule]
    """How long objects are kept (days)."""


class Bucket(pulumi.ComponentResource):
    """A private bucket with a quota, versions, server-side encryption and a lifecycle.

    MinIO keeps what is set on a bucket in one document, which each call reads and writes as a whole: of settings that
    are made at the same time one may be lost, without an error. So each depends on the one before, in the order of
    docs/adr/0014; the engine makes and changes them in that order, and removes them in the reverse.
    """

    bucket: pulumi.Output[str]
    """Full name, known once the bucket exists."""

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:storage:Bucket", name, None, opts)
        bucket = minio.S3Bucket(
            f"{name}-bucket",
            bucket=args.bucket,
            acl="private",
            quota=args.settings.quota_gib * 1024**3,
            # MinIO removes no versions by force where they may be locked, whether any is or not (docs/adr/0031).
            object_locking=args.settings.versioning or None,
            # It is said once, when a bucket is made; an older one would be replaced, and all that is in it deleted.
            opts=pulumi.ResourceOptions(parent=self, protect=args.settings.protected, ignore_changes=["objectLocking"]),
        )
        self.bucket = bucket.bucket
        last: pulumi.Resource = bucket

        def after() -> pulumi.ResourceOptions:
            return pulumi.ResourceOptions(parent=self, depends_on=[last])

        if args.settings.versioning:
            last = minio.S3BucketVersioning(
                f"{name}-versioning",
                bucket=bucket.bucket,
                versioning_configuration=minio.S3BucketVersioningVersioningConfigurationArgs(status="Enabled"),
                # The server suspends no versions of a bucket that may be locked: they end with the bucket.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[last], retain_on_delete=True),
            )
        last = minio.S3BucketServerSideEncryption(
            f"{name}-encryption",
            bucket=bucket.bucket,
            encryption_type="aws:kms",
            kms_key_id=args.kms_key,
            opts=after(),
        )
        if args.lifecycle:
            minio.IlmPolicy(
                f"{name}-lifecycle",
                bucket=bucket.bucket,
                rules=[
                    minio.IlmPolicyRuleArgs(
                        id=rule.id,
                        filter=rule.prefix or None,
                        expiration="DeleteMarker" if rule.expire_days is None else f"{rule.expire_days}d",
                        noncurrent_version_expiration_days=rule.noncurrent_days,
                    )
                    for rule in args.lifecycle
                ],
                opts=after(),
            )
        self.register_outputs({"bucket": self.bucket})
