"""What a gateway writes down and counts, as the log agents and Prometheus read it."""

import json
import re
from pathlib import Path

import pytest

from components.observability import log_agent
from components.observability.prometheus.targets import GATEWAYS_DROPPED
from settings.capacity.series import PER_ANSWER, PER_BACKEND_ANSWER
from tests.documents.log_agent.promtail import run
from tests.e2e.edge.clients import ask
from tests.e2e.edge.one_gateway.place import Place, seen
from tests.e2e.edge.shop import DOMAIN
from tests.waiting import wait_for

pytestmark = pytest.mark.needs_tools


def test_the_log_agents_make_a_line_of_the_platform_of_an_access(place: Place, tmp_path: Path) -> None:
    secrets = {"Authorization": "Bearer planted-token-123", "Cookie": "session=planted-cookie"}
    ids = {"User-Agent": "probe/1", "X-Request-ID": "rid-1"}
    claimed = {"X-Tenant-ID": "tenant_666", "X-User-ID": "user_666"}
    place.storefront.behaviour.headers = {"X-Tenant-ID": "tenant_001", "X-User-ID": "user_123"}
    backend, _, line = seen(place, {**secrets, **ids, **claimed})
    place.storefront.behaviour.headers = {}
    assert "planted" not in json.dumps(line)
    target = {
        "__meta_kubernetes_namespace": "edge",
        "__meta_kubernetes_pod_container_name": "main",
        "__meta_kubernetes_pod_label_app_kubernetes_io_name": "traefik",
        "__meta_kubernetes_pod_label_luxima_id_slot": "blue",
    }
    written = f"2026-11-23T10:00:05.000000001Z stdout F {json.dumps(line)}"
    (sent,) = run(log_agent.kubernetes(place.gateway.settings), "pods", target, [written], tmp_path)
    found = json.loads(sent.line)
    assert sent.labels["class"] == "access"
    assert sent.labels["level"] == "info"
    expected = {
        "service": "storefront-blue@file",
        "tenant_id": "tenant_001",
        "user_id": "user_123",
        "event": "http_request",
        "message": f"GET {DOMAIN} /ids 200",
        "context": {"ip": "127.0.0.1", "user_agent": "probe/1"},
        "request_id": "rid-1",
        "trace_id": backend["x-trace-id"],
    }
    assert {key: found[key] for key in expected} == expected


def test_requests_are_counted_by_entry_point_router_and_service(place: Place) -> None:
    def count(metric: str) -> float:
        lines = [line for line in place.gateway.metrics().splitlines() if line.startswith(metric)]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    service = 'traefik_service_requests_total{code="200",method="GET",protocol="http",service="storefront-blue@file"}'
    entry = 'traefik_entrypoint_requests_total{code="200",entrypoint="websecure",method="GET",protocol="http"}'
    router = 'traefik_router_requests_total{code="200",method="GET",protocol="http",router="storefront@file"'
    metrics = (service, entry, router)
    before = [count(metric) for metric in metrics]
    for _ in range(7):
        ask(place.gateway, DOMAIN)
    # It counts a request when its client has the answer.
    wait_for(lambda: [count(metric) for metric in metrics] == [found + 7 for found in before], "a count of all")
    assert count('traefik_entrypoint_request_duration_seconds_bucket{code="200",entrypoint="websecure"') > 0
    # What a gateway's series are computed from: those of one combination, as the scrape keeps them.
    lines = [line for line in place.gateway.metrics().splitlines() if 'code="200"' in line and 'method="GET"' in line]
    kept = [line for line in lines if not re.fullmatch(GATEWAYS_DROPPED, line.partition("{")[0])]
    asked = [line for line in kept if 'router="' not in line or 'router="storefront@file"' in line]
    own = [line for line in asked if 'service="storefront-blue@file"' in line]
    assert len(own) == PER_ANSWER
    assert len([line for line in kept if 'entrypoint="websecure"' in line]) == PER_BACKEND_ANSWER
