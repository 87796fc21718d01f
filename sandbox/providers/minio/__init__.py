"""The local minio provider: drives MinIO by its S3 and admin API as the official plugin does.

The buckets, users, policies and keys that the platform declares are driven; every other type, and every input that it
does not use, is refused.
"""

SERVER = "the sandbox's own MinIO, not the stack's container"
DRIVEN = frozenset(
    f"minio:index/{name}"
    for name in (
        "iamPolicy:IamPolicy",
        "iamServiceAccount:IamServiceAccount",
        "iamUser:IamUser",
        "iamUserPolicyAttachment:IamUserPolicyAttachment",
        "ilmPolicy:IlmPolicy",
        "s3Bucket:S3Bucket",
        "s3BucketServerSideEncryption:S3BucketServerSideEncryption",
        "s3BucketVersioning:S3BucketVersioning",
    )
)

__all__ = ["DRIVEN", "SERVER"]
