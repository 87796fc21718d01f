"""Alerts about logs and traces on their way: the agents, Loki, Tempo."""

from typing import Final

from components.observability.rules.model import Alert
from settings import Settings

LOG_ERROR_RATIO: Final = 0.05
"""Agents keep lines and send them again; above this they fall behind."""


def alerts(settings: Settings) -> list[Alert]:
    """What is lost or refused on the way; in the group of what watches the rest."""
    dropped = {"alloy": "loki_write_dropped_entries_total", "promtail": "promtail_dropped_entries_total"}
    agent = dropped[settings.observability.agent]
    count = "loki_request_duration_seconds_count"
    return [
        Alert(
            "LokiDiscardsLines",
            "sum by (reason) (rate(loki_discarded_samples_total[5m])) > 0",
            severity="warning",
            kind="monitoring",
            owner="devops",
            summary="Loki refuses log lines: {{ $labels.reason }}",
            description="{{ $value | humanize }} lines a second have been thrown away for 10 minutes.",
            pending="10m",
        ),
        Alert(
            "LokiRequestErrors",
            # Who asks whether it is ready is answered 503 until it is.
            f'sum by (route) (rate({count}{{route!="ready",status_code=~"5.."}}[5m]))'
            f" / sum by (route) (rate({count}[5m])) > {LOG_ERROR_RATIO}",
            severity="warning",
            kind="monitoring",
            owner="devops",
            summary="Loki fails requests of {{ $labels.route }}",
            description="{{ $value | humanizePercentage }} of them failed for 10 minutes.",
            pending="10m",
        ),
        Alert(
            "LokiFlushFailing",
            "increase(loki_ingester_chunks_flush_failures_total[15m]) > 0",
            severity="warning",
            kind="monitoring",
            owner="devops",
            summary="{{ $labels.instance }} cannot write logs to the object storage",
            description='About {{ $value | printf "%.0f" }} chunks of 15 minutes failed; they lie on the volume only.',
            pending="15m",
        ),
        Alert(
            "LogAgentDropsLines",
            f"sum by (host) (rate({agent}[5m])) > 0",
            severity="warning",
            kind="monitoring",
            owner="devops",
            summary="The log agent of {{ $labels.host }} loses lines",
            description="{{ $value | humanize }} lines a second have been given up for 10 minutes.",
            pending="10m",
        ),
        Alert(
            "TempoDiscardsSpans",
            "sum by (reason) (rate(tempo_discarded_spans_total[5m])) > 0",
            severity="warning",
            kind="monitoring",
            owner="devops",
            summary="Tempo refuses spans: {{ $labels.reason }}",
            description="{{ $value | humanize }} spans a second have been thrown away for 10 minutes.",
            pending="10m",
            dashboard="request-traces",
        ),
        Alert(
            "TempoFlushFailing",
            "increase(tempo_ingester_failed_flushes_total[15m]) > 0",
            severity="warning",
            kind="monitoring",
            owner="devops",
            summary="{{ $labels.instance }} cannot write traces to the object storage",
            description='About {{ $value | printf "%.0f" }} blocks of 15 minutes failed.',
            pending="15m",
            dashboard="request-traces",
        ),
    ]
