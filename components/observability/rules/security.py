"""What looks like an attack, as far as metrics show it; rules per address and per user read the logs (SEC-4)."""

from typing import Final

from components.observability.rules.model import Alert, Group, Recording
from components.observability.rules.past import born
from components.observability.rules.users import USERS
from settings import Settings

LOGIN_RATIO: Final = 0.5
"""People mistype in about one of ten logins; half is someone who tries."""
LOGINS: Final = 20
"""Logins of 10 minutes below which a ratio says nothing."""
FLOOD_FACTOR: Final = 3
"""Campaigns double the load; three times the busiest 5 % of the day before is something else."""
FLOOD_RATE: Final = 50
"""Requests a second that trouble no gateway, however few were planned."""
TOKEN_RATIO: Final = 0.05
"""Expired tokens are a few in a thousand."""
TOKEN_RATE: Final = 0.2
"""Errors a second below which a ratio says nothing."""
ROLE_CHANGES: Final = 10
"""An administrator changes a few roles at a time; a script changes many."""


def groups(settings: Settings) -> list[Group]:
    """The alerts of security, and the baselines they need, which look a day back and so are made less often."""
    baselines = [
        Recording(
            "service:http_requests:busiest1d",
            "quantile_over_time(0.95, sum by (service_name) (service:http_requests:rate5m)[1d:5m] offset 15m)",
        ),
        Recording(
            "edge:http_requests:busiest1d", "quantile_over_time(0.95, edge:http_requests:rate5m[1d:5m] offset 15m)"
        ),
    ]
    return [
        Group("security-baselines", baselines, interval="5m"),
        Group("security", [*_tenants(), *_logins(), *_floods(settings)]),
    ]


def _tenants() -> list[Alert]:
    role_changes = (
        f"sum by (service_name, role) (increase(role_changes_total[10m]) > 0 or {born('role_changes_total', '10m')})"
    )
    return [
        Alert(
            "TenantRLSViolation",
            f"increase(rls_violation_total[10m]) > 0 or {born('rls_violation_total', '10m')}",
            severity="critical",
            kind="security",
            owner="security",
            summary="Tenant {{ $labels.tenant_id }} reached for rows of another",
            description="Row level security of table {{ $labels.table }} refused about "
            '{{ $value | printf "%.0f" }} queries of {{ $labels.service_name }} within 10 minutes.',
            dashboard="security-overview",
        ),
        Alert(
            "RoleChanged",
            role_changes,
            severity="notice",
            kind="security",
            owner="security",
            summary="Someone was given or lost role {{ $labels.role }}",
            description='{{ $labels.service_name }} made about {{ $value | printf "%.0f" }} such changes within '
            "10 minutes; the audit log says who and whom.",
            dashboard="security-overview",
        ),
        Alert(
            "RoleChangeBurst",
            f"{role_changes} > {ROLE_CHANGES}",
            severity="warning",
            kind="security",
            owner="security",
            summary="Many changes of role {{ $labels.role }}",
            description='{{ $labels.service_name }} made about {{ $value | printf "%.0f" }} within 10 minutes.',
            dashboard="security-overview",
        ),
    ]


def _logins() -> list[Alert]:
    # A shadow gets copies: each login would count twice, and one that only it refuses hurts nobody.
    tokens = f"sum by (service_name) (rate(jwt_validation_errors_total{{{USERS}}}[5m]))"
    return [
        Alert(
            "LoginFailureRatioHigh",
            f'sum by (service_name) (rate(logins_total{{{USERS},result="failure"}}[10m]))'
            f" / sum by (service_name) (rate(logins_total{{{USERS}}}[10m])) > {LOGIN_RATIO}"
            f" and sum by (service_name) (increase(logins_total{{{USERS}}}[10m])) >= {LOGINS}",
            severity="warning",
            kind="security",
            owner="security",
            summary="Most logins of {{ $labels.service_name }} fail",
            description="{{ $value | humanizePercentage }} of the logins of 10 minutes failed: passwords are being "
            "tried, or the login is broken.",
            dashboard="security-overview",
        ),
        Alert(
            "JwtValidationErrorsHigh",
            f"{tokens} / sum by (service_name) (rate(http_requests_total{{{USERS}}}[5m])) > {TOKEN_RATIO}"
            f" and {tokens} > {TOKEN_RATE}",
            severity="warning",
            kind="security",
            owner="security",
            summary="{{ $labels.service_name }} refuses many tokens",
            description="{{ $value | humanizePercentage }} of its requests came with a token that is not valid, for "
            "5 minutes: forged ones, or a key that was changed.",
            pending="5m",
            dashboard="security-overview",
        ),
    ]


def _floods(settings: Settings) -> list[Alert]:
    usual = settings.observability.load.requests_per_second
    service, least = usual / len(settings.services), max(usual, FLOOD_RATE)
    return [
        Alert(
            "RequestFlood",
            f"sum by (service_name) (service:http_requests:rate5m) > {service:g}"
            f" and sum by (service_name) (service:http_requests:rate5m)"
            f" > {FLOOD_FACTOR} * service:http_requests:busiest1d",
            severity="warning",
            kind="security",
            owner="security",
            summary="{{ $labels.service_name }} is flooded",
            description=f"{{{{ $value | humanize }}}} requests a second, over {FLOOD_FACTOR} times the busiest "
            f"5 % of the day before, and over the planned share of {service:g}.",
            pending="2m",
            dashboard="security-overview",
        ),
        Alert(
            "EdgeRequestFlood",
            # Without a day before, what was planned is the usual.
            f"edge:http_requests:rate5m > {least:g}"
            f" and edge:http_requests:rate5m > {FLOOD_FACTOR} * (edge:http_requests:busiest1d or vector({usual:g}))",
            severity="critical",
            kind="security",
            owner="security",
            summary="The gateways are flooded",
            description=f"{{{{ $value | humanize }}}} requests a second, over {FLOOD_FACTOR} times the busiest "
            f"5 % of the day before, and over {least:g}.",
            pending="2m",
            dashboard="security-overview",
        ),
    ]
