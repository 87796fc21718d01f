"""The sandbox's own program as a process, and what it answers."""

import http.client
import json
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
