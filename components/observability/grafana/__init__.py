"""Grafana: data sources, dashboards and configuration as files (MON-3, MON-4).

No Grafana is run to check them: dashboards are made with Grafana's own SDK, the queries in them are parsed by
Prometheus and Loki, and the rest is checked against what Grafana documents.
"""

import json
from collections.abc import Mapping
from typing import Any

from components.observability.grafana import config, datasources, provider
from components.observability.grafana.board import TAG, render
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
        **{
            f"dashboards/{uid}.json": _of_team(dashboard, service)
            for service, team in settings.teams.items()
            for uid, dashboard in team.dashboards.items()
        },
    }


def _of_team(dashboard: Mapping[str, Any], service: str) -> str:
    """A team's dashboard, which is changed in its file only, and is found beside the platform's own."""
    fixed = {"id": None, "editable": False, "tags": sorted({TAG, service})}
    return json.dumps({**dashboard, **fixed}, separators=(",", ":"), ensure_ascii=False) + "\n"


def queries(settings: Settings) -> list[Query]:
    """Every query of every document, for the programs that answer them to parse."""
    return extract(documents(settings))
