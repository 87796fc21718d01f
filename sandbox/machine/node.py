"""The real node: container runtime, kubelet, proxy and the enforcer of network policies, in a machine of their own.

`python -m sandbox.machine.node --specification FILE --ready FILE`. The machine (`sandbox.vm`) has processes, mounts and
a network that end with it, and files that lie in the sandbox's folder: what pods mount of it is not the user's.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sandbox import vm
from sandbox.machine import documents, kernel
from sandbox.process import mark
from sandbox.procfs import processes, read_stat

_PATIENCE_SECONDS = 120.0
_POWER_OFF_SECONDS = 10.0
_POLL_SECONDS = 0.2
_LOGS = Path("/var/log/node")
_HEALTH = {"kubelet": 10248, "kube-proxy": 10256, "kube-router": 20244}
"""Port on which each says that it is well."""
_SHORT_LIFE_SECONDS = 10.0
_PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Daemon:
    """A program that runs as long as the node does."""

    name: str
    command: Sequence[str]


@dataclass(frozen=True)
class Specification:
    """Everything that the node is made from; paths are those of the machine."""

    machine: Mapping[str, Any]
    """Fields of `sandbox.vm.Machine`."""
    group: str
    """Control group that its pods are in."""
    extra_addresses: Sequence[str]
    """Addresses of LoadBalancer Services, with prefix length: the node answers for them, as kube-vip has it."""
    runtime: Daemon
    """The container runtime, which is started first."""
    daemons: Sequence[Daemon]
    """What is started when it answers."""

    def dump(self) -> str:
        """As a file's content."""
        return json.dumps(asdict(self), indent=1)


def parse(text: str) -> Specification:
    """From a file's content."""
    content = json.loads(text)
    content["runtime"] = Daemon(**content["runtime"])
    content["daemons"] = [Daemon(**daemon) for daemon in content["daemons"]]
    return Specification(**content)


def main(arguments: list[str]) -> int:
    """Run the node until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.machine.node")
    parser.add_argument("--specification", type=Path, required=True, help="the node, as JSON")
    parser.add_argument("--ready", type=Path, required=True, help="written when the kubelet is well")
    options = parser.parse_args(arguments)
    specification = parse(options.specification.read_text(encoding="utf-8"))
    # Opened before the machine has files of its own.
    ready = os.open(options.ready, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    said = mark().encode()
    # A new kubelet would look for what was in each group of a node that was killed, for minutes.
    kernel.clear_group(specification.group)
    kernel.make_group(specification.group)
    try:
        node = Node(specification, lambda: os.write(ready, said))
        return vm.run(vm.Machine(**specification.machine), node.run)
    finally:
        kernel.remove_group(specification.group)


class Node:
    """The first process of the node."""

    def __init__(self, specification: Specification, ready: Callable[[], object]) -> None:
        self._node, self._ready = specification, ready
        self._environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "LUXIMA_SANDBOX_DIR": os.environ["LUXIMA_SANDBOX_DIR"],
        }
        self._running: dict[int, Daemon] = {}
        self._began: dict[str, float] = {}

    def run(self) -> int:
        """Start everything, then keep it running until told to stop."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD})
        for address in self._node.extra_addresses:
            vm.command("ip", "address", "replace", address, "dev", vm.INTERFACE)
        self._start(self._node.runtime)
        self._wait(self._node.runtime, documents.RUNTIME_SOCKET.is_socket)
        for daemon in self._node.daemons:
            self._start(daemon)
            # In their order: kube-router looks for its node once.
            self._wait(daemon, partial(_well, _HEALTH[daemon.name]))
        self._ready()
        while True:
            number = signal.sigtimedwait({signal.SIGTERM, signal.SIGCHLD}, 1.0)
            if number is not None and number.si_signo == signal.SIGTERM:
                return self._power_off()
            self._revive()

    def _start(self, daemon: Daemon) -> None:
        with (_LOGS / f"{daemon.name}.log").open("ab") as log:
            child = subprocess.Popen(
                daemon.command,
                env=self._environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_unblock,
            )
        child.returncode = 0  # It is reaped with all others.
        self._began[daemon.name] = time.monotonic()
        self._running[child.pid] = daemon

    def _revive(self) -> None:
        """Reap what has ended; start anew what was to go on."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            daemon = self._running.pop(pid, None)
            if daemon is not None:
                _say(f"{daemon.name} ended ({os.waitstatus_to_exitcode(status)}): it is started anew")
                lived = time.monotonic() - self._began[daemon.name]
                time.sleep(_PAUSE_SECONDS if lived < _SHORT_LIFE_SECONDS else _POLL_SECONDS)
                self._start(daemon)

    def _wait(self, daemon: Daemon, answers: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not answers():
            number = signal.sigtimedwait({signal.SIGTERM}, _POLL_SECONDS)
            if number is not None:
                sys.exit(self._power_off())
            if time.monotonic() > deadline:
                raise OSError(
                    f"{daemon.name} does not answer after {_PATIENCE_SECONDS:.0f} s; "
                    f"its log is {self._node.machine['root']}{_LOGS}/{daemon.name}.log"
                )
            self._revive()

    def _power_off(self) -> int:
        """As a machine that is shut down: programs are asked to end, then the rest is ended by the system."""
        own = {"containerd", "kubelet"}
        for pid, daemon in self._running.items():
            if daemon.name == "kubelet":
                os.kill(pid, signal.SIGKILL)
        keep = {pid for pid, daemon in self._running.items() if daemon.name in own}
        asked = [pid for pid in processes() if pid != 1 and pid not in keep and not _is_shim(pid)]
        for pid in asked:
            _signal(pid)
        deadline = time.monotonic() + _POWER_OFF_SECONDS
        while any(_lives(pid) for pid in asked) and time.monotonic() < deadline:
            signal.sigtimedwait({signal.SIGCHLD}, _POLL_SECONDS)
            while _reaped():
                pass
        return 0


def _reaped() -> bool:
    try:
        return os.waitpid(-1, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return False


def _is_shim(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").startswith("containerd")
    except OSError:
        return False


def _lives(pid: int) -> bool:
    stat = read_stat(pid)
    return stat is not None and not stat.dead


def _signal(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return


def _well(port: int) -> bool:
    """Whether a program says that it is well."""
    try:
        with socket.socket() as connection:
            connection.settimeout(2)
            connection.connect(("127.0.0.1", port))
            connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            return connection.recv(64).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False


def _unblock() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGCHLD})


def _say(text: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
