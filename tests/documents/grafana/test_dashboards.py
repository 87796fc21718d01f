"""The dashboards' files, against what Grafana's file provider and its plugins need. No Grafana is run."""

import json
from collections import Counter
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from components.observability.grafana import documents
from components.observability.grafana.board import Board, Row, render
from components.observability.grafana.panels import above, graph, promql
from components.observability.rules import groups
from tests.recording import STACKS, stack_settings

PLUGINS = {"row", "timeseries", "stat", "table", "logs", "traces", "nodeGraph", "nodegraph"}


@cache
def files(stack: str) -> dict[str, str]:
    return documents(stack_settings(stack))


def dashboards(stack: str) -> dict[str, dict[str, Any]]:
    return {
        name.removeprefix("dashboards/").removesuffix(".json"): json.loads(text)
        for name, text in files(stack).items()
        if name.startswith("dashboards/")
    }


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def sources(stack: str) -> dict[str, str]:
    text = files(stack)["provisioning/datasources/luxima.yaml"]
    return {source["uid"]: source["type"] for source in yaml.load(text, yaml.CSafeLoader)["datasources"]}


@pytest.mark.parametrize("stack", STACKS)
def test_the_dashboards_are_there_under_the_names_that_alerts_link(stack: str) -> None:
    found = dashboards(stack)
    assert all(dashboard["uid"] == name for name, dashboard in found.items())
    titles = [dashboard["title"] for dashboard in found.values()]
    assert len(set(titles)) == len(titles)
    linked = {alert.dashboard for group in groups(stack_settings(stack)) for alert in group.alerts}
    assert linked <= set(found)


@pytest.mark.parametrize("stack", STACKS)
def test_the_file_provider_can_read_them(stack: str) -> None:
    for name, dashboard in dashboards(stack).items():
        assert dashboard["id"] is None, name
        assert 3 <= len(dashboard["uid"]) <= 40, name
        assert dashboard["schemaVersion"] >= 36, name
        assert dashboard["title"], name
        assert dashboard["description"], name
        assert dashboard["editable"] is False, name
        assert not {"__inputs", "__requires"} & dashboard.keys(), name
        assert dashboard["tags"] == ["luxima"], name
        assert {panel["type"] for panel in dashboard["panels"]} <= PLUGINS, name
        ids = [panel["id"] for panel in dashboard["panels"]]
        assert len(set(ids)) == len(ids), name
        assert 0 not in ids, name


@pytest.mark.parametrize("stack", STACKS)
def test_every_panel_has_title_unit_description_data_source_and_query(stack: str) -> None:
    known = sources(stack)
    for name, dashboard in dashboards(stack).items():
        assert panels(dashboard), name
        for panel in panels(dashboard):
            place = f"{name}: {panel.get('title')}"
            assert panel["title"], place
            assert panel["description"].endswith("."), place
            assert panel["fieldConfig"]["defaults"]["unit"], place
            assert known[panel["datasource"]["uid"]] == panel["datasource"]["type"], place
            assert panel["targets"], place
            for target in panel["targets"]:
                assert target["datasource"] == panel["datasource"], place
                assert target.get("expr") or target.get("query") or target.get("serviceMapQuery"), place
            letters = [target["refId"] for target in panel["targets"]]
            assert len(set(letters)) == len(letters), place


@pytest.mark.parametrize("stack", STACKS)
def test_a_dashboard_does_not_say_the_same_thing_twice(stack: str) -> None:
    for name, dashboard in dashboards(stack).items():
        rows = Counter(panel["title"] for panel in dashboard["panels"] if panel["type"] == "row")
        assert max(rows.values()) == 1, name
        seen = Counter((panel["type"], panel["title"]) for panel in panels(dashboard))
        assert max(seen.values()) == 1, f"{name}: {seen.most_common(1)}"


@pytest.mark.parametrize("stack", STACKS)
def test_panels_fill_the_grid_without_overlap(stack: str) -> None:
    for name, dashboard in dashboards(stack).items():
        taken: set[tuple[int, int]] = set()
        for panel in dashboard["panels"]:
            place = panel["gridPos"]
            assert place["x"] + place["w"] <= 24, f"{name}: {panel['title']}"
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert not cells & taken, f"{name}: {panel['title']}"
            taken |= cells


@pytest.mark.parametrize("stack", STACKS)
def test_the_environment_can_be_chosen_everywhere_and_is_the_stacks_own_at_first(stack: str) -> None:
    label = stack_settings(stack).environment.label
    for name, dashboard in dashboards(stack).items():
        first, *_ = dashboard["templating"]["list"]
        assert (first["name"], first["current"]["value"]) == ("environment", label), name


@pytest.mark.parametrize("stack", STACKS)
def test_variables_of_the_same_name_are_the_same_wherever_they_are(stack: str) -> None:
    made: dict[str, dict[str, Any]] = {}
    for name, dashboard in dashboards(stack).items():
        for variable in dashboard["templating"]["list"]:
            if name != "anomalies":
                assert made.setdefault(variable["name"], variable) == variable, f"{name}: {variable['name']}"
            if variable["type"] == "query":
                assert sources(stack)[variable["datasource"]["uid"]] == "prometheus"
    assert {"environment", "service_name", "host", "tenant_id", "slot"} <= set(made)


@pytest.mark.parametrize("stack", STACKS)
def test_links_lead_to_dashboards_that_exist_and_to_runbooks_of_alerts_that_exist(stack: str) -> None:
    settings = stack_settings(stack)
    runbooks = settings.observability.alerts.runbooks_url
    alerts = {alert.name for group in groups(settings) for alert in group.alerts}
    for name, dashboard in dashboards(stack).items():
        assert any(link["url"] == runbooks for link in dashboard["links"]), name
        assert any(link["type"] == "dashboards" and link["tags"] == ["luxima"] for link in dashboard["links"]), name
        links = [*dashboard["links"], *(link for panel in panels(dashboard) for link in panel.get("links", []))]
        urls: list[str] = [link["url"] for link in links if link["type"] == "link" and link["url"] != runbooks]
        for url in urls:
            if url.startswith("/d/"):
                assert url.removeprefix("/d/") in dashboards(stack), f"{name}: {url}"
            else:
                assert url.startswith(f"{runbooks}/"), f"{name}: {url}"
                assert urlsplit(url).path.rpartition("/")[2] in alerts, f"{name}: {url}"


@pytest.mark.parametrize("stack", STACKS)
def test_deploys_are_drawn_into_every_dashboard(stack: str) -> None:
    for name, dashboard in dashboards(stack).items():
        events = {each["name"]: each for each in dashboard["annotations"]["list"]}
        assert {"Live slot switched", "Probation", "Critical alerts"} <= set(events), name
        assert all(each["datasource"]["uid"] in sources(stack) for each in events.values()), name
        assert "release_live_slot_info" in events["Live slot switched"]["expr"], name


@pytest.mark.parametrize(
    ("uid", "title"),
    [
        ("system-overview", "CPU per VM/LXC"),
        ("system-overview", "Memory per VM/LXC"),
        ("system-overview", "Disk used per VM/LXC"),
        ("system-overview", "Proxmox hosts"),
        ("application-metrics", "API latency"),
        ("application-metrics", "Throughput by slot"),
        ("application-metrics", "Error rate by slot"),
        ("tenant-metrics", "Active tenants"),
        ("tenant-metrics", "Login trend"),
        ("tenant-metrics", "Plugin usage"),
        ("database-metrics", "Query time per transaction"),
        ("database-metrics", "Lock wait"),
        ("database-metrics", "Replication lag"),
        ("security-overview", "Failed logins by reason"),
        ("security-overview", "RLS violation attempts"),
        ("security-overview", "JWT validation errors"),
        ("slo", "Error budget left"),
        ("releases", "Live slots"),
        ("backups", "Database"),
        *(("backups", title) for title in ("Objects", "Bytes", "Duration", "Failed runs")),
        ("request-traces", "Request Traces"),
        ("request-traces", "Service graph"),
        ("kubernetes-namespaces", "Share of the quota"),
        ("kubernetes-workloads", "StatefulSets"),
        ("kubernetes-pods", "Memory of the limit"),
        ("kubernetes-nodes", "Followed connections"),
        ("control-plane", "Bad requests"),
        ("prometheus", "Series by job"),
        ("alertmanager", "Notifications sent"),
        ("loki", "Retention was applied"),
        ("tempo", "Blocks in the object storage"),
        ("log-agent", "Given up"),
        ("traefik", "Requests by service"),
        ("cert-manager", "Certificates"),
    ],
)
def test_what_was_asked_for_is_shown(uid: str, title: str) -> None:
    assert title in {panel["title"] for panel in panels(dashboards("prod")[uid])}


@pytest.mark.parametrize("stack", STACKS)
def test_every_signal_has_its_band_and_every_objective_is_named(stack: str) -> None:
    settings = stack_settings(stack)
    found = dashboards(stack)
    queries = [[target["expr"].split("{")[0] for target in panel["targets"]] for panel in panels(found["anomalies"])]
    for name in settings.observability.anomalies:
        prefix = f"anomaly:{name.replace('-', '_')}:"
        assert [f"{prefix}{what}" for what in ("upper", "lower", "value")] in queries, name
    for name in settings.objectives:
        assert name in found["slo"]["description"]


def test_latency_leads_to_traces_by_exemplars() -> None:
    found = dashboards("prod")
    for uid in ("application-metrics", "request-traces"):
        assert any(target.get("exemplar") for panel in panels(found[uid]) for target in panel["targets"]), uid


def test_backups_turn_red_when_the_alert_fires() -> None:
    settings = stack_settings("prod")
    panel = next(each for each in panels(dashboards("prod")["backups"]) if each["title"] == "Database")
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    due = settings.backup.database_interval_hours * 3600
    assert [step["value"] for step in steps] == [None, due, due * 1.5]
    compared = next(each for each in panels(dashboards("prod")["backups"]) if each["title"].startswith("Last compar"))
    assert [step["value"] for step in compared["fieldConfig"]["defaults"]["thresholds"]["steps"]] == [None, 3]


def test_a_panel_without_a_description_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="needs a title, a description, a unit and a query"):
        graph("Requests", "", "reqps", promql("up"))


def test_thresholds_are_drawn() -> None:
    settings = stack_settings("dev")
    panel = graph("Requests", "Requests.", "reqps", promql("up"), steps=above(0.9))
    board = Board("test-board", "Test", "A test.", [Row("Row", [panel])])
    (_, made) = json.loads(render(board, settings))["panels"]
    assert made["fieldConfig"]["defaults"]["thresholds"]["steps"][-1] == {"value": 0.9, "color": "red"}
    assert made["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"]["mode"] == "dashed"
