"""The sandbox's own program in the place of others: it answers probes, and says what it stands in for."""

import http.client
import subprocess
from pathlib import Path

import pytest

from tests.programs import free_port
from tests.unit.sandbox.images.running import SECONDS, Start

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(300)]


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
