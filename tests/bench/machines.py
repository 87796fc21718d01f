"""How often `up` asks the Proxmox API: `python -m tests.bench.machines [10 100]`, against the simulated one."""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from components.compute import ComputeCluster
from sandbox import plugins
from sandbox.credentials import private_key
from sandbox.layout import EngineFolder
from settings import Settings
from settings.compute import Compute
from tests import arguments
from tests.engine import engine_in
from tests.recording import stack_settings
from tests.unit.sandbox.proxmox import TOKEN, Running, running

_NODES = ("pve1", "pve2", "pve3")
_KEPT = 1_000_000
"""Requests that the simulated API remembers."""
_NO_CHECKPOINTS = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
"""The state is written once, at the end: after each step of a thousand it takes longer than all requests."""


def _settings(endpoint: str, machines: int) -> Settings:
    """Prod's, with one Docker host and so many agents that it is all of them: each such host would have a plugin."""
    settings = stack_settings("prod")
    data: dict[str, Any] = {**settings.compute.model_dump(), "endpoint": endpoint, "containers": {}}
    host, like = ({**data["vms"][name], "protected": False} for name in ("docker-1", "k3s-agent-1"))
    agents = {
        f"k3s-agent-{number}": {
            **like,
            "id": 4000 + number,
            "node": _NODES[number % len(_NODES)],
            "address": f"10.10.{31 + number // 250}.{number % 250 + 1}",
        }
        for number in range(1, machines)
    }
    data["vms"] = {"docker-1": host, **agents}
    return settings.model_copy(update={"compute": Compute.model_validate(data)})


def _asked(server: Running, act: Any) -> tuple[int, float]:
    """Requests and seconds of an act."""
    server.cluster.requests.clear()
    begun = time.monotonic()
    act()
    return len(server.cluster.requests), time.monotonic() - begun


def measure(machines: int) -> Iterator[str]:
    """A row, as it becomes known: requests of an `up` from nothing, one without a change, and a refresh."""
    key = private_key()
    with (
        tempfile.TemporaryDirectory() as name,
        running(Path(name), nodes=_NODES) as server,
    ):
        server.cluster.max_requests = _KEPT
        settings = _settings(server.endpoint, machines)

        def program() -> None:
            ComputeCluster("compute", arguments.machines(settings, TOKEN, key))

        folder = EngineFolder(Path(name) / "engine", "prod")
        chosen = plugins.choose(os.defpath)
        stack = engine_in(folder, chosen, bundle=server.certificate, more=_NO_CHECKPOINTS)(program)
        yield str(machines)
        for act in (lambda: stack.up(color="never"), lambda: stack.up(color="never"), lambda: stack.refresh()):
            requests, seconds = _asked(server, act)
            yield f"{requests} ({requests / machines:.1f} a machine; {seconds:.0f} s)"


def main(given: list[str]) -> None:
    """Print the table."""
    sys.stdout.write("| machines | `up` from nothing | `up` without a change | `refresh` |\n|---|---|---|---|\n")
    for number in map(int, given or ["10", "100"]):
        # With many machines each figure takes minutes.
        for figure in measure(number):
            sys.stdout.write(f"| {figure} ")
            sys.stdout.flush()
        sys.stdout.write("|\n")


if __name__ == "__main__":
    main(sys.argv[1:])
