"""A Service's address: each new connection goes to the next ready pod, in bytes, as kube-proxy balances them.

The pod sees the client's own address, because everything on loopback may be bound to.
"""

import asyncio
import socket

Address = tuple[str, int]
_BIND_ADDRESS_NO_PORT = 24
"""IP_BIND_ADDRESS_NO_PORT: the port is chosen when it connects, so that one source address serves any number."""
_CONNECT_SECONDS = 5


class Proxy:
    """One port of one Service."""

    def __init__(self) -> None:
        self.backends: list[Address] = []
        """Where new connections go; those that are open stay where they are."""
        self._next = 0
        self._servers: dict[str, asyncio.Server] = {}
        self._open: set[_Side] = set()
        self._connecting: set[asyncio.Task[None]] = set()

    async def listen(self, host: str, listener: socket.socket) -> int:
        """Serve an address too; gives its port."""
        loop = asyncio.get_running_loop()
        self._servers[host] = await loop.create_server(lambda: _Side(self, client=True), sock=listener, backlog=512)
        return int(listener.getsockname()[1])

    def leave(self, host: str) -> None:
        """Do not serve an address any longer."""
        self._servers.pop(host).close()

    def close(self) -> None:
        """Serve nothing any longer and cut what is open."""
        for host in list(self._servers):
            self.leave(host)
        for side in list(self._open):
            side.abort()

    def pick(self) -> Address | None:
        """The backend of the next connection; None when nobody is there."""
        if not self.backends:
            return None
        self._next = (self._next + 1) % len(self.backends)
        return self.backends[self._next]

    def opened(self, client: "_Side") -> None:
        """A client has connected."""
        self._open.add(client)
        task = asyncio.create_task(self._connect(client))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    def closed(self, side: "_Side") -> None:
        """A side is gone."""
        self._open.discard(side)

    async def _connect(self, client: "_Side") -> None:
        target = self.pick()
        if target is None:
            client.abort()
            return
        loop = asyncio.get_running_loop()
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.setblocking(False)
        try:
            made.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)
            made.bind((client.source(), 0))
            async with asyncio.timeout(_CONNECT_SECONDS):
                await loop.sock_connect(made, target)
            _, pod = await loop.create_connection(lambda: _Side(self, client=False), sock=made)
        except (OSError, TimeoutError):
            made.close()
            client.abort()
            return
        self._open.add(pod)
        client.meet(pod)
        pod.meet(client)


class _Side(asyncio.Protocol):
    """One end of a connection through the proxy; what comes in goes out at the other end."""

    def __init__(self, proxy: Proxy, *, client: bool) -> None:
        self._proxy = proxy
        self._client = client
        self._transport: asyncio.Transport | None = None
        self._other: _Side | None = None
        self._finished = False
        self._lost = False

    def source(self) -> str:
        """The address at the far end."""
        return str(self._transport.get_extra_info("peername")[0]) if self._transport else "127.0.0.1"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a stream server gives
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Nothing is read before there is somebody to give it to.
        transport.pause_reading()
        if self._client:
            self._proxy.opened(self)

    def meet(self, other: "_Side") -> None:
        """The other end is there."""
        self._other = other
        if self._lost:
            other.finish()
        else:
            self.read(going=True)

    def data_received(self, data: bytes) -> None:
        if self._other is not None:
            self._other.send(data)

    def send(self, data: bytes) -> None:
        """To the far end."""
        if self._transport is not None:
            self._transport.write(data)

    def eof_received(self) -> bool:
        self._finished = True
        other = self._other
        if other is None:
            return False
        if other._finished:
            other.finish()
            return False
        other.send_eof()
        return True

    def send_eof(self) -> None:
        """The other end has no more to say, but may still listen."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()

    def pause_writing(self) -> None:
        if self._other is not None:
            self._other.read(going=False)

    def resume_writing(self) -> None:
        if self._other is not None:
            self._other.read(going=True)

    def read(self, *, going: bool) -> None:
        """Whether to read on: the other end may be slower."""
        if self._transport is not None and not self._transport.is_closing() and not self._finished:
            (self._transport.resume_reading if going else self._transport.pause_reading)()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._proxy.closed(self)
        if self._other is not None:
            if exc is not None:
                self._other.abort()
            else:
                self._other.finish()

    def finish(self) -> None:
        """Send what is left, then close."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once: the far end sees a reset."""
        if self._transport is None or self._transport.is_closing():
            return
        made = self._transport.get_extra_info("socket")
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self._transport.abort()
