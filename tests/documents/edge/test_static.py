"""traefik.yaml, by its content; tests/e2e/edge starts a real Traefik with it."""

from functools import cache
from typing import Any

import pytest
import yaml

from components.edge import documents
from settings.values import Slot
from tests.recording import STACKS, stack_settings

SLOTS: tuple[Slot, ...] = ("blue", "green")
CASES = [(stack, slot) for stack in STACKS for slot in SLOTS]


@cache
def static(stack: str, slot: Slot) -> dict[str, Any]:
    return yaml.safe_load(documents(stack_settings(stack))[f"{slot}/traefik.yaml"])


@pytest.mark.parametrize(("stack", "slot"), CASES)
def test_nobody_is_told_anything_and_nothing_is_shown(stack: str, slot: Slot) -> None:
    document = static(stack, slot)
    assert document["global"] == {"checkNewVersion": False, "sendAnonymousUsage": False}
    assert "api" not in document
    assert set(document["providers"]) == {"providersThrottleDuration", "file"}


@pytest.mark.parametrize(("stack", "slot"), CASES)
def test_entry_points_have_bounds_and_believe_no_client(stack: str, slot: Slot) -> None:
    settings, points = stack_settings(stack), static(stack, slot)["entryPoints"]
    assert {name: point["address"] for name, point in points.items()} == {
        "metrics": ":8080",
        "web": ":8000",
        "websecure": ":8443",
    }
    for point in points.values():
        assert "forwardedHeaders" not in point
        assert "proxyProtocol" not in point
        assert point["transport"]["lifeCycle"]["graceTimeOut"] == f"{settings.edge.drain_seconds}s"
        assert all(value != "0s" for value in point["transport"]["respondingTimeouts"].values())
    assert points["web"]["http"] == {
        "redirections": {"entryPoint": {"to": ":443", "scheme": "https", "permanent": True}}
    }


@pytest.mark.parametrize(("stack", "slot"), CASES)
def test_the_access_log_has_the_correlation_headers_and_no_credentials(stack: str, slot: Slot) -> None:
    log = static(stack, slot)["accessLog"]
    assert log["format"] == "json"
    headers = log["fields"]["headers"]
    assert headers["defaultMode"] == "drop"
    assert headers["names"] == dict.fromkeys(
        ("X-Request-Id", "X-Trace-Id", "X-Tenant-Id", "X-User-Id", "User-Agent"), "keep"
    )


@pytest.mark.parametrize(("stack", "slot"), CASES)
def test_spans_go_to_tempo_and_are_no_more_than_it_was_told_to_expect(stack: str, slot: Slot) -> None:
    load, tracing = stack_settings(stack).observability.load, static(stack, slot)["tracing"]
    assert tracing["otlp"] == {"http": {"endpoint": "http://tempo.observability.svc:4318/v1/traces"}}
    assert 0 < tracing["sampleRate"] <= 1
    assert tracing["sampleRate"] * load.requests_per_second * 10 <= load.spans_per_second * 1.01
    assert tracing["resourceAttributes"]["luxima.slot"] == slot


@pytest.mark.parametrize(("stack", "slot"), CASES)
def test_metrics_are_by_entry_point_router_and_service(stack: str, slot: Slot) -> None:
    metrics = static(stack, slot)["metrics"]["prometheus"]
    assert metrics["entryPoint"] == static(stack, slot)["ping"]["entryPoint"] == "metrics"
    assert all(metrics[f"add{what}Labels"] for what in ("EntryPoints", "Routers", "Services"))
    # The thresholds of alerts and objectives are bounds, so that they are answered exactly.
    assert {0.5, 1.0, 2.5} <= set(metrics["buckets"])
