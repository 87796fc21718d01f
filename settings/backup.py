"""`luxima:backup`: how often backups are made (BAK-1..4)."""

from typing import Annotated, Final, Literal

from pydantic import Field

from settings.compute import GuestId
from settings.releases import Image
from settings.storage import BucketPart, Region
from settings.values import Area, Endpoint, Form, Label

S3KeyId = Annotated[str, Form("^[A-Za-z0-9_.-]{3,128}$", "3 to 128 letters, digits and . _ -")]
Hours = Annotated[int, Field(ge=1, le=8760)]

COPIED: Final = ("media", "vendor-media", "registry", "backups", "logs-archive")
"""Buckets of which there are daily copies: what nobody could make again, backups, and the archive of logs."""
KINDS: Final = ("database", "object_storage", "logs")
"""Values of the metrics' label `backup`; each kind has a container of its own."""
DRILL_DAYS: Final = 30
"""From one restore drill of a kind to the next."""


def container(kind: str) -> str:
    """Name of the container that makes backups of a kind."""
    return f"backup-{kind.replace('_', '-')}"


class OffSite(Area):
    """An object storage at another site, which keeps the copies; its bucket has versions and an object lock."""

    endpoint: Endpoint = Field(description="host:port of its S3 API; always spoken to with TLS")
    region: Region = Field(default="us-east-1", description="Region that requests are signed for")
    bucket: BucketPart = Field(description="Full name of the bucket with the copies")
    access_key: S3KeyId = Field(description="Id of a key that may list, read and write there, and not delete versions")


class DeploymentSnapshots(Area):
    """Templates of the Docker hosts, one of each host for each release (BAK-3)."""

    first_id: GuestId = Field(description="First of the guest numbers for templates; no other guest has one of them")
    last_id: GuestId = Field(description="Last of these numbers")
    minutes: Annotated[int, Field(ge=5, le=1440)] = Field(
        default=120, description="Longest time that Proxmox may take to clone a host, in minutes"
    )

    @property
    def ids(self) -> range:
        """The numbers."""
        return range(self.first_id, self.last_id + 1)


class Backup(Area):
    """How often backups are made, by whom, and where to."""

    host: Label = Field(description="Docker host that makes the backups; one of compute.vms")
    image: Image | None = Field(
        default=None,
        description="Image of the package backup, by digest; leave it out until the registry has it: no backup is "
        "made meanwhile",
    )
    memory_mib: Annotated[int, Field(ge=128, le=65_536)] = Field(
        default=512, description="Limit of each container that makes backups, in MiB"
    )
    copies: Literal["own", "off_site"] = Field(
        default="own",
        description="Where copies of buckets are: `own`: in the bucket `copies` of the stack's own storage, which dies "
        "with it; `off_site`: at the other site",
    )
    off_site: OffSite | None = Field(default=None, description="The other site; with copies: off_site")

    database_interval_hours: Hours = Field(default=12, description="Between two backups of the database, in hours")
    object_storage_interval_hours: Hours = Field(
        default=24, description="Between two snapshots of the object storage, in hours"
    )
    log_flush_max_minutes: Annotated[int, Field(ge=1, le=1440)] = Field(
        default=60, description="Longest time a log line may wait before it is in object storage, in minutes"
    )
    log_archive_interval_hours: Hours = Field(
        default=24, description="Between two copies of the logs to the archive bucket, in hours"
    )
    deployment: DeploymentSnapshots | None = Field(
        default=None, description="Snapshots of the Docker hosts after each release; none are made when it is left out"
    )
