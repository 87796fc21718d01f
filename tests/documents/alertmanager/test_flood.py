"""A flood of alerts is few messages: a running Alertmanager with the routes of stack `prod`; a minute is a second."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import yaml

from components.observability.alertmanager import documents
from tests.documents.alertmanager.running import Alertmanager
from tests.e2e.observability.receiving import Web
from tests.recording import stack_settings
from tests.waiting import wait_for

pytestmark = pytest.mark.needs_tools

SECONDS = 60
"""Of the documents in one of the test."""
MOST_PER_MINUTE = 5
MANY = 500


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as running:
        yield running


@pytest.fixture
def alertmanager(web: Web, tmp_path: Path) -> Iterator[Alertmanager]:
    text = documents(stack_settings("prod"))["alertmanager.yml"]
    main = yaml.load(re.sub(r"(_wait|_interval): (\d+)([smh])", _shorter, text), yaml.CSafeLoader)
    receivers = [
        {"name": each["name"], "webhook_configs": [{"url": f"{web.url}/{each['name']}", "max_alerts": 1}]}
        for each in main["receivers"]
    ]
    with Alertmanager({"route": main["route"], "receivers": receivers}, tmp_path) as running:
        yield running


def _shorter(found: re.Match[str]) -> str:
    return f"{found[1]}: {int(found[2]) * {'s': 1, 'm': 60, 'h': 3600}[found[3]] * 1000 // SECONDS}ms"


KINDS: Mapping[str, dict[str, Any]] = {
    "address": {"alertname": "FailedLoginsFromAddress", "kind": "security", "severity": "warning"},
    "user_id": {"alertname": "FailedLoginsOfUser", "kind": "security", "severity": "warning"},
    "table": {"alertname": "TenantRLSViolation", "kind": "security", "severity": "critical", "tenant_id": "tenant_1"},
    "cause_of": {"alertname": "CriticalAlertUnresolved", "severity": "critical", "escalation": "true", "cause": "X"},
    "instance": {"alertname": "TargetDown", "kind": "monitoring", "severity": "warning", "service_name": "api"},
}
"""Labels of an alert, by the label that tells hundreds of them apart."""


@pytest.mark.parametrize("label", KINDS)
def test_hundreds_of_alerts_are_few_messages_in_each_channel(label: str, alertmanager: Alertmanager, web: Web) -> None:
    begin = monotonic()
    for part in range(10):
        alertmanager.tell(*({**KINDS[label], label: f"{each}"} for each in range(part, MANY, 10)))

    def told() -> bool:
        return any(_alerts(call.body) == MANY for call in list(web.calls))

    wait_for(told, "a message that has counted all of them")
    minutes = (monotonic() - begin) * SECONDS / 60
    messages = Counter(call.path for call in list(web.calls))
    assert max(messages.values()) <= MOST_PER_MINUTE * (minutes + 1), (messages, minutes)


def _alerts(body: dict[str, Any]) -> int:
    return len(body["alerts"]) + body["truncatedAlerts"]
