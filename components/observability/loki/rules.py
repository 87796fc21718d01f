"""Rules that Loki's ruler evaluates: LogQL over log lines, for each tenant of Loki (SEC-4, REL-6, LOG-3).

Loki 3.7 reads `keep_firing_for` and then drops it: its own form of a rule has no such field. So these rules do not
carry it, and the expressions themselves stay true until all was normal for `alerts.resolve_minutes` (ALR-9): either
their window is that long, or they also ask how it was one minute ago, two minutes ago, and so on.
"""

from collections.abc import Callable, Iterator
from math import ceil
from typing import Final

from components.observability.loki.tenants import AUDIT_TENANT, LOG_TENANT
from components.observability.rules.model import Alert, Group
from components.observability.rules.users import USERS
from components.programs import API_AUDIT_SERVICE
from settings import Settings

USER_FAILURES: Final = 10
"""Failed logins of one user in 10 minutes: people give up, or ask for a new password, after three to five."""
ADDRESS_FAILURES: Final = 30
"""Failed logins from one address in 10 minutes: an office behind one address mistypes less often."""
ERROR_LINES: Final = 20
"""Error lines of a service in 5 minutes below which a comparison says nothing."""
ERROR_FACTOR: Final = 3
"""Times as many error lines as in the hour before."""
SCAN_MINUTES: Final = 5
"""REL-6: the error log is scanned this often."""
QUIET_MINUTES: Final = 30
"""A service that is probed every few seconds logs within this time.

All such times are halved: one half is looked at, the other waited for. What is new has no lines from before.
"""
BUSY: Final = 100
"""Requests a second from which on somebody logs in at any time."""
LOOK_BACKS: Final = 10
"""How many times an expression may ask for the past; with more minutes than that, the steps get longer."""

_EVENT: Final = '| json event="event", user_id="user_id", address="context.ip" | __error__=""'


def kept(minutes: int, step: int, expression: Callable[[str], str]) -> str:
    """An expression that was true within `minutes`, evaluated every `step` minutes; it is given its `offset`."""
    offsets = ["", *(f" offset {step * count}m" for count in range(1, ceil(minutes / step) + 1))]
    return " or ".join(f"({expression(offset)})" for offset in offsets)


def groups(settings: Settings) -> dict[str, list[Group]]:
    """Groups by tenant of Loki."""
    minutes = settings.observability.alerts.resolve_minutes
    step = max(1, ceil(minutes / LOOK_BACKS))
    scan = max(SCAN_MINUTES, step)
    luxima = [
        Group("log-security", [*_logins(minutes, step), *_changes(minutes)], interval=f"{step}m"),
        Group("log-scan", [_errors(minutes, scan), _secrets(max(minutes, scan))], interval=f"{scan}m"),
        Group("log-collection", _missing(settings, minutes, scan), interval=f"{scan}m"),
    ]
    audit = [Group("audit-trail", [*_audit(settings, minutes, scan)], interval=f"{scan}m")]
    return {
        LOG_TENANT: [group for group in luxima if group.rules],
        AUDIT_TENANT: [group for group in audit if group.rules],
    }


def alerts(settings: Settings) -> list[Alert]:
    """All alerts of the logs, whatever the tenant."""
    return [alert for each in groups(settings).values() for group in each for alert in group.alerts]


def _logins(minutes: int, step: int) -> Iterator[Alert]:
    """Brute force, per address and per user (SEC-4)."""

    def failures(by: str, limit: int) -> Callable[[str], str]:
        lines = f'{{class="security"}} |= "login_failed" | {USERS} {_EVENT} | event="login_failed" | {by}!=""'
        return lambda offset: f"sum by ({by}) (count_over_time({lines} [10m]{offset})) > {limit}"

    yield Alert(
        "FailedLoginsFromAddress",
        kept(minutes, step, failures("address", ADDRESS_FAILURES)),
        severity="warning",
        kind="security",
        owner="security",
        keep=None,
        summary="{{ $labels.address }} tries passwords",
        description="{{ $value }} logins from this address failed within 10 minutes, whatever the user.",
        dashboard="security-overview",
    )
    yield Alert(
        "FailedLoginsOfUser",
        kept(minutes, step, failures("user_id", USER_FAILURES)),
        severity="warning",
        kind="security",
        owner="security",
        keep=None,
        summary="Somebody tries passwords of user {{ $labels.user_id }}",
        description="{{ $value }} logins of this user failed within 10 minutes, whatever the address.",
        dashboard="security-overview",
    )


def _changes(minutes: int) -> Iterator[Alert]:
    """Single events that security wants to see; the window is as long as they have to stay away."""
    roles = '|~ "role_(changed|granted|revoked)"'
    yield Alert(
        "RoleChangeLogged",
        f'sum by (service, user_id) (count_over_time({{class="security"}} {roles} {_EVENT} '
        f'| event=~"role_(changed|granted|revoked)" [{minutes}m])) > 0',
        severity="notice",
        kind="security",
        owner="security",
        keep=None,
        summary="A role was changed in {{ $labels.service }} by {{ $labels.user_id }}",
        description="{{ $value }} such changes were logged; the lines say whose role, and from which address.",
        dashboard="security-overview",
    )
    yield Alert(
        "RlsViolationLogged",
        f'sum by (service) (count_over_time({{class="security"}} |~ "row-level security policy|rls_violation" '
        f"[{minutes}m])) > 0",
        severity="warning",
        kind="security",
        owner="security",
        keep=None,
        summary="{{ $labels.service }} logged a violation of row level security",
        description="{{ $value }} statements reached for rows of another tenant and were refused by the database.",
        dashboard="security-overview",
    )


def _errors(minutes: int, step: int) -> Alert:
    """REL-6: errors that were not there before, which is what a bad release looks like in the logs."""
    lines = f'{{class=~"api|edge_functions", level=~"error|fatal"}} | {USERS}'

    def more(offset: str) -> str:
        before = int(offset.removeprefix(" offset ").removesuffix("m") or 0) + SCAN_MINUTES
        now = f"sum by (service) (count_over_time({lines} [{SCAN_MINUTES}m]{offset}))"
        usual = f"sum by (service) (count_over_time({lines} [1h] offset {before}m)) / {60 // SCAN_MINUTES}"
        return f"{now} > {ERROR_LINES} unless {now} <= {ERROR_FACTOR} * {usual}"

    return Alert(
        "PostDeployErrorLogs",
        kept(minutes, step, more),
        severity="warning",
        kind="release",
        owner="engineering",
        keep=None,
        summary="{{ $labels.service }} logs errors that it did not log before",
        description=f"{{{{ $value }}}} error lines within {SCAN_MINUTES} minutes, more than {ERROR_FACTOR} times "
        "the hour before. If a release is on probation, it is the first suspect.",
        dashboard="releases",
    )


def _secrets(minutes: int) -> Alert:
    """A masked secret is a service that logs secrets, and one pattern away from a secret in Loki (SEC-2)."""
    return Alert(
        "SecretsInLogs",
        'sum by (service) (count_over_time({class=~"api|edge_functions|docker|security|default"} |= "[masked]" '
        f'!= "logql" [{minutes}m])) > 0',
        severity="notice",
        kind="security",
        owner="engineering",
        keep=None,
        summary="{{ $labels.service }} writes secrets into its log",
        description="{{ $value }} lines held a secret, which the log agent masked; it does not know every form.",
        dashboard="security-overview",
    )


def _missing(settings: Settings, minutes: int, step: int) -> list[Alert]:
    """Services and machines that log nothing at all; a service that was never released is not missed."""
    services = [name for name in settings.services if settings.release(name)]
    machines = sorted([*settings.wanted_vms, *settings.compute.containers])

    def absent(selectors: list[str], window: str) -> Callable[[str], str]:
        return lambda offset: " or ".join(f"absent_over_time({selector} [{window}]{offset})" for selector in selectors)

    found: list[Alert] = []
    if services:
        found.append(
            Alert(
                "ServiceLogsMissing",
                kept(minutes, step, absent([f'{{service="{name}"}}' for name in services], f"{QUIET_MINUTES // 2}m")),
                severity="warning",
                kind="monitoring",
                owner="devops",
                keep=None,
                summary="No log lines of {{ $labels.service }}",
                description=f"Nothing for {QUIET_MINUTES} minutes: it is down, or its lines do not arrive.",
                pending=f"{QUIET_MINUTES // 2}m",
                dashboard="application-metrics",
            )
        )
    if machines:
        found.append(
            Alert(
                "HostLogsMissing",
                kept(minutes, step, absent([f'{{class="syslog", host="{name}"}}' for name in machines], "1h")),
                severity="warning",
                kind="monitoring",
                owner="devops",
                keep=None,
                summary="No journal of {{ $labels.host }}",
                description="Nothing for 2 hours: the machine is off, or its log agent does not send.",
                pending="1h",
                dashboard="system-overview",
            )
        )
    return found


def _audit(settings: Settings, minutes: int, step: int) -> Iterator[Alert]:
    """The audit trail, in its own tenant."""
    # Longer than a weekend, where few people sign in.
    hours = 2 if settings.observability.load.requests_per_second >= BUSY else 72
    # What is done in the cluster says nothing of whether people's doings are written down.
    selector = f'{{class="audit", service!="{API_AUDIT_SERVICE}"}}'
    yield Alert(
        "AuditTrailSilent",
        kept(minutes, step, lambda offset: f"absent_over_time({selector} [{hours // 2}h]{offset})"),
        severity="warning",
        kind="security",
        owner="security",
        keep=None,
        summary="The audit trail has stopped",
        description=f"No audit entry for {hours} hours, although people sign in all the time: "
        "it is not written, not collected, or somebody switched it off.",
        pending=f"{hours // 2}h",
        dashboard="security-overview",
    )
    yield Alert(
        "DatabaseRoleChanged",
        'sum by (service) (count_over_time({class="audit"} |= "AUDIT: " '
        '|~ "(?i)(create|alter|drop) (role|user)|(grant|revoke) .* (to|from) |(create|alter|drop) policy" '
        f"[{max(minutes, step)}m])) > 0",
        severity="warning",
        kind="security",
        owner="security",
        keep=None,
        summary="Rights in the database were changed",
        description="{{ $value }} statements changed roles, grants or row level security policies in "
        "{{ $labels.service }}. Migrations do that; anything else is an incident.",
        dashboard="security-overview",
    )
