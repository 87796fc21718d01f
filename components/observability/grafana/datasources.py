"""`provisioning/datasources/luxima.yaml`: where Grafana reads; metrics, logs and traces lead to each other (MON-4).

`$` is doubled wherever Grafana itself, not its environment, has to replace something. The tenant in `X-Scope-OrgID` is
a name, not a secret; Grafana only has one place for the values of headers.
"""

from typing import Any, Final

from components import programs
from components.observability.grafana.names import ALERTMANAGER, LOKI, LOKI_AUDIT, PROMETHEUS, TEMPO, DataSource
from components.programs import Program
from components.text import to_yaml
from settings import Settings

TRACE_ID_PATTERN: Final = r'"(?:trace_?[Ii]d|(?:request_)?[Xx]-[Tt]race-[Ii][Dd])"\s*:\s*"([0-9a-f]{16,32})"'
"""The trace's id in a JSON log line: as the services write it, or as a gateway writes down the header X-Trace-ID."""

_TRACE_METRICS: Final = (
    ("Requests per second", "sum(rate(http_requests_total{$$__tags}[5m]))"),
    (
        "Share of errors",
        'sum(rate(http_requests_total{$$__tags,code=~"5.."}[5m])) / sum(rate(http_requests_total{$$__tags}[5m]))',
    ),
    (
        "95 % answered within",
        "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{$$__tags}[5m])))",
    ),
)
"""What a span's link to metrics asks Prometheus; Grafana puts the span's service in the place of the tags."""


def document(settings: Settings) -> str:
    """The file's text."""
    sources = [
        _source(settings, PROMETHEUS, "Prometheus", programs.PROMETHEUS, _prometheus(settings), default=True),
        _loki(settings, LOKI, "Loki", tenant="luxima"),
        _loki(settings, LOKI_AUDIT, "Loki audit trail", tenant="audit"),
        _source(settings, TEMPO, "Tempo", programs.TEMPO, _tempo()),
        _source(
            settings,
            ALERTMANAGER,
            "Alertmanager",
            programs.ALERTMANAGER,
            {"implementation": "prometheus", "handleGrafanaManagedAlerts": False},
        ),
    ]
    return to_yaml({"apiVersion": 1, "prune": True, "datasources": sources})


def _source(
    settings: Settings,
    source: DataSource,
    name: str,
    program: Program,
    details: dict[str, Any],
    *,
    default: bool = False,
) -> dict[str, Any]:
    return {
        "name": name,
        "uid": source.uid,
        "type": source.type,
        "access": "proxy",
        "orgId": 1,
        "url": program.url(settings.observability.namespace),
        "isDefault": default,
        "editable": False,
        "jsonData": details,
    }


def _prometheus(settings: Settings) -> dict[str, Any]:
    return {
        "httpMethod": "POST",
        "prometheusType": "Prometheus",
        # From this, $__rate_interval becomes four scrapes at least.
        "timeInterval": f"{settings.observability.scrape_interval_seconds}s",
        "manageAlerts": True,
        "exemplarTraceIdDestinations": [
            {"name": "trace_id", "datasourceUid": TEMPO.uid, "urlDisplayLabel": "Open the trace"}
        ],
    }


def _loki(settings: Settings, source: DataSource, name: str, tenant: str) -> dict[str, Any]:
    details = {
        "httpHeaderName1": "X-Scope-OrgID",
        "maxLines": 1000,
        "manageAlerts": False,
        "derivedFields": [
            {
                "name": "X-Trace-ID",
                "matcherRegex": TRACE_ID_PATTERN,
                "url": "$${__value.raw}",
                "urlDisplayLabel": "Open the trace",
                "datasourceUid": TEMPO.uid,
            },
            {
                "name": "trace_id",
                "matcherType": "label",
                "matcherRegex": "trace_id",
                "url": "$${__value.raw}",
                "urlDisplayLabel": "Open the trace",
                "datasourceUid": TEMPO.uid,
            },
        ],
    }
    return {**_source(settings, source, name, programs.LOKI, details), "secureJsonData": {"httpHeaderValue1": tenant}}


def _tempo() -> dict[str, Any]:
    return {
        "tracesToLogsV2": {
            "datasourceUid": LOKI.uid,
            "spanStartTimeShift": "-5m",
            "spanEndTimeShift": "5m",
            "tags": [{"key": "service.name", "value": "service"}],
            "filterByTraceID": False,
            "filterBySpanID": False,
            "customQuery": True,
            "query": '{$${__tags}} |= "$${__trace.traceId}"',
        },
        "tracesToMetrics": {
            "datasourceUid": PROMETHEUS.uid,
            "spanStartTimeShift": "-30m",
            "spanEndTimeShift": "30m",
            "tags": [{"key": "service.name", "value": "service_name"}],
            "queries": [{"name": name, "query": query} for name, query in _TRACE_METRICS],
        },
        "serviceMap": {"datasourceUid": PROMETHEUS.uid},
        "nodeGraph": {"enabled": True},
        "search": {"hide": False},
        "traceQuery": {"timeShiftEnabled": True, "spanStartTimeShift": "-30m", "spanEndTimeShift": "30m"},
    }
