"""Many users of a gateway at once, over kept TLS connections in one event loop, and what is made of their answers.

`LUXIMA_TRAFFIC=long` makes the scenarios long; without it they go through the same steps with fewer requests.
"""

import asyncio
import math
import os
import ssl
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Final, Self

from tests.e2e.edge.gateway import Gateway
from tests.waiting import wait_for

LONG: Final = os.environ.get("LUXIMA_TRAFFIC") == "long"
LIMIT: Final = {"edge.rate_limit": {"requests_per_second": 1_000_000, "burst": 1_000_000}}
"""All clients of a test share one address, or few."""


def size(short: int, long: int) -> int:
    """A number of the scenario, by its form."""
    return long if LONG else short


def say(sentence: str) -> None:
    """A figure, for `pytest -s` and for the output of a failed test."""
    sys.stdout.write(f"  {sentence}\n")


def interval(hits: int, total: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share, in percent (Wilson)."""
    z = 1.96
    share = hits / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return 100 * (middle - half), 100 * (middle + half)


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    return sorted(values)[min(len(values) - 1, math.ceil(share * len(values)) - 1)]


@dataclass(frozen=True)
class Ask:
    """A request."""

    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    method: str = "GET"
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """What came back, or that nothing did."""

    ask: Ask
    status: int
    """0 when there was no answer."""
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes
    begun: float
    """On the monotonic clock, in seconds; so is `ended`."""
    ended: float
    error: str = ""
    user: int = 0
    place: str = ""
    """Which gateway was asked."""

    @property
    def slot(self) -> str:
        return self.headers.get("x-slot", "")

    @property
    def image(self) -> str:
        return self.headers.get("x-image", "")

    @property
    def seconds(self) -> float:
        return self.ended - self.begun


class _Wire(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.lost = False
        self._got = b""
        self._waiting: asyncio.Future[tuple[int, dict[str, str], bytes]] | None = None
        self._bodiless = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionResetError("closed by the other side"))

    def send(self, message: bytes, *, bodiless: bool) -> "asyncio.Future[tuple[int, dict[str, str], bytes]]":
        assert self.transport is not None
        self._waiting, self._bodiless = asyncio.get_running_loop().create_future(), bodiless
        self.transport.write(message)
        return self._waiting

    def data_received(self, data: bytes) -> None:
        self._got += data
        if self._waiting is None or self._waiting.done():
            return
        head, whole, rest = self._got.partition(b"\r\n\r\n")
        if not whole:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = 0 if self._bodiless else int(headers.get("content-length", 0))
        if len(rest) >= length:
            self._got = rest[length:]
            if headers.get("connection") == "close":
                self.lost = True
            self._waiting.set_result((int(first.split(" ", 2)[1]), headers, rest[:length]))


class Browser:
    """A client with one connection, which it keeps; made anew when it was lost, but no request is repeated."""

    def __init__(self, gateway: Gateway, host: str, *, source: str = "127.0.0.1", port: int = 0) -> None:
        self.gateway, self.host, self._source = gateway, host, source
        self._port = port
        self._context = ssl.create_default_context(cafile=str(gateway.ca))
        self._wire: _Wire | None = None

    async def ask(self, ask: Ask, timeout: float = 30) -> Reply:
        """One request; whatever happens is in the reply."""
        begun = time.monotonic()
        status, headers, body, error = 0, dict[str, str](), b"", ""
        try:
            async with asyncio.timeout(timeout):
                status, headers, body = await self._exchange(ask)
        except (OSError, TimeoutError) as fault:
            error = repr(fault)
            self.close()
        place = self.gateway.slot
        return Reply(ask, status, headers, body, begun, time.monotonic(), error, place=place)

    async def _exchange(self, ask: Ask) -> tuple[int, dict[str, str], bytes]:
        if self._wire is None or self._wire.lost:
            self.close()
            _, self._wire = await asyncio.get_running_loop().create_connection(
                _Wire,
                self.gateway.address,
                self._port or self.gateway.ports["websecure"],
                ssl=self._context,
                server_hostname=self.host,
                local_addr=(self._source, 0),
            )
        lines = [f"{ask.method} {ask.path} HTTP/1.1", f"Host: {self.host}"]
        if ask.body or ask.method not in ("GET", "HEAD"):
            lines.append(f"Content-Length: {len(ask.body)}")
        lines += [f"{name}: {value}" for name, value in ask.headers.items()]
        message = "\r\n".join(lines).encode() + b"\r\n\r\n" + ask.body
        return await self._wire.send(message, bodiless=ask.method == "HEAD")

    def close(self) -> None:
        """Give the connection up."""
        if self._wire is not None and self._wire.transport is not None:
            self._wire.transport.abort()
        self._wire = None


def ask_all(
    gateway: Gateway, host: str, asks: Sequence[Ask], *, connections: int = 8, then: Callable[[], object] | None = None
) -> list[Reply]:
    """All these requests, some at a time; the replies come in their order.

    Args:
        gateway: Who is asked.
        host: The name that is asked for.
        asks: The requests.
        connections: How many at a time.
        then: Called before the connections are closed: Traefik copies no request whose client left before the copy
            was begun.
    """
    replies: dict[int, Reply] = {}
    browsers = [Browser(gateway, host) for _ in range(connections)]

    async def work(first: int) -> None:
        for number in range(first, len(asks), connections):
            replies[number] = await browsers[first].ask(asks[number])

    async def run() -> None:
        await asyncio.gather(*(work(first) for first in range(connections)))
        if then is not None:
            await asyncio.to_thread(then)
        for browser in browsers:
            browser.close()

    asyncio.run(run())
    return [replies[number] for number in range(len(asks))]


class Load:
    """Users that ask again and again while the block lasts, each at its own pace.

    Args:
        gateway: Whom they ask.
        host: Under which name.
        users: How many there are.
        every: Seconds from one request of a user to its next; a slow answer delays the next one.
        what: The request of a user, by the user's number and how many it has made.
        patience: Seconds after which a user gives a request up.
    """

    def __init__(
        self,
        gateway: Gateway,
        host: str,
        *,
        users: int,
        every: float,
        what: Callable[[int, int], Ask] = lambda _user, _number: Ask(),
        patience: float = 30,
    ) -> None:
        self.gateway, self.host, self.users, self.every, self.what = gateway, host, users, every, what
        self.patience = patience
        self.replies: list[Reply] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()), name="load", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.more(2 * self.users)
        except BaseException:
            self._ending.set()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join(60)

    def more(self, count: int, seconds: float = 60) -> None:
        """Wait for so many further replies."""
        wanted = len(self.replies) + count
        wait_for(lambda: len(self.replies) >= wanted, f"{count} more replies", seconds)

    @property
    def failed(self) -> list[Reply]:
        """All that is not a 200."""
        return [reply for reply in list(self.replies) if reply.status != 200]

    async def before(self, user: int, browser: Browser) -> None:
        """What a user does before a request; overridden where users look names up."""

    async def _all(self) -> None:
        await asyncio.gather(*(self._one(user) for user in range(self.users)))

    async def _one(self, user: int) -> None:
        browser, number = Browser(self.gateway, self.host), 0
        await asyncio.sleep(self.every * user / self.users)
        while not self._ending.is_set():
            await self.before(user, browser)
            reply = await browser.ask(self.what(user, number), self.patience)
            self.replies.append(replace(reply, user=user))
            number += 1
            await asyncio.sleep(max(0, reply.begun + self.every - time.monotonic()))
        browser.close()
