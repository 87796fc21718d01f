"""What an operator sees ten minutes after the dev stack came up on a real node."""

import datetime
from collections.abc import Iterator

import pytest

from tests.e2e.checkout import checkout
from tests.e2e.node import inside
from tests.e2e.node.inside import needs_node
from tests.e2e.world import World
from tests.waiting import wait_for

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(1800), pytest.mark.long, needs_node]

STACK = "dev"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with checkout(node="real") as copy:
        copy.succeed("up", "--stack", STACK)
        yield World(copy, STACK)


FIRST_DAY_MINUTES = 10
DOWN: frozenset[str] = frozenset()
"""Scrape jobs with a target that is down on the first day: what is wrong today. This list may only get shorter."""
FIRING = frozenset({"AlertRecordFailing", "AlertmanagerNotificationsFailing", "DatabaseDown"})
"""Alerts that fire on the first day although nothing happened: there is no database yet, and no way out to receivers.

This list may only get shorter.
"""
OF_THE_MACHINE = frozenset(
    {
        *("ClockNotSynchronised", "DiskSpaceLow", "DiskWillFill", "DiskFull", "HighCPULoad", "HighMemoryUsage"),
        *("KubernetesApiBudgetBurnFast", "NodeCollectorFailing"),
    }
)
"""Alerts that are true of the machine that the test runs on, whose clock, disk and processors the node shows; it has
no systemd, and its API server is late while the machine is busy."""


def test_the_first_day(world: World) -> None:
    prometheus = inside.pod(world, world.settings.observability.namespace, {"app.kubernetes.io/name": "prometheus"})

    def grown_up() -> bool:
        started = prometheus.ask(9090, "/api/v1/status/runtimeinfo")["data"]["startTime"]
        age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(started)
        return age > datetime.timedelta(minutes=FIRST_DAY_MINUTES)

    wait_for(grown_up, "ten minutes", FIRST_DAY_MINUTES * 60 + 60)
    targets = prometheus.ask(9090, "/api/v1/targets?state=active")["data"]["activeTargets"]
    down = {target["labels"]["job"]: target["lastError"] for target in targets if target["health"] != "up"}
    assert set(down) <= DOWN, down
    alerts = prometheus.ask(9090, "/api/v1/alerts")["data"]["alerts"]
    firing = {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"} - {"Watchdog"}
    assert firing - OF_THE_MACHINE <= FIRING, sorted(firing)
