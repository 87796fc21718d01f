"""The driver: which resource type is done by which handler."""

from sandbox.providers.base import Properties
from sandbox.providers.handlers import ServerDriver
from sandbox.providers.minio import buckets, iam, lifecycles
from sandbox.providers.minio.client import Client, settings

_HANDLERS = {
    "s3Bucket:S3Bucket": buckets.Buckets,
    "s3BucketVersioning:S3BucketVersioning": buckets.Versionings,
    "s3BucketServerSideEncryption:S3BucketServerSideEncryption": buckets.Encryptions,
    "ilmPolicy:IlmPolicy": lifecycles.Lifecycles,
    "iamUser:IamUser": iam.Users,
    "iamPolicy:IamPolicy": iam.Policies,
    "iamUserPolicyAttachment:IamUserPolicyAttachment": iam.UserPolicies,
    "iamServiceAccount:IamServiceAccount": iam.ServiceAccounts,
}


class MinioDriver(ServerDriver):
    """Drives MinIO by its S3 and admin API."""

    def __init__(self) -> None:
        super().__init__("minio", {f"minio:index/{name}": handler for name, handler in _HANDLERS.items()}, _client)


def _client(variables: Properties) -> Client:
    return Client(settings(variables))
