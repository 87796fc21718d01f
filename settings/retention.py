"""`luxima:retention`: how long metrics, logs, traces and backups are kept; how long images are: `delivery.registry`.

Loki's limits and bucket lifecycles are derived from this table.
"""

from typing import Annotated

from pydantic import Field

from settings.values import Area

Days = Annotated[int, Field(ge=1, le=3650)]


class LogRetention(Area):
    """How long log lines can be queried, by their source (LOG-1, LOG-2)."""

    default_days: Days = Field(default=30, description="Everything not named here, in days")
    api_days: Days = Field(default=30, description="Hono API, in days")
    edge_functions_days: Days = Field(default=30, description="Supabase edge functions, in days")
    docker_days: Days = Field(default=15, description="Standard output of Docker containers, in days")
    syslog_days: Days = Field(default=30, description="Syslog of the Proxmox VMs, in days")
    access_days: Days = Field(default=14, description="Access logs of web servers and gateways, in days")
    security_days: Days = Field(default=60, description="Security alerts and events, in days")
    audit_days: Days = Field(default=90, description="Audit trail; a Loki tenant of its own, in days")


class BackupRetention(Area):
    """How long backups are kept, by what they are of (BAK-1..4)."""

    database_days: Days = Field(default=30, description="Backups of the database, in days")
    object_storage_days: Days = Field(default=14, description="Snapshots of the object storage, in days")
    deployment_days: Days = Field(default=7, description="Snapshots of deployments, in days")
    logs_days: Days = Field(default=60, description="Archive of logs, in days")
    audit_logs_days: Days = Field(default=90, description="Archive of the audit tenant's logs, in days")


class Retention(Area):
    """The retention table."""

    metrics_days: Days = Field(default=30, description="Prometheus' series, in days")
    log_objects_days: Days = Field(
        default=90, description="Lifecycle of Loki's objects, in days; never shorter than the longest log retention"
    )
    traces_days: Days = Field(default=14, description="Tempo's traces, in days")
    logs: LogRetention = Field(description="Log lines by source")
    backups: BackupRetention = Field(description="Backups by kind")

    @property
    def longest_log_days(self) -> int:
        """The longest time any log line can be queried, in days."""
        days: dict[str, int] = self.logs.model_dump()
        return max(days.values())
