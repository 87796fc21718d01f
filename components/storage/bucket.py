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
    """Versioning and quota (GiB)."""
    kms_key: str
    """Id of the KMS key that objects are encrypted with."""
    lifecycle: Sequence[LifecycleRule]
    """How long objects are kept (days)."""


class Bucket(pulumi.ComponentResource):
    """A private bucket with server-side encryption, versions and a lifecycle."""

    bucket: pulumi.Output[str]
    """Full name, known once the bucket exists."""
    guards: list[pulumi.Resource]
    """What has to exist before anything is written into the bucket."""

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:storage:Bucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket = minio.S3Bucket(
            f"{name}-bucket", bucket=args.bucket, acl="private", quota=args.settings.quota_gib * 1024**3, opts=child
        )
        self.bucket = bucket.bucket
        self.guards = [
            minio.S3BucketServerSideEncryption(
                f"{name}-encryption",
                bucket=bucket.bucket,
                encryption_type="aws:kms",
                kms_key_id=args.kms_key,
                opts=child,
            )
        ]
        if args.settings.versioning:
            self.guards.append(
                minio.S3BucketVersioning(
                    f"{name}-versioning",
                    bucket=bucket.bucket,
                    versioning_configuration=minio.S3BucketVersioningVersioningConfigurationArgs(status="Enabled"),
                    opts=child,
                )
            )
        if args.lifecycle:
            minio.IlmPolicy(
                f"{name}-lifecycle",
                bucket=bucket.bucket,
                rules=[
                    minio.IlmPolicyRuleArgs(
                        id=rule.id,
                        filter=rule.prefix or None,
                        expiration=None if rule.expire_days is None else f"{rule.expire_days}d",
                        noncurrent_version_expiration_days=rule.noncurrent_days,
                    )
                    for rule in args.lifecycle
                ],
                # Old versions can only expire where there are versions.
                opts=pulumi.ResourceOptions(parent=self, depends_on=self.guards),
            )
        self.register_outputs({"bucket": self.bucket})
