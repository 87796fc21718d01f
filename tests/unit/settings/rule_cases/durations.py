"""Cases for the rules on times."""

from settings.rules import durations
from tests.unit.settings.rule_cases.case import Case, value

CASES = [
    *(
        value(
            durations.bounds,
            path,
            floor - 1,
            f"{floor - 1} is too short; requirement {requirement} asks for at least {floor}",
            floor,
        )
        for path, floor, requirement in (
            ("retention.metrics_days", 30, "MON-1"),
            ("retention.log_objects_days", 90, "LOG-6"),
            ("retention.logs.default_days", 30, "LOG-2"),
            ("retention.logs.api_days", 30, "LOG-1"),
            ("retention.logs.edge_functions_days", 30, "LOG-1"),
            ("retention.logs.docker_days", 15, "LOG-1"),
            ("retention.logs.syslog_days", 30, "LOG-1"),
            ("retention.logs.access_days", 14, "LOG-1"),
            ("retention.logs.security_days", 60, "LOG-2"),
            ("retention.logs.audit_days", 90, "LOG-2"),
            ("retention.backups.database_days", 30, "BAK-1"),
            ("retention.backups.object_storage_days", 14, "BAK-2"),
            ("retention.backups.deployment_days", 7, "BAK-3"),
            ("retention.backups.logs_days", 60, "BAK-4"),
            ("retention.backups.audit_logs_days", 90, "LOG-6"),
            ("observability.alerts.resolve_minutes", 5, "ALR-9"),
        )
    ),
    *(
        value(
            durations.bounds,
            path,
            ceiling + 1,
            f"{ceiling + 1} is too long; requirement {requirement} asks for at most {ceiling}",
            ceiling,
        )
        for path, ceiling, requirement in (
            ("backup.database_interval_hours", 12, "BAK-1"),
            ("backup.object_storage_interval_hours", 24, "BAK-2"),
            ("backup.log_flush_max_minutes", 60, "LOG-6"),
            ("backup.log_archive_interval_hours", 24, "LOG-6"),
            ("observability.scrape_interval_seconds", 15, "MON-1"),
            ("observability.alerts.acknowledge_minutes", 10, "ALR-8"),
            ("observability.alerts.escalate_minutes", 30, "ALR-8"),
        )
    ),
    *(
        Case(
            durations.log_objects,
            {f"retention.logs.{kind}_days": 120, "retention.log_objects_days": 119},
            "119 is shorter than the longest log retention; give at least 120",
            {f"retention.logs.{kind}_days": 120, "retention.log_objects_days": 120},
        )
        for kind in ("default", "api", "edge_functions", "docker", "syslog", "access", "security", "audit")
    ),
    Case(
        durations.audit_archive,
        {"retention.logs.audit_days": 91},
        "90 is shorter than retention.logs.audit_days; give at least 91",
        {"retention.logs.audit_days": 91, "retention.backups.audit_logs_days": 91},
        at="retention.backups.audit_logs_days",
    ),
    Case(
        durations.switch_ttl,
        {"dns.ttl_seconds": 30, "dns.switch_ttl_seconds": 31},
        "31 is longer than dns.ttl_seconds; give at most 30",
        {"dns.ttl_seconds": 30, "dns.switch_ttl_seconds": 30},
    ),
    value(
        durations.escalation,
        "observability.alerts.escalate_minutes",
        10,
        "10 is not after acknowledge_minutes; give more than 10",
        11,
    ),
]
