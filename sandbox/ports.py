"""Ports on loopback: free ones, remembered per stack, so that endpoints stay the same across `down` and `up`.

They are taken from below the system's range for outgoing connections: a port that was given back by `down` is then not
taken by the next browser tab. Between its choice and the start of its server a port is claimed by name, so that two
checkouts that start at the same time do not choose the same.
"""

import errno
import json
import os
import random
import socket
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.faults import SandboxError

_LOWEST = 15_000


@dataclass(frozen=True)
class Wanted:
    """A port that a server listens on."""

    name: str
    """What it is for, as messages say it; the key under which it is remembered."""
    host: str = "127.0.0.1"
    datagrams: bool = False
    """UDP as well as TCP."""
    published: bool = True
    """Whether the stack's state refers to it; such a port cannot be changed while the stack has resources."""


def free(port: int, host: str = "127.0.0.1", *, datagrams: bool = False) -> bool:
    """Whether a server could listen there now."""
    kinds = [socket.SOCK_STREAM, *([socket.SOCK_DGRAM] if datagrams else [])]
    for kind in kinds:
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                # As servers do: connections of a server that has just ended do not count.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                    return False
                raise SandboxError(f"{host} cannot be listened on: {error.strerror}") from error
    return True


def holder(port: int) -> str:
    """Who listens on a port, as far as this user may see."""
    import psutil

    for connection in psutil.net_connections("inet"):
        if connection.laddr and connection.laddr.port == port and connection.status in {"LISTEN", "NONE"}:
            if connection.pid is None:
                break
            try:
                return f"{psutil.Process(connection.pid).name()}, pid {connection.pid}"
            except psutil.Error:
                return f"pid {connection.pid}"
    return "a process that this user may not see"


def assign(
    path: Path, wanted: Iterable[Wanted], running: set[str], others: Iterable[Path], *, pinned: bool
) -> tuple[dict[str, int], list[str]]:
    """Give every server its port: the remembered one, or a free one that is remembered from now on.

    Args:
        path: Where the stack's ports are remembered.
        wanted: The ports that are needed.
        running: Names of ports that are in use by this stack's own running servers.
        others: The files of the other stacks: their ports are left alone even while they are down.
        pinned: Whether the stack has resources whose state refers to its published ports.

    Returns:
        The ports by name, and a sentence for each that had to change.

    Raises:
        SandboxError: When a published port is taken by somebody else and the stack has resources.
    """
    remembered = read(path)
    reserved = {port for other in others for port in read(other).values()} | set(remembered.values())
    given: dict[str, int] = dict(remembered)
    notices: list[str] = []
    for want in wanted:
        port = remembered.get(want.name)
        if port is not None:
            if want.name in running or free(port, want.host, datagrams=want.datagrams):
                continue
            if want.published and pinned:
                raise SandboxError(
                    f"port {port} of the {want.name} server is in use by {holder(port)}, and the stack's resources "
                    f"were made through it; end that process and run it again, or start anew: make clean, make up"
                )
        fresh = choose(want, reserved)
        reserved.add(fresh)
        if port is not None:
            notices.append(f"port {port} of the {want.name} server is in use by {holder(port)}: it gets {fresh}")
        given[want.name] = fresh
    if given != remembered:
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps(given, indent=1), encoding="utf-8")
        temporary.replace(path)
    return given, notices


def read(path: Path) -> dict[str, int]:
    """The remembered ports; none when there is no file or it is damaged."""
    try:
        content: Mapping[str, int] = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): int(port) for name, port in content.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def choose(want: Wanted, reserved: Collection[int] = ()) -> int:
    """A free port that nobody else chooses while this process runs.

    Args:
        want: What it is for.
        reserved: Ports to leave alone.

    Raises:
        SandboxError: When none is found.
    """
    highest = _lowest_outgoing()
    for _ in range(500):
        port = random.randrange(_LOWEST, highest)  # noqa: S311 - spread, not secrecy
        if port not in reserved and free(port, want.host, datagrams=want.datagrams) and _claim(port):
            return port
    raise SandboxError(f"no free port between {_LOWEST} and {highest} for the {want.name} server")


_CLAIMS: list[socket.socket] = []


def _claim(port: int) -> bool:
    """Take the port's name, a socket without a file that the system gives back when this process ends."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0luxima-port-{port}")
    except OSError:
        claim.close()
        return False
    _CLAIMS.append(claim)
    return True


def _lowest_outgoing() -> int:
    """Where the system's range for outgoing connections begins."""
    try:
        lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return 32_768
    return lowest if lowest > _LOWEST + 2_000 else 32_768
