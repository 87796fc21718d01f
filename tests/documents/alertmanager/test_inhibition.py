"""Inhibition, asked of a running Alertmanager with the rules of alertmanager.yml and nobody to tell."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from components.observability.alertmanager import documents
from tests.documents.alertmanager.running import Alertmanager
from tests.recording import stack_settings

pytestmark = pytest.mark.needs_tools


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Alertmanager]:
    main = yaml.safe_load(documents(stack_settings("prod"))["alertmanager.yml"])
    silent = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}
    with Alertmanager({**silent, "inhibit_rules": main["inhibit_rules"]}, tmp_path) as running:
        yield running


def alert(name: str, severity: str, kind: str = "service", **more: str) -> dict[str, str]:
    return {"alertname": name, "severity": severity, "kind": kind, "environment": "production", **more}


def test_a_critical_alert_mutes_the_warnings_of_its_service_and_no_others(alertmanager: Alertmanager) -> None:
    alertmanager.tell(
        alert("Down", "critical", service_name="api"),
        alert("Slow", "warning", service_name="api"),
        alert("SlowElsewhere", "warning", service_name="auth"),
        alert("Odd", "notice", service_name="api"),
        alert("Worse", "critical", service_name="api"),
        alert("OfOneHost", "warning", service_name="api", host="h1"),
        alert("OfNoService", "warning"),
    )
    assert alertmanager.inhibited() == {"Slow"}


def test_a_critical_alert_mutes_the_warnings_of_its_host_and_no_others(alertmanager: Alertmanager) -> None:
    alertmanager.tell(
        alert("DiskFull", "critical", "host", host="h1", service_name="node-exporter"),
        alert("DiskFills", "warning", "host", host="h1", service_name="node-exporter"),
        alert("CpuHigh", "warning", "host", host="h1"),
        alert("CpuHighElsewhere", "warning", "host", host="h2", service_name="node-exporter"),
        alert("OfNoHost", "warning", "host", service_name="node-exporter"),
    )
    assert alertmanager.inhibited() == {"DiskFills", "CpuHigh"}


def test_a_critical_alert_without_service_and_host_mutes_nothing(alertmanager: Alertmanager) -> None:
    alertmanager.tell(
        alert("Down", "critical"), alert("Slow", "warning"), alert("SlowApi", "warning", service_name="a")
    )
    assert alertmanager.inhibited() == set()


def test_a_host_that_is_down_mutes_all_that_is_about_it(alertmanager: Alertmanager) -> None:
    alertmanager.tell(
        alert("HostDown", "critical", "host", host="h1", instance="10.0.0.1:9100"),
        alert("KubernetesNodeNotReady", "critical", "kubernetes", host="h1", node="h1"),
        alert("DatabaseDown", "critical", "database", host="h1"),
        alert("Odd", "notice", host="h1"),
        alert("HostOk", "critical", "host", host="h2"),
        alert("OfNoHost", "critical"),
    )
    assert alertmanager.inhibited() == {"KubernetesNodeNotReady", "DatabaseDown", "Odd"}


def test_no_host_that_is_down_mutes_another_nor_itself(alertmanager: Alertmanager) -> None:
    places = [("h1", "a"), ("h1", "b"), ("h2", "c")]
    alertmanager.tell(*(alert("HostDown", "critical", "host", host=host, instance=at) for host, at in places))
    assert alertmanager.inhibited() == set()


def test_a_node_that_is_not_ready_mutes_its_pods(alertmanager: Alertmanager) -> None:
    alertmanager.tell(
        alert("KubernetesNodeNotReady", "critical", "kubernetes", host="n1", node="n1"),
        alert("PodNotReady", "critical", "kubernetes", host="n1", pod="api-0"),
        alert("PodNotReadyElsewhere", "critical", "kubernetes", host="n2", pod="api-1"),
        alert("KubeletDown", "critical", "kubernetes", host="n1"),
    )
    assert alertmanager.inhibited() == {"PodNotReady"}


def test_a_database_that_is_down_mutes_what_is_said_of_it(alertmanager: Alertmanager) -> None:
    alertmanager.tell(
        alert("DatabaseDown", "critical", "database", instance="db"),
        alert("Locks", "warning", "database", instance="db"),
        alert("Connections", "notice", "database"),
        alert("ReplicationBroken", "critical", "database"),
        alert("BackupMissing", "warning", "backup"),
    )
    assert alertmanager.inhibited() == {"Locks", "Connections"}


def test_security_escalation_and_heartbeat_are_never_muted_nor_do_they_mute(alertmanager: Alertmanager) -> None:
    alertmanager.tell(
        alert("HostDown", "critical", "host", host="h1", service_name="api"),
        alert("BruteForce", "warning", "security", host="h1", service_name="api"),
        alert("CriticalAlertUnresolved", "critical", "monitoring", host="h1", escalation="true"),
        alert("Watchdog", "info", "monitoring", host="h1"),
        alert("TenantRLSViolation", "critical", "security", service_name="auth"),
        alert("Slow", "warning", service_name="auth"),
        alert("CriticalAlertUnresolved", "critical", "monitoring", service_name="storefront", escalation="true"),
        alert("SlowToo", "warning", service_name="storefront"),
    )
    assert alertmanager.inhibited() == set()
