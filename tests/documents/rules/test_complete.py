"""No alert without owner, severity, runbook and cases; no expression over a metric that nothing emits."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, cast, get_args

import pytest
import yaml

from components.observability import metrics, rules
from components.observability.grafana.dashboards import boards
from components.observability.loki import rules as logs
from components.observability.rules.model import Alert, Group, Kind, Owner, Recording, Severity
from components.observability.rules.signals import JOBS
from release import announce
from settings import Settings
from settings.promql import Selector, selectors
from tests.documents.rules import expressions
from tests.documents.rules.test_promtool import sends_on
from tests.recording import ROOT, STACKS, stack_settings

SECTIONS = (
    "What it means",
    "Who notices",
    "First look",
    "Likely causes",
    "Fix",
    "When to escalate",
    "How to know it is over",
)
DASHBOARDS = {board.uid for board in boards(stack_settings("prod"))}


@cache
def everything() -> list[Settings]:
    return [*map(stack_settings, STACKS), sends_on(stack_settings("prod"))]


@cache
def groups() -> list[Group]:
    return [group for settings in everything() for group in rules.groups(settings)]


def alerts() -> list[Alert]:
    return [alert for group in groups() for alert in group.alerts]


def log_alerts() -> list[Alert]:
    return [alert for settings in everything() for alert in logs.alerts(settings)]


def names(found: list[Alert]) -> list[str]:
    return sorted({alert.name for alert in found})


@cache
def cases() -> frozenset[tuple[str, bool]]:
    """Name of the alert, and whether the case expects it to fire; of every folder of promtool's cases."""
    return frozenset(_cases())


def _cases() -> Iterator[tuple[str, bool]]:
    for path in [*(ROOT / "tests" / "documents").glob("*/cases/*.yml"), *(ROOT / "teams").glob("*/cases.yml")]:
        document = cast("dict[str, Any]", yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader))
        for test in document["tests"]:
            for case in test.get("alert_rule_test", []):
                yield case["alertname"], bool(case.get("exp_alerts"))


@pytest.mark.parametrize("name", names([*alerts(), *log_alerts()]))
def test_an_alert_says_whose_it_is_and_how_bad(name: str) -> None:
    assert re.fullmatch("[A-Z][A-Za-z0-9]+", name)
    for alert in [alert for alert in [*alerts(), *log_alerts()] if alert.name == name]:
        assert alert.owner in get_args(Owner)
        assert alert.severity in get_args(Severity)
        assert alert.kind in get_args(Kind)
        assert alert.dashboard in DASHBOARDS
        assert len(alert.summary) <= 150


def test_an_alert_over_metrics_tells_the_value() -> None:
    assert [alert.name for alert in alerts() if "$value" not in alert.description] == []


def sections(alert: str) -> tuple[str, ...]:
    page = (ROOT / "docs" / "runbooks" / f"{alert}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {alert}\n")
    return tuple(re.findall("^## (.*)$", page, re.MULTILINE))


@pytest.mark.parametrize("alert", names([alert for alert in alerts() if alert.runbook is None]))
def test_an_alert_over_metrics_has_a_runbook(alert: str) -> None:
    assert sections(alert) == SECTIONS


@pytest.mark.parametrize("alert", names(log_alerts()))
def test_an_alert_over_log_lines_has_a_runbook(alert: str) -> None:
    assert {"What it means", "First look", "Likely causes"} <= set(sections(alert))


def test_every_runbook_is_of_an_alert() -> None:
    pages = {path.stem for path in (ROOT / "docs" / "runbooks").glob("*.md")} - {"README"}
    assert pages - {*names(alerts()), *names(log_alerts()), *announce.NAMES} == set()


@pytest.mark.parametrize("alert", announce.NAMES)
def test_what_the_release_tool_announces_has_a_runbook(alert: str) -> None:
    assert sections(alert) == SECTIONS


@pytest.mark.parametrize("alert", names(alerts()))
def test_an_alert_has_a_case_that_fires_and_one_that_stays_quiet(alert: str) -> None:
    expected = {fires for name, fires in cases() if name == alert}
    assert True in expected
    if alert != "Watchdog":  # it always fires
        assert False in expected


def test_the_quiet_day_looks_at_every_alert_of_its_files() -> None:
    path = ROOT / "tests" / "documents" / "rules" / "cases" / "quiet-day.yml"
    day = cast("dict[str, Any]", yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader))
    asked = {case["alertname"] for test in day["tests"] for case in test["alert_rule_test"]}
    files = {file.removesuffix(".yml") for file in day["rule_files"]}
    assert asked == {alert.name for group in groups() if group.name in files for alert in group.alerts}


@pytest.mark.parametrize("stack", STACKS)
def test_names_are_unique(stack: str) -> None:
    found = rules.groups(stack_settings(stack))
    files = [group.name for group in found]
    assert len(files) == len(set(files))
    places = [(alert.name, tuple(sorted(alert.labels.items()))) for group in found for alert in group.alerts]
    assert len(places) == len(set(places))


@pytest.mark.parametrize("minutes", [5, 7])
def test_an_alert_stays_as_long_as_the_settings_say(minutes: int) -> None:
    settings = stack_settings("prod")
    observed = settings.observability
    changed = observed.model_copy(update={"alerts": observed.alerts.model_copy(update={"resolve_minutes": minutes})})
    kept = {
        alert.name: alert.keep
        for group in rules.groups(settings.model_copy(update={"observability": changed}))
        for alert in group.alerts
    }
    # A heartbeat never ends; and an escalation ends with its cause, which has been kept already.
    assert {name for name, keep in kept.items() if keep is None} == {"Watchdog", "CriticalAlertUnresolved"}
    assert set(kept.values()) == {None, f"{minutes}m"}


def test_the_escalation_comes_when_the_settings_say() -> None:
    settings = stack_settings("prod")
    observed = settings.observability
    changed = observed.model_copy(update={"alerts": observed.alerts.model_copy(update={"escalate_minutes": 45})})
    (alert,) = [
        alert
        for group in rules.groups(settings.model_copy(update={"observability": changed}))
        for alert in group.alerts
        if alert.name == "CriticalAlertUnresolved"
    ]
    assert "> 2700 " in alert.expr
    assert alert.labels["escalation"] == "true"


@pytest.mark.parametrize(
    ("name", "expr", "pending", "severity"),
    [
        ("HighCPULoad", "host:cpu:utilisation2m > 0.9", "5m", "warning"),
        ("DatabaseDown", "pg_up == 0 or ", "2m", "critical"),
        ("APIErrorRateHigh", None, "2m", "warning"),
        ("TenantRLSViolation", None, "0s", "critical"),
    ],
)
def test_alerts_of_the_requirement_are_as_it_says(name: str, expr: str | None, pending: str, severity: str) -> None:
    for alert in [alert for alert in alerts() if alert.name == name]:
        assert (alert.pending, alert.severity) == (pending, severity)
        assert expr is None or alert.expr.startswith(expr)


def test_every_metric_of_a_rule_is_emitted_or_recorded() -> None:
    recorded = {rule.record for group in groups() for rule in group.rules if isinstance(rule, Recording)}
    used = {name for group in groups() for rule in group.rules for name in expressions.metrics(rule.expr)}
    teams = {service: team for settings in everything() for service, team in settings.teams.items()}
    assert used - recorded - metrics.names(teams) == set()
    assert "http_requests_total" in used


COME_AND_GO = {"services", "traefik", "live-slot"}
"""Jobs whose targets are there once there is a release: what is made of them looks for itself whether they are."""


@cache
def _recorded() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for rule in (rule for group in groups() for rule in group.rules if isinstance(rule, Recording)):
        found.setdefault(rule.record, set()).add(rule.expr)
    return found


@cache
def _read(expr: str) -> tuple[Selector, ...]:
    """What an expression reads, through the recordings."""
    own = list(selectors(expr))
    below = {text for each in own for text in _recorded().get(each.metric, ())}
    found = [each for each in own if each.metric not in _recorded()]
    return (*found, *(each for text in below for each in _read(text)))


def _whose(each: Selector) -> tuple[str, frozenset[tuple[str, str]]]:
    """A metric, with the labels that say what it is of."""
    of = ("job", "namespace", "deployment", "daemonset")
    return each.metric, frozenset((label, text) for label, text in each.equal.items() if label in of)


def test_a_metric_of_a_critical_alert_is_missed_when_it_is_gone() -> None:
    emitted = {name: emitter for emitter in metrics.EMITTERS for each in emitter.metrics for name in each.series}
    needed = {
        _whose(each)
        for alert in alerts()
        if alert.severity == "critical" and alert.name != "CriticalAlertUnresolved"
        for each in _read(alert.expr)
        if each.equal.get("job") not in COME_AND_GO and not set(emitted[each.metric].jobs) & COME_AND_GO
    }
    jobs = {dict(labels)["job"] for name, labels in needed if name == "up" and labels}
    assert jobs - set(JOBS) == set()
    (missed,) = {alert.expr for alert in alerts() if alert.name == "MetricAbsent"}
    told = {_whose(each) for each in selectors(missed)}
    assert {each for each in needed if each[0] != "up"} - told == set()
    assert ("etcd_server_has_leader", frozenset()) in needed


def test_the_reference_of_metrics_is_up_to_date() -> None:
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
    assert page == metrics.reference()


def test_a_metric_has_one_emitter() -> None:
    found = [metric.name for emitter in metrics.EMITTERS for metric in emitter.metrics]
    assert len(found) == len(set(found))


def test_services_never_label_a_histogram_by_tenant() -> None:
    assert [each for each in metrics.SERVICES.metrics if each.type == "histogram" and "tenant_id" in each.labels] == []
