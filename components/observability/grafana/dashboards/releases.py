"""Releases: which slot is live, what is on probation, and how the slots compare (REL-1, REL-6)."""

from components.observability.grafana.board import Board, Row
from components.observability.grafana.names import SERVICE, SLOT, STREAM, job, rate, series
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
from components.observability.grafana.runbooks import runbook
from components.observability.grafana.variables import service, slot
from components.observability.rules import releases as rules
from settings import Settings
from settings.guard import Limits

_CHOSEN = f"{SERVICE},{SLOT}"
_RELEASED = 'service=~"$service_name"'


def board(settings: Settings) -> Board:
    """The dashboard."""
    namespaces = "|".join(sorted({each.namespace for each in settings.services.values()}))
    return Board(
        uid="releases",
        title="Releases",
        description="Live slots, probation, errors and latency per slot; switches are drawn into every graph.",
        variables=[service(), slot()],
        links={"Application Metrics": "/d/application-metrics"},
        since="now-24h",
        rows=[_now(settings), _compare(settings.guard_limits), _baseline(), _workloads(namespaces), _logs()],
    )


def _now(settings: Settings) -> Row:
    firing = Column(
        "Firing",
        'sum by (alertname, severity, service_name, slot) (ALERTS{alertstate="firing",kind="release"})',
        "short",
    )
    return Row(
        "Now",
        [
            listing(
                "Live slots",
                "The slot that users of each service reach.",
                Column(
                    "Live",
                    f"max by (service, slot) ({series('release_live_slot_info', _RELEASED)}) == 1",
                    "bool_yes_no",
                ),
                height=6,
                width=8,
            ),
            number(
                "On probation",
                "Releases that are watched and go back by themselves if they fail.",
                "short",
                promql_now(f"sum({series('release_probation', _RELEASED, SLOT)}) or vector(0)"),
                steps=((None, "green"), (1, "yellow")),
                height=6,
            ),
            number(
                "Worst slot",
                f"Highest share of 5xx of one slot in {settings.guard.window_minutes} min.",
                "percentunit",
                promql_now(f"max({_errors(f'{settings.guard.window_minutes}m')})"),
                steps=above(settings.guard_limits.error_percent / 100, 0.01),
                height=6,
            ),
            listing(
                "Release alerts",
                "Alerts on releases that fire now; the name leads to the runbook.",
                firing,
                urls={"alertname": runbook(settings, "${__value.raw}")},
                height=6,
                width=8,
            ),
        ],
    )


def _errors(window: str) -> str:
    selector = series("http_requests_total", SERVICE, SLOT)
    failed = series("http_requests_total", SERVICE, SLOT, 'code=~"5.."')
    by = "sum by (service_name, slot)"
    return f"{by} (rate({failed}[{window}])) / {by} (rate({selector}[{window}]))"


def _compare(limits: Limits) -> Row:
    minutes = limits.window_seconds // 60
    return Row(
        "Slots compared",
        [
            graph(
                "Error rate per slot",
                f"Share of the requests of {minutes} min that a slot answered with 5xx; "
                f"over {limits.error_percent:g} % a release goes back.",
                "percentunit",
                promql(_errors(f"{minutes}m"), "{{service_name}} {{slot}}"),
                steps=above(limits.error_percent / 100),
                width=8,
            ),
            graph(
                "Traffic per slot",
                "Requests per second that each slot answers; shows how a switch or a canary moves the users.",
                "reqps",
                promql(f"service:http_requests:rate5m{{{_CHOSEN}}}", "{{service_name}} {{slot}}"),
                stacked=True,
                width=8,
            ),
            graph(
                "Latency per slot (p95)",
                "Time in which 95 % of the requests of 5 min were answered.",
                "s",
                promql(f"service:http_latency_seconds:p95_5m{{{_CHOSEN}}}", "{{service_name}} {{slot}}"),
                width=8,
            ),
        ],
    )


def _baseline() -> Row:
    usual = "last_over_time(service:release_signal:median7d[35m])"
    ratio = f"slot:release_signal:value{{{_CHOSEN}}} / on (service_name, signal) group_left () ({usual} > 0)"
    return Row(
        "Against the past",
        [
            graph(
                "Against the last 7 days",
                "p50, p95, rate and errors of each slot over the service's median of the same hour in 7 days.",
                "x",
                promql(ratio, "{{service_name}} {{slot}} {{signal}}"),
                steps=above(rules.FACTOR),
            ),
            graph(
                "Probation",
                "1 while a release in a slot is watched.",
                "short",
                promql(
                    f"max by (service, slot) ({series('release_probation', _RELEASED, SLOT)})", "{{service}} {{slot}}"
                ),
                maximum=1,
            ),
        ],
    )


def _workloads(namespaces: str) -> Row:
    matcher = f'namespace=~"{namespaces}"'
    available, wanted = (
        f"sum by (deployment) ({series(name, job('kube-state-metrics'), matcher)})"
        for name in ("kube_deployment_status_replicas_available", "kube_deployment_spec_replicas")
    )
    restarts = series("kube_pod_container_status_restarts_total", matcher)
    return Row(
        "Workloads",
        [
            listing(
                "Deployments",
                "Pods of each slot: how many are wanted, how many are available.",
                Column("Wanted", wanted, "short"),
                Column("Available", available, "short"),
            ),
            graph(
                "Restarts",
                "Restarts of the services' containers in 10 min.",
                "short",
                promql(f"sum by (pod) (increase({restarts}[10m])) > 0", "{{pod}}"),
            ),
            graph(
                "Requests at the gateways",
                "Requests per second that reach the gateway of each slot; clients with stale DNS show here.",
                "reqps",
                promql(
                    f"sum by (slot) ({rate('traefik_entrypoint_requests_total', job('traefik'), SLOT)})", "{{slot}}"
                ),
                width=24,
                height=6,
            ),
        ],
    )


def _logs() -> Row:
    return Row(
        "Logs",
        [
            lines(
                "Errors after a release",
                "Lines of level error of the chosen services.",
                f'{{{STREAM}, level="error"}} | json | line_format "{{{{.event}}}}: {{{{.message}}}}"',
            ),
        ],
    )
