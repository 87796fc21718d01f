"""Data sources, the dashboard provider and grafana.ini, against what Grafana documents. No Grafana is run."""

import configparser
import re
from functools import cache
from typing import Any

import pytest
import yaml

from components.observability.grafana import documents
from components.observability.grafana.datasources import TRACE_ID_PATTERN
from tests.recording import STACKS, stack_settings

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@cache
def files(stack: str) -> dict[str, str]:
    return documents(stack_settings(stack))


def text(stack: str, name: str) -> str:
    return files(stack)[name]


def sources(stack: str) -> dict[str, dict[str, Any]]:
    document = yaml.load(text(stack, "provisioning/datasources/luxima.yaml"), yaml.CSafeLoader)
    assert document["apiVersion"] == 1
    found = {source["uid"]: source for source in document["datasources"]}
    assert len(found) == len(document["datasources"])
    return found


def ini(stack: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.read_string(text(stack, "grafana.ini"))
    return parser


@pytest.mark.parametrize("stack", STACKS)
def test_the_data_sources_are_the_stacks_own_programs(stack: str) -> None:
    found = sources(stack)
    assert {uid: (source["type"], source["url"]) for uid, source in found.items()} == {
        "prometheus": ("prometheus", "http://prometheus.observability.svc:9090"),
        "loki": ("loki", "http://loki.observability.svc:3100"),
        "loki-audit": ("loki", "http://loki.observability.svc:3100"),
        "tempo": ("tempo", "http://tempo.observability.svc:3200"),
        "alertmanager": ("alertmanager", "http://alertmanager.observability.svc:9093"),
    }
    assert [uid for uid, source in found.items() if source["isDefault"]] == ["prometheus"]
    for uid, source in found.items():
        assert source["editable"] is False, uid
        assert source["access"] == "proxy", uid
    assert found["alertmanager"]["jsonData"]["implementation"] == "prometheus"


@pytest.mark.parametrize("stack", STACKS)
def test_links_between_data_sources_lead_to_one_that_is_there(stack: str) -> None:
    found = sources(stack)

    def references(source: dict[str, Any]) -> set[str]:
        return set(re.findall(r"'datasourceUid': '([^']*)'", str(source["jsonData"])))

    linked = {uid: references(source) for uid, source in found.items()}
    assert all(targets <= set(found) for targets in linked.values())
    assert linked == {
        "prometheus": {"tempo"},
        "loki": {"tempo"},
        "loki-audit": {"tempo"},
        "tempo": {"loki", "prometheus"},
        "alertmanager": set(),
    }


@pytest.mark.parametrize("stack", STACKS)
def test_logs_and_audit_trail_are_two_tenants(stack: str) -> None:
    found = sources(stack)
    for uid, tenant in {"loki": "luxima", "loki-audit": "audit"}.items():
        assert found[uid]["jsonData"]["httpHeaderName1"] == "X-Scope-OrgID"
        assert found[uid]["secureJsonData"] == {"httpHeaderValue1": tenant}


@pytest.mark.parametrize(
    "line",
    [
        f'{{"service": "api", "trace_id": "{TRACE}", "event": "payment_failed"}}',
        f'{{"traceId":"{TRACE}"}}',
        f'{{"traceid":"{TRACE}"}}',
        f'{{"X-Trace-ID":"{TRACE}"}}',
        f'{{"request_X-Trace-Id":"{TRACE}"}}',
    ],
)
def test_a_log_line_leads_to_its_trace_by_the_id(line: str) -> None:
    found = re.search(TRACE_ID_PATTERN, line)
    assert found
    assert found[1] == TRACE


@pytest.mark.parametrize("line", ['{"trace_id": ""}', '{"message": "trace_id is missing"}', '{"trace_id": "none"}'])
def test_a_log_line_without_a_trace_leads_nowhere(line: str) -> None:
    assert re.search(TRACE_ID_PATTERN, line) is None


@pytest.mark.parametrize("stack", STACKS)
def test_dollars_are_escaped_from_grafanas_environment(stack: str) -> None:
    written = text(stack, "provisioning/datasources/luxima.yaml")
    assert not re.search(r"(?<!\$)\$(?!\$)[A-Za-z_{]", re.sub(r"\$\$", "", written))
    assert "$${__value.raw}" in written
    assert "$$__tags" in written
    assert "$${__trace.traceId}" in written


@pytest.mark.parametrize("stack", STACKS)
def test_dashboards_come_from_files_only(stack: str) -> None:
    document = yaml.load(text(stack, "provisioning/dashboards/luxima.yaml"), yaml.CSafeLoader)
    (provider,) = document["providers"]
    assert document["apiVersion"] == 1
    assert (provider["type"], provider["options"]["path"]) == ("file", "/etc/grafana/dashboards")
    assert provider["allowUiUpdates"] is False
    assert provider["disableDeletion"] is True


@pytest.mark.parametrize("stack", STACKS)
def test_everybody_signs_in_and_over_https(stack: str) -> None:
    found = ini(stack)
    host = stack_settings(stack).environment.grafana_host
    assert found["server"]["root_url"] == f"https://{host}/"
    assert found["server"]["domain"] == host
    assert (found["server"]["protocol"], found["server"]["http_port"]) == ("http", "3000")
    assert not found.getboolean("auth.anonymous", "enabled")
    assert found.getboolean("auth.anonymous", "hide_version")
    assert not found.getboolean("auth", "disable_login_form")
    assert not found.getboolean("users", "allow_sign_up")
    for key in ("cookie_secure", "strict_transport_security", "disable_gravatar"):
        assert found.getboolean("security", key), key
    assert not found.getboolean("security", "allow_embedding")


@pytest.mark.parametrize("stack", STACKS)
def test_secrets_come_from_files(stack: str) -> None:
    security = ini(stack)["security"]
    assert security["admin_password"] == "$__file{/etc/grafana/secrets/adminPassword}"
    assert security["secret_key"] == "$__file{/etc/grafana/secrets/secretKey}"


@pytest.mark.parametrize("stack", STACKS)
def test_grafana_fetches_nothing_and_alerts_nobody(stack: str) -> None:
    found = ini(stack)
    for key in ("enabled", "reporting_enabled", "check_for_updates", "check_for_plugin_updates"):
        assert not found.getboolean("analytics", key), key
    assert not found.getboolean("news", "news_feed_enabled")
    assert not found.getboolean("snapshots", "external_enabled")
    assert not found.getboolean("plugins", "plugin_admin_enabled")
    assert found.getboolean("plugins", "preinstall_disabled")
    assert not found.getboolean("unified_alerting", "enabled")
    assert found["database"]["type"] == "sqlite3"
    assert found["database"]["path"].startswith(found["paths"]["data"])
