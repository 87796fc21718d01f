"""From a line of a service to a query's answer and to a message: Promtail, Loki with its ruler, and Alertmanager."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from tests.documents.loki.server import Loki
from tests.e2e.observability.log_room import running_loki, running_promtail
from tests.e2e.observability.receiving import RECORD, SECURITY
from tests.e2e.observability.room import Room
from tests.recording import stack_settings
from tests.waiting import wait_for

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(600)]

TENANT = "luxima"
SERVICES = ("auth-api", "billing")


@dataclass(frozen=True)
class Logs:
    room: Room
    loki: Loki
    folder: Path

    def write(self, service: str, **fields: Any) -> str:
        """A line of LOG-4, written as the container runtime writes what a container says."""
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        line = json.dumps(
            {
                "timestamp": now,
                "service": service,
                "level": "info",
                "tenant_id": "tenant_001",
                "user_id": "user_123",
                "event": "",
                "message": "",
                "context": {"ip": "203.0.113.7", "user_agent": "Mozilla/5.0"},
                **fields,
            }
        )
        with (self.folder / f"{service}.log").open("a") as file:
            file.write(f"{now} stdout F {line}\n")
        return line

    def lines(self, query: str, tenant: str = TENANT) -> list[str]:
        return self.loki.lines(tenant, query)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logs]:
    settings = stack_settings("dev")
    folder = tmp_path_factory.mktemp("logs")
    files = {service: folder / f"{service}.log" for service in SERVICES}
    for part in ("loki", "promtail"):
        (folder / part).mkdir()
    for file in files.values():
        file.touch()
    with ExitStack() as stack:
        room = stack.enter_context(Room(tmp_path_factory.mktemp("room")))
        told = f"{room.url('alertmanager')},{room.url('alertmanager-record')}"
        server = stack.enter_context(running_loki(settings, folder / "loki", told))
        stack.enter_context(running_promtail(settings, folder / "promtail", server.url, files))
        yield Logs(room, server, folder)


def test_the_example_queries_find_what_the_services_wrote(logs: Logs) -> None:
    login = logs.write("auth-api", level="error", event="login_failed")
    logs.write("auth-api", event="ordered", user_id="user_124")
    logs.write("auth-api", event="ordered", tenant_id="tenant_002")
    payment = logs.write("billing", level="error", event="payment_failed", tenant_id="tenant_002")
    expected = {
        '{service="auth-api", level="error"} |= "login_failed"': [login],
        '{tenant_id="tenant_001"} | json | line_format "{{.event}} by {{.user_id}}"': [
            "login_failed by user_123",
            "ordered by user_124",
        ],
        '{service="billing"} |= "payment_failed"': [payment],
    }
    for query, found in expected.items():
        wait_for(lambda query=query, found=found: logs.lines(query) == found, f"an answer to {query}")
    assert logs.lines('{user_id=~".+"}') == []


def test_a_secret_does_not_reach_loki(logs: Logs) -> None:
    logs.write("billing", event="connected", message="postgres://app:hunter2000@10.0.0.1:5432/app")
    wait_for(lambda: bool(logs.lines('{service="billing"} |= "connected"')), "the line")
    (line,) = logs.lines('{service="billing"} |= "connected"')
    assert json.loads(line)["message"] == "postgres://app:[masked]@10.0.0.1:5432/app"
    assert logs.lines('{service=~".+"} |= "hunter2000"') == []


def test_who_tries_passwords_is_told_to_security(logs: Logs) -> None:
    begin = monotonic()
    for number in range(40):
        context = {"ip": "198.51.100.9", "user_agent": "curl/8"}
        logs.write("auth-api", level="warn", event="login_failed", user_id=f"user_{number}", context=context)
    told = "[WARNING] FailedLoginsFromAddress"

    def posts() -> list[str]:
        calls = [call.body["attachments"][0] for call in logs.room.web.to(SECURITY, begin)]
        return [each["text"] for each in calls if each["title"].startswith(told)]

    def recorded() -> bool:
        alerts = [alert for call in logs.room.web.to(RECORD, begin) for alert in call.body["alerts"]]
        return any(each["labels"]["alertname"] == "FailedLoginsFromAddress" for each in alerts)

    wait_for(lambda: bool(posts()), "a message to security")
    assert "198.51.100.9" in posts()[0]
    wait_for(recorded, "the record")
