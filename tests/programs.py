"""Programs that tests run: ports for them to listen on, and their end."""

import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sandbox.ports import free

_HOST = "127.0.0.1"


def free_port(*, datagrams: bool = False) -> int:
    """A port of loopback on which nobody listens, by TCP; with `datagrams` by UDP neither."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port = int(probe.getsockname()[1])
    return port if not datagrams or free(port, _HOST, datagrams=True) else free_port(datagrams=True)


def start(command: Sequence[str | Path], log: Path) -> subprocess.Popen[bytes]:
    """Run a program; all that it says goes to `log`."""
    with log.open("wb") as output:
        return subprocess.Popen(command, stdout=output, stderr=output)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a program to end, and end it if it does not within 20 s."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
