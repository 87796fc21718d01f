"""Request Traces: from a request's id to its trace, its log lines and the services it went through (MON-4, LOG-5)."""

from components.observability.grafana.board import Board, Row
from components.observability.grafana.names import ENVIRONMENT, SERVICE, STREAM, TENANT, quantile, rate
from components.observability.grafana.panels import (
    graph,
    lines,
    promql,
    service_graph,
    trace,
    traces,
)
from components.observability.grafana.variables import service, tenant, text
from settings import Settings


def board(settings: Settings) -> Board:
    """The dashboard."""
    limits = [each.threshold_milliseconds for each in settings.objectives.values()]
    slow = min([limit for limit in limits if limit], default=1000)
    return Board(
        uid="request-traces",
        title="Request Traces",
        description="Searches traces, opens one by X-Trace-ID with its log lines, and shows who calls whom.",
        variables=[
            service(),
            tenant(),
            text("trace_id", "Trace id", "Value of X-Trace-ID: 32 hexadecimal digits", "0" * 32),
            text("request_id", "Request id", "Value of X-Request-ID", "00000000-0000-0000-0000-000000000000"),
            text("minimum", "Slower than", "Shortest duration of the traces to find", f"{slow}ms"),
        ],
        links={"Application Metrics": "/d/application-metrics"},
        since="now-1h",
        rows=[_search(), _one(), _graph(), _spans()],
    )


def _search() -> Row:
    of = 'resource.service.name =~ "$service_name"'
    return Row(
        "Search",
        [
            traces(
                "Request Traces",
                "Traces of the chosen services that took longer than chosen; the id opens the trace.",
                f"{{ {of} && trace:duration > $minimum }}",
                width=12,
            ),
            traces(
                "Failed requests",
                "Traces of the chosen services in which a span failed.",
                f"{{ {of} && status = error }}",
                width=12,
            ),
        ],
    )


def _one() -> Row:
    return Row(
        "One request",
        [
            trace("Trace", "Every step of the request with the id above, and how long it took.", "$trace_id"),
            lines(
                "Log lines of the trace",
                "What all services wrote about the request with the id above.",
                f'{{{ENVIRONMENT}}} |= "$trace_id"',
            ),
            lines(
                "Log lines of the request",
                "What all services and gateways wrote about the request with the X-Request-ID above.",
                f'{{{ENVIRONMENT}}} |= "$request_id"',
            ),
            lines(
                "Log lines of the tenant",
                "What the chosen services wrote about the chosen tenants; the link at a trace's id opens the trace.",
                f'{{{STREAM}, {TENANT}}} | json | line_format "{{{{.event}}}}: {{{{.message}}}}"',
            ),
        ],
    )


def _graph() -> Row:
    total = rate("traces_service_graph_request_total")
    failed = rate("traces_service_graph_request_failed_total")
    by = "sum by (client, server)"
    return Row(
        "Service graph",
        [
            service_graph(
                "Service graph",
                "Which service calls which, how often and how fast, as Tempo derives it from the spans.",
                f'{{{ENVIRONMENT},client=~"$service_name"}}',
                width=24,
            ),
            graph(
                "Calls between services",
                "Calls per second.",
                "cps",
                promql(f"{by} ({total})", "{{client}} → {{server}}"),
            ),
            graph(
                "Failed calls between services",
                "Share of the calls that failed.",
                "percentunit",
                promql(
                    f"{by} ({failed}) / {by} ({total})",
                    "{{client}} → {{server}}",
                ),
            ),
        ],
    )


def _spans() -> Row:
    return Row(
        "From metrics to traces",
        [
            graph(
                "Latency with exemplars",
                "Time in which 99 % of the requests were answered; each point is a request and leads to its trace.",
                "s",
                promql(quantile(0.99, "service_name", SERVICE), "{{service_name}}", exemplars=True),
            ),
            graph(
                "Requests",
                "Requests per second, as the services count them.",
                "reqps",
                promql(f"sum by (service_name) ({rate('http_requests_total', SERVICE)})", "{{service_name}}"),
            ),
        ],
    )
