"""The dashboards, one module each; those of the cluster and of programs, which are alike, one module together."""

from components.observability.grafana.board import Board
from components.observability.grafana.dashboards import (
    anomalies,
    application_metrics,
    backups,
    control_plane,
    database_metrics,
    kubernetes,
    kubernetes_nodes,
    pipelines,
    releases,
    request_traces,
    security_overview,
    slo,
    system_overview,
    tenant_metrics,
    watching,
    ways_in,
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
    control_plane,
    kubernetes_nodes,
)
_ALIKE = (kubernetes, watching, pipelines, ways_in)
"""Modules with more than one dashboard."""


def boards(settings: Settings) -> list[Board]:
    """All dashboards, in the order of their importance."""
    own = [module.board(settings) for module in _MODULES]
    return [*own, *(board for module in _ALIKE for board in module.boards(settings))]
