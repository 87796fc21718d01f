"""Grafana: data sources, dashboards and configuration as files (MON-3, MON-4).

No Grafana is run to check them: dashboards are made with Grafana's own SDK, the queries in them are parsed by
Prometheus and Loki, and the rest is checked against what Grafana documents.
"""

from components.observability.grafana import config, datasources, provider
from components.observability.grafana.board import render
from components.observability.grafana.dashboards import boards
from components.observability.grafana.queries import Query, extract
from settings import Settings

__all__ = ["Query", "documents", "queries"]


def documents(settings: Settings) -> dict[str, str]:
    """Every file by its path under `/etc/grafana`."""
    return {
        "grafana.ini": config.document(settings),
        "provisioning/datasources/luxima.yaml": datasources.document(settings),
        "provisioning/dashboards/luxima.yaml": provider.document(),
        **{f"dashboards/{board.uid}.json": render(board, settings) for board in boards(settings)},
    }


def queries(settings: Settings) -> list[Query]:
    """Every query of every document, for the programs that answer them to parse."""
    return extract(documents(settings))
