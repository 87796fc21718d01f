"""Rules on times: how long things are kept, how often they are saved, how soon somebody is told.

The requirements are floors and ceilings: more is allowed, less is not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

from settings.report import Path, Problem
from settings.stack import Settings


@dataclass(frozen=True)
class Bound:
    """A requirement on one number."""

    path: Path
    requirement: str
    at_least: int | None = None
    at_most: int | None = None


BOUNDS = (
    Bound(("retention", "metrics_days"), "MON-1", at_least=30),
    Bound(("retention", "log_objects_days"), "LOG-6", at_least=90),
    Bound(("retention", "logs", "default_days"), "LOG-2", at_least=30),
    Bound(("retention", "logs", "api_days"), "LOG-1", at_least=30),
    Bound(("retention", "logs", "edge_functions_days"), "LOG-1", at_least=30),
    Bound(("retention", "logs", "docker_days"), "LOG-1", at_least=15),
    Bound(("retention", "logs", "syslog_days"), "LOG-1", at_least=30),
    Bound(("retention", "logs", "access_days"), "LOG-1", at_least=14),
    Bound(("retention", "logs", "security_days"), "LOG-2", at_least=60),
    Bound(("retention", "logs", "audit_days"), "LOG-2", at_least=90),
    Bound(("retention", "backups", "database_days"), "BAK-1", at_least=30),
    Bound(("retention", "backups", "object_storage_days"), "BAK-2", at_least=14),
    Bound(("retention", "backups", "deployment_days"), "BAK-3", at_least=7),
    Bound(("retention", "backups", "logs_days"), "BAK-4", at_least=60),
    Bound(("retention", "backups", "audit_logs_days"), "LOG-6", at_least=90),
    Bound(("backup", "database_interval_hours"), "BAK-1", at_most=12),
    Bound(("backup", "object_storage_interval_hours"), "BAK-2", at_most=24),
    Bound(("backup", "log_flush_max_minutes"), "LOG-6", at_most=60),
    Bound(("backup", "log_archive_interval_hours"), "LOG-6", at_most=24),
    Bound(("observability", "scrape_interval_seconds"), "MON-1", at_most=15),
    Bound(("observability", "alerts", "acknowledge_minutes"), "ALR-8", at_most=10),
    Bound(("observability", "alerts", "escalate_minutes"), "ALR-8", at_most=30),
    Bound(("observability", "alerts", "resolve_minutes"), "ALR-9", at_least=5),
)


def bounds(settings: Settings) -> Iterator[Problem]:
    """Every number keeps to its requirement."""
    for bound in BOUNDS:
        value: object = reduce(lambda at, part: getattr(at, str(part), None), bound.path, settings)
        if not isinstance(value, int):
            continue
        if bound.at_least is not None and value < bound.at_least:
            yield Problem(
                bound.path, f"{value} is too short; requirement {bound.requirement} asks for at least {bound.at_least}"
            )
        if bound.at_most is not None and value > bound.at_most:
            yield Problem(
                bound.path, f"{value} is too long; requirement {bound.requirement} asks for at most {bound.at_most}"
            )


def log_objects(settings: Settings) -> Iterator[Problem]:
    """Loki's objects outlive every log line that can still be queried (LOG-6)."""
    days, longest = settings.retention.log_objects_days, settings.retention.longest_log_days
    if days < longest:
        text = f"{days} is shorter than the longest log retention; give at least {longest} (requirement LOG-6)"
        yield Problem(("retention", "log_objects_days"), text)


def audit_archive(settings: Settings) -> Iterator[Problem]:
    """The archive of the audit trail lasts as long as the trail itself (LOG-6)."""
    days, audit = settings.retention.backups.audit_logs_days, settings.retention.logs.audit_days
    if days < audit:
        text = f"{days} is shorter than retention.logs.audit_days; give at least {audit} (requirement LOG-6)"
        yield Problem(("retention", "backups", "audit_logs_days"), text)


def switch_ttl(settings: Settings) -> Iterator[Problem]:
    """A name that a slot switch changes is not remembered for longer than the others (REL-1)."""
    switch, ttl = settings.dns.switch_ttl_seconds, settings.dns.ttl_seconds
    if switch > ttl:
        yield Problem(("dns", "switch_ttl_seconds"), f"{switch} is longer than dns.ttl_seconds; give at most {ttl}")


def escalation(settings: Settings) -> Iterator[Problem]:
    """On-call has time to answer before others are called (ALR-8)."""
    alerts = settings.observability.alerts
    if alerts.escalate_minutes <= alerts.acknowledge_minutes:
        text = (
            f"{alerts.escalate_minutes} is not after acknowledge_minutes; give more than {alerts.acknowledge_minutes}"
        )
        yield Problem(("observability", "alerts", "escalate_minutes"), f"{text} (requirement ALR-8)")


RULES = (bounds, log_objects, audit_archive, switch_ttl, escalation)
