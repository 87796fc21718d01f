"""The local minio provider: drives MinIO by its S3 and admin API as the official plugin does.

Buckets and what is set on them, objects, users, policies and keys are driven; every other type is refused.
"""

SERVER = "MinIO (S3 and admin API)"
DRIVEN = frozenset(
    f"minio:index/{name}"
    for name in (
        "iamPolicy:IamPolicy",
        "iamServiceAccount:IamServiceAccount",
        "iamUser:IamUser",
        "iamUserPolicyAttachment:IamUserPolicyAttachment",
        "ilmPolicy:IlmPolicy",
        "s3Bucket:S3Bucket",
        "s3BucketPolicy:S3BucketPolicy",
        "s3BucketServerSideEncryption:S3BucketServerSideEncryption",
        "s3BucketVersioning:S3BucketVersioning",
        "s3Object:S3Object",
    )
)

__all__ = ["DRIVEN", "SERVER"]
