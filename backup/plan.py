"""What a container of backups is told: one JSON document; its secrets lie in files beside it."""

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from backup.outcome import BackupError
from settings.backup import DRILL_DAYS
from settings.storage import BucketPart
from settings.values import Area

FOLDER: Final = Path("/etc/backup")
"""Where the document and the secrets lie."""
Seconds = Annotated[int, Field(ge=1)]


class Bucket(Area):
    """A bucket that is copied."""

    name: BucketPart = Field(description="Its full name in the object storage")
    folder: BucketPart = Field(description="Its folder in the bucket of copies")


class ObjectsPlan(Area):
    """Daily copies of buckets (BAK-2)."""

    kind: Literal["object_storage"]
    buckets: tuple[Bucket, ...] = Field(description="What is copied")
    copies: BucketPart | None = Field(
        description="Full name of the bucket with the copies, which keeps versions; null where the remote leads into it"
    )
    keep_days: Annotated[int, Field(ge=1)] = Field(description="How long a version stays that was replaced, in days")
    sample: Annotated[int, Field(ge=1)] = Field(default=20, description="Objects of each bucket compared at each run")


class LogsPlan(Area):
    """The archive of logs (BAK-4)."""

    kind: Literal["logs"]
    source: BucketPart = Field(description="Full name of Loki's bucket")
    archive: BucketPart = Field(description="Full name of the bucket that is the archive")
    tenants: tuple[str, ...] = Field(description="Tenants of Loki; each has a folder of its chunks")
    sample: Annotated[int, Field(ge=1)] = Field(default=20, description="Objects compared at each run")


class DatabasePlan(Area):
    """Backups of PostgreSQL (BAK-1)."""

    kind: Literal["database"]
    full_days: Annotated[int, Field(ge=1)] = Field(default=7, description="From one full backup to the next, in days")
    spool: Path = Field(description="Folder that PostgreSQL puts its WAL into")
    root_key: Path = Field(description="File with the key that the vault's keys are encrypted with")


class Plan(Area):
    """One container's work."""

    interval_seconds: Seconds = Field(description="From the beginning of one backup to that of the next, in seconds")
    deadline_seconds: Seconds = Field(description="When a program that does not end is ended, in seconds")
    retry_seconds: Seconds = Field(default=300, description="Time until a failed one is tried again, in seconds")
    drill_seconds: Seconds = Field(
        default=DRILL_DAYS * 86_400, description="From one good restore drill to the next, in seconds"
    )
    job: Annotated[ObjectsPlan | LogsPlan | DatabasePlan, Field(discriminator="kind")] = Field(
        description="What is done"
    )


def load(path: Path) -> Plan:
    """Read the document.

    Raises:
        BackupError: When it is not one.
    """
    try:
        return Plan.model_validate_json(path.read_bytes(), strict=False)
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise BackupError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
