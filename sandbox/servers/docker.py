"""A Docker engine for each Docker host of the stack: the user's own, or Debian's in a small machine of namespaces.

The machines are started inside of the stack's network namespace, where their addresses belong; the engines are reached
by Unix sockets, which know no namespaces.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sandbox import process
from sandbox.faults import SandboxError
from sandbox.layout import Layout
from sandbox.machine import kernel
from sandbox.ports import Wanted
from sandbox.process import Record
from sandbox.servers import docker_engine
from sandbox.servers.base import Program, Site, begin_world, keep_running
from settings import Settings
from settings.compute import Vm

OWN_SOCKET: Final = "LUXIMA_DOCKER_SOCKET"
"""Names the socket of the user's own engine."""
DAEMON: Final = {
    "live-restore": True,
    "log-driver": "json-file",
    "log-opts": {"max-size": "20m", "max-file": "5", "tag": "{{.Name}}"},
    "no-new-privileges": True,
    "icc": False,
    "userland-proxy": False,
}
"""`/etc/docker/daemon.json`, as the platform's user-data has it; a test compares them."""
FOLDERS: Final = ("/var/lib/node-exporter",)
"""What else the user-data makes; a test compares this too."""

_VM: Final = Path(__file__).parent.parent / "vm.py"
TREE: Final = "/opt/docker"
_SOCKETS: Final = "/run/sandbox"
_LONGEST_SOCKET: Final = 107
"""Bytes of a Unix socket's path."""
_DEBIAN: Final = ("/var/lib/docker", "/var/log/journal", "/run/lock", "/var/tmp")  # noqa: S108 - in the machine
ACCOUNTS: Final = {
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "/etc/group": "root:x:0:\ndocker:x:998:\nnogroup:x:65534:\n",
}


def hosts(settings: Settings) -> Mapping[str, Vm]:
    """The Docker hosts of a stack."""
    return settings.compute.by_role("docker_host")


def own_engine(settings: Settings) -> str | None:
    """The socket of the user's own engine, if one is named.

    Raises:
        SandboxError: When it cannot stand for the stack's Docker hosts.
    """
    socket = os.environ.get(OWN_SOCKET)
    if not socket:
        return None
    if len(hosts(settings)) > 1:
        raise SandboxError(
            f"{OWN_SOCKET} names one engine, but this stack has {len(hosts(settings))} Docker hosts "
            f"({', '.join(hosts(settings))}), whose containers have the same names: unset it"
        )
    if not Path(socket.removeprefix("unix://")).is_socket():
        raise SandboxError(f"{OWN_SOCKET} is {socket!r}, which is no socket: give its path, or unset it")
    return socket.removeprefix("unix://")


def kind(settings: Settings, *, real: bool) -> str:
    """Where the stack's containers are.

    Args:
        settings: The stack's.
        real: Whether its nodes, and with them its Docker hosts, are real.
    """
    own = own_engine(settings)
    return f"on the engine at {own}" if own else "on the sandbox's own engines" if real else "only recorded"


def require_same(stack: str, now: str, before: str | None) -> None:
    """Refuse to look for containers where none was made.

    Args:
        stack: The stack.
        now: Where they would be looked for.
        before: Where they were made; None when no run has noted it.

    Raises:
        SandboxError: When it is another place.
    """
    if before not in {None, now}:
        raise SandboxError(
            f"the containers of stack {stack} are {before}, and now they would be {now}: "
            f"set or unset {OWN_SOCKET} as before; to change it, run make destroy STACK={stack} first, as before"
        )


def reachable(layout: Layout, settings: Settings) -> dict[str, str]:
    """Where the provider finds the engines that run: URL of the socket by address of the VM.

    Raises:
        SandboxError: When the user's own engine does not answer.
    """
    own = own_engine(settings)
    if own is not None and not docker_engine.answers(Path(own)):
        raise SandboxError(
            f"no Docker engine answers at {own}: start it, give this user access to it, or unset {OWN_SOCKET}"
        )
    found: dict[str, str] = {}
    for vm, spec in hosts(settings).items():
        record = process.load(layout.run, f"dockerd-{vm}")
        if own is not None:
            found[spec.address] = f"unix://{own}"
        elif record is not None and record.alive():
            found[spec.address] = f"unix://{socket(layout, vm)}"
    return found


def absent(layout: Layout, settings: Settings) -> dict[str, str]:
    """Why what is declared on Docker hosts is only recorded, by package; nothing when it is driven."""
    if not hosts(settings) or reachable(layout, settings):
        return {}
    return {"docker": f"no Docker engine is here; NODE=real as root, or {OWN_SOCKET}, has one"}


def socket(layout: Layout, vm: str) -> Path:
    """The socket of a host's engine; in a temporary folder when the checkout lies too deep for one."""
    folder = layout.run / "docker" / vm
    if len(os.fsencode(folder / "docker.sock")) > _LONGEST_SOCKET:
        folder = _temporary(layout) / vm
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / "docker.sock"


def _temporary(layout: Layout) -> Path:
    """A folder with a short path, made once and written down."""
    record = layout.run / "docker-sockets"
    with suppress(OSError):
        found = Path(record.read_text(encoding="utf-8"))
        if found.is_dir() and found.stat().st_uid == os.getuid():
            return found
    made = Path(tempfile.mkdtemp(prefix="luxima-"))
    record.write_text(str(made), encoding="utf-8")
    return made


def cgroup(layout: Layout) -> str:
    """The control group that all containers of the stack are in."""
    return f"/luxima-{_digest(layout)}"


def _digest(layout: Layout, *more: str) -> str:
    return hashlib.sha256("\0".join((str(layout.base), *more)).encode()).hexdigest()[:10]


def daemon(site: Site, vm: str, bridge: str) -> Program:
    """The process that is a Docker host; it has to be started as root in the network namespace that has `bridge`.

    It makes its own mount, process and network namespaces and plugs itself into the bridge with the VM's address, so
    the bridge must not carry that address; the gateway's it may. Nothing else has to be prepared. Whoever ends the
    process ends all of it, by SIGKILL too.

    Args:
        site: What it is started from.
        vm: Name of the host.
        bridge: Name of the bridge.
    """
    layout, network = site.layout, site.settings.compute.network
    spec, folder = hosts(site.settings)[vm], begin_world(layout, "docker") / vm
    folder.mkdir(mode=0o700, exist_ok=True)
    tree = site.programs["docker-engine"].parent
    resolvers = [f"nameserver {server}" for server in network.name_servers]
    files = {
        **ACCOUNTS,
        "/etc/hostname": f"{vm}\n",
        "/etc/hosts": f"127.0.0.1 localhost\n{spec.address} {vm}\n",
        "/etc/machine-id": f"{hashlib.sha256(f'{layout.base}/{vm}'.encode()).hexdigest()[:32]}\n",
        "/etc/resolv.conf": "\n".join([*resolvers, f"search {network.search_domain}", ""]),
        "/etc/docker/daemon.json": json.dumps(DAEMON),
    }
    # iproute2 and mount are looked up in the machine's own `/usr`.
    command = [
        f"{TREE}/docker-engine",
        "dockerd",
        "--host=unix:///run/docker.sock",
        f"--host=unix://{_SOCKETS}/docker.sock",
        f"--cgroup-parent={cgroup(layout)}/{vm}",
        "--exec-opt=native.cgroupdriver=cgroupfs",
    ]
    machine = {
        "hostname": vm,
        "root": str(folder / "root"),
        "folders": [*FOLDERS, *_DEBIAN],
        "files": files,
        "mounts": {TREE: str(tree), _SOCKETS: str(socket(layout, vm).parent)},
        "bridge": bridge,
        "port": f"vm{_digest(layout, vm)}",
        "address": f"{spec.address}/{network.prefix_length}",
        "gateway": network.gateway,
        "command": command,
    }
    description = folder / "machine.json"
    description.write_text(json.dumps(machine, indent=1), encoding="utf-8")
    return Program(
        name=f"dockerd-{vm}",
        command=[sys.executable, "-I", "-S", str(_VM), str(description)],
        environment=site.environment(Path("/root"), PATH="/usr/sbin:/usr/bin:/sbin:/bin"),
        cwd=folder,
        log=layout.logs / f"dockerd-{vm}.log",
        files=[description],
    )


def clean(layout: Layout) -> None:
    """Remove what is left of the hosts once they have ended: their control groups, sockets and temporary folder."""
    kernel.clear_group(cgroup(layout).lstrip("/"))
    record = layout.run / "docker-sockets"
    if record.exists():
        shutil.rmtree(_temporary(layout), ignore_errors=True)
        record.unlink()
    shutil.rmtree(layout.run / "docker", ignore_errors=True)


@dataclass
class Docker:
    """The engines of all Docker hosts."""

    bridge: str
    """Bridge in the stack's network namespace."""
    enter: Callable[[Layout], Sequence[str]]
    """What a command is prefixed with to run in that namespace, e.g. `nsenter --net=…`."""

    name = "docker"
    programs: Sequence[str] = ("docker-engine",)
    holds_data = True

    def ports(self) -> list[Wanted]:
        """None: engines are reached by sockets."""
        return []

    def start(self, site: Site) -> None:
        """Start every host whose engine is not the user's own; returns when all answer."""
        if own_engine(site.settings) is not None:
            return
        started: list[tuple[Record, Path]] = []
        for vm in hosts(site.settings):
            program = daemon(site, vm, self.bridge)
            entered = replace(program, command=[*self.enter(site.layout), *program.command])
            record = keep_running(site.layout.run, entered, lambda: True)
            started.append((record, socket(site.layout, vm)))
        for record, path in started:
            try:
                process.wait_ready(record, lambda path=path: docker_engine.answers(path), 180)
            except SandboxError:
                # The next run starts it anew.
                process.stop([record])
                raise
            docker_engine.load_images(path, site)

    def records(self, layout: Layout) -> list[Record]:
        """The machines, running or not."""
        return [record for record in process.records(layout.run) if record.name.startswith("dockerd-")]

    def address(self, ports: Mapping[str, int]) -> str:
        """Several sockets; none of them is for people."""
        del ports
        return ""

    def answers(self, layout: Layout, ports: Mapping[str, int]) -> bool:
        """Whether all engines answer now."""
        del ports
        return all(
            docker_engine.answers(socket(layout, record.name.removeprefix("dockerd-")))
            for record in self.records(layout)
        )
