"""A line that comes late is taken: an agent that was cut off for an hour loses nothing (LOG-1)."""

from pathlib import Path

import pytest

from components.observability.loki.tenants import LOG_TENANT
from tests.documents.loki.server import running
from tests.recording import stack_settings

pytestmark = pytest.mark.needs_tools

LABELS = {"service": "api", "class": "api", "environment": "production", "level": "info"}
LATE = 50 * 60
"""Seconds; Loki takes nothing that is so much older than the newest of its stream."""


def test_a_late_line_of_one_node_is_taken_though_another_node_has_sent_new_ones(tmp_path: Path) -> None:
    with running(stack_settings("dev"), tmp_path) as loki:
        loki.push(LOG_TENANT, {**LABELS, "host": "k3s-agent-1"}, [(1, "new")])
        with pytest.raises(AssertionError, match="too far behind"):
            loki.push(LOG_TENANT, {**LABELS, "host": "k3s-agent-1"}, [(LATE, "late")])
        loki.push(LOG_TENANT, {**LABELS, "host": "k3s-agent-2"}, [(LATE, "late")])
        assert loki.lines(LOG_TENANT, '{service="api"}') == ["late", "new"]
