"""The metrics that the platform's own services, jobs and rules have to emit: a contract (MON-8)."""

from typing import Final

from components.observability.metrics.model import Emitter, Metric

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Upper bounds of the services' latency histogram, in seconds."""

_ROUTE: Final = ("method", "route")

SERVICES: Final = Emitter(
    "services",
    ("services",),
    (
        Metric("http_requests_total", "counter", (*_ROUTE, "code", "tenant_id"), "Requests answered"),
        Metric(
            "http_request_duration_seconds",
            "histogram",
            _ROUTE,
            f"Time to the last byte of the answer; bounds {', '.join(f'{bound:g}' for bound in BUCKETS)}; "
            "never with `tenant_id`",
        ),
        Metric("logins_total", "counter", ("result", "tenant_id"), "Logins; `result` is `success` or `failure`"),
        Metric("login_failures_total", "counter", ("reason",), "Why they failed: `password`, `mfa` or `locked`"),
        Metric("jwt_validation_errors_total", "counter", ("reason",), "Tokens that were refused"),
        Metric(
            "rls_violation_total", "counter", ("table", "tenant_id"), "Queries that row level security refused a tenant"
        ),
        Metric("role_changes_total", "counter", ("role",), "Roles given or taken"),
        Metric("plugin_usage_total", "counter", ("plugin", "tenant_id"), "Calls of a plugin"),
        Metric("active_tenants", "gauge", (), "Tenants with a request within the last 5 minutes"),
    ),
    "`route` is the pattern (`/orders/:id`), never the path. A counter whose labels are known beforehand starts at 0, "
    "so that its first step is seen.",
)
"""What every service has to emit at its metrics path."""

JOBS: Final = Emitter(
    "backup jobs",
    ("node",),
    (
        Metric(
            "backup_last_success_timestamp_seconds",
            "gauge",
            ("backup",),
            "When the last good backup ended; `backup` is `database`, `object_storage`, `deployment` or `logs`",
        ),
        Metric("backup_last_failure_timestamp_seconds", "gauge", ("backup",), "When a run last failed; 0 for never"),
        Metric(
            "backup_last_drill_timestamp_seconds",
            "gauge",
            ("backup",),
            "When a part of the newest backup was last restored on trial, compared, and right; 0 for never",
        ),
        Metric(
            "backup_last_drill_failure_timestamp_seconds",
            "gauge",
            ("backup",),
            "When a restore drill last failed; 0 for never",
        ),
        Metric(
            "backup_verified_timestamp_seconds",
            "gauge",
            ("backup",),
            "When something of a backup was last read back, compared, and right; 0 for never",
        ),
        Metric("backup_duration_seconds", "gauge", ("backup",), "How long the last good run took"),
        Metric(
            "backup_objects",
            "gauge",
            ("backup",),
            "Objects, or files, that the newest backup restores, and not only those that its run added",
        ),
        Metric("backup_size_bytes", "gauge", ("backup",), "What they are together"),
        Metric(
            "backup_wal_pushed_timestamp_seconds",
            "gauge",
            (),
            "Until when the WAL that PostgreSQL handed over is in the repository; told every 15 seconds",
        ),
    ),
    "Written as files for the textfile collector of the node exporter, atomically: to another name, then renamed. "
    "Before the first good backup nothing is told but a failure. `deployment` has the first metric alone, recorded by "
    "a rule: since when, at most 8 days, the hypervisor shows the newest snapshot of each Docker host.",
)
"""What the platform's own jobs emit."""


RELEASES: Final = Emitter(
    "what the platform knows of its releases",
    (),
    (
        Metric("release_probation", "gauge", ("service", "slot"), "1 while a guard watches the release"),
        Metric(
            "release_probation_start_timestamp_seconds",
            "gauge",
            ("service", "slot", "job_name"),
            "When the guard of a release began to watch it",
        ),
        Metric("release_live_slot_info", "gauge", ("service", "slot"), "1 for the slot that users reach"),
    ),
    "Recorded by rules: from the guards' Jobs, and from what the primary name server answers.",
)
"""What is recorded of releases, under names of metrics."""
