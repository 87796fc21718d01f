"""Continuous load through one address: clients that keep their connections, and fresh connections besides."""

import asyncio
import threading
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

_PAUSE_SECONDS = 0.02


@dataclass
class Load:
    """Runs in a thread of its own until left."""

    address: tuple[str, int]
    keeping: int = 6
    fresh: int = 3
    images: Counter[str] = field(default_factory=Counter[str])
    """Answers by the image that gave them."""
    statuses: Counter[int] = field(default_factory=Counter[int])
    lost: list[str] = field(default_factory=list[str])
    """What happened to each request that got no answer."""
    reconnects: int = 0
    """Times that a keeping client was told that its connection ends."""

    def __post_init__(self) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join(30)
        assert not self._thread.is_alive()

    @property
    def answered(self) -> int:
        """Number of answers."""
        return self.statuses.total()

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(self.keeping + self.fresh):
                group.create_task(self._client(keep=number < self.keeping))

    async def _client(self, *, keep: bool) -> None:
        stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        loop = asyncio.get_running_loop()
        last = loop.time()
        while not self._stopped.is_set():
            idle = loop.time() - last
            try:
                async with asyncio.timeout(10):
                    stream = stream or await asyncio.open_connection(*self.address)
                    headers = await self._request(*stream, keep=keep)
                if headers.get("connection") == "close":
                    self.reconnects += keep
                    stream[1].close()
                    stream = None
            except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
                what = (
                    f"{'kept' if keep else 'fresh'}, silent for {idle:.2f} s, {loop.time() - last:.2f} s ago answered"
                )
                self.lost.append(f"{what}: {type(error).__name__} {error}")
                if stream is not None:
                    stream[1].close()
                stream = None
            last = loop.time()
            await asyncio.sleep(_PAUSE_SECONDS)
        if stream is not None:
            stream[1].close()

    async def _request(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, keep: bool
    ) -> dict[str, str]:
        connection = "keep-alive" if keep else "close"
        writer.write(f"GET /work HTTP/1.1\r\nHost: api\r\nConnection: {connection}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:]) if name}
        await reader.readexactly(int(headers["content-length"]))
        self.statuses[int(head[0].split()[1])] += 1
        self.images[headers["x-image"]] += 1
        return headers
