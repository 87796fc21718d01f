"""A service as a gateway sees it: says what it received and who it is, and can be slow, ill, wrong or gone."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.programs import free_port


@dataclass(frozen=True)
class Received:
    """A request that came in, whole."""

    method: str
    target: str
    """Path and query."""
    headers: dict[str, str]
    """By name in lower case; of several with one name the last."""
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass
class Behaviour:
    """What it does; changed while it runs."""

    healthy: bool = True
    """Whether /healthz answers 200."""
    status: int = 200
    """Status of all other answers."""
    delay_seconds: float = 0
    """Time until an answer."""
    hangs: bool = False
    """Whether requests but /healthz get no answer at all, until this is false again."""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    """More headers of each answer."""
    keeps: bool = False
    """Whether `received` keeps the requests; they are counted all the same."""


class Backend:
    """A server on loopback, in a thread of its own.

    Answers JSON: `{"name", "image", "method", "path", "headers", "body_bytes"}`; headers X-Slot (its name), X-Image and
    X-Pod. `?sleep=SECONDS` delays one answer; `?size=BYTES` makes it longer; `?chunks=N&every=SECONDS` streams lines.
    """

    def __init__(self, name: str, image: str = "image-1", address: str = "127.0.0.1") -> None:
        self.name, self.image, self.address = name, image, address
        self.behaviour = Behaviour()
        self.received: list[Received] = []
        self.counts: Counter[str] = Counter()
        """Requests by path; also `total`, without health checks."""
        self.port = 0
        self._gone = True
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"backend-{name}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def url(self) -> str:
        return f"http://{self.address}:{self.port}"

    @property
    def total(self) -> int:
        """Requests so far, without health checks."""
        return self.counts["total"]

    def start(self) -> None:
        """Listen; on the same port as before."""
        self._gone = False
        self._run(self._listen())

    def stop(self) -> None:
        """Be gone at once: the listener and all connections, as when a machine dies."""
        self._run(self._close())

    def _run(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(60)

    async def _listen(self) -> None:
        # Not one for outgoing connections: while this is stopped, a client might get it.
        self.port = self.port or free_port()
        self._server = await asyncio.start_server(self._connected, self.address, self.port, backlog=1024)

    async def _close(self) -> None:
        self._gone = True
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._gone:
            # Accepted a moment before: it has not been among those to close.
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            while (request := await _read(reader)) is not None:
                await self._answer(request, writer, reader)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)
            writer.transport.abort()

    async def _answer(self, request: Received, writer: asyncio.StreamWriter, reader: asyncio.StreamReader) -> None:
        behaviour = self.behaviour
        self.counts[request.path] += 1
        if request.path == "/healthz":
            _write(writer, 200 if behaviour.healthy else 503, {}, b"{}")
            return
        self.counts["total"] += 1
        if behaviour.keeps:
            self.received.append(request)
        query = {key: values[-1] for key, values in parse_qs(urlsplit(request.target).query).items()}
        while behaviour.hangs:
            # Thousands may wait here: they are not to take the processor from those who are measured.
            await asyncio.sleep(0.5)
            if reader.at_eof():
                raise ConnectionResetError("given up by the other side")
        delay = behaviour.delay_seconds + float(query.get("sleep", 0))
        if delay:
            await asyncio.sleep(delay)
        headers = {"X-Slot": self.name, "X-Image": self.image, "X-Pod": f"{self.name}-0", **behaviour.headers}
        if "chunks" in query:
            await _stream(writer, headers, int(query["chunks"]), float(query.get("every", 0)))
            return
        body = json.dumps(
            {
                "name": self.name,
                "image": self.image,
                "method": request.method,
                "path": request.target,
                "headers": request.headers,
                "body_bytes": len(request.body),
                "padding": "x" * int(query.get("size", 0)),
            }
        ).encode()
        _write(writer, behaviour.status, headers, b"" if request.method == "HEAD" else body)
        await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Received | None:
    """The next request of a connection; None at its end."""
    head = await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b""
    if not head:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(method, target, headers, body)


def _write(writer: asyncio.StreamWriter, status: int, headers: dict[str, str], body: bytes) -> None:
    lines = [f"HTTP/1.1 {status} Answer", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    # In one piece, so that nobody waits for an acknowledgement in between.
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


async def _stream(writer: asyncio.StreamWriter, headers: dict[str, str], chunks: int, every: float) -> None:
    lines = ["HTTP/1.1 200 Answer", "Content-Type: text/event-stream", "Transfer-Encoding: chunked"]
    writer.write("\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items())]).encode() + b"\r\n\r\n")
    for number in range(chunks):
        event = f"data: {number}\n\n".encode()
        writer.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
        await writer.drain()
        await asyncio.sleep(every)
    writer.write(b"0\r\n\r\n")
    await writer.drain()
