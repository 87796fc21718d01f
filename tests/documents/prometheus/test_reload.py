"""A changed rule is read by the Prometheus that runs, and neither it nor a restart starts an alert's clock anew."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from components.text import to_yaml
from settings import Settings
from settings.observability import Signal
from tests.programs import end, free_port, start
from tests.recording import record_platform, stack_settings
from tests.waiting import wait_for
from tools import ensure

BRIEF = ("--config.auto-reload-interval=1s",)
"""What is only quicker than deployed."""
KEPT = ("--config.auto-reload", "--rules.alert")
"""Starts of the deployed arguments that this is about; the others are of ports, links and sizes."""


def stateful_set(settings: Settings, name: str) -> dict[str, Any]:
    found = record_platform(settings).of("kubernetes:apps/v1:StatefulSet")
    (spec,) = [each.inputs["spec"] for each in found if each.inputs["metadata"]["name"] == name]
    return spec


def changed(settings: Settings) -> Settings:
    """With other rules, one group more, of metrics by the signal, of logs by the minutes, and another interval."""
    observed = settings.observability
    signals = {**observed.anomalies, "one-more": Signal(expression="x", by=("y",))}
    alerts = observed.alerts.model_copy(update={"escalate_minutes": 45, "resolve_minutes": 7})
    update = {"anomalies": signals, "alerts": alerts, "scrape_interval_seconds": 20}
    return settings.model_copy(update={"observability": observed.model_copy(update=update)})


@pytest.mark.parametrize("program", ["prometheus", "loki"])
def test_no_pod_is_rolled_for_what_its_program_reads_anew(program: str) -> None:
    settings = stack_settings("prod")
    assert stateful_set(settings, program) == stateful_set(changed(settings), program)


def test_the_rules_that_change_are_in_the_files_that_are_mounted() -> None:
    settings = stack_settings("prod")
    for name in ("prometheus-read-anew", "loki-read-anew"):
        before, after = (config_map(each, name) for each in (settings, changed(settings)))
        assert {file for file, text in before.items() if text != after[file]} - {"prometheus.yml"}
        assert before.keys() == after.keys()


def config_map(settings: Settings, name: str) -> dict[str, str]:
    found = record_platform(settings).of("kubernetes:core/v1:ConfigMap")
    (each,) = [each.inputs for each in found if each.inputs["metadata"]["name"] == name]
    assert not each["immutable"]
    return each["data"]


class Folder:
    """A folder whose files are changed as a kubelet changes them: all at once, by one link."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._versions = 0

    def put(self, **texts: str) -> None:
        self._versions += 1
        version = self.path / f"..version-{self._versions}"
        version.mkdir(parents=True)
        for name, text in texts.items():
            (version / f"{name}.yml").write_text(text)
        link = self.path / "..data-new"
        link.symlink_to(version.name)
        link.replace(self.path / "..data")
        for name in texts:
            if not (self.path / f"{name}.yml").is_symlink():
                (self.path / f"{name}.yml").symlink_to(f"..data/{name}.yml")


@contextmanager
def prometheus(folder: Folder) -> Generator[str]:
    container = stateful_set(stack_settings("prod"), "prometheus")["template"]["spec"]["containers"][0]
    address = f"127.0.0.1:{free_port()}"
    command = [
        ensure("prometheus")["prometheus"],
        f"--config.file={folder.path / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder.path.parent / 'series'}",
        f"--web.listen-address={address}",
        *(each for each in container["args"] if each.startswith(KEPT)),
        *BRIEF,
    ]
    process = start(command, folder.path.parent / "log")
    try:
        yield f"http://{address}"
    finally:
        end(process)


def rule(value: int) -> str:
    alert = {"alert": "Down", "expr": f"vector({value})", "for": "1s", "labels": {"severity": "critical"}}
    return to_yaml({"groups": [{"name": "rules", "rules": [alert]}]})


def began(url: str, value: int) -> datetime:
    """Since when the alert with this value fires; an error while it does not."""
    for alert in requests.get(f"{url}/api/v1/alerts", timeout=10).json()["data"]["alerts"]:
        if (alert["state"], float(alert["value"])) == ("firing", value):
            return datetime.fromisoformat(alert["activeAt"])
    raise AssertionError(f"no alert with value {value} fires")


def recorded(url: str) -> bool:
    """Whether the time is in the series from which a restart takes it."""
    query = {"query": 'ALERTS_FOR_STATE{alertname="Down"}'}
    return bool(requests.get(f"{url}/api/v1/query", params=query, timeout=10).json()["data"]["result"])


@pytest.mark.needs_tools
def test_an_alert_keeps_its_time_when_its_rule_changes_and_when_prometheus_restarts(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "mounted")
    main = to_yaml({"global": {"evaluation_interval": "1s"}, "rule_files": [f"{folder.path}/rules.yml"]})
    folder.put(prometheus=main, rules=rule(1))
    with prometheus(folder) as url:
        first = wait_for(lambda: began(url, 1), "the alert")
        assert first is not None
        folder.put(prometheus=main, rules=rule(2))
        assert wait_for(lambda: began(url, 2), "the alert of the changed rule") == first
        wait_for(lambda: recorded(url), "a record of the time")
    with prometheus(folder) as url:
        # The series has whole seconds; the first evaluation does not look at it yet.
        wait_for(lambda: began(url, 2) == first.replace(microsecond=0), "the alert's old time")
