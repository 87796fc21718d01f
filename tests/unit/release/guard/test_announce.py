"""What Alertmanager is told of a release."""

from collections.abc import Callable

import pytest

from release.announce import NAMES, AnnounceError, Announcer
from tests.unit.release.guard.given import SINCE, Server

TELL: dict[str, Callable[[Announcer], None]] = {
    "ReleaseDeployed": lambda one: one.deployed("api", "green", "registry/api@sha256:0"),
    "ReleaseRolledBack": lambda one: one.rolled_back("api", "green", "blue", "12 % of 100 requests failed"),
    "ReleaseInconclusive": lambda one: one.inconclusive("api", "green", "3 requests are too few"),
}


def announcer(url: str) -> Announcer:
    return Announcer(url, "dev", "https://runbooks/", "https://grafana/d/releases", clock=lambda: SINCE)


@pytest.mark.parametrize(
    ("name", "severity", "ends"),
    [
        ("ReleaseDeployed", "info", "12:05"),
        ("ReleaseRolledBack", "critical", "12:30"),
        ("ReleaseInconclusive", "notice", "12:30"),
    ],
)
def test_an_announcement_is_an_alert_with_labels_that_routing_knows(name: str, severity: str, ends: str) -> None:
    with Server() as server:
        TELL[name](announcer(server.url))
    ((path, body, _),) = server.calls
    assert path == "/api/v2/alerts"
    (alert,) = body
    assert alert["labels"] == {
        "alertname": name,
        "severity": severity,
        "kind": "release",
        "owner": "engineering",
        "service_name": "api",
        "slot": "green",
        "environment": "dev",
    }
    assert alert["annotations"]["runbook_url"] == f"https://runbooks/{name}"
    assert alert["annotations"]["dashboard_url"] == "https://grafana/d/releases"
    assert alert["startsAt"] == "2026-01-31T12:00:00+00:00"
    assert alert["endsAt"] == f"2026-01-31T{ends}:00+00:00"


def test_every_announcement_is_tried_here() -> None:
    assert set(TELL) == set(NAMES)


def test_what_was_not_announced_is_said() -> None:
    with Server([(500, None)]) as server, pytest.raises(AnnounceError, match=r"was not announced: .* answers 500"):
        announcer(server.url).deployed("api", "green", "x")
    with pytest.raises(AnnounceError, match=r"ReleaseDeployed was not announced: .* cannot be reached"):
        announcer(server.url).deployed("api", "green", "x")


def test_the_recording_alertmanager_is_told_as_well() -> None:
    with Server() as people, Server() as record:
        both = Announcer(people.url, "dev", "https://r", "https://d", record_url=record.url, clock=lambda: SINCE)
        both.deployed("api", "green", "x")
        assert people.calls[0][1] == record.calls[0][1]
        record.answers = [(503, None)]
        with pytest.raises(AnnounceError, match="answers 503"):
            both.deployed("api", "green", "x")
