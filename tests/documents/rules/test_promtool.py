"""By promtool: every alert fires and stays quiet when it should."""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Any, cast

import pytest
import yaml

from components.observability import rules
from components.observability.rules import security
from settings import Settings
from tests.documents.rules import narrow
from tests.documents.slo import evaluation
from tests.recording import ROOT, released, stack_settings

pytestmark = pytest.mark.needs_tools

CASES = [*sorted((Path(__file__).parent / "cases").glob("*.yml")), *sorted((ROOT / "teams").glob("*/cases.yml"))]
REMOTE_WRITE = "remote-write.yml"
"""Cases of what is there only when samples are sent on."""
SNAPSHOTS = "deployment-snapshots.yml"
"""Cases of what is there only when each release has a snapshot of its machines."""
REPLICA = "database-replica.yml"
"""Cases of what is there only when something follows the database."""


def render(settings: Settings, folder: Path) -> list[str]:
    documents = rules.documents(settings)
    for name, text in documents.items():
        (folder / name).write_text(text, encoding="utf-8")
    return list(documents)


def filled_in(case: Path, settings: Settings) -> str:
    """The cases with this stack's links and load put in."""
    links = rules.links(settings)
    load = settings.observability.load.requests_per_second
    return Template(case.read_text(encoding="utf-8")).substitute(
        runbooks=links.runbooks,
        grafana=links.grafana,
        buckets=settings.storage.bucket_prefix,
        busy_minute=f"{load * 60 * 1.1:g}",
        flood=f"{max(load, security.FLOOD_RATE):g}",
        service_load=f"{load / len(settings.services):g}",
    )


def write_cases(case: Path, settings: Settings, folder: Path) -> Iterator[str]:
    """The cases of each alert as a document with the rules that it needs; gives their names."""
    # All as texts, as promtool reads them: `0x60` is sixty times 0, not 96.
    document = cast("dict[str, Any]", yaml.load(filled_in(case, settings), yaml.CBaseLoader))  # noqa: S506 - texts only
    every = {group.name: group for group in rules.groups(settings)}
    files = [name.removesuffix(".yml") for name in document["rule_files"]]
    groups = [every[name] for name in document.get("group_eval_order", files) if name in every]
    assert {group.name for group in groups} == set(files)
    of = {alert.name: alert for group in groups for alert in group.alerts}
    by_alerts: dict[tuple[bool, tuple[str, ...]], list[Any]] = defaultdict(list)
    for test in document["tests"]:
        complete(test, of, rules.links(settings))
        for sample in itertools.chain(*(each["exp_samples"] for each in test.get("promql_expr_test", ()))):
            sample["value"] = float(sample["value"])
        alerts = tuple(sorted({each["alertname"] for each in test.get("alert_rule_test", ())}))
        by_alerts[takes_days(test), alerts].append(test)
    for number, ((days, alerts), tests) in enumerate(by_alerts.items()):
        # What asks for a series is of all rules.
        given = [each["series"] for test in tests for each in test["input_series"]]
        needed = narrow.narrowed(groups, alerts, given) if alerts else groups
        name = f"{case.parent.name}-{case.stem}-{number}"
        # What changes over days is looked at every half an hour: else a few cases took most of the time.
        evaluation = "30m" if days else document["evaluation_interval"]
        yield narrow.write(needed, rules.links(settings), evaluation, tests, folder, name)


def complete(test: dict[str, Any], alerts: Mapping[str, rules.Alert], links: rules.Links) -> None:
    """Put in what a case leaves to its alert, where it does: a value is for a minute, and a series is a key."""
    test.setdefault("interval", "1m")
    if isinstance(test["input_series"], dict):
        series = cast("dict[str, str]", test["input_series"])
        test["input_series"] = [{"series": name, "values": values} for name, values in series.items()]
    for asked in test.get("alert_rule_test", ()):
        for expected in asked["exp_alerts"]:
            said = alerts[asked["alertname"]].document(links)
            for kind, left in (("labels", ("kind", "owner")), ("annotations", ("runbook_url", "dashboard_url"))):
                expected[f"exp_{kind}"] = {key: said[kind][key] for key in left} | expected[f"exp_{kind}"]


def takes_days(test: Mapping[str, Any]) -> bool:
    """Whether it asks for something after more than two days, at a whole hour always."""
    asked = [each["eval_time"] for kind in ("alert_rule_test", "promql_expr_test") for each in test.get(kind, ())]
    hours = [int(time[:-1]) * {"h": 1, "d": 24}.get(time[-1], 0) for time in asked if time[:-1].isdigit()]
    return len(hours) == len(asked) and max(hours) > 48 and min(hours) > 0


def promtool(folder: Path, *arguments: str) -> None:
    result = evaluation.promtool(*arguments, cwd=folder)
    assert result.returncode == 0, result.stdout + result.stderr


def sends_on(settings: Settings) -> Settings:
    prometheus = settings.observability.prometheus.model_copy(
        update={"remote_write_url": "https://metrics.example.org"}
    )
    return settings.model_copy(
        update={"observability": settings.observability.model_copy(update={"prometheus": prometheus})}
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize("stack", [pytest.param("dev", marks=pytest.mark.long), "prod"])
def test_alerts_fire_and_stay_quiet(stack: str, tmp_path: Path) -> None:
    # The cases are those of one service.
    settings = released(stack_settings(stack), "storefront")
    elsewhere = {REMOTE_WRITE}
    elsewhere |= set[str]() if settings.backup.deployment else {SNAPSHOTS}
    elsewhere |= set[str]() if settings.database.replica else {REPLICA}
    for case in CASES:
        if case.name not in elsewhere:
            # It keeps what it has read until it ends: all files at once take much longer.
            promtool(tmp_path, "test", "rules", *write_cases(case, settings, tmp_path))


def test_who_sends_samples_on_is_told_when_they_are_lost(tmp_path: Path) -> None:
    (case,) = [case for case in CASES if case.name == REMOTE_WRITE]
    promtool(tmp_path, "test", "rules", *write_cases(case, sends_on(stack_settings("prod")), tmp_path))
