"""`luxima:backup`: how often backups are made (BAK-1..4)."""

from typing import Annotated

from pydantic import Field

from settings.values import Area

Hours = Annotated[int, Field(ge=1, le=8760)]


class Backup(Area):
    """Intervals between backups."""

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
