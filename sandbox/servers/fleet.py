"""All servers of a stack together: started side by side, stopped for good, looked at."""

import concurrent.futures
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sandbox import ports, process, procfs
from sandbox.faults import SandboxError
from sandbox.layout import Layout, relative
from sandbox.ports import Wanted
from sandbox.process import Record
from sandbox.servers import docker
from sandbox.servers.base import Server, Site, world
from sandbox.servers.table import AFTER, DOCKER, GATE, NODE, REAL, SERVERS

_LAST = frozenset({"etcd"})
"""Ended after the others, which would only fill their logs without it."""


def servers(*, real: bool) -> list[Server]:
    """The servers of a stack, with a real node or without."""
    return [server for server in SERVERS if real or server not in REAL]


def programs(*, real: bool) -> list[str]:
    """The third-party programs that the servers need."""
    return [name for server in servers(real=real) for name in server.programs]


def ports_file(layout: Layout) -> Path:
    """Where a stack's ports are remembered."""
    return layout.base / "ports.json"


def assign_ports(layout: Layout, more: Sequence[Wanted], *, pinned: bool) -> tuple[dict[str, int], list[str]]:
    """The ports of all servers, and `more`; see `ports.assign`."""
    running: set[str] = set()
    for server in SERVERS:
        alive = {record.name for record in server.records(layout) if record.alive()}
        wanted = {want.name for want in server.ports()}
        running |= wanted & alive
        if "etcd" in alive:
            running.add("etcd-peer")
    if any(record.alive() for record in GATE.records(layout)):
        # It listens on all of them.
        running |= set(ports.read(ports_file(layout)))
    others = [ports_file(Layout(stack, layout.root)) for stack in layout.used_stacks() if stack != layout.stack]
    return ports.assign(
        ports_file(layout),
        [*(want for server in SERVERS for want in server.ports()), *more],
        running,
        others,
        pinned=pinned,
    )


def start(site: Site, say: Callable[[str], None]) -> None:
    """Start what is not running and wait until all answer.

    Raises:
        SandboxError: When any does not come up; names each, with the end of its log.
    """
    started_here = servers(real=site.real)
    with concurrent.futures.ThreadPoolExecutor(max_workers=len(started_here)) as pool:
        started: dict[str, concurrent.futures.Future[None]] = {}

        def bring_up(server: Server) -> None:
            before = AFTER.get(server.name)
            if before is not None and started[before].exception() is not None:
                return
            ran = any(record.alive() for record in server.records(site.layout))
            began = time.monotonic()
            server.start(site)
            if not ran and server.records(site.layout):
                address = server.address(site.ports)
                took = f"{time.monotonic() - began:.1f} s"
                say(f"  {server.name} answers{f' at {address}' if address else ''} after {took}")

        for server in started_here:
            started[server.name] = pool.submit(bring_up, server)
        failures: list[str] = []
        for name, future in started.items():
            error = future.exception()
            if isinstance(error, SandboxError):
                failures.append(str(error))
            elif error is not None:
                failures.append(f"{name} cannot be started: {type(error).__name__}: {error}")
    if failures:
        raise SandboxError("\n".join(failures))


def records(layout: Layout) -> list[Record]:
    """The processes of all servers, running or not."""
    return [record for server in SERVERS for record in server.records(layout)]


def stop(layout: Layout) -> list[Record]:
    """End all servers of a stack; their data stays.

    Returns:
        The processes that ran.
    """
    jobs = [record for record in [process.load(layout.run, "kwokctl")] if record is not None]
    process.stop(jobs)
    running = [record for record in records(layout) if record.alive()]
    machines = {record.name for server in (NODE, DOCKER) for record in server.records(layout)}
    gate = {GATE.name}
    # What is on machines still needs the servers to end in order; all of them need their network.
    for group in (machines, {record.name for record in running} - machines - _LAST - gate, _LAST, gate):
        process.stop([record for record in running if record.name in group])
    for record in [*records(layout), *jobs]:
        process.forget(layout.run, record.name)
    docker.clean(layout)
    return running


def worlds(layout: Layout) -> dict[str, str]:
    """The identity of each server's data."""
    return {server.name: world(layout, server.name) for server in SERVERS if server.holds_data}


def diagnose(layout: Layout, given: Mapping[str, int]) -> list[str]:
    """A sentence for each server that should answer and does not."""
    found: list[str] = []
    for server in SERVERS:
        recorded = server.records(layout)
        dead = [record for record in recorded if not record.alive()]
        if dead:
            found.extend(_death(record) for record in dead)
        elif recorded and not server.answers(layout, given):
            record = recorded[0]
            found.append(f"the {server.name} server (pid {record.pid}) runs but does not answer; {_log(record)}")
    return found


def _death(record: Record) -> str:
    return f"the {record.name} server died (pid {record.pid} is gone); {_log(record)}"


def _log(record: Record) -> str:
    return f"its log is {relative(Path(record.log))}"


def left_over(layout: Layout) -> list[int]:
    """Processes that carry the stack's mark in their environment: after `down` there are none."""
    mark = f"LUXIMA_SANDBOX_DIR={layout.base}".encode()
    # Of what only waits to be reaped it is empty.
    return [pid for pid in procfs.processes() if mark in procfs.environment(pid)]
