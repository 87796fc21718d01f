"""The gate of a stack's own network: makes it, holds it, and leads connections into it.

`python -m sandbox.machine.gate --plan FILE --ready FILE --join FILE`. The network is a namespace without a way out. It
is gone when this process and everything else in it have ended; nothing of it is to be cleaned up.
"""

import argparse
import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import cast

from sandbox.machine import kernel
from sandbox.machine.plan import BRIDGE, Door, parse
from sandbox.process import announce

_CHUNK = 65_536
_ANSWER_SECONDS = 5.0


def main(arguments: list[str]) -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.machine.gate")
    parser.add_argument("--plan", type=Path, required=True, help="the network, as JSON")
    parser.add_argument("--ready", type=Path, required=True, help="written when every door is open")
    parser.add_argument(
        "--join", type=Path, required=True, help="has the id of a process in the network, if there is one"
    )
    options = parser.parse_args(arguments)
    plan = parse(options.plan.read_text(encoding="utf-8"))
    opened = [(door, _listening(door)) for door in plan.doors if door.outside]
    inside = options.join.read_text(encoding="ascii")
    if inside:
        before = kernel.network_of("self")
        kernel.join_network(int(inside))
        if kernel.network_of("self") == before:
            raise OSError(f"process {inside} is not in the stack's network")
    else:
        kernel.unshare(kernel.NEW_NETWORK)
    _furnish(plan.addresses)
    opened += [(door, _listening(door)) for door in plan.doors if not door.outside]
    asyncio.run(_serve(opened, partial(announce, options.ready)))
    return 0


def _furnish(addresses: Sequence[str]) -> None:
    """Loopback, and a bridge that carries the addresses; no route leads anywhere else."""
    kernel.ip("link", "set", "lo", "up")
    kernel.ip("link", "add", BRIDGE, "type", "bridge", tolerate="File exists")
    kernel.ip("link", "set", BRIDGE, "up")
    for address in addresses:
        kernel.ip("address", "replace", address, "dev", BRIDGE)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1", encoding="ascii")


def _listening(door: Door) -> tuple[socket.socket, socket.socket | None]:
    host, _, port = door.listen.rpartition(":")
    stream = socket.create_server((host, int(port)), backlog=512)
    datagram = None
    if door.datagrams:
        datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagram.bind((host, int(port)))
        datagram.setblocking(False)
    return stream, datagram


async def _serve(
    opened: list[tuple[Door, tuple[socket.socket, socket.socket | None]]], announce: Callable[[], None]
) -> None:
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    for door, (stream, datagram) in opened:
        host, _, port = door.to.rpartition(":")
        await asyncio.start_server(partial(_lead, host, int(port)), sock=stream, limit=_CHUNK)
        if datagram is not None:
            await loop.create_datagram_endpoint(partial(_Questions, (host, int(port))), sock=datagram)
    announce()
    await stopped.wait()


async def _lead(host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, both ways; who is not answered inside is not answered outside."""
    try:
        inner_reader, inner_writer = await asyncio.open_connection(host, port, limit=_CHUNK)
    except OSError:
        writer.transport.abort()
        return
    pair = (writer, inner_writer)
    await asyncio.gather(_copy(reader, inner_writer, pair), _copy(inner_reader, writer, pair))
    for each in pair:
        each.close()


async def _copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pair: tuple[asyncio.StreamWriter, ...]
) -> None:
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        # A side that is gone takes the other along.
        for each in pair:
            each.transport.abort()


class _Questions(asyncio.DatagramProtocol):
    """Questions by UDP, each with a socket of its own inside, so that the answer finds its way back."""

    def __init__(self, to: tuple[str, int]) -> None:
        self._to = to
        self._asked: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        task = asyncio.get_running_loop().create_task(self._ask(data, addr))
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def _ask(self, data: bytes, addr: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inner, contextlib.suppress(OSError, TimeoutError):
            inner.setblocking(False)
            inner.connect(self._to)
            await loop.sock_sendall(inner, data)
            answer = await asyncio.wait_for(loop.sock_recv(inner, _CHUNK), _ANSWER_SECONDS)
            self._transport.sendto(answer, addr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
