"""Panels of a dashboard: none can be made without a title, a description, a unit, a data source and a query.

The widths of a row's panels add up to 24, Grafana's grid. Thresholds are steps: the colour holds from the value on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Final, TypeAlias, TypeVar

from grafana_foundation_sdk.builders import (
    common,
    dashboard,
    logs,
    loki,
    nodegraph,
    prometheus,
    stat,
    table,
    tempo,
    timeseries,
)
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import prometheus as prometheus_models

from components.observability.grafana.names import LOKI, PROMETHEUS, TEMPO, DataSource

Panel: TypeAlias = timeseries.Panel | stat.Panel | table.Panel | logs.Panel | nodegraph.Panel | dashboard.Panel
Target: TypeAlias = prometheus.Dataquery | loki.Dataquery | tempo.TempoQuery
Steps: TypeAlias = Sequence[tuple[float | None, str]]
_Panel = TypeVar("_Panel", timeseries.Panel, stat.Panel, table.Panel, logs.Panel, nodegraph.Panel, dashboard.Panel)

GREEN: Final = "green"
YELLOW: Final = "yellow"
RED: Final = "red"
PLAIN: Final[Steps] = ((None, "text"),)
"""No threshold: the value is neither good nor bad."""
NONE_WANTED: Final[Steps] = ((None, GREEN), (1, RED))
"""For a count of what should not be."""


def above(limit: float, warn: float | None = None) -> Steps:
    """Bad from `limit` on, worth a look from `warn` on."""
    return ((None, GREEN), *(() if warn is None else ((warn, YELLOW),)), (limit, RED))


def below(limit: float, well: float | None = None) -> Steps:
    """Bad under `limit`, good from `well` on (by default from `limit` on)."""
    return ((None, RED), (limit, GREEN)) if well is None else ((None, RED), (limit, YELLOW), (well, GREEN))


def promql(expr: str, legend: str = "", *, exemplars: bool = False) -> prometheus.Dataquery:
    """A query over the dashboard's time range; with `exemplars` its points lead to traces."""
    return prometheus.Dataquery().expr(expr).legend_format(legend or "__auto").range().exemplar(exemplars)


def promql_now(expr: str, legend: str = "") -> prometheus.Dataquery:
    """A query for the last value."""
    return prometheus.Dataquery().expr(expr).legend_format(legend or "__auto").instant()


def logql(expr: str, legend: str = "") -> loki.Dataquery:
    """A query over the dashboard's time range, for lines or for numbers."""
    query = loki.Dataquery().expr(expr).query_type("range").max_lines(500)
    return query.legend_format(legend) if legend else query


def traceql(query: str) -> tempo.TempoQuery:
    """A search for traces, or one trace by its id."""
    return tempo.TempoQuery().query(query).query_type("traceql").limit(50)


def _thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    return (
        dashboard.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps([models.Threshold(value=value, color=colour) for value, colour in steps])
    )


def _common(
    panel: _Panel, title: str, description: str, unit: str, source: DataSource, targets: Sequence[Target]
) -> _Panel:
    if not (title and description and unit and targets):
        raise ValueError(f"a panel needs a title, a description, a unit and a query: {title!r}")
    reference = models.DataSourceRef(type_val=source.type, uid=source.uid)
    panel.title(title).description(description).unit(unit).datasource(reference)
    for target, name in zip(targets, ascii_uppercase, strict=False):
        panel.with_target(target.ref_id(name).datasource(reference))
    return panel


def links(panel: _Panel, urls: Mapping[str, str]) -> _Panel:
    """The panel with links, by their text, in its corner."""
    return panel.links(
        [
            dashboard.DashboardLink(text).type(models.DashboardLinkType.LINK).url(url).target_blank(True)
            for text, url in urls.items()
        ]
    )


def graph(
    title: str,
    description: str,
    unit: str,
    *targets: Target,
    steps: Steps = (),
    stacked: bool = False,
    width: int = 12,
    height: int = 8,
    minimum: float | None = 0,
    maximum: float | None = None,
    source: DataSource = PROMETHEUS,
) -> timeseries.Panel:
    """Lines over time, with dashed lines where the thresholds are."""
    panel = (
        _common(timeseries.Panel(), title, description, unit, source, targets)
        .span(width)
        .height(height)
        .fill_opacity(10)
        .line_width(1)
        .show_points(common_models.VisibilityMode.AUTO)
        .legend(
            common.VizLegendOptions()
            .display_mode(common_models.LegendDisplayMode.TABLE)
            .placement(common_models.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["mean", "max", "lastNotNull"])
        )
        .tooltip(
            common.VizTooltipOptions()
            .mode(common_models.TooltipDisplayMode.MULTI)
            .sort(common_models.SortOrder.DESCENDING)
        )
    )
    if steps:
        panel.thresholds(_thresholds(steps)).thresholds_style(
            common.GraphThresholdsStyleConfig().mode(common_models.GraphTresholdsStyleMode.DASHED)
        )
    if stacked:
        panel.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL))
    if minimum is not None:
        panel.min(minimum)
    if maximum is not None:
        panel.max(maximum)
    return panel


def band(
    title: str, description: str, unit: str, value: str, lower: str, upper: str, *, width: int = 12
) -> timeseries.Panel:
    """A value inside the band that it is expected in; all three are PromQL for one series."""
    panel = graph(
        title,
        description,
        unit,
        promql(upper, "upper"),
        promql(lower, "lower"),
        promql(value, "value"),
        width=width,
        minimum=None,
    )
    fill = [
        models.DynamicConfigValue(id_val="custom.lineWidth", value=0),
        models.DynamicConfigValue(id_val="custom.fillBelowTo", value="lower"),
        models.DynamicConfigValue(id_val="custom.fillOpacity", value=20),
        models.DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": "blue"}),
    ]
    bold = [
        models.DynamicConfigValue(id_val="custom.lineWidth", value=2),
        models.DynamicConfigValue(id_val="custom.fillOpacity", value=0),
        models.DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": "orange"}),
    ]
    bare = [models.DynamicConfigValue(id_val=f"custom.{what}", value=0) for what in ("lineWidth", "fillOpacity")]
    panel.override_by_name("upper", fill).override_by_name("lower", bare).override_by_name("value", bold)
    return panel


def number(
    title: str,
    description: str,
    unit: str,
    target: Target,
    *,
    steps: Steps = PLAIN,
    width: int = 4,
    height: int = 4,
    absent: str = "no data",
    source: DataSource = PROMETHEUS,
) -> stat.Panel:
    """The last value, large; `absent` is shown where there is none."""
    return (
        _common(stat.Panel(), title, description, unit, source, [target])
        .span(width)
        .height(height)
        .thresholds(_thresholds(steps))
        .no_value(absent)
        .graph_mode(common_models.BigValueGraphMode.NONE)
        .color_mode(
            common_models.BigValueColorMode.VALUE if steps is PLAIN else common_models.BigValueColorMode.BACKGROUND
        )
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    )


@dataclass(frozen=True)
class Column:
    """A column of numbers in a table, joined with the others by their common labels."""

    title: str
    """Its heading."""
    expr: str
    """PromQL; the labels that are left in the result are the table's first columns."""
    unit: str
    """Grafana's name of the unit."""
    steps: Steps = ()
    """Thresholds that colour the cell."""


def listing(
    title: str,
    description: str,
    *columns: Column,
    urls: Mapping[str, str] | None = None,
    width: int = 12,
    height: int = 8,
) -> table.Panel:
    """A table of last values: one row for each label set, one column for each query.

    Args:
        title: Heading.
        description: What it tells.
        columns: Queries; the first one's unit is the panel's.
        urls: By the name of a column, where its cells lead.
        width: Of 24.
        height: In Grafana's grid.
    """
    targets = [promql_now(column.expr).format(prometheus_models.PromQueryFormat.TABLE) for column in columns]
    panel = _common(table.Panel(), title, description, columns[0].unit, PROMETHEUS, targets)
    panel.span(width).height(height).show_header(True)
    headings = {f"Value #{name}": column.title for name, column in zip(ascii_uppercase, columns, strict=False)}
    headings["Value"] = columns[0].title
    panel.transformations(
        [
            models.DataTransformerConfig(id_val="merge", options={}),
            models.DataTransformerConfig(
                id_val="organize",
                options={
                    "excludeByName": {"Time": True, "__name__": True},
                    "renameByName": headings,
                },
            ),
        ]
    )
    for column in columns:
        properties = [models.DynamicConfigValue(id_val="unit", value=column.unit)]
        if column.steps:
            properties += [
                models.DynamicConfigValue(id_val="thresholds", value=_thresholds(column.steps).build()),
                models.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-background"}),
            ]
        panel.override_by_name(column.title, properties)
    for name, url in (urls or {}).items():
        link = [{"title": "Open", "url": url, "targetBlank": True}]
        panel.override_by_name(name, [models.DynamicConfigValue(id_val="links", value=link)])
    return panel


def lines(
    title: str, description: str, expr: str, *, source: DataSource = LOKI, width: int = 24, height: int = 10
) -> logs.Panel:
    """Log lines, newest first."""
    return (
        _common(logs.Panel(), title, description, "none", source, [logql(expr)])
        .span(width)
        .height(height)
        .show_time(True)
        .wrap_log_message(True)
        .enable_log_details(True)
        .sort_order(common_models.LogsSortOrder.DESCENDING)
    )


def traces(title: str, description: str, query: str, *, width: int = 24, height: int = 10) -> table.Panel:
    """A table of traces that a TraceQL search finds; an id opens the trace."""
    return _common(table.Panel(), title, description, "ms", TEMPO, [traceql(query)]).span(width).height(height)


def trace(title: str, description: str, identifier: str, *, width: int = 24, height: int = 14) -> dashboard.Panel:
    """The spans of one trace."""
    panel = dashboard.Panel().type("traces")
    return _common(panel, title, description, "ms", TEMPO, [traceql(identifier)]).span(width).height(height)


def service_graph(title: str, description: str, selector: str, *, width: int = 24, height: int = 12) -> nodegraph.Panel:
    """Which service calls which; Grafana itself makes the queries from Tempo's metrics, restricted by `selector`."""
    query = tempo.TempoQuery().query_type("serviceMap").service_map_query(selector)
    return _common(nodegraph.Panel(), title, description, "ms", TEMPO, [query]).span(width).height(height)
