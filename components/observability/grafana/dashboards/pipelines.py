"""Loki, Tempo and the log agent: what comes in, what is thrown away, what fails."""

from components.observability.grafana.board import Board, Row
from components.observability.grafana.dashboards.parts import curves, failed, figures, latency, process
from components.observability.grafana.names import rate, series
from components.observability.grafana.panels import NONE_WANTED, above
from components.observability.rules import pipelines, programs
from settings import Settings


def boards(settings: Settings) -> list[Board]:
    """One for each."""
    return [_loki(), _tempo(), _log_agent(settings)]


def _requests(program: str, metric: str, limit: float) -> Row:
    """Requests to Loki or Tempo, which count them alike."""
    ready, bad = 'route!="ready"', 'status_code=~"5.."'
    total = f"sum by (route) ({rate(f'{metric}_count', ready)})"
    return Row(
        "Requests",
        [
            curves("Requests", f"Requests to {program} per second by route.", "reqps", (total, "{{route}}")),
            curves(
                "Requests that failed",
                "Share of requests that were answered with 5xx.",
                "percentunit",
                (f"sum by (route) ({rate(f'{metric}_count', ready, bad)}) / {total}", "{{route}}"),
                steps=above(limit),
            ),
            latency("Time to answer", "Time until a request is answered.", metric, "route", ready),
        ],
    )


def _loki() -> Board:
    last = series("loki_compactor_apply_retention_last_successful_run_timestamp_seconds")
    return Board(
        uid="loki",
        title="Loki",
        description="Log lines that come in, what is thrown away, retention, and the rules over log lines.",
        links={"Log Agent": "/d/log-agent", "Security Overview": "/d/security-overview"},
        rows=[
            Row(
                "Now",
                figures(
                    (
                        "Retention was applied",
                        "Time since what is too old was last deleted.",
                        "s",
                        f"time() - max({last} > 0)",
                        above(programs.COMPACTION_HOURS * 3600, 3600),
                    ),
                    (
                        "Rules that failed in 1 h",
                        "Evaluations of rules over log lines that failed.",
                        "short",
                        failed("loki_prometheus_rule_evaluation_failures_total"),
                        NONE_WANTED,
                    ),
                    (
                        "Alerts lost in 1 h",
                        "Alerts over log lines that no Alertmanager took.",
                        "short",
                        failed("loki_prometheus_notifications_dropped_total"),
                        NONE_WANTED,
                    ),
                    (
                        "Chunks that failed in 1 h",
                        "Chunks that could not be written to the object storage.",
                        "short",
                        failed("loki_ingester_chunks_flush_failures_total"),
                        NONE_WANTED,
                    ),
                ),
            ),
            Row(
                "What comes in",
                [
                    curves(
                        "Lines",
                        "Lines per second by tenant.",
                        "cps",
                        (f"sum by (tenant) ({rate('loki_distributor_lines_received_total')})", "{{tenant}}"),
                    ),
                    curves(
                        "Volume of lines",
                        "Bytes per second by tenant.",
                        "Bps",
                        (f"sum by (tenant) ({rate('loki_distributor_bytes_received_total')})", "{{tenant}}"),
                    ),
                    curves(
                        "Lines thrown away",
                        "Lines per second that were refused, and why.",
                        "cps",
                        (f"sum by (tenant, reason) ({rate('loki_discarded_samples_total')})", "{{tenant}} {{reason}}"),
                        steps=above(0.001),
                    ),
                    curves(
                        "Streams",
                        "Streams in memory by tenant.",
                        "short",
                        (f"sum by (tenant) ({series('loki_ingester_memory_streams')})", "{{tenant}}"),
                        width=24,
                    ),
                ],
            ),
            _requests("Loki", "loki_request_duration_seconds", pipelines.LOG_ERROR_RATIO),
            process("loki", "Loki"),
        ],
    )


def _tempo() -> Board:
    return Board(
        uid="tempo",
        title="Tempo",
        description="Spans that come in, what is thrown away, and the blocks in the object storage.",
        links={"Request Traces": "/d/request-traces"},
        rows=[
            Row(
                "What comes in",
                [
                    curves(
                        "Spans",
                        "Spans per second.",
                        "cps",
                        (f"sum by (tenant) ({rate('tempo_distributor_spans_received_total')})", "{{tenant}}"),
                    ),
                    curves(
                        "Spans thrown away",
                        "Spans per second that were refused, and why.",
                        "cps",
                        (f"sum by (reason) ({rate('tempo_discarded_spans_total')})", "{{reason}}"),
                        steps=above(0.001),
                    ),
                    curves(
                        "Traces in memory",
                        "Traces that still get spans.",
                        "short",
                        (f"sum by (instance) ({series('tempo_ingester_live_traces')})", "{{instance}}"),
                    ),
                ],
            ),
            Row(
                "Blocks",
                [
                    curves(
                        "Blocks in the object storage",
                        "Blocks by tenant; compaction keeps them few.",
                        "short",
                        (f"max by (tenant) ({series('tempodb_blocklist_length')})", "{{tenant}}"),
                        width=12,
                    ),
                    curves(
                        "Failures",
                        "Compactions, looks at the object storage and flushes that failed within an hour.",
                        "short",
                        *(
                            (f"sum by (instance) (increase({series(metric)}[1h]))", f"{{{{instance}}}} {what}")
                            for metric, what in {
                                "tempodb_compaction_errors_total": "compactions",
                                "tempodb_blocklist_poll_errors_total": "looks",
                                "tempo_ingester_failed_flushes_total": "flushes",
                            }.items()
                        ),
                        steps=above(programs.TEMPO_FAILURES),
                        width=12,
                    ),
                ],
            ),
            _requests("Tempo", "tempo_request_duration_seconds", programs.TEMPO_ERROR_RATIO),
            process("tempo", "Tempo"),
        ],
    )


def _log_agent(settings: Settings) -> Board:
    prefix = {"alloy": "loki_write", "promtail": "promtail"}[settings.observability.agent]

    def by_host(what: str) -> str:
        return f"sum by (host) ({rate(f'{prefix}_{what}_total')})"

    return Board(
        uid="log-agent",
        title="Log Agent",
        description="What the log agent of each host sends, sends again and gives up.",
        links={"Loki": "/d/loki"},
        rows=[
            Row(
                "What is sent",
                [
                    curves(
                        "Lines sent",
                        "Lines per second by host.",
                        "cps",
                        (by_host("sent_entries"), "{{host}}"),
                        width=12,
                    ),
                    curves(
                        "Volume sent", "Bytes per second by host.", "Bps", (by_host("sent_bytes"), "{{host}}"), width=12
                    ),
                    curves(
                        "Sent again",
                        "Batches per second that Loki did not take; over 15 min is LogAgentCannotSend.",
                        "cps",
                        (by_host("batch_retries"), "{{host}}"),
                        width=12,
                    ),
                    curves(
                        "Given up",
                        "Lines per second that are lost.",
                        "cps",
                        (by_host("dropped_entries"), "{{host}}"),
                        steps=above(0.001),
                        width=12,
                    ),
                ],
            ),
            process("log-agent", "the log agent"),
        ],
    )
