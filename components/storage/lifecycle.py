"""Lifecycle rules of the buckets, derived from the one retention table (BAK-1..4, LOG-2, LOG-6)."""

from dataclasses import dataclass
from typing import Final

from settings.retention import Retention
from settings.storage import COPIES

LOG_TENANT: Final = "luxima"
"""Loki tenant of everything but audit; also the prefix of its objects."""
AUDIT_TENANT: Final = "audit"
"""Loki tenant of the audit logs, which are kept longer (LOG-2)."""


@dataclass(frozen=True)
class LifecycleRule:
    """One rule of a bucket's lifecycle."""

    id: str
    """Name of the rule."""
    prefix: str
    """Objects that it is for; empty for all."""
    expire_days: int | None
    """Days after which an object goes; None to keep it for ever, and to remove the marks of deleted ones."""
    noncurrent_days: int | None
    """Days after which an old version goes; None where there are no versions."""


def lifecycle(bucket: str, versioned: bool, retention: Retention) -> list[LifecycleRule]:
    """Rules of `bucket`, which is its name without the stack's prefix.

    A bucket of which the retention table knows nothing keeps its objects; of those, old versions stay as long as
    a snapshot of the object storage would (BAK-2). What has no version left but the mark that it was deleted goes.
    Who may write to a bucket may put something in an object's place, so where something is promised of an object,
    an old version lives for days as well; of audit lines and snapshots, as long as the object itself was to.
    """

    def old(days: int) -> int | None:
        return days if versioned else None

    # An object that expires in a versioned bucket becomes an old version first: one more day, then it is gone.
    gone = old(1)
    backups = retention.backups
    match bucket:
        case "loki":
            kept = retention.log_objects_days
            rules = [LifecycleRule(f"{tenant}-logs", f"{tenant}/", kept, gone) for tenant in (LOG_TENANT, AUDIT_TENANT)]
        case "tempo":
            # Tempo deletes blocks itself; this is for what it leaves behind. It keeps a file of its own at the top.
            rules = [LifecycleRule("traces", "single-tenant/", retention.traces_days, gone)]
        case "logs-archive":
            rules = [
                LifecycleRule("archived-logs", f"{LOG_TENANT}/", backups.logs_days, old(backups.object_storage_days)),
                LifecycleRule(
                    "archived-audit-logs",
                    f"{AUDIT_TENANT}/",
                    backups.audit_logs_days,
                    old(max(backups.audit_logs_days, backups.object_storage_days)),
                ),
            ]
        case "backups":
            kept = backups.deployment_days
            rules = [LifecycleRule("deployment-snapshots", "deployment/", kept, old(kept))]
            if versioned:
                # pgBackRest expires its backups; some of its files are as old as the repository.
                rules.append(LifecycleRule("database-backups", "database/", None, backups.object_storage_days))
        case _ if versioned:
            # Of the copies the last day is whole: what a run replaces late is still there a day later.
            more = 1 if bucket == COPIES else 0
            return [LifecycleRule("old-versions", "", None, backups.object_storage_days + more)]
        case _:
            return []
    return [*rules, LifecycleRule("delete-markers", "", None, None)] if versioned else rules
