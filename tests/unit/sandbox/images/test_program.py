"""The sandbox's own program, run as processes on loopback: the services' example, and the pause."""

import os
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import psutil
import pytest

from components.observability.metrics import BUCKETS, SERVICES
from tests.unit.sandbox.images.running import IMAGE, SECONDS, Start, answers, samples
from tests.waiting import wait_for

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(300)]


def test_a_service_keeps_the_contract_of_its_metrics(start: Start) -> None:
    running = start("service")
    before = samples(running.get("/metrics")[1])
    running.get("/orders/17?token=x", {"X-Tenant-ID": "tenant_001"})
    running.get("/login?failure=mfa", {"X-Tenant-ID": "tenant_001"})
    text = running.get("/metrics")[1]
    after = samples(text)

    for metric in SERVICES.metrics:
        assert f"# TYPE {metric.name} {metric.type}\n" in text
        for series in metric.series:
            wanted = {*metric.labels, *(["le"] if series.endswith("_bucket") else [])}
            assert after[series], series
            assert all(set(labels) == wanted for labels, _ in after[series]), series
    known = ("logins_total", "login_failures_total", "rls_violation_total", "role_changes_total", "plugin_usage_total")
    assert all(value == 0 for name in known for _, value in before[name])
    one = {"method": "GET", "route": "/orders/:id"}
    assert ({**one, "code": "200", "tenant_id": "tenant_001"}, 1) in after["http_requests_total"]
    assert ({"result": "failure", "tenant_id": "tenant_001"}, 1) in after["logins_total"]
    assert ({"reason": "mfa"}, 1) in after["login_failures_total"]
    assert after["active_tenants"] == [({}, 1)]
    buckets = [(labels["le"], value) for labels, value in after["http_request_duration_seconds_bucket"]
               if labels["route"] == "/orders/:id"]  # fmt: skip
    assert [bound for bound, _ in buckets] == [*(f"{bound:g}" for bound in BUCKETS), "+Inf"]
    assert [value for _, value in buckets] == sorted(value for _, value in buckets)
    assert buckets[-1][1] == 1


def test_what_clients_claim_does_not_grow_the_series_without_end(start: Start) -> None:
    running = start("service")
    for number in range(150):
        running.get(f"/made/up/{number}", {"X-Tenant-ID": f"tenant_{number}"})
    running.get("/", {"X-Tenant-ID": 'tenant_"}'})
    found = samples(running.get("/metrics")[1])["http_requests_total"]

    assert {labels["route"] for labels, _ in found} == {"/*", "/"}
    assert len({labels["tenant_id"] for labels, _ in found}) == 101
    assert sum(value for _, value in found) == 151


def test_a_service_logs_as_it_should(start: Start) -> None:
    running = start("service")
    headers = {"X-Request-ID": "r-1", "X-Tenant-ID": "tenant_001", "X-Trace-ID": "t-1", "X-User-ID": "user_1"}
    running.get("/login?failure=password", {**headers, "User-Agent": 'a "quoted"\tone'})
    running.get("/healthz")
    wait_for(lambda: len(running.lines()) >= 2, "it", SECONDS)
    started, line = running.lines()

    assert started["event"] == "started"
    assert datetime.fromisoformat(line.pop("timestamp")).tzinfo is not None
    assert line.pop("duration_ms") >= 0
    assert line == {
        "service": "shop",
        "level": "warn",
        "tenant_id": "tenant_001",
        "user_id": "user_1",
        "event": "login_failed",
        "message": "GET /login 401",
        "context": {"ip": "127.0.0.1", "user_agent": 'a "quoted"\tone'},
        "request_id": "r-1",
        "trace_id": "t-1",
        "method": "GET",
        "route": "/login",
        "status": 401,
    }


def test_answers_say_who_gave_them(start: Start) -> None:
    one, other = start("service", SLOT="green"), start("service", SLOT="blue", POD="pod-7")

    for running, slot, pod in ((one, "green", "shop-blue-1"), (other, "blue", "pod-7")):
        for path, status in (("/", 200), ("/healthz", 200), ("/metrics", 200)):
            got, _, headers = running.get(path)
            assert (got, headers["X-Slot"], headers["X-Image"], headers["X-Pod"]) == (status, slot, IMAGE, pod)


def test_a_service_that_is_never_ready_says_so_and_answers(start: Start) -> None:
    running = start("service", NEVER_READY="1")

    assert running.get("/healthz")[:2] == (503, "not ready\n")
    assert running.get("/")[0] == 200


def test_failures_are_as_many_as_asked_for_and_even(start: Start) -> None:
    running = start("service", FAIL_PERCENT="5")

    def order(number: int) -> int:
        return running.get(f"/orders/{number}")[0]

    with ThreadPoolExecutor(8) as pool:
        statuses = Counter(pool.map(order, range(200)))
    assert statuses == {200: 190, 500: 10}

    assert [number for number in range(1, 61) if running.get("/")[0] == 500] == [20, 40, 60]
    assert running.get("/healthz")[0] == 200
    failed = [value for labels, value in samples(running.get("/metrics")[1])["http_requests_total"]
              if labels["code"] == "500"]  # fmt: skip
    assert sum(failed) == 13


def test_a_service_ends_when_the_last_request_is_answered(start: Start) -> None:
    running = start("service", SLOW_SECONDS="2", LINGER_SECONDS="600")
    idle = running.connect()
    idle.request("GET", "/healthz")
    assert idle.getresponse().read() == b"well\n"
    slow = running.connect()
    slow.request("GET", "/healthz")  # else the program may end before it has accepted the connection
    assert slow.getresponse().read() == b"well\n"
    began = time.monotonic()
    slow.request("GET", "/slow")
    running.process.terminate()
    wait_for(lambda: not answers(running), "it", SECONDS)
    assert running.process.poll() is None

    idle.request("GET", "/late")
    late = idle.getresponse()
    assert (late.status, late.getheader("Connection"), late.read()) == (200, "close", b"/late\n")
    assert slow.getresponse().read() == b"/slow\n"
    assert time.monotonic() - began >= 2
    assert running.process.wait(SECONDS) == 0
    assert [line["event"] for line in running.lines()] == ["started", "stopping", "http_request", "http_request"]


def test_a_connection_that_asks_nothing_is_not_waited_for_without_end(start: Start) -> None:
    running = start("service", LINGER_SECONDS="0.5")
    silent = running.connect()
    silent.request("GET", "/healthz")
    assert silent.getresponse().read() == b"well\n"
    began = time.monotonic()
    running.process.terminate()

    assert running.process.wait(SECONDS) == 0
    assert time.monotonic() - began >= 0.5


@pytest.mark.parametrize(
    ("arguments", "env", "message"),
    [
        (["service"], {"FAIL_PERCENT": "some"}, 'error: FAIL_PERCENT is "some": give it a number from 0 on\n'),
        (["service"], {"PORT": "70000"}, "error: listen tcp: address 70000: invalid port\n"),
        (["stand-in", "tempo"], {}, "error: stand-in needs NAME PORTS PATHS\n"),
        ([], {}, "error: choose from: pause, rest, service, stand-in NAME PORTS PATHS\n"),
    ],
)
def test_bad_input_is_answered_in_one_line(
    arguments: list[str], env: dict[str, str], message: str, binary: Path
) -> None:
    done = subprocess.run([binary, *arguments], env=env, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (1, message)


def test_the_pause_takes_leave_of_orphans_and_ends_when_told(binary: Path) -> None:
    # What the shell has started is the program's child, once it has taken the shell's place.
    script = 'for child in 1 2 3; do read -r line <"$2" & done; exec "$1" pause'
    gate, hold = os.pipe()
    command = ["sh", "-c", script, "sh", str(binary), f"/dev/fd/{gate}"]
    process = subprocess.Popen(command, pass_fds=[gate])
    seen = psutil.Process(process.pid)
    wait_for(lambda: seen.name() == binary.name[:15] and len(seen.children()) == 3, "it", SECONDS)
    os.close(gate)
    os.close(hold)

    wait_for(lambda: seen.children() == [], "it", SECONDS)
    assert process.poll() is None
    process.terminate()
    assert process.wait(SECONDS) == 0
