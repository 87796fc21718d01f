"""A dashboard: rows of panels, its variables, what it is linked to, and the events that are drawn into every graph."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from components.observability.grafana.names import ENVIRONMENT, PROMETHEUS
from components.observability.grafana.panels import Panel
from components.observability.grafana.variables import Variable, environment
from components.observability.rules.past import known
from settings import Settings

TAG: Final = "luxima"
"""Tag of all dashboards, by which each finds the others."""


@dataclass(frozen=True)
class Row:
    """Panels under a heading."""

    title: str
    """The heading."""
    panels: Sequence[Panel]
    """From left to right; widths add up to 24 on each line."""


@dataclass(frozen=True)
class Board:
    """A dashboard."""

    uid: str
    """Name in its URL: `/d/<uid>`."""
    title: str
    """Heading."""
    description: str
    """Which questions it answers."""
    rows: Sequence[Row]
    """From top to bottom."""
    variables: Sequence[Variable] = ()
    """What can be chosen, besides the environment."""
    links: Mapping[str, str] = field(default_factory=dict[str, str])
    """URLs by their text, besides the runbooks and the other dashboards."""
    since: str = "now-6h"
    """Start of its time range."""
    refresh: str = "1m"
    """How often it is read again."""


class _Event(models.AnnotationQuery):
    """An annotation from PromQL; the SDK's model lacks what Prometheus' plugin reads besides the expression."""

    def __init__(self, name: str, colour: str, expr: str, title: str, text: str) -> None:
        reference = models.DataSourceRef(type_val=PROMETHEUS.type, uid=PROMETHEUS.uid)
        super().__init__(name=name, datasource=reference, icon_color=colour, expr=expr)
        self._more = {"titleFormat": title, "textFormat": text, "step": "60s", "useValueForTime": False}

    def to_json(self) -> dict[str, object]:
        return {**super().to_json(), **self._more}


class _EventBuilder(dashboard.AnnotationQuery):
    """Hands an `_Event` to the SDK's dashboard builder."""

    def __init__(self, event: _Event) -> None:
        super().__init__()
        self._internal = event


_EVENTS: Final = (
    (
        "Live slot switched",
        "blue",
        f"release_live_slot_info{{%s}} == 1 unless on (service, slot) {known('release_live_slot_info{%s}', '5m')} == 1",
        "{{service}} is live in {{slot}}",
        "Users of {{service}} reach the slot {{slot}} from here on.",
    ),
    (
        "Probation",
        "purple",
        "release_probation{%s} == 1",
        "{{service}} {{slot}} on probation",
        "The release in {{slot}} is watched and goes back by itself if it fails.",
    ),
    (
        "Critical alerts",
        "red",
        'ALERTS{alertstate="firing",severity="critical"}',
        "{{alertname}}",
        "{{alertname}} {{service_name}} {{host}}",
    ),
)


def render(board: Board, settings: Settings) -> str:
    """The dashboard's JSON, as Grafana's file provider reads it."""
    frame = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags([TAG])
        .readonly()
        .timezone("browser")
        .time(board.since, "now")
        .refresh(board.refresh)
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .variables([environment(settings), *board.variables])
        .annotations(
            [
                _EventBuilder(_Event(name, colour, expr.replace("%s", ENVIRONMENT), title, text))
                for name, colour, expr, title, text in _EVENTS
            ]
        )
        .links(_links(board, settings))
    )
    number = 0
    for row in board.rows:
        number += 1
        frame.with_row(dashboard.Row(row.title).id(number).collapsed(False))
        for panel in row.panels:
            number += 1
            frame.with_panel(panel.id(number))
    document: dict[str, Any] = json.loads(json.dumps(frame.build(), cls=JSONEncoder))
    # The file provider gives the number; one that is written down would clash with another installation's.
    return json.dumps({"id": None, **document}, separators=(",", ":"), ensure_ascii=False) + "\n"


def _links(board: Board, settings: Settings) -> list[Builder[models.DashboardLink]]:
    others = (
        dashboard.DashboardLink("Dashboards")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True)
    )
    urls = {"Runbooks": settings.observability.alerts.runbooks_url, **board.links}
    return [
        others,
        *(
            dashboard.DashboardLink(text)
            .type(models.DashboardLinkType.LINK)
            .icon("doc")
            .url(url)
            .target_blank(not url.startswith("/"))
            .keep_time(url.startswith("/"))
            for text, url in urls.items()
        ),
    ]
