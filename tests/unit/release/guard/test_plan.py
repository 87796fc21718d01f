"""What the guard in the cluster is told, and how it says what is wrong with it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from release.guard.plan import PlanError, load, read_secret
from tests.unit.release.guard.given import IMAGE

PLAN: dict[str, Any] = {
    "stack": "dev",
    "environment": "dev",
    "service": "api",
    "slot": "green",
    "previous": "blue",
    "image": IMAGE,
    "since": "2026-01-31T12:00:00Z",
    "until": "2026-01-31T12:10:00Z",
    "extension_seconds": 600,
    "name": {
        "fqdn": "api.dev.acehcommerce.local",
        "zone": "dev.acehcommerce.local",
        "ttl_seconds": 30,
        "gateways": {"blue": "10.0.0.1", "green": "10.0.0.2"},
        "servers": [{"address": "10.0.0.53", "port": 53}],
        "tsig": {"name": "luxima-dev-guard", "algorithm": "hmac-sha256"},
    },
    "limits": {
        "error_percent": 5,
        "window_seconds": 600,
        "minimum_requests": 100,
        "latency_factor": 1.5,
        "error_logs": 50,
        "check_seconds": 5,
    },
    "urls": {
        "prometheus": "http://prometheus.observability.svc:9090",
        "alertmanager": "http://alertmanager.observability.svc:9093",
        "audit": "https://supabase.dev.acehcommerce.local/rest/v1/rpc",
        "runbooks": "https://git.luxima.id/runbooks",
        "dashboard": "https://grafana.dev.luxima.local/d/releases",
    },
}


def written(folder: Path, content: Any) -> Path:
    path = folder / "watch.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_plan_is_a_release_and_what_it_is_judged_by(tmp_path: Path) -> None:
    plan = load(written(tmp_path, PLAN))
    release = plan.release()
    assert release.since == datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
    assert (release.until - release.since, release.extension) == (timedelta(minutes=10), timedelta(minutes=10))
    assert (plan.subject().slot, plan.subject().previous) == ("green", "blue")
    assert (plan.limits.window_seconds, plan.limits.stale_seconds) == (600, 60)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"slot": "red"}, "slot: "),
        ({"since": "yesterday"}, "since: a moment in UTC"),
        ({"image": "api:latest"}, "image: an image by digest"),
        ({"surprise": 1}, "surprise: "),
        ({"urls": {**PLAN["urls"], "prometheus": "https://u:planted-word@host"}}, "urls.prometheus: an http"),
        ({"limits": {**PLAN["limits"], "check_seconds": 0}}, "limits.check_seconds: "),
        ({"name": {**PLAN["name"], "servers": []}}, "name.servers: "),
    ],
)
def test_a_wrong_plan_is_a_sentence_without_its_content(tmp_path: Path, changed: dict[str, Any], told: str) -> None:
    with pytest.raises(PlanError, match="is not what a guard needs") as caught:
        load(written(tmp_path, {**PLAN, **changed}))
    assert told in str(caught.value)
    assert "planted-word" not in str(caught.value)


def test_no_plan_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="cannot be read: No such file"):
        load(tmp_path / "watch.json")
    with pytest.raises(PlanError, match="is not what a guard needs"):
        load(written(tmp_path, "{"))


def test_a_secret_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "tsig").write_text("c2VjcmV0\n")
    assert read_secret(tmp_path, "tsig") == "c2VjcmV0"
    (tmp_path / "tsig").write_text("\n")
    with pytest.raises(PlanError, match="tsig is empty"):
        read_secret(tmp_path, "tsig")
    (tmp_path / "tsig").write_bytes(b"\xff\xfe")
    with pytest.raises(PlanError, match="tsig is no text"):
        read_secret(tmp_path, "tsig")
    with pytest.raises(PlanError, match="cannot be read"):
        read_secret(tmp_path, "other")
