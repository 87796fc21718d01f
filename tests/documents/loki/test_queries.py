"""Queries that people are told to use, run by a real Loki: those of LOG-4 give the right lines, all others parse."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from components.observability.loki import rules as logs
from tests.documents.loki.server import Loki, running
from tests.recording import ROOT, stack_settings

pytestmark = pytest.mark.needs_tools

SETTINGS = stack_settings("dev")
TENANT = "luxima"
RUNBOOKS = {
    f"{alert.name}: {query}": query
    for alert in logs.alerts(stack_settings("prod"))
    for block in re.findall(r"```logql\n(.*?)```", (ROOT / f"docs/runbooks/{alert.name}.md").read_text(), re.DOTALL)
    for query in block.strip().splitlines()
}


def line(**fields: Any) -> str:
    """A line of LOG-4."""
    context = {"ip": "203.0.113.7", "user_agent": "Mozilla/5.0"}
    common = {"timestamp": "2026-01-01T00:00:00Z", "service": "auth-api", "level": "error", "tenant_id": "tenant_001"}
    return json.dumps({**common, "user_id": "user_123", "message": "", "context": context, **fields})


LOGIN, ORDERED = line(event="login_failed"), line(event="ordered", level="info")
PAYMENT = line(service="billing", event="payment_failed", tenant_id="tenant_002")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loki]:
    with running(SETTINGS, tmp_path_factory.mktemp("loki")) as loki:
        common = {"environment": "dev"}
        auth = {**common, "service": "auth-api", "tenant_id": "tenant_001"}
        loki.push(TENANT, {**auth, "class": "security", "level": "error"}, [(30, LOGIN)])
        loki.push(TENANT, {**auth, "class": "api", "level": "info"}, [(20, ORDERED)])
        billing = {**common, "service": "billing", "tenant_id": "tenant_002", "class": "api", "level": "error"}
        loki.push(TENANT, billing, [(10, PAYMENT)])
        yield loki


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('{service="auth-api", level="error"} |= "login_failed"', [LOGIN]),
        (
            '{tenant_id="tenant_001"} | json | line_format "{{.event}} by {{.user_id}}"',
            ["login_failed by user_123", "ordered by user_123"],
        ),
        ('{service="billing"} |= "payment_failed"', [PAYMENT]),
        ('{service="billing"} |= "login_failed"', []),
    ],
)
def test_the_example_queries_of_log_4(server: Loki, query: str, found: list[str]) -> None:
    assert server.lines(TENANT, query) == found


def test_a_tenant_of_loki_does_not_see_another_s_lines(server: Loki) -> None:
    assert server.lines("audit", '{service=~".+"}') == []


@pytest.mark.parametrize("name", RUNBOOKS)
def test_queries_of_the_runbooks_parse(server: Loki, name: str) -> None:
    server.lines(TENANT, RUNBOOKS[name])


def test_a_query_that_does_not_parse_is_found(server: Loki) -> None:
    with pytest.raises(AssertionError, match="parse error"):
        server.lines(TENANT, '{service="api"} |= ')
