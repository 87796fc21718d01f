"""Every query that Grafana would send, so that the programs that answer them can be asked whether they understand."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import yaml

Language = Literal["promql", "logql", "traceql"]

_BUILT_IN: Final = {
    "__rate_interval": "1m",
    "__interval": "15s",
    "__range": "6h",
    "__tags": 'service_name="auth"',
    "__value.raw": "auth",
}
"""What Grafana itself puts in."""
_LANGUAGES: Final[Mapping[str, Language]] = {"prometheus": "promql", "loki": "logql", "tempo": "traceql"}
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_.]*)(?::[a-z]+)?\}|\$([A-Za-z_][A-Za-z0-9_]*)")
_VALUES = re.compile(r"label_values\((?P<metric>.+), *[a-zA-Z_]+\)")


@dataclass(frozen=True)
class Query:
    """One query of a document."""

    place: str
    """Where it stands: file, panel or variable, and number."""
    language: Language
    """What it is written in."""
    text: str
    """As it is written."""
    sent: str
    """With a value in the place of every variable: the usual one, where something is chosen at first."""


def extract(documents: Mapping[str, str]) -> list[Query]:
    """All queries of `documents`, in their order: of panels, annotations, variables, and links between data sources.

    Raises:
        ValueError: When a query uses a variable that its dashboard does not have.
    """
    found: list[Query] = []
    for name, text in documents.items():
        if name.endswith(".json"):
            found += _of_dashboard(name, json.loads(text))
        elif name.startswith("provisioning/datasources/"):
            found += _of_sources(name, yaml.load(text, yaml.CSafeLoader))
    return found


def _of_dashboard(name: str, dashboard: Mapping[str, Any]) -> Iterator[Query]:
    values = {**_BUILT_IN, **{each["name"]: _value(each) for each in dashboard["templating"]["list"]}}
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            place = f"{name}: {panel['title']} {target['refId']}"
            language = _LANGUAGES[target["datasource"]["type"]]
            if target.get("queryType") == "serviceMap":
                # Grafana puts the selector behind the names of the metrics that Tempo derives from spans.
                text = f"rate(traces_service_graph_request_total{target['serviceMapQuery']}[$__range])"
                yield Query(place, "promql", text, replaced(text, values, place))
            else:
                text = target.get("expr") or target.get("query") or ""
                yield Query(place, language, text, replaced(text, values, place))
    for each in dashboard["annotations"]["list"]:
        place = f"{name}: annotation {each['name']}"
        yield Query(place, "promql", each["expr"], replaced(each["expr"], values, place))
    for each in dashboard["templating"]["list"]:
        place = f"{name}: variable {each['name']}"
        found = _VALUES.fullmatch(each["query"])
        if found:
            yield Query(place, "promql", found["metric"], replaced(found["metric"], values, place))


def _of_sources(name: str, document: Mapping[str, Any]) -> Iterator[Query]:
    for source in document["datasources"]:
        for each in source["jsonData"].get("tracesToMetrics", {}).get("queries", []):
            place = f"{name}: {source['name']} {each['name']}"
            text = each["query"].replace("$$", "$")
            yield Query(place, "promql", text, replaced(text, _BUILT_IN, place))


def _value(variable: Mapping[str, Any]) -> str:
    if variable.get("includeAll"):
        return variable["allValue"]
    current: Mapping[str, str] = variable.get("current") or {}
    return current.get("value") or "auth"


def replaced(text: str, values: Mapping[str, str], place: str = "") -> str:
    """`text` with `values` in the place of its variables.

    Raises:
        ValueError: When a variable has no value.
    """

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name not in values:
            raise ValueError(f"{place}: ${name} is no variable of the dashboard")
        return values[name]

    return _VARIABLE.sub(value, text)
