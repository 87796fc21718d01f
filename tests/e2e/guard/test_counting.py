"""What the judge's queries mean to a real Prometheus and a real Loki."""

import json
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from release.guard import Judge, Subject, Verdict
from release.guard.query import LOG_TENANT, LOKI, Source
from settings.guard import Limits
from tests.documents.loki.server import Loki, running
from tests.e2e.edge.backends import Backend
from tests.e2e.edge.clients import ask
from tests.e2e.edge.gateway import Gateway, stack_with
from tests.e2e.guard.programs import Emitter, Prometheus
from tests.recording import stack_settings
from tests.waiting import wait_for

# A busy machine may take long for what takes seconds.
pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(300)]

LIMITS = Limits(window_seconds=10, minimum_requests=40, error_logs=3, stale_seconds=15)
SUBJECT = Subject("api", "green", "blue")


@pytest.fixture
def emitter() -> Iterator[Emitter]:
    with Emitter() as made:
        yield made


def verdict(prometheus: Prometheus, seconds: float = 10) -> Verdict:
    now = datetime.now(UTC)
    return Judge(SUBJECT, LIMITS, Source(prometheus.url))(now, now - timedelta(seconds=seconds))


def test_errors_of_one_moment_count_though_their_counter_was_born_with_them(emitter: Emitter, tmp_path: Path) -> None:
    emitter.traffic.now(40)
    with Prometheus(tmp_path / "prometheus", emitter) as prometheus:
        # Watched for longer than the window, so that what is born now is known to be new.
        wait_for(lambda: prometheus.value("count_over_time(up{slot='green',job!='traefik'}[1m])") >= 13, "13 scrapes")
        wait_for(lambda: verdict(prometheus).state == "healthy", "a healthy verdict")
        emitter.traffic.burst(60)
        wait_for(lambda: prometheus.value('sum(http_requests_total{code="500"}) or vector(0)') == 60, "a scrape")
        seen: list[Verdict] = []

        def fails() -> bool:
            seen.append(verdict(prometheus))
            return seen[-1].state == "failing"

        wait_for(fails, "a failing verdict", 9)
        found = seen[-1]
        assert 50 < found.requests * found.percent / 100 < 70


@pytest.mark.long
def test_errors_from_before_prometheus_looked_do_not_count(emitter: Emitter, tmp_path: Path) -> None:
    emitter.traffic.now(40)
    emitter.traffic.burst(100_000)
    with Prometheus(tmp_path / "prometheus", emitter) as prometheus:
        states: list[str] = []
        while "healthy" not in states:
            states.append(verdict(prometheus).state)
            assert states[-1] != "failing"
            assert len(states) < 600, states[-1]
            time.sleep(0.05)


@pytest.mark.long
def test_errors_from_before_do_not_count_though_the_scrape_before_the_switch_failed(
    emitter: Emitter, tmp_path: Path
) -> None:
    with Prometheus(tmp_path / "prometheus", emitter) as prometheus:
        emitter.traffic.now(40)
        emitter.traffic.burst(100_000)
        wait_for(lambda: prometheus.value('sum(http_requests_total{code="500"})') > 0, "a look at the errors")
        emitter.traffic.now(0, pods_up=False)
        wait_for(lambda: prometheus.value("up{slot='green',job='services-green'} == bool 0") == 1, "a failed scrape")
        switched = datetime.now(UTC)
        emitter.traffic.now(40)
        judge = Judge(SUBJECT, LIMITS.model_copy(update={"window_seconds": 60}), Source(prometheus.url))
        states: list[str] = []
        while "healthy" not in states:
            time.sleep(0.05)
            found = judge(datetime.now(UTC), switched)
            states.append(found.state)
            assert found.state != "failing", found.reason
            assert len(states) < 600, states[-1]


@pytest.mark.long
def test_pods_that_are_gone_are_not_seen(emitter: Emitter, tmp_path: Path) -> None:
    with Prometheus(tmp_path / "prometheus", emitter) as prometheus:
        wait_for(lambda: verdict(prometheus).state == "inconclusive", "a look at the pods")
        emitter.traffic.now(0, pods_up=False)
        wait_for(lambda: verdict(prometheus).state == "unknown", "a look at no pod")


def test_a_slot_whose_pods_are_dead_fails_at_a_real_gateway(emitter: Emitter, tmp_path: Path) -> None:
    verified = {"image": f"registry.luxima.id/aceh/api@sha256:{'a' * 64}", "standing": "verified"}
    released = {"api": {"live": "green", "slots": {"blue": verified, "green": verified}}}
    settings = stack_with(tmp_path / "settings", {"releases.services": released})
    host = settings.service_fqdn("api")
    with Backend("green") as backend:
        urls = {f"http://api-{slot}.commerce.svc:3000": backend.url for slot in ("blue", "green")}
        with Gateway(settings, tmp_path / "gateway", slot="green", urls=urls) as gateway:
            metrics = f"{gateway.address}:{gateway.ports['metrics']}"
            with Prometheus(tmp_path / "prometheus", emitter, metrics) as prometheus:
                assert ask(gateway, host).status == 200
                backend.stop()
                emitter.traffic.now(0, pods_up=False)

                seen: list[Verdict] = []

                def fails() -> bool:
                    for _ in range(20):
                        assert ask(gateway, host).status == 502
                    seen.append(verdict(prometheus))
                    return seen[-1].state == "failing"

                wait_for(fails, "the gateway's word")
                assert "(counted by the gateways)" in seen[-1].reason


def push(loki: Loki, slot: str, lines: int) -> None:
    """Error lines as the agent sends them: the slot is no label, so that it makes no streams."""
    now = time.time_ns()
    values = [[str(now - 1_000_000 * number), f"line {number}", {"slot": slot}] for number in range(lines)]
    stream = {"stream": {"service": "api", "level": "error"}, "values": values}
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{loki.url}/loki/api/v1/push",
        json.dumps({"streams": [stream]}).encode(),
        {"X-Scope-OrgID": LOG_TENANT, "Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=30).close()  # noqa: S310


def test_error_lines_of_the_slot_are_told(emitter: Emitter, tmp_path: Path) -> None:
    emitter.traffic.now(40)
    folder = tmp_path / "loki"
    folder.mkdir()
    with running(stack_settings("dev"), folder) as loki, Prometheus(tmp_path / "prometheus", emitter) as prometheus:
        push(loki, "blue", 5)
        limits = LIMITS.model_copy(update={"window_seconds": 120})
        judge = Judge(SUBJECT, limits, Source(prometheus.url), Source(loki.url, LOKI))

        def warnings() -> tuple[str, ...]:
            now = datetime.now(UTC)
            return judge(now, now - timedelta(seconds=120)).warnings

        wait_for(lambda: warnings() == (), "no warning")
        push(loki, "green", 4)
        wait_for(lambda: warnings() == ("error log lines: 4 in 120 s",), "the warning")
