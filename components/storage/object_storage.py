"""The object storage of a stack: every bucket and every user."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_minio as minio

from components.storage.access import StorageKey, StorageUser, StorageUserArgs
from components.storage.bucket import Bucket, BucketArgs
from components.storage.lifecycle import lifecycle
from components.storage.lock import Lock, LockArgs
from settings.retention import Retention
from settings.storage import Storage


@dataclass(frozen=True)
class ObjectStorageArgs:
    """Inputs of the ObjectStorage."""

    storage: Storage
    """Endpoint, buckets and users."""
    retention: Retention
    """How long objects are kept, in days."""
    root_password: pulumi.Input[str]
    """Password of the administrator; secret."""


class ObjectStorage(pulumi.ComponentResource):
    """Buckets, users and keys on one MinIO deployment."""

    buckets: Mapping[str, Bucket]
    """Buckets by name without the prefix."""
    keys: Mapping[str, StorageKey]
    """Keys by user."""

    def __init__(self, name: str, args: ObjectStorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:storage:ObjectStorage", name, None, opts)
        storage = args.storage
        provider = minio.Provider(
            "minio",
            minio_server=storage.endpoint,
            minio_region=storage.region,
            minio_user=storage.root_user,
            minio_password=args.root_password,
            minio_ssl=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        inside = pulumi.ResourceOptions(parent=self, providers={"minio": provider})
        self.buckets = {
            bucket: Bucket(
                f"{name}-{bucket}",
                BucketArgs(
                    bucket=storage.bucket_name(bucket),
                    settings=settings,
                    kms_key=storage.kms_key,
                    lifecycle=lifecycle(bucket, settings.versioning, args.retention),
                ),
                inside,
            )
            for bucket, settings in storage.buckets.items()
        }
        for bucket in (bucket for bucket, settings in storage.buckets.items() if settings.locked):
            # It needs no plugin of MinIO; below the bucket, a step of a release would start one for it.
            Lock(
                f"{name}-{bucket}-lock",
                storage.bucket_name(bucket),
                LockArgs(storage, args.retention.backups.object_storage_days),
                pulumi.ResourceOptions(parent=self, depends_on=[self.buckets[bucket]]),
            )
        self.keys = {
            user: StorageUser(
                f"{name}-{user}-user",
                StorageUserArgs(user, settings, storage),
                pulumi.ResourceOptions(
                    parent=self,
                    providers={"minio": provider},
                    depends_on=[self.buckets[each] for each in (settings.bucket, *settings.also_reads)],
                ),
            ).key
            for user, settings in storage.users.items()
        }
        self.register_outputs(
            {
                "endpoint": f"https://{storage.endpoint}",
                "buckets": {bucket: made.bucket for bucket, made in self.buckets.items()},
            }
        )
