"""A user of the object storage with a key that reaches its buckets and nothing else."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_minio as minio
import pulumi_random as random

from settings.storage import Storage
from settings.storage import StorageUser as StorageUserSettings


@dataclass(frozen=True)
class StorageUserArgs:
    """Inputs of a StorageUser."""

    user: str
    """Name of the user."""
    settings: StorageUserSettings
    """Which buckets it may use, and for what."""
    storage: Storage
    """The buckets' full names, and the KMS key that objects are encrypted with."""


@dataclass(frozen=True)
class StorageKey:
    """What a program needs to use its bucket."""

    bucket: str
    """Full name of the bucket."""
    access_key: pulumi.Output[str]
    """Id of the key."""
    secret_key: pulumi.Output[str]
    """The key itself; secret."""


_DENIED: Sequence[Mapping[str, Any]] = (
    {"Action": ["s3:*"], "Condition": {"Bool": {"aws:SecureTransport": ["false"]}}},
    # Whoever may delete objects may delete their versions as well, unless it is denied.
    {"Action": ["s3:BypassGovernanceRetention", "s3:DeleteObjectVersion"]},
)
"""What no key may do; MinIO asks a bucket's own policy about nobody who has a key (docs/adr/0014)."""


def key_policy(user: StorageUserSettings, storage: Storage) -> str:
    """IAM policy document (version 2012-10-17) of a user, in canonical JSON; it may list all names of its buckets."""
    bucket, others = storage.bucket_name(user.bucket), [storage.bucket_name(each) for each in user.also_reads]
    names, objects = ["s3:GetBucketLocation", "s3:ListBucket"], ["s3:GetObject"]
    if user.access != "read_only":
        # Without it a program cannot take up an upload that was cut short.
        names.append("s3:ListBucketMultipartUploads")
        objects += ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"]
    if user.access == "read_write":
        objects.append("s3:DeleteObject")
    allowed = [(names, [bucket]), (sorted(objects), [f"{bucket}/{user.prefix}*"])]
    if others:
        allowed += [(names[:2], others), (["s3:GetObject"], [f"{each}/*" for each in others])]
    denied = [*_DENIED]
    if user.access != "read_only":
        denied += _writes(storage.kms_key)
    statements = [
        *(
            {"Effect": "Allow", "Action": what, "Resource": [f"arn:aws:s3:::{each}" for each in on]}
            for what, on in allowed
        ),
        *({"Effect": "Deny", "Resource": ["arn:aws:s3:::*"], **each} for each in denied),
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, sort_keys=True, separators=(",", ":"))


def _writes(kms_key: str) -> Iterator[Mapping[str, Any]]:
    """Denies writing what the platform could not read, with another key of the KMS or one of the writer's own.

    What names no key is encrypted with the bucket's. MinIO also puts an object in the place of a version that is named.
    """
    key, own = (f"s3:x-amz-server-side-encryption-{each}" for each in ("aws-kms-key-id", "customer-algorithm"))
    for condition in (
        {"Null": {key: [False]}, "StringNotEquals": {key: [kms_key]}},
        {"Null": {own: [False]}},
        # Any version, of one character or more: without one, servers tell an empty text or nothing.
        {"StringLike": {"s3:versionid": ["?*"]}},
    ):
        yield {"Action": ["s3:PutObject"], "Condition": condition}


class StorageUser(pulumi.ComponentResource):
    """User, policy and key."""

    key: StorageKey
    """The key that programs are given; the user's own password stays with the platform."""

    def __init__(self, name: str, args: StorageUserArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:storage:StorageUser", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        password = random.RandomPassword(f"{name}-password", length=40, special=False, opts=child)
        user = minio.IamUser(f"{name}-user", name=args.user, secret=password.result, opts=child)
        document, bucket = key_policy(args.settings, args.storage), args.storage.bucket_name(args.settings.bucket)
        policy = minio.IamPolicy(f"{name}-policy", name=f"{args.user}-{bucket}", policy=document, opts=child)
        attachment = minio.IamUserPolicyAttachment(
            f"{name}-policy-attachment", user_name=user.name, policy_name=policy.name, opts=child
        )
        account = minio.IamServiceAccount(
            f"{name}-key",
            target_user=user.name,
            policy=document,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[attachment], additional_secret_outputs=["secretKey"]),
        )
        self.key = StorageKey(bucket, account.access_key, pulumi.Output.secret(account.secret_key))
        self.register_outputs({"user": user.name, "accessKey": account.access_key})
