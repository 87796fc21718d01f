"""The dashboards, one module each."""

from components.observability.grafana.board import Board
from components.observability.grafana.dashboards import (
    anomalies,
    application_metrics,
    backups,
    database_metrics,
    releases,
    request_traces,
    security_overview,
    slo,
    system_overview,
    tenant_metrics,
)
from settings import Settings

_MODULES = (
    system_overview,
    application_metrics,
    tenant_metrics,
    database_metrics,
    security_overview,
    slo,
    anomalies,
    releases,
    backups,
    request_traces,
)


def boards(settings: Settings) -> list[Board]:
    """All dashboards, in the order of their importance."""
    return [module.board(settings) for module in _MODULES]
