"""Application Metrics: latency, throughput and errors of every service, by the slot that answered (MON-3)."""

from components.observability.grafana.board import Board, Row
from components.observability.grafana.names import FAILED, LOKI, SERVICE, SLOT, STREAM, job, quantile, rate, series
from components.observability.grafana.panels import (
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
from components.observability.grafana.variables import service, slot
from components.observability.rules import edge, services
from settings import Settings

_CHOSEN = f"{SERVICE},{SLOT}"


def board(settings: Settings) -> Board:
    """The dashboard."""
    return Board(
        uid="application-metrics",
        title="Application Metrics",
        description="Latency, throughput and error rate of every service, by slot; exemplars lead to traces.",
        variables=[service(), slot()],
        links={"Objectives": "/d/slo", "Releases": "/d/releases", "Request Traces": "/d/request-traces"},
        rows=[_now(), _slots(settings), _latency(), _routes(), _edge(), _logs()],
    )


def _now() -> Row:
    total = rate("http_requests_total", SERVICE, SLOT)
    errors = rate("http_requests_total", SERVICE, SLOT, FAILED)
    buckets = rate("http_request_duration_seconds_bucket", SERVICE, SLOT)
    return Row(
        "Now",
        [
            number("Requests", "Requests per second to the chosen services.", "reqps", promql_now(f"sum({total})")),
            number(
                "Error rate",
                "Share of the requests that were answered with 5xx.",
                "percentunit",
                promql_now(f"(sum({errors}) or vector(0)) / sum({total})"),
                steps=above(services.ERROR_RATIO, 0.01),
            ),
            *(
                number(
                    f"p{share * 100:g}",
                    f"Time in which {share:.0%} of the requests were answered.",
                    "s",
                    promql_now(f"histogram_quantile({share}, sum by (le) ({buckets}))"),
                )
                for share in (0.5, 0.95, 0.99)
            ),
            number(
                "Pods",
                "Pods of the chosen services whose metrics are read.",
                "short",
                promql_now(f"count({series('up', job('services'), SERVICE, SLOT)} == 1)"),
            ),
        ],
    )


def _slots(settings: Settings) -> Row:
    errors = graph(
        "Error rate by slot",
        "Share of the requests of 5 min that a slot answered with 5xx; over 5 % for 2 min is APIErrorRateHigh.",
        "percentunit",
        promql(f"service:http_errors:ratio5m{{{_CHOSEN}}}", "{{service_name}} {{slot}}"),
        steps=above(services.ERROR_RATIO),
        width=8,
    )
    return Row(
        "By slot",
        [
            graph(
                "Throughput by slot",
                "Requests per second, mean of 5 min, by the slot that answered.",
                "reqps",
                promql(f"service:http_requests:rate5m{{{_CHOSEN}}}", "{{service_name}} {{slot}}"),
                width=8,
            ),
            links(errors, {"Runbook APIErrorRateHigh": runbook(settings, "APIErrorRateHigh")}),
            graph(
                "Latency by slot (p95)",
                "Time in which 95 % of the requests of 5 min were answered.",
                "s",
                promql(f"service:http_latency_seconds:p95_5m{{{_CHOSEN}}}", "{{service_name}} {{slot}}"),
                steps=above(services.LATENCY_SECONDS),
                width=8,
            ),
        ],
    )


def _latency() -> Row:
    now = "sum by (service_name) (service:http_requests:rate5m{%s}%s)"
    return Row(
        "Latency and throughput",
        [
            graph(
                "API latency",
                "Time in which half, 95 % and 99 % of the requests were answered; points lead to traces.",
                "s",
                *(
                    promql(
                        quantile(share, "service_name", SERVICE, SLOT),
                        f"{{{{service_name}}}} p{share * 100:g}",
                        exemplars=share == 0.99,
                    )
                    for share in (0.5, 0.95, 0.99)
                ),
            ),
            graph(
                "Throughput and last week's",
                "Requests per second now and a week ago, mean of 5 min.",
                "reqps",
                promql(now % (_CHOSEN, ""), "{{service_name}}"),
                promql(now % (_CHOSEN, " offset 1w"), "{{service_name}} a week ago"),
            ),
            graph(
                "Answers by status code",
                "Requests per second by status code.",
                "reqps",
                promql(f"sum by (code) ({rate('http_requests_total', SERVICE, SLOT)})", "{{code}}"),
                stacked=True,
            ),
            graph(
                "Errors by route",
                "Requests per second that were answered with 5xx, the ten worst routes.",
                "reqps",
                promql(
                    "topk(10, sum by (service_name, method, route)"
                    f" ({rate('http_requests_total', SERVICE, SLOT, FAILED)}) > 0)",
                    "{{service_name}} {{method}} {{route}}",
                ),
            ),
        ],
    )


def _routes() -> Row:
    by = "service_name, method, route"
    total = f"sum by ({by}) ({rate('http_requests_total', SERVICE, SLOT)})"
    failed = f"sum by ({by}) ({rate('http_requests_total', SERVICE, SLOT, FAILED)})"
    return Row(
        "Routes",
        [
            listing(
                "Busiest routes",
                "The 25 routes with the most requests: how many, how slow, how many errors.",
                Column("Requests", f"topk(25, {total})", "reqps"),
                Column(
                    "p95",
                    f"{quantile(0.95, by, SERVICE, SLOT)} and topk(25, {total})",
                    "s",
                    above(services.LATENCY_SECONDS),
                ),
                Column("Error rate", f"{failed} / topk(25, {total})", "percentunit", above(services.ERROR_RATIO, 0.01)),
                width=24,
                height=10,
            ),
        ],
    )


def _edge() -> Row:
    requests = "traefik_entrypoint_requests_total"
    buckets = rate("traefik_entrypoint_request_duration_seconds_bucket", job("traefik"), SLOT)
    return Row(
        "Edge gateways",
        [
            graph(
                "Requests by gateway",
                "Requests per second that reach each gateway.",
                "reqps",
                promql(f"sum by (slot) ({rate(requests, job('traefik'), SLOT)})", "{{slot}}"),
                width=8,
            ),
            graph(
                "Error rate by gateway",
                "Share of the requests that a gateway answered with 5xx, its own failures to reach a service included.",
                "percentunit",
                promql(
                    f"sum by (slot) ({rate(requests, job('traefik'), SLOT, FAILED)})"
                    f" / sum by (slot) ({rate(requests, job('traefik'), SLOT)})",
                    "{{slot}}",
                ),
                steps=above(edge.ERROR_RATIO),
                width=8,
            ),
            graph(
                "Latency by gateway (p95)",
                "Time in which 95 % of the requests were answered, as seen at the edge.",
                "s",
                promql(f"histogram_quantile(0.95, sum by (slot, le) ({buckets}))", "{{slot}}"),
                steps=above(edge.LATENCY_SECONDS),
                width=8,
            ),
        ],
    )


def _logs() -> Row:
    return Row(
        "Logs",
        [
            graph(
                "Log lines by level",
                "Lines per second that the chosen services wrote.",
                "cps",
                logql(f"sum by (level) (rate({{{STREAM}}}[$__interval]))", "{{level}}"),
                stacked=True,
                width=24,
                height=6,
                source=LOKI,
            ),
            lines(
                "Errors",
                "Lines of level error of the chosen services; a trace's id leads to the trace.",
                f'{{{STREAM}, level="error"}} | json | line_format "{{{{.event}}}}: {{{{.message}}}}"',
            ),
        ],
    )
