"""Security Overview: failed sign-ins, attempts on tenants' borders, broken tokens, changed roles (MON-3, SEC-4)."""

from components.observability.grafana.board import Board, Row
from components.observability.grafana.names import (
    ENVIRONMENT,
    LOKI,
    LOKI_AUDIT,
    SERVICE,
    TENANT,
    increase,
    rate,
    series,
)
from components.observability.grafana.panels import (
    NONE_WANTED,
    Column,
    above,
    graph,
    lines,
    links,
    listing,
    logql,
    number,
    promql,
    promql_now,
)
from components.observability.grafana.runbooks import runbook
from components.observability.grafana.variables import service, tenant
from components.observability.rules import security
from settings import Settings

_FAILURE = 'result="failure"'
_FAILED = (
    f'{{{ENVIRONMENT}, class="security"}} |= "login_failed"'
    ' | json event="event", user_id="user_id", address="context.ip", text="message" | event="login_failed"'
)
_REFUSED = 'code=~"401|403|429"'


def board(settings: Settings) -> Board:
    """The dashboard."""
    return Board(
        uid="security-overview",
        title="Security Overview",
        description="Failed sign-ins, RLS violation attempts, JWT validation errors, role changes and the audit trail.",
        variables=[service(), tenant()],
        links={"Tenant Metrics": "/d/tenant-metrics"},
        since="now-24h",
        rows=[_now(settings), _logins(), _borders(settings), _tokens(), _logs()],
    )


def _now(settings: Settings) -> Row:
    violations = number(
        "RLS violation attempts",
        "Attempts to read or write rows of another tenant in the chosen time; every one is TenantRLSViolation.",
        "short",
        promql_now(f"sum({increase('rls_violation_total', TENANT)}) or vector(0)"),
        steps=NONE_WANTED,
    )
    firing = Column(
        "Firing", 'sum by (alertname, severity, service_name) (ALERTS{alertstate="firing",kind="security"})', "short"
    )
    return Row(
        "In the chosen time",
        [
            number(
                "Failed logins",
                "Sign-ins that failed.",
                "short",
                promql_now(f"sum({increase('logins_total', TENANT, _FAILURE)}) or vector(0)"),
            ),
            links(violations, {"Runbook TenantRLSViolation": runbook(settings, "TenantRLSViolation")}),
            number(
                "JWT validation errors",
                "Tokens that were refused.",
                "short",
                promql_now(f"sum({increase('jwt_validation_errors_total', SERVICE)}) or vector(0)"),
            ),
            number(
                "Role changes",
                "Roles that were given or taken.",
                "short",
                promql_now(f"sum({increase('role_changes_total', SERVICE)}) or vector(0)"),
            ),
            listing(
                "Security alerts",
                "Alerts on security that fire now; the name leads to the runbook.",
                firing,
                urls={"alertname": runbook(settings, "${__value.raw}")},
                width=8,
                height=4,
            ),
        ],
    )


def _logins() -> Row:
    failed = f"sum by (tenant_id) ({rate('logins_total', TENANT, _FAILURE)})"
    total = f"sum by (tenant_id) ({rate('logins_total', TENANT)})"
    return Row(
        "Failed logins",
        [
            graph(
                "Failed logins by reason",
                "Failed sign-ins per second: wrong password, second factor, locked account.",
                "cps",
                promql(f"sum by (reason) ({rate('login_failures_total', SERVICE)})", "{{reason}}"),
                stacked=True,
                width=8,
            ),
            graph(
                "Share of failed logins by tenant",
                "Share of a tenant's sign-ins that fail, the ten worst.",
                "percentunit",
                promql(f"topk(10, {failed} / {total})", "{{tenant_id}}"),
                steps=above(security.LOGIN_RATIO),
                maximum=1,
                width=8,
            ),
            graph(
                "Failed logins by address",
                "Failed sign-ins per address in 5 min as the logs have them, the ten most frequent.",
                "short",
                logql(
                    f'topk(10, sum by (address) (count_over_time({_FAILED} | address!="" [5m])))',
                    "{{address}}",
                ),
                source=LOKI,
                width=8,
            ),
        ],
    )


def _borders(settings: Settings) -> Row:
    attempts = graph(
        "RLS violation attempts",
        "Attempts in 10 min by table and tenant; one is enough for TenantRLSViolation.",
        "short",
        promql(
            f"sum by (table, tenant_id) (increase({series('rls_violation_total', TENANT)}[10m]))",
            "{{table}} {{tenant_id}}",
        ),
        steps=above(1),
    )
    return Row(
        "Tenants' borders and roles",
        [
            links(attempts, {"Runbook TenantRLSViolation": runbook(settings, "TenantRLSViolation")}),
            graph(
                "Role changes",
                "Changes in 10 min by role.",
                "short",
                promql(f"sum by (role) (increase({series('role_changes_total', SERVICE)}[10m]))", "{{role}}"),
            ),
        ],
    )


def _tokens() -> Row:
    return Row(
        "Tokens and refused requests",
        [
            graph(
                "JWT validation errors",
                "Tokens per second that were refused, by reason.",
                "cps",
                promql(
                    f"sum by (service_name, reason) ({rate('jwt_validation_errors_total', SERVICE)})",
                    "{{service_name}} {{reason}}",
                ),
            ),
            graph(
                "Refused requests",
                "Requests per second that were answered with 401, 403 or 429.",
                "reqps",
                promql(
                    f"sum by (service_name, code) ({rate('http_requests_total', SERVICE, _REFUSED)})",
                    "{{service_name}} {{code}}",
                ),
            ),
        ],
    )


def _logs() -> Row:
    return Row(
        "Logs",
        [
            lines(
                "Failed logins",
                "What services and guests wrote about failed sign-ins.",
                f'{_FAILED} | line_format "{{{{.user_id}}}} from {{{{.address}}}}: {{{{.text}}}}"',
                width=12,
            ),
            lines(
                "Security events",
                "Lines of the retention class security.",
                f'{{{ENVIRONMENT}, class="security"}}',
                width=12,
            ),
            lines(
                "Audit trail",
                "Who changed what; kept apart from the other logs.",
                f"{{{ENVIRONMENT}}}",
                source=LOKI_AUDIT,
            ),
        ],
    )
