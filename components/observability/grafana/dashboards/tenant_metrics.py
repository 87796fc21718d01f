"""Tenant Metrics: who is active, who signs in, who uses what (MON-3)."""

from components.observability.grafana.board import Board, Row
from components.observability.grafana.names import FAILED, STREAM, TENANT, increase, rate, series
from components.observability.grafana.panels import (
    Column,
    above,
    graph,
    lines,
    listing,
    number,
    promql,
    promql_now,
)
from components.observability.grafana.variables import service, tenant
from components.observability.rules import security, services
from settings import Settings

_OF_TENANTS = 'tenant_id!=""'
_SUCCESS = 'result="success"'
_FAILURE = 'result="failure"'


def board(settings: Settings) -> Board:
    """The dashboard."""
    expected = settings.observability.load.tenants
    return Board(
        uid="tenant-metrics",
        title="Tenant Metrics",
        description="Active tenants, the trend of sign-ins, the use of plugins, and what each tenant's users meet.",
        variables=[tenant(), service()],
        links={"Security Overview": "/d/security-overview", "Anomalies": "/d/anomalies"},
        since="now-24h",
        rows=[_now(expected), _logins(), _plugins(), _requests(), _logs()],
    )


def _now(expected: int) -> Row:
    return Row(
        "Activity",
        [
            number(
                "Active tenants",
                f"Tenants that are active now; the platform is sized for {expected}.",
                "short",
                promql_now(f"max({series('active_tenants')})"),
                steps=above(expected * 1.25, expected),
            ),
            number(
                "Sign-ins",
                "Successful sign-ins in the chosen time.",
                "short",
                promql_now(f"sum({increase('logins_total', TENANT, _SUCCESS)}) or vector(0)"),
            ),
            number(
                "Failed sign-ins",
                "Share of the sign-ins of the chosen time that failed.",
                "percentunit",
                promql_now(
                    f"(sum({increase('logins_total', TENANT, _FAILURE)}) or vector(0))"
                    f" / sum({increase('logins_total', TENANT)})"
                ),
                steps=above(security.LOGIN_RATIO, 0.2),
            ),
            graph(
                "Active tenants over time",
                "Tenants that are active, now and a week ago.",
                "short",
                promql(f"max({series('active_tenants')})", "now"),
                promql(f"max({series('active_tenants')} offset 1w)", "a week ago"),
                height=4,
            ),
        ],
    )


def _logins() -> Row:
    return Row(
        "Sign-ins",
        [
            graph(
                "Login trend",
                "Sign-ins per second by result, with a week ago for comparison.",
                "cps",
                promql(f"sum by (result) ({rate('logins_total', TENANT)})", "{{result}}"),
                promql(
                    f"sum by (result) (rate({series('logins_total', TENANT)}[$__rate_interval] offset 1w))",
                    "{{result}} a week ago",
                ),
            ),
            graph(
                "Sign-ins by tenant",
                "Successful sign-ins per second, the ten most active tenants.",
                "cps",
                promql(
                    f"topk(10, sum by (tenant_id) ({rate('logins_total', TENANT, _SUCCESS)}))",
                    "{{tenant_id}}",
                ),
                stacked=True,
            ),
        ],
    )


def _plugins() -> Row:
    return Row(
        "Plugins",
        [
            graph(
                "Plugin usage",
                "Uses per second by plugin.",
                "cps",
                promql(f"sum by (plugin) ({rate('plugin_usage_total', TENANT)})", "{{plugin}}"),
                stacked=True,
            ),
            listing(
                "Plugins by tenant",
                "Uses in the chosen time; the 50 most frequent.",
                Column(
                    "Uses", f"topk(50, sum by (plugin, tenant_id) ({increase('plugin_usage_total', TENANT)}))", "short"
                ),
            ),
        ],
    )


def _requests() -> Row:
    total = f"sum by (tenant_id) ({rate('http_requests_total', TENANT, _OF_TENANTS)})"
    failed = f"sum by (tenant_id) ({rate('http_requests_total', TENANT, _OF_TENANTS, FAILED)})"
    return Row(
        "Requests",
        [
            graph(
                "Requests by tenant",
                "Requests per second, the ten busiest tenants.",
                "reqps",
                promql(f"topk(10, {total})", "{{tenant_id}}"),
            ),
            graph(
                "Error rate by tenant",
                "Share of a tenant's requests that were answered with 5xx, the ten worst.",
                "percentunit",
                promql(f"topk(10, {failed} / {total})", "{{tenant_id}}"),
                steps=above(services.ERROR_RATIO),
            ),
        ],
    )


def _logs() -> Row:
    return Row(
        "Logs",
        [
            lines(
                "What happened",
                "Events of the chosen tenants with who did them.",
                f'{{{STREAM}, {TENANT}}} | json | line_format "{{{{.event}}}} by {{{{.user_id}}}}"',
            ),
        ],
    )
