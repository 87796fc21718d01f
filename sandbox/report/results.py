"""The end of a run: outputs, changes, servers."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.engine.events import Recorder
from sandbox.layout import Layout, relative
from sandbox.report.console import table, tell
from sandbox.servers.table import OPTIONAL, SERVERS

_WORDS = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "replace": "replaced",
    "same": "unchanged",
    "read": "read",
}
_MADE = {"create", "update", "delete", "replace"}


def show_changes(events: Recorder, seconds: float) -> None:
    """Whether anything changed, and what."""
    tell()
    counts = Counter(step.operation for step in events.resources)
    if events.changed == 0:
        tell(
            f"Nothing changed: all {counts.total()} resources are as the program says ({seconds:.0f} s).", "bold green"
        )
        return
    words = ", ".join(f"{count} {_WORDS.get(name, name)}" for name, count in sorted(counts.items()))
    tell(f"Done in {seconds:.0f} s: {words}.", "bold green")
    rooms = Counter(step.room for step in events.resources if step.operation in _MADE)
    if rooms:
        tell("  by room: " + ", ".join(f"{room} {count}" for room, count in sorted(rooms.items())))


def show_outputs(outputs: Mapping[str, Any]) -> None:
    """The stack's outputs, secrets masked by the engine."""
    if not outputs:
        return
    tell()
    tell("Outputs", "bold")
    for name, value in sorted(outputs.items()):
        _show_output(name, value, 1)


def _show_output(name: str, value: Any, depth: int) -> None:
    indent = "  " * depth
    if isinstance(value, dict) and value:
        tell(f"{indent}{name}:")
        for key, inner in sorted(value.items()):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - outputs are anything
            _show_output(str(key), inner, depth + 1)  # pyright: ignore[reportUnknownArgumentType]
    else:
        tell(f"{indent}{name}: {value if isinstance(value, str) else json.dumps(value)}")


def server_rows(layout: Layout, ports: Mapping[str, int]) -> list[list[str]]:
    """A row for each process of the servers."""
    rows: list[list[str]] = []
    for server in SERVERS:
        records = server.records(layout)
        if not records and server.name not in OPTIONAL:
            rows.append([server.name, "not running", "", "", ""])
        for record in records:
            known = record.name in ports or server.name == record.name
            address = server.address(ports) if record.name in {server.name, "kube-apiserver"} and ports else ""
            if not address and known and record.name in ports:
                address = f"127.0.0.1:{ports[record.name]}"
            state = "running" if record.alive() else "died"
            rows.append([record.name, state, address, str(record.pid), relative(Path(record.log))])
    return rows


def show_servers(layout: Layout, ports: Mapping[str, int]) -> None:
    """Where the servers are."""
    tell()
    table(["server", "state", "address", "pid", "log"], server_rows(layout, ports), "Servers")
    tell(f"  kubectl --kubeconfig {relative(layout.kubeconfig)} get pods --all-namespaces")
