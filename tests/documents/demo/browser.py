"""Debian's Chromium without a window, told what to do over a pipe, by the protocol of its developer tools."""

import json
import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools import ensure


class Browser:
    """One page."""

    def __init__(self, reads: int, writes: int) -> None:
        self._reads, self._writes = os.fdopen(reads, "rb"), os.fdopen(writes, "wb", buffering=0)
        self._count, self._session = 0, ""
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Have something done; what happens meanwhile is kept in `events`."""
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._writes.write(json.dumps(message).encode() + b"\0")
        while (said := self._next()).get("id") != self._count:
            self.events.append(said)
        assert "error" not in said, said
        return said["result"]

    def _next(self) -> dict[str, Any]:
        found = bytearray()
        while (byte := self._reads.read(1)) != b"\0":
            assert byte, "the browser is gone"
            found += byte
        return json.loads(found)

    def open(self, url: str) -> None:
        """Open a page and wait until it is loaded."""
        target = self.call("Target.createTarget", url="about:blank", width=1000, height=900)["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.call("Page.navigate", url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def value(self, expression: str) -> Any:
        """Of an expression of JavaScript in the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def seen(self, method: str) -> list[dict[str, Any]]:
        """What happened of a kind."""
        return [event["params"] for event in self.events if event.get("method") == method]


@contextmanager
def browser(folder: Path) -> Generator[Browser]:
    """A browser that keeps its own in `folder`, and is ended with the block."""
    program = ensure("chromium-headless-shell")["chromium-headless-shell"]
    its_reads, writes = os.pipe()
    reads, its_writes = os.pipe()
    # It reads from 3 and writes to 4; its own sandbox needs what a container does not give.
    script = f'exec "$0" "$@" 3<&{its_reads} 4>&{its_writes}'
    arguments = (
        "--no-sandbox",
        "--remote-debugging-pipe",
        f"--user-data-dir={folder}",
        "--disable-background-networking",
    )
    with subprocess.Popen(
        ["bash", "-c", script, str(program), *arguments],
        pass_fds=(its_reads, its_writes),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(its_reads)
        os.close(its_writes)
        try:
            yield Browser(reads, writes)
        finally:
            process.terminate()
