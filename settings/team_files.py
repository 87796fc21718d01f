"""Reads `teams/` of a checkout, and says what is wrong with it, file by file."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

from pydantic import ValidationError

from settings import alert_texts
from settings.promql import parsed, selectors
from settings.report import Path as Place
from settings.report import Problem, listed, show_path, suggest
from settings.source import read
from settings.teams import DATA_SOURCES, Team, TeamRules
from settings.wording import explain

FOLDER: Final = "teams"
_DASHBOARD_KIB: Final = 64
"""All dashboards share a ConfigMap, which holds 1 MiB."""
_GRAFANA: Final = "-- Grafana --"
"""The data source of the annotations that every export has."""
_TEXTS: Final = ("summary", "description")
"""What of an alert Prometheus reads as a template."""
_CASES: Final = "cases.yml"
"""A team's cases for promtool; tests read them."""


def read_teams(root: Path, services: Collection[str]) -> tuple[dict[str, Team], list[Problem]]:
    """What the teams of a checkout bring, by service; and all mistakes in their files.

    Args:
        root: The checkout.
        services: Services of the stack.
    """
    teams: dict[str, Team] = {}
    problems: list[Problem] = []
    for folder in sorted(path for path in (root / FOLDER).glob("*") if path.is_dir()):
        service, where = folder.name, f"{FOLDER}/{folder.name}"
        if service not in services:
            text = f"is not a service of this stack; {suggest(service, services, 'services')}"
            problems.append(Problem((), text, file=f"{where}/"))
            continue
        rules, wrong = _rules(folder, service)
        dashboards, wrong_dashboards = _dashboards(folder, service)
        strangers = {path.name for path in folder.iterdir()} - {"rules.yaml", "dashboards", _CASES}
        problems += [
            Problem((), f"nobody reads it; known here: rules.yaml, dashboards/, {_CASES}", file=f"{where}/{name}")
            for name in sorted(strangers)
        ]
        problems += [*wrong, *wrong_dashboards]
        teams[service] = Team(rules=rules, dashboards=dashboards)
    return teams, problems


def alert_prefix(service: str) -> str:
    """What the names of a service's alerts begin with: `ApiGateway` for `api-gateway`."""
    return "".join(part.capitalize() for part in service.split("-"))


def record_prefix(service: str) -> str:
    """What the names of a service's recordings begin with: `api_gateway:` for `api-gateway`."""
    return f"{service.replace('-', '_')}:"


def _rules(folder: Path, service: str) -> tuple[TeamRules, list[Problem]]:
    file = folder / "rules.yaml"
    if not file.exists():
        return TeamRules(), []
    document = read(file, lambda place: place or ("rules.yaml",))
    name = f"{FOLDER}/{service}/rules.yaml"

    def named(place: Place, text: str) -> Problem:
        shown = show_path(place).removeprefix("luxima:")
        return Problem((), f"{shown}: {text}" if shown else text, document.line(place), file=name)

    found = [replace(each, path=(), file=name) for each in document.problems]
    if found:
        return TeamRules(), found
    try:
        rules = TeamRules.model_validate_json(json.dumps(document.data or {}))
    except ValidationError as error:
        before = ("teams", service, "rules")
        details = error.errors(include_url=False)
        explained = [explain({**detail, "loc": (*before, *detail["loc"])}, ()) for detail in details]
        return TeamRules(), [named(each.path[len(before) :], each.text) for each in explained]
    return rules, [named(place, text) for place, text in _wrong_rules(rules, service)]


def _wrong_rules(rules: TeamRules, service: str) -> Iterator[tuple[Place, str]]:
    names = [(("recordings", i, "record"), each.record) for i, each in enumerate(rules.recordings)]
    alerts = [(("alerts", i, "name"), each.name) for i, each in enumerate(rules.alerts)]
    metrics = [(("metrics", i, "name"), each.name) for i, each in enumerate(rules.metrics)]
    for kind, prefix in ((names, record_prefix(service)), (alerts, alert_prefix(service))):
        for place, name in kind:
            if not name.startswith(prefix):
                yield place, f"{name} does not begin with {prefix}, by which it is told from other teams'"
    for kind in (names, alerts, metrics):
        seen: set[str] = set()
        for place, name in kind:
            if name in seen:
                yield place, f"{name} is there twice; give one of them another name"
            seen.add(name)
    texts = [(("alerts", i, key), getattr(each, key)) for i, each in enumerate(rules.alerts) for key in _TEXTS]
    yield from ((place, mistake) for place, text in texts for mistake in alert_texts.mistakes(text))
    yield from _wrong_expressions(rules, service)


def _wrong_expressions(rules: TeamRules, service: str) -> Iterator[tuple[Place, str]]:
    recorded = {recording.record for recording in rules.recordings}
    for key, entries in (("recordings", rules.recordings), ("alerts", rules.alerts)):
        for index, entry in enumerate(entries):
            try:
                chosen = list(selectors(entry.expression))
                # It gives series, and not a range, a number or a text.
                parsed(f"sum({entry.expression}\n)")
            except ValueError as error:
                yield (key, index, "expression"), f"is no PromQL: {error}; give what Prometheus takes"
                continue
            for each in chosen:
                if each.equal.get("service_name") != service and each.metric not in recorded:
                    what = each.metric or "a selector"
                    text = f'{what} may be of any service; add service_name="{service}" to its labels'
                    yield (key, index, "expression"), text


def _dashboards(folder: Path, service: str) -> tuple[dict[str, Mapping[str, Any]], list[Problem]]:
    found: dict[str, Mapping[str, Any]] = {}
    problems: list[Problem] = []
    for file in sorted((folder / "dashboards").glob("*")):
        name = f"{FOLDER}/{service}/dashboards/{file.name}"
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            problems.append(Problem((), f"is no JSON: {error}", file=name))
            continue
        wrong = list(_wrong_dashboard(content, file.stem, service)) if file.suffix == ".json" else ["is no .json file"]
        problems += [Problem((), text, file=name) for text in wrong]
        if not wrong:
            found[file.stem] = cast("Mapping[str, Any]", content)
    return found, problems


def _wrong_dashboard(content: object, stem: str, service: str) -> Iterator[str]:
    if not isinstance(content, dict):
        yield "is no dashboard; export it from Grafana as JSON"
        return
    dashboard = cast("dict[str, Any]", content)
    uid = dashboard.get("uid")
    if uid != stem or not stem.startswith(f"{service}-") or len(stem) > 40:
        yield (
            f"its uid {json.dumps(uid)} is to be the file's name, to begin with {service}- and to have 40 characters "
            "at most"
        )
    for key in ("title", "description"):
        if not isinstance(dashboard.get(key), str) or not dashboard[key]:
            yield f"has no {key}; give a text"
    if not isinstance(dashboard.get("panels"), list) or not dashboard["panels"]:
        yield "has no panels"
    if len(json.dumps(dashboard)) > _DASHBOARD_KIB * 1024:
        yield f"is larger than {_DASHBOARD_KIB} KiB; make two of it"
    for source in _sources(dashboard):
        if source not in (*DATA_SOURCES, _GRAFANA):
            yield f"asks the data source {json.dumps(source)}; give the uid of one of {listed(DATA_SOURCES, 'or')}"


def _sources(value: object) -> Iterator[object]:
    """Every data source that a panel, a variable or an annotation names."""
    if isinstance(value, dict):
        for key, inner in cast("dict[str, object]", value).items():
            if key == "datasource":
                yield cast("dict[str, object]", inner).get("uid") if isinstance(inner, dict) else inner
            else:
                yield from _sources(inner)
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            yield from _sources(inner)
