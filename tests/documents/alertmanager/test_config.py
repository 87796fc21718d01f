"""alertmanager.yml, read by amtool: it is accepted, and every alert reaches whom it has to reach."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from components.observability import rules
from components.observability.alertmanager import documents
from components.observability.loki.rules import alerts as log_alerts
from components.observability.rules.model import Kind, Severity
from settings.secrets import Reader, told_to
from tests.documents.alertmanager.given import amtool, written
from tests.recording import STACKS, stack_settings

pytestmark = pytest.mark.needs_tools

CRITICAL = ["pagerduty-oncall", "slack-alerts", "email-management"]
BY_SEVERITY = {
    "critical": CRITICAL,
    "warning": ["slack-alerts"],
    "notice": ["slack-alerts"],
    "info": ["email-info"],
}
_INLINE = re.compile(r"^[ -]*(\w*password|\w*token|\w*_key|api_url|credentials|secrets|values):", re.MULTILINE)
"""Keys that hold a secret itself."""
BY_KIND = {"security": ["slack-security"], "release": ["telegram-deploys"]}


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written("prod", tmp_path_factory.mktemp("prod"))


def main(stack: str = "prod") -> dict[str, Any]:
    return yaml.load(documents(stack_settings(stack))["alertmanager.yml"], yaml.CSafeLoader)


def receiver(name: str) -> dict[str, Any]:
    (found,) = [each for each in main()["receivers"] if each["name"] == name]
    ((config,),) = [value for key, value in found.items() if key != "name"]
    return config


@pytest.mark.parametrize("stack", STACKS)
def test_amtool_accepts_both_documents(stack: str, tmp_path: Path) -> None:
    folder = written(stack, tmp_path)
    said = amtool("check-config", folder / "alertmanager.yml", folder / "record" / "alertmanager.yml")
    assert said.count("SUCCESS") == 3
    assert "1 templates" in said


@pytest.mark.parametrize("severity", get_args(Severity))
@pytest.mark.parametrize("kind", get_args(Kind))
def test_an_alert_reaches_its_channels(severity: str, kind: str, prod: Path) -> None:
    expected = [*BY_KIND.get(kind, []), *BY_SEVERITY[severity]]
    labels = [f"severity={severity}", f"kind={kind}", "alertname=Some", "host=h1", "service_name=api"]
    assert routed(prod, *labels) == expected


def test_an_escalation_reaches_management_the_owner_and_on_call(prod: Path) -> None:
    labels = ["alertname=CriticalAlertUnresolved", "severity=critical", "kind=monitoring", "escalation=true"]
    assert routed(prod, *labels) == ["email-escalation", "pagerduty-oncall"]
    alerts = stack_settings("prod").observability.alerts
    assert receiver("email-escalation")["to"].split(", ") == [*alerts.management_emails, *alerts.system_owner_emails]


def test_the_watchdog_reaches_the_heartbeat_alone(prod: Path) -> None:
    assert routed(prod, "alertname=Watchdog", "severity=info", "kind=monitoring") == ["webhook-heartbeat"]


def test_an_alert_without_a_known_severity_is_seen_all_the_same(prod: Path) -> None:
    assert routed(prod, "alertname=Odd") == ["slack-alerts"]


def routed(folder: Path, *labels: str) -> list[str]:
    said = amtool("config", "routes", "test", f"--config.file={folder / 'alertmanager.yml'}", *labels)
    return said.strip().split(",")


def routes(route: dict[str, Any], **inherited: Any) -> list[dict[str, Any]]:
    """All routes with a receiver, with what they inherit."""
    kept = ("receiver", "group_by", "group_wait", "group_interval", "repeat_interval")
    own = {**inherited, **{key: route[key] for key in kept if key in route}}
    own["matched"] = [*inherited.get("matched", []), *route.get("matchers", [])]
    below = route.get("routes", [])
    return [each for child in below for each in routes(child, **own)] if below else [own]


def test_a_critical_alert_is_repeated_until_it_is_acknowledged() -> None:
    minutes = f"{stack_settings('prod').observability.alerts.acknowledge_minutes}m"
    critical = [each for each in routes(main()["route"]) if 'severity="critical"' in each["matched"]]
    on_call = [each for each in critical if each["receiver"] in {"pagerduty-oncall", "slack-alerts"}]
    assert len(on_call) == 4
    assert {each["repeat_interval"] for each in on_call} == {minutes}
    assert {each["group_interval"] for each in on_call} == {"30s"}


def test_who_is_on_call_is_told_of_each_tenant_and_a_channel_of_each_kind_of_event() -> None:
    security = [each for each in routes(main()["route"]) if 'kind="security"' in each["matched"]]
    assert {each["receiver"] for each in security} >= {"slack-security", *CRITICAL}
    event = ["alertname", "service_name", "environment"]
    for each in security:
        assert each["group_by"] == ([*event, "tenant_id"] if each["receiver"] == "pagerduty-oncall" else event), each


def test_what_a_critical_alert_names_makes_an_incident_of_its_own() -> None:
    """A second gateway, name or disk that fails must not join an incident that is acknowledged already."""
    settings = stack_settings("prod")
    found = [*(alert for group in rules.groups(settings) for alert in group.alerts), *log_alerts(settings)]
    called = [each for each in routes(main()["route"]) if each["receiver"] == "pagerduty-oncall"]
    for each in called:
        security = 'kind="security"' in each["matched"]
        for alert in found:
            if alert.severity == "critical" and (alert.kind == "security") == security:
                named = set(re.findall(r"\$labels\.(\w+)", alert.summary + alert.description)) | set(alert.labels)
                escalated = 'escalation="true"' in each["matched"]
                named -= {"escalation"} if escalated else {"escalation", "cause"}
                # A node is its host, a device its folder, and one tenant's attack on many tables is one event.
                assert named - set(each["group_by"]) - {"node", "device", "table"} == set(), (alert.name, each)


def test_the_heartbeat_comes_every_minute_and_only_while_all_is_well() -> None:
    (heartbeat,) = [each for each in routes(main()["route"]) if each["receiver"] == "webhook-heartbeat"]
    # Looked at every minute, and the last time is always longer ago than that.
    assert (heartbeat["group_interval"], heartbeat["repeat_interval"]) == ("1m", "30s")
    assert receiver("webhook-heartbeat")["send_resolved"] is False


def test_everybody_else_is_told_that_it_is_over() -> None:
    silent = [each["name"] for each in main()["receivers"] if not receiver(each["name"])["send_resolved"]]
    assert silent == ["webhook-heartbeat"]


def test_receivers_are_called_after_their_channel() -> None:
    for each in main()["receivers"]:
        (config,) = [key for key in each if key != "name"]
        assert each["name"].split("-")[0] == config.removesuffix("_configs")


def test_the_channels_are_those_of_the_settings() -> None:
    assert receiver("slack-alerts")["channel"] == "#alerts"
    assert receiver("slack-security")["channel"] == "#security-alerts"
    assert receiver("slack-security")["api_url_file"] != receiver("slack-alerts")["api_url_file"]
    assert receiver("email-info")["to"] == "alerts@luxima.id"
    assert receiver("telegram-deploys")["chat_id"] == int(
        stack_settings("prod").observability.alerts.telegram_deploys_chat
    )


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize(
    ("name", "reader"),
    [("alertmanager.yml", "alertmanager"), ("record/alertmanager.yml", "alertmanager-record")],
)
def test_its_secrets_are_those_that_it_is_told_each_in_a_file_called_after_it(
    stack: str, name: str, reader: Reader
) -> None:
    text = documents(stack_settings(stack))[name]
    assert not re.search(_INLINE, text)
    assert "hooks.slack.com" not in text
    assert set(re.findall(r"/etc/alertmanager/secrets/(\w+)", text)) == set(told_to(reader))


def test_the_mail_relay_is_spoken_to_encrypted() -> None:
    given = main()["global"]
    assert given["smtp_require_tls"] is True
    assert given["smtp_smarthost"] == "smtp.luxima.id:587"


def test_the_record_knows_no_inhibition_and_one_receiver() -> None:
    record = yaml.load(documents(stack_settings("prod"))["record/alertmanager.yml"], yaml.CSafeLoader)
    assert set(record) == {"route", "receivers"}
    assert "routes" not in record["route"]
    # One group: what fires and is resolved during an outage is told only with something that still fires.
    assert "group_by" not in record["route"]
    ((webhook,),) = [each["webhook_configs"] for each in record["receivers"]]
    assert webhook["url"] == "https://supabase.acehcommerce.id/rest/v1/rpc/record_alert"
    assert webhook["send_resolved"] is True
