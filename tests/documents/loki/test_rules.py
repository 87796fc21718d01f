"""Alerts over log lines: loaded by the ruler of a real Loki, and each seen to fire and not to fire on pushed lines."""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from components.observability import loki
from components.observability.loki import rules as logs
from components.observability.loki.tenants import AUDIT_TENANT, LOG_TENANT
from settings.observability import Observability
from tests.documents.loki.server import Loki, running
from tests.recording import STACKS, stack_settings

SETTINGS = stack_settings("prod")
ALERTS = {alert.name: alert for alert in logs.alerts(SETTINGS)}

SECURITY = {"service": "auth", "environment": "production", "class": "security", "level": "warn"}
ERRORS = {"service": "api", "environment": "production", "class": "api", "level": "error"}
AUDIT = {"service": "supabase-db", "environment": "production", "class": "audit"}
JOURNAL = {"service": "system", "environment": "production", "class": "syslog", "level": "info"}

Pushed = tuple[Mapping[str, str], Sequence[tuple[float, str]]]


def line(event: str, user: str = "u1", address: str = "203.0.113.7", message: str = "") -> str:
    """A line of LOG-4."""
    context = {"ip": address, "user_agent": "curl/8"}
    fields = {"timestamp": "2026-01-01T00:00:00Z", "service": "auth", "level": "warn", "tenant_id": "tenant_001"}
    return json.dumps({**fields, "user_id": user, "event": event, "message": message, "context": context})


@dataclass(frozen=True)
class Case:
    """Lines, and what an alert makes of them."""

    alert: str
    name: str
    pushed: Sequence[Pushed]
    fires: Sequence[Mapping[str, str]]


def _failures(count: int, ago: float = 60, **fields: str) -> Pushed:
    return SECURITY, [(ago + index / 100, line("login_failed", **fields)) for index in range(count)]


_HOSTS = sorted([*SETTINGS.wanted_vms, *SETTINGS.compute.containers])
_SERVICES = [name for name in SETTINGS.services if SETTINGS.release(name)]

CASES = [
    Case("FailedLoginsFromAddress", "one address, many users", [
        (SECURITY, [(60 + i / 100, line("login_failed", user=f"u{i}")) for i in range(31)]),
    ], [{"address": "203.0.113.7"}]),
    Case("FailedLoginsFromAddress", "half of them are a shadow's copies", [
        _failures(16), ({**SECURITY, "slot": "shadow"}, _failures(16)[1]),
    ], []),
    Case("FailedLoginsFromAddress", "as many as an office may", [_failures(30)], []),
    Case("FailedLoginsFromAddress", "other events", [
        (SECURITY, [(60 + i / 100, line("role_changed", message="login_failed")) for i in range(99)]),
    ], []),
    Case("FailedLoginsFromAddress", "14 minutes ago, normal for less than 5", [_failures(40, ago=14 * 60)], [
        {"address": "203.0.113.7"}
    ]),
    Case("FailedLoginsFromAddress", "16 minutes ago, normal for more than 5", [_failures(40, ago=16 * 60)], []),
    Case("FailedLoginsOfUser", "one user, many addresses", [
        (SECURITY, [(60 + i / 100, line("login_failed", user="u7", address=f"203.0.113.{i}")) for i in range(11)]),
    ], [{"user_id": "u7"}]),
    Case("FailedLoginsOfUser", "somebody who forgot", [_failures(5)], []),
    Case("RoleChangeLogged", "a change", [(SECURITY, [(30, line("role_changed", user="admin"))])], [
        {"service": "auth", "user_id": "admin"}
    ]),
    Case("RoleChangeLogged", "a failed login", [_failures(1)], []),
    Case("RoleChangeLogged", "6 minutes ago", [(SECURITY, [(360, line("role_changed"))])], []),
    Case("RlsViolationLogged", "PostgreSQL refuses", [
        ({**SECURITY, "service": "supabase-db"}, [
            (30, 'ERROR:  new row violates row-level security policy for table "orders"'),
        ]),
    ], [{"service": "supabase-db"}]),
    Case("RlsViolationLogged", "another error", [
        ({**SECURITY, "service": "supabase-db"}, [(30, 'ERROR:  duplicate key value violates unique constraint "x"')]),
    ], []),
    Case("PostDeployErrorLogs", "errors out of nothing", [
        (ERRORS, [(60 + i / 100, line("payment_failed")) for i in range(21)]),
    ], [{"service": "api"}]),
    Case("PostDeployErrorLogs", "a shadow's", [
        ({**ERRORS, "slot": "shadow"}, [(60 + i / 100, line("payment_failed")) for i in range(21)]),
    ], []),
    Case("PostDeployErrorLogs", "as many as ever", [
        (ERRORS, [(60 * minute + i / 100, line("payment_failed")) for minute in range(1, 60) for i in range(10)]),
    ], []),
    Case("PostDeployErrorLogs", "few", [(ERRORS, [(60, line("payment_failed"))])], []),
    Case("PostDeployErrorLogs", "information only", [
        ({**ERRORS, "level": "info"}, [(60 + i / 100, line("ordered")) for i in range(99)]),
    ], []),
    Case("SecretsInLogs", "a masked password", [
        ({**ERRORS, "level": "info"}, [(30, "login with password=[masked]")]),
    ], [{"service": "api"}]),
    Case("SecretsInLogs", "nothing masked", [({**ERRORS, "level": "info"}, [(30, "login")])], []),
    Case("ServiceLogsMissing", "a silent service", [({**ERRORS, "service": "other"}, [(30, "x")])], [
        {"service": name} for name in _SERVICES
    ]),
    Case("ServiceLogsMissing", "all log", [
        ({**ERRORS, "service": name}, [(ago, "x") for ago in (900, 30)]) for name in _SERVICES
    ], []),
    Case("HostLogsMissing", "one machine is silent", [
        ({**JOURNAL, "host": name}, [(ago, "x") for ago in (900, 30)]) for name in _HOSTS[1:]
    ], [{"class": "syslog", "host": _HOSTS[0]}]),
    Case("HostLogsMissing", "all machines log", [
        ({**JOURNAL, "host": name}, [(ago, "x") for ago in (900, 30)]) for name in _HOSTS
    ], []),
    Case("AuditTrailSilent", "no entry", [({**AUDIT, "class": "other"}, [(30, "x")])], [{"class": "audit"}]),
    Case("AuditTrailSilent", "entries", [(AUDIT, [(900, "x"), (30, "x")])], []),
    Case("DatabaseRoleChanged", "a grant", [
        (AUDIT, [(30, "LOG:  AUDIT: SESSION,1,1,ROLE,GRANT,,,GRANT admin TO eve;,<not logged>")]),
    ], [{"service": "supabase-db"}]),
    Case("DatabaseRoleChanged", "a policy", [
        (AUDIT, [(30, "LOG:  AUDIT: SESSION,1,1,DDL,DROP POLICY,,,drop policy tenants on orders,<not logged>")]),
    ], [{"service": "supabase-db"}]),
    Case("DatabaseRoleChanged", "a table", [
        (AUDIT, [(30, "LOG:  AUDIT: SESSION,1,1,DDL,CREATE TABLE,,,create table t (id int),<not logged>")]),
    ], []),
]  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loki]:
    with running(SETTINGS.model_copy(update={"observability": _monolithic()}), tmp_path_factory.mktemp("loki")) as it:
        yield it


def _monolithic() -> Observability:
    room = SETTINGS.observability
    return room.model_copy(update={"loki": room.loki.model_copy(update={"mode": "monolithic", "replicas": 1})})


@pytest.mark.needs_tools
def test_the_ruler_loads_every_group(server: Loki) -> None:
    for tenant, groups in logs.groups(SETTINGS).items():
        end = time.monotonic() + 180
        loaded: dict[str, list[str]] = {}
        while time.monotonic() < end and len(loaded) < len(groups):
            answer = server.get("/prometheus/api/v1/rules", tenant)
            loaded = {group["name"]: [rule["name"] for rule in group["rules"]] for group in answer["data"]["groups"]}
            time.sleep(0.5)
        assert loaded == {group.name: [alert.name for alert in group.alerts] for group in groups}


@pytest.mark.needs_tools
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.alert}: {case.name}")
def test_an_alert_fires_when_it_should_and_only_then(server: Loki, case: Case) -> None:
    tenant = re.sub("[^a-z0-9]+", "-", f"{case.alert}-{case.name}".lower())
    for labels, lines in case.pushed:
        server.push(tenant, labels, lines)
    found = server.vector(tenant, ALERTS[case.alert].expr)
    assert sorted(found, key=str) == sorted(map(dict, case.fires), key=str)


def test_every_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    assert {case.alert for case in CASES if case.fires} == set(ALERTS)
    assert {case.alert for case in CASES if not case.fires} == set(ALERTS)


@pytest.mark.parametrize("stack", STACKS)
def test_no_rule_relies_on_a_field_that_the_ruler_drops(stack: str) -> None:
    for name, text in loki.documents(stack_settings(stack)).items():
        assert not name.startswith("rules/") or "keep_firing_for" not in text


@pytest.mark.parametrize("stack", STACKS)
def test_what_is_new_has_time_for_its_first_line(stack: str) -> None:
    """There are no lines from before a Loki, a machine or a service: absence alone is no sign of a fault."""
    missing = [alert for alert in logs.alerts(stack_settings(stack)) if "absent_over_time" in alert.expr]
    assert missing
    for alert in missing:
        (window,) = set(re.findall(r"\[(\d+[hm])\]", alert.expr))
        assert alert.pending == window, alert.name


@pytest.mark.parametrize("minutes", [1, 5, 10, 60])
def test_an_alert_stays_until_all_was_normal_long_enough(minutes: int) -> None:
    room = SETTINGS.observability
    alerts = room.alerts.model_copy(update={"resolve_minutes": minutes})
    settings = SETTINGS.model_copy(update={"observability": room.model_copy(update={"alerts": alerts})})
    for groups in logs.groups(settings).values():
        for group in groups:
            assert group.interval is not None
            step = int(group.interval.removesuffix("m"))
            for alert in group.alerts:
                offsets = {
                    int(found)
                    for found in re.findall(r"\] offset (\d+)m\)\) [>u]|\] offset (\d+)m\)", alert.expr)
                    for found in found
                    if found
                }
                windows = [int(found) for found in re.findall(r"\[(\d+)m\]", alert.expr)]
                assert (offsets and max(offsets) >= minutes) or min(windows) >= minutes, alert.name
                assert not offsets or min(offsets) <= step, alert.name


def test_the_tenants_have_folders_of_their_own() -> None:
    folders = {name.split("/")[1] for name in loki.documents(SETTINGS) if name.startswith("rules/")}
    assert folders == {LOG_TENANT, AUDIT_TENANT}
    for name, text in loki.documents(SETTINGS).items():
        if name.startswith("rules/"):
            (group,) = yaml.load(text, yaml.CSafeLoader)["groups"]
            assert Path(name).stem == group["name"]
