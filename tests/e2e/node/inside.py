"""Looking into a stack that runs on a real node: its pods' processes, and what their network lets through."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.machine import support
from tests.e2e.world import World


def _missing() -> str | None:
    with tempfile.TemporaryDirectory() as folder:
        return support.missing(Path(folder) / "trial")


_reason = _missing()
needs_node = pytest.mark.skipif(_reason is not None, reason=f"a real node is not possible here: {_reason}")

_CONNECT = """
import socket, sys
socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2).close()
"""


@dataclass(frozen=True)
class Pod:
    """A running pod."""

    name: str
    uid: str
    address: str

    def reaches(self, host: str, port: int) -> bool:
        """Whether a connection from its network comes about."""
        inside = ("nsenter", f"--target={self.process}", "--net")
        command = (*inside, sys.executable, "-c", _CONNECT, host, str(port))
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def text(self, port: int, path: str, *headers: str) -> str:
        """What its program answers on its own loopback."""
        inside = ("nsenter", f"--target={self.process}", "--net")
        more = [word for header in headers for word in ("--header", header)]
        asked = ("curl", "--silent", "--show-error", "--fail", "--globoff", *more, f"http://127.0.0.1:{port}{path}")
        done = subprocess.run((*inside, *asked), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ask(self, port: int, path: str, *headers: str) -> Any:
        """The same, as JSON."""
        return json.loads(self.text(port, path, *headers))

    @property
    def process(self) -> int:
        """A process of it, as this machine counts; its control group tells."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    groups = (entry / "cgroup").read_text(encoding="utf-8")
                except OSError:
                    continue
                if f"pod{self.uid}" in groups:
                    return int(entry.name)
        raise AssertionError(f"no process of pod {self.name}")


def pods(world: World) -> list[dict[str, Any]]:
    """All pods of the cluster."""
    return world.cluster.items("/api/v1/pods")


def not_ready(world: World) -> list[str]:
    """Pods that are not ready, and why as far as Kubernetes says."""
    found: list[str] = []
    for pod in pods(world):
        conditions = {item["type"]: item for item in pod["status"].get("conditions", [])}
        if conditions.get("Ready", {}).get("status") != "True" and pod["status"]["phase"] != "Succeeded":
            waiting = [json.dumps(item.get("state")) for item in pod["status"].get("containerStatuses", [])]
            found.append(f"{pod['metadata']['namespace']}/{pod['metadata']['name']}: {', '.join(waiting)}")
    return found


def running(world: World, namespace: str, labels: Mapping[str, str]) -> list[Pod]:
    """The running pods with these labels; there is one."""
    selector = ",".join(f"{key}%3D{value}" for key, value in labels.items())
    found = world.cluster.items(f"/api/v1/namespaces/{namespace}/pods?labelSelector={selector}")
    pods = [
        Pod(item["metadata"]["name"], item["metadata"]["uid"], item["status"]["podIP"])
        for item in found
        if item["status"]["phase"] == "Running" and not item["metadata"].get("deletionTimestamp")
    ]
    assert pods, f"no pod in {namespace} has {dict(labels)}"
    return pods


def pod(world: World, namespace: str, labels: Mapping[str, str]) -> Pod:
    """One of them."""
    return running(world, namespace, labels)[0]
