"""The driver: which resource type is done by which handler."""

import threading

from sandbox.providers.base import Properties
from sandbox.providers.handlers import Handler, HandlerDriver
from sandbox.providers.minio import buckets, iam, lifecycles
from sandbox.providers.minio.client import Client, settings

_SECRETS = {
    "minio:index/iamUser:IamUser": frozenset({"secret"}),
    "minio:index/iamServiceAccount:IamServiceAccount": frozenset({"secretKey"}),
}


class MinioDriver(HandlerDriver):
    """Drives MinIO by its S3 and admin API."""

    def __init__(self) -> None:
        self._variables: Properties = {}
        self._made: Client | None = None
        self._making = threading.Lock()
        client = self._client
        handlers: dict[str, Handler] = {
            "s3Bucket:S3Bucket": buckets.Buckets(client),
            "s3BucketVersioning:S3BucketVersioning": buckets.Versionings(client),
            "s3BucketServerSideEncryption:S3BucketServerSideEncryption": buckets.Encryptions(client),
            "ilmPolicy:IlmPolicy": lifecycles.Lifecycles(client),
            "iamUser:IamUser": iam.Users(client),
            "iamPolicy:IamPolicy": iam.Policies(client),
            "iamUserPolicyAttachment:IamUserPolicyAttachment": iam.UserPolicies(client),
            "iamServiceAccount:IamServiceAccount": iam.ServiceAccounts(client),
        }
        super().__init__("minio", {f"minio:index/{name}": handler for name, handler in handlers.items()})

    def _client(self) -> Client:
        with self._making:
            if self._made is None:
                self._made = Client(settings(self._variables))
            return self._made

    def configure(self, variables: Properties) -> None:
        """Take the server's address and the administrator; nothing is asked yet."""
        self._variables = variables
        self._made = None

    def secrets(self, token: str) -> frozenset[str]:
        """Passwords and keys."""
        return _SECRETS.get(token, frozenset())
