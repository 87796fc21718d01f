"""A user of the object storage with a key that reaches one bucket and nothing else."""

import json
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_minio as minio
import pulumi_random as random


@dataclass(frozen=True)
class StorageUserArgs:
    """Inputs of a StorageUser."""

    user: str
    """Name of the user."""
    bucket: str
    """Full name of the bucket it may use."""
    access: Literal["read_only", "read_write"]
    """What it may do there."""
    prefix: str = ""
    """Beginning of the names of the objects that it may use; empty for all."""


@dataclass(frozen=True)
class StorageKey:
    """What a program needs to use its bucket."""

    bucket: str
    """Full name of the bucket."""
    access_key: pulumi.Output[str]
    """Id of the key."""
    secret_key: pulumi.Output[str]
    """The key itself; secret."""


def bucket_policy(bucket: str, access: Literal["read_only", "read_write"], prefix: str = "") -> str:
    """IAM policy document (version 2012-10-17) for one bucket, in canonical JSON; all names in it may be listed."""
    names, objects = ["s3:GetBucketLocation", "s3:ListBucket"], ["s3:GetObject"]
    if access == "read_write":
        # Without it a program cannot take up an upload that was cut short.
        names.append("s3:ListBucketMultipartUploads")
        objects += ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    statements = [
        {
            "Effect": "Allow",
            "Action": names,
            "Resource": [f"arn:aws:s3:::{bucket}"],
        },
        {"Effect": "Allow", "Action": sorted(objects), "Resource": [f"arn:aws:s3:::{bucket}/{prefix}*"]},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, sort_keys=True, separators=(",", ":"))


class StorageUser(pulumi.ComponentResource):
    """User, policy and key."""

    key: StorageKey
    """The key that programs are given; the user's own password stays with the platform."""

    def __init__(self, name: str, args: StorageUserArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:storage:StorageUser", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        password = random.RandomPassword(f"{name}-password", length=40, special=False, opts=child)
        user = minio.IamUser(f"{name}-user", name=args.user, secret=password.result, opts=child)
        document = bucket_policy(args.bucket, args.access, args.prefix)
        policy = minio.IamPolicy(f"{name}-policy", name=f"{args.user}-{args.bucket}", policy=document, opts=child)
        attachment = minio.IamUserPolicyAttachment(
            f"{name}-policy-attachment", user_name=user.name, policy_name=policy.name, opts=child
        )
        account = minio.IamServiceAccount(
            f"{name}-key",
            target_user=user.name,
            policy=document,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[attachment], additional_secret_outputs=["secretKey"]),
        )
        self.key = StorageKey(args.bucket, account.access_key, pulumi.Output.secret(account.secret_key))
        self.register_outputs({"user": user.name, "accessKey": account.access_key})
