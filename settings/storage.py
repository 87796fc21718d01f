"""`luxima:storage`: buckets of the object storage and who may use them (INF-5, SEC-5)."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from settings.storage_server import Server
from settings.values import Area, Endpoint, Form, Label, Owner

BucketPart = Annotated[
    str,
    Form(
        "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        "lower-case letters, digits and inner hyphens, at most 63 characters (S3's bucket naming rules)",
    ),
]
Region = Annotated[str, Form("^[a-z0-9]+(-[a-z0-9]+)*$", "an S3 region such as us-east-1")]
AccessKey = Annotated[
    str, Form("^[A-Za-z0-9_.-]{3,20}$", "3 to 20 letters, digits and . _ - (MinIO's limits for an access key)")
]
KeyName = Annotated[str, Form("^[A-Za-z0-9][A-Za-z0-9_-]{0,79}$", "letters, digits, hyphens and underscores")]

COPIES: Final = "copies"
"""The bucket of the daily copy of the object storage, which has to survive who holds a key (BAK-2)."""

Prefix = Annotated[
    str,
    Form(
        "^([a-z0-9]([a-z0-9-]*[a-z0-9])?/)*$",
        "names of folders, each with a slash behind, of lower-case letters, digits and inner hyphens",
    ),
]


class Bucket(Area):
    """A bucket; always encrypted on the server side."""

    purpose: Annotated[str, Field(min_length=5, max_length=80)] = Field(description="What lies in it, in a few words")
    owner: Owner = Field(description="Team that answers for what lies in it")
    versioning: bool = Field(description="Whether overwritten and deleted objects are kept as old versions")
    quota_gib: Annotated[int, Field(ge=1, le=1_048_576)] = Field(description="Hard quota, in GiB")
    protected: bool = Field(
        default=False, description="Whether the engine refuses to delete it, by an update as by a destroy"
    )
    locked: bool = Field(
        default=False,
        description="Whether each version is locked (governance) for retention.backups.object_storage_days",
    )


Access = Literal["read_only", "append", "read_write"]


class StorageUser(Area):
    """A key of the object storage that reaches one bucket, and of others at most what is in them."""

    bucket: BucketPart = Field(description="Bucket it may use; one of `buckets`")
    access: Access = Field(description="What it may do there; `append` puts objects and deletes none")
    prefix: Prefix = Field(default="", description="Folder of the objects that it may use; all when empty")
    also_reads: tuple[BucketPart, ...] = Field(
        default=(), description="Other buckets of which it may read everything; each one of `buckets`"
    )

    @property
    def text(self) -> str:
        """It as a stack file has it."""
        said = f"bucket: {self.bucket}, access: {self.access}"
        said += f", prefix: {self.prefix}" if self.prefix else ""
        return f"{{{said}, also_reads: [{', '.join(self.also_reads)}]}}" if self.also_reads else f"{{{said}}}"


class Storage(Area):
    """The MinIO object storage."""

    server: Server = Field(description="Who brings the server")
    endpoint: Endpoint = Field(description="host:port of the S3 API; always spoken to with TLS")
    region: Region = Field(default="us-east-1", description="Region that requests are signed for")
    root_user: AccessKey = Field(description="Administrator that the platform logs in as")
    kms_key: KeyName = Field(description="Id of the KMS key that objects are encrypted with (AES-256)")
    bucket_prefix: BucketPart = Field(description="Put before every bucket's name, with a hyphen between")
    buckets: Mapping[BucketPart, Bucket] = Field(description="Buckets by name without the prefix")
    users: Mapping[Label, StorageUser] = Field(
        default_factory=dict[str, StorageUser], description="Users of the object storage by name"
    )

    def bucket_name(self, bucket: str) -> str:
        """Full name of `bucket` in the object storage."""
        return f"{self.bucket_prefix}-{bucket}"
