"""Mode `ha`: three real Lokis with production's document, and a line that outlives one of them."""

import os
import subprocess
import urllib.request
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.observability import loki
from tests.documents.loki.server import Loki, local, write
from tests.programs import free_port
from tests.recording import stack_settings
from tests.waiting import wait_for
from tools import ensure

pytestmark = pytest.mark.needs_tools

SETTINGS = stack_settings("prod")
PODS = 3


def _documents(folder: Path) -> list[tuple[int, Path]]:
    """HTTP port and file of each pod: as deployed, but on loopback, with a shared folder for the bucket."""
    gossip = [free_port() for _ in range(PODS)]
    found: list[tuple[int, Path]] = []
    for index in range(PODS):
        pod = folder / f"loki-{index}"
        write(loki.documents(SETTINGS), pod)
        http, grpc = free_port(), free_port()
        document: dict[str, Any] = local(SETTINGS, pod, http, grpc)
        document["common"]["storage"] = {"filesystem": {"chunks_directory": str(folder / "bucket")}}
        document["common"]["ring"] |= {"instance_id": f"loki-{index}", "instance_addr": "127.0.0.1"}
        document["memberlist"] |= {
            "bind_addr": ["127.0.0.1"],
            "bind_port": gossip[index],
            "advertise_addr": "127.0.0.1",
            "advertise_port": gossip[index],
            "join_members": [f"127.0.0.1:{port}" for port in gossip],
            "node_name": f"loki-{index}",
        }
        (pod / "loki.yaml").write_text(yaml.safe_dump(document))
        found.append((http, pod / "loki.yaml"))
    return found


@pytest.fixture
def pods(tmp_path: Path) -> Generator[list[tuple[Loki, subprocess.Popen[bytes]]]]:
    program = ensure("loki")["loki"]
    started: list[tuple[Loki, subprocess.Popen[bytes]]] = []
    try:
        for http, file in _documents(tmp_path):
            with (file.parent / "log").open("w") as log:
                process = subprocess.Popen(
                    [program, f"-config.file={file}"], stdout=log, stderr=log, env={**os.environ, "GOMAXPROCS": "1"}
                )
            started.append((Loki(f"http://127.0.0.1:{http}"), process))
        yield started
    finally:
        for _, process in started:
            process.kill()
            process.wait()


def _ring(server: Loki) -> int:
    """Ingesters that a pod knows to be active."""
    with urllib.request.urlopen(f"{server.url}/ring", timeout=5) as answer:  # noqa: S310
        return answer.read().decode().count(">ACTIVE<")


def test_a_line_outlives_a_pod(pods: list[tuple[Loki, subprocess.Popen[bytes]]]) -> None:
    (first, _), (second, lost), (third, _) = pods
    wait_for(lambda: all(_ring(server) == PODS for server, _ in pods), "a ring of three")
    labels = {"service": "api", "class": "api", "environment": "production"}
    wait_for(lambda: first.push("luxima", labels, [(1, "kept")]) is None, "a line is taken")
    for server in (first, second, third):
        wait_for(lambda server=server: "kept" in server.lines("luxima", '{service="api"}'), "it is found")
    lost.kill()
    lost.wait()
    for server in (first, third):
        wait_for(lambda server=server: "kept" in server.lines("luxima", '{service="api"}'), "it is still found")
    wait_for(lambda: third.push("luxima", labels, [(0, "new")]) is None, "another is taken")
