"""The sandbox's own program, run as processes on loopback: the services' example, stand-ins, the pause."""

import http.client
import json
import os
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from components.observability.metrics import BUCKETS, SERVICES
from sandbox.images import program
from tests.programs import end, free_port
from tests.waiting import wait_for
from tools import ensure

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(300)]

IMAGE = "registry.example:5000/aceh/shop@sha256:" + "1" * 64
SECONDS = 60
"""How long a condition is waited for."""


@dataclass(frozen=True)
class Running:
    """A process that answers."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)

    def get(self, path: str, headers: Mapping[str, str] = {}) -> tuple[int, str, Mapping[str, str]]:
        connection = self.connect()
        try:
            connection.request("GET", path, headers=dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), dict(answer.getheaders())
        finally:
            connection.close()

    def lines(self) -> list[Any]:
        """The log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


Start = Callable[..., Running]


@pytest.fixture(scope="session")
def binary() -> Path:
    return program.built(ensure("go")["go"])


@pytest.fixture
def start(binary: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts the program with arguments and environment, and waits until it answers; ends all of them."""
    started: list[Running] = []

    def begin(*arguments: str, port: int | None = None, **env: str) -> Running:
        port = port or free_port()
        log = tmp_path / f"{port}.log"
        with log.open("wb") as output:
            command = [binary, *arguments]
            env = {"ADDRESS": "127.0.0.1", "PORT": str(port), "HOSTNAME": "shop-blue-1", "IMAGE": IMAGE, **env}
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=env)
        running = Running(process, port, log)
        started.append(running)
        wait_for(lambda: process.poll() is not None or answers(running), "it", SECONDS)
        assert process.poll() is None, log.read_text()
        return running

    yield begin
    for running in started:
        end(running.process)


def answers(running: Running) -> bool:
    try:
        return running.get("/metrics")[0] == 200
    except ConnectionError:  # refused, or accepted by the kernel and reset as the listener closes
        return False


def samples(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Labels and value of each sample, by name; every line has to be one."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for line in text.splitlines():
        if not line.startswith("# TYPE "):
            matched = re.fullmatch(r"(\w+)(?:\{((?:\w+=\"[^\"]*\",?)*)\})? (\S+)", line)
            assert matched is not None, line
            labels = dict(re.findall(r"(\w+)=\"([^\"]*)\"", matched[2] or ""))
            found.setdefault(matched[1], []).append((labels, float(matched[3])))
    return found


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


def test_a_stand_in_answers_probes_and_is_called_one(start: Start) -> None:
    first, second = free_port(), free_port()
    ignored = ["run", "--config.format=promtail", "-log.level=debug", "/etc/alloy/config.yaml"]
    running = start("stand-in", "tempo", f"{first},{second}", "/ready,/v1/traces", *ignored, port=first)

    assert running.get("/ready")[0] == 200
    assert running.get("/metrics")[1] == "# TYPE luxima_stand_in gauge\nluxima_stand_in 1\n"
    assert running.get("/")[1] == "This stands in for tempo, which is not here.\n"
    assert running.get("/redy")[0] == 404
    spans = http.client.HTTPConnection("127.0.0.1", second, timeout=SECONDS)
    spans.request("POST", "/v1/traces", body=bytes(100_000))
    answer = spans.getresponse()
    assert (answer.status, answer.read()) == (200, b"")
    running.process.terminate()
    assert running.process.wait(SECONDS) == 0


def test_a_stand_in_says_what_it_is_given_where_it_would_be_missed(start: Start) -> None:
    port = free_port()
    running = start("stand-in", "an exporter", str(port), "/,/pve", port=port, SERIES='pve_up{id="node/pve1"} 1\n')

    assert running.get("/pve?target=a")[1] == 'pve_up{id="node/pve1"} 1\n'
    assert running.get("/metrics")[1].endswith("luxima_stand_in 1\n")


@pytest.mark.parametrize("argument", ["--port={}", "--server.http.listen-addr=0.0.0.0:{}", "--web.listen-address=:{}"])
def test_a_stand_in_listens_where_its_arguments_say(argument: str, start: Start) -> None:
    port = free_port()
    running = start("stand-in", "alloy", str(free_port()), "/-/ready", argument.format(port), port=port)

    assert running.get("/-/ready")[0] == 200


def test_whoever_asks_for_health_by_another_name_is_answered_honestly(
    start: Start, binary: Path, tmp_path: Path
) -> None:
    port = free_port()
    running = start("stand-in", "cadvisor", str(free_port()), "/healthz", f"--port={port}", port=port)
    for name in ("wget", "bash"):
        (tmp_path / name).symlink_to(binary)

    def asked(*command: str) -> int:
        return subprocess.run(
            [tmp_path / command[0], *command[1:]], env={}, capture_output=True, check=False
        ).returncode

    at = f"127.0.0.1:{running.port}"
    assert asked("wget", "-q", "-O", "/dev/null", f"http://{at}/healthz") == 0
    assert asked("wget", "-q", "-O", "/dev/null", f"http://{at}/nothing") == 1
    assert asked("bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{running.port}") == 0
    assert asked("bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{free_port()}") == 1
    assert asked("bash", "-c", "true") == 1


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
