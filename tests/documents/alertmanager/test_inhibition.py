"""Inhibition, asked of a running Alertmanager with the rules of alertmanager.yml and nobody to tell."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from components.observability import rules
from components.observability.alertmanager import documents
from components.observability.alertmanager.inhibition import TABLE, Inhibition
from components.observability.loki.rules import alerts
from components.observability.rules import Alert
from tests.documents.alertmanager.running import Alertmanager
from tests.recording import ROOT, stack_settings

SEVERITIES = ("info", "notice", "warning", "critical")


@pytest.fixture(scope="module")
def known() -> dict[str, Alert]:
    settings = stack_settings("prod")
    of_metrics = [alert for group in rules.groups(settings) for alert in group.alerts]
    return {alert.name: alert for alert in (*of_metrics, *alerts(settings))}


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Alertmanager]:
    main = yaml.load(documents(stack_settings("prod"))["alertmanager.yml"], yaml.CSafeLoader)
    silent = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}
    with Alertmanager({**silent, "inhibit_rules": main["inhibit_rules"]}, tmp_path) as running:
        yield running


def test_causes_and_effects_are_alerts_and_nothing_is_hidden_by_less_than_itself(known: dict[str, Alert]) -> None:
    for row in TABLE:
        for effect in row.effects:
            assert SEVERITIES.index(known[row.cause].severity) >= SEVERITIES.index(known[effect].severity), row


def test_security_releases_escalation_and_heartbeat_are_never_muted(known: dict[str, Alert]) -> None:
    muted = {effect for row in TABLE for effect in row.effects}
    assert not {name for name in muted if known[name].kind in {"security", "release"}}
    assert not muted & {"Watchdog", "CriticalAlertUnresolved"}


def test_the_runbooks_show_this_table() -> None:
    lines = (ROOT / "docs" / "runbooks" / "README.md").read_text().splitlines()
    shown = [line for line in lines if line.startswith("| `")]
    assert shown == [
        f"| `{row.cause}` | {', '.join(f'`{effect}`' for effect in row.effects)}"
        f"{f' of job `{row.job}`' if row.job else ''} | {', '.join(f'`{label}`' for label in row.same) or 'any'} |"
        for row in TABLE
    ]


@pytest.mark.needs_tools
@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.cause}-{row.effects[0]}-{row.job}")
def test_a_cause_mutes_its_effects_where_it_is_and_nowhere_else(row: Inhibition, alertmanager: Alertmanager) -> None:
    job = row.job or "any"
    here = dict.fromkeys(row.same, "here")
    alertmanager.tell({"alertname": row.cause, **here})
    if row.same:
        # Where the labels are missing, nothing is known to be the same.
        alertmanager.tell({"alertname": row.cause, "about": "nothing"})
        alertmanager.tell(*({"alertname": effect, "job": job} for effect in row.effects))
        # Each in another place, as an effect may be the cause of another one.
        places = {effect: dict.fromkeys(row.same, f"with-{effect}") for effect in row.effects}
        alertmanager.tell(*({"alertname": effect, "job": job, **place} for effect, place in places.items()))
        assert alertmanager.inhibited() == set()
    if row.job:
        alertmanager.tell({"alertname": row.effects[0], "job": "another", **here})
        assert alertmanager.inhibited() == set()
    alertmanager.tell(*({"alertname": effect, "job": job, **here} for effect in row.effects))
    assert alertmanager.inhibited() == set(row.effects)


@pytest.mark.needs_tools
def test_what_may_be_the_cause_is_told(alertmanager: Alertmanager) -> None:
    """Pairs that a rule by severity would mute."""
    told = [
        ("HostDown", {"host": "h1"}, ("DiskFull", "DiskWillFill", "HighMemoryUsage", "NetworkErrors", "DatabaseDown")),
        ("DatabaseDown", {"instance": "db"}, ("DatabaseConnectionsHigh", "DatabaseLockWait", "BackupOverdue")),
        (
            "ServiceDown",
            {"service_name": "storefront"},
            (
                "ReleaseRolledBack",
                "ReleaseErrorRateHigh",
                "ReleaseDeployed",
                "APIErrorRateHigh",
                "LoginFailureRatioHigh",
            ),
        ),
        ("SLOErrorBudgetBurnFast", {"service_name": "api", "slo": "api-latency"}, ("APIErrorRateHigh", "ServiceDown")),
        ("DiskFull", {"host": "h2"}, ("HighCPULoad", "LogAgentDropsLines", "TargetDown")),
        ("KubernetesNodeNotReady", {"host": "h3"}, ("KubernetesNodePressure", "HighMemoryUsage")),
        ("PodCrashLooping", {"namespace": "commerce", "pod": "api-0"}, ("ContainerOutOfMemory",)),
    ]
    for cause, same, others in told:
        alertmanager.tell(*({"alertname": name, **same} for name in (cause, *others)))
    assert alertmanager.inhibited() == set()


@pytest.mark.needs_tools
def test_hosts_that_are_down_do_not_mute_each_other(alertmanager: Alertmanager) -> None:
    places = [("h1", "a"), ("h1", "b"), ("h2", "c")]
    alertmanager.tell(*({"alertname": "HostDown", "host": host, "instance": at} for host, at in places))
    assert alertmanager.inhibited() == set()
