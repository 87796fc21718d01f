"""What pushes and pulls take, beside the plain registry: `python -m tests.bench.registry` prints it.

The registry as it is deployed (gateway, both sides, logins, encrypted bucket of a real MinIO), and the same program
with its files in a folder and nothing else. crane pushes images of one new layer and pulls them, in turns.
"""

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import requests

from tests.bench.__main__ import show
from tests.bench.measuring import Report, Run, RunError, timed
from tests.e2e.delivery.room import Room, made
from tests.programs import end, free_port
from tests.waiting import wait_for
from tools import ensure

_ROUNDS, _BUDGET = 5, 120


def _crane(room: Room, user: str | None, *arguments: str | Path) -> None:
    done = room.crane(*arguments, user=user)
    if done.returncode:
        raise RunError(done.stderr)


def _push(room: Room, mib: int, image: str, user: str | None) -> Run:
    layer = room.layer(mib)
    # Compressed already, or crane would do it meanwhile.
    subprocess.run(["gzip", "-1", layer], check=True)
    return timed(partial(_crane, room, user, "append", "--new_layer", f"{layer}.gz", "--new_tag", image))


def measure(report: Report, room: Room, plain: str, mib: int) -> None:
    """Pushes and pulls of images of that size; the plain registry is at an address."""
    ours, theirs, target = room.image("bench", "today"), f"{plain}/bench:today", room.folder / "pulled.tar"
    cases = {
        f"push of {mib} MiB": partial(_push, room, mib, ours, "push-1"),
        f"push of {mib} MiB, plain": partial(_push, room, mib, theirs, None),
        f"pull of {mib} MiB": lambda: timed(partial(_crane, room, "pull-1", "pull", ours, target)),
        f"pull of {mib} MiB, plain": lambda: timed(partial(_crane, room, None, "pull", theirs, target)),
    }
    runs = report.in_turns(cases, _ROUNDS, _BUDGET)
    report.compare(f"push of {mib} MiB / plain", runs[0], runs[1])
    report.compare(f"pull of {mib} MiB / plain", runs[2], runs[3])


def main() -> int:
    """Measure it."""
    report = Report()
    with tempfile.TemporaryDirectory() as temporary, made(Path(temporary)) as room:
        address, config = f"127.0.0.1:{free_port()}", Path(temporary) / "plain.yml"
        storage = f"storage: {{filesystem: {{rootdirectory: {temporary}/plain}}}}"
        logs = "log: {level: error, accesslog: {disabled: true}}"
        config.write_text(f"version: 0.1\n{logs}\n{storage}\nhttp: {{addr: {address}}}\n")
        command = [ensure("registry")["registry"], "serve", config]
        plain = subprocess.Popen(command, env={"OTEL_TRACES_EXPORTER": "none"})
        try:
            wait_for(lambda: requests.get(f"http://{address}/v2/", timeout=5).ok, "the plain registry", 60)
            for mib in (1, 64):
                measure(report, room, address, mib)
        finally:
            end(plain)
    show(report, {"cores": len(os.sched_getaffinity(0)), "load at the end": round(os.getloadavg()[0], 1)})
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
