"""A service to release: HTTP with keep-alive, health, metrics, and answers that say who gave them.

`python service.py ADDRESS PORT`; the rest is in the environment: SLOT, IMAGE and POD are told in the headers
X-Slot, X-Image and X-Pod; NEVER_READY=1 has /healthz answer 503; FAIL_PERCENT=5 has 5 of 100 requests answered with
500, evenly; SLOW_SECONDS=0.5 has each answer take that long. /healthz and /metrics are never slow and never counted.

On SIGTERM it takes no new connections, answers requests of those that are open with `Connection: close`, closes after
five seconds those that ask nothing, and ends when the last request is answered.
"""

import asyncio
import os
import signal
import sys
from collections import Counter
from urllib.parse import urlsplit

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
LINGER_SECONDS = 5.0


class Service:
    """One process of a service."""

    def __init__(self) -> None:
        env = os.environ
        self.names = {
            "X-Slot": env.get("SLOT", ""),
            "X-Image": env.get("IMAGE", ""),
            "X-Pod": env.get("POD") or env.get("HOSTNAME", ""),
        }
        self.ready = env.get("NEVER_READY", "") in {"", "0"}
        self.fail_percent = float(env.get("FAIL_PERCENT") or 0)
        self.slow_seconds = float(env.get("SLOW_SECONDS") or 0)
        self.codes: Counter[int] = Counter()
        self.buckets: Counter[float] = Counter()
        self.seconds = 0.0
        self.leaving = False
        self.idle: set[asyncio.StreamWriter] = set()
        self.open: set[asyncio.StreamWriter] = set()

    def metrics(self) -> str:
        """What Prometheus reads."""
        lines = ["# TYPE http_requests_total counter"]
        lines += [f'http_requests_total{{code="{code}"}} {count}' for code, count in sorted(self.codes.items())]
        lines.append("# TYPE http_request_duration_seconds histogram")
        total = 0
        for bound in BUCKETS:
            total += self.buckets[bound]
            lines.append(f'http_request_duration_seconds_bucket{{le="{bound}"}} {total}')
        count = sum(self.codes.values())
        lines.append(f'http_request_duration_seconds_bucket{{le="+Inf"}} {count}')
        lines += [f"http_request_duration_seconds_sum {self.seconds}", f"http_request_duration_seconds_count {count}"]
        return "\n".join(lines) + "\n"

    async def answer(self, path: str) -> tuple[int, str]:
        """Status and body of a request."""
        if path == "/healthz":
            return (200, "well\n") if self.ready else (503, "not ready\n")
        if path == "/metrics":
            return 200, self.metrics()
        loop = asyncio.get_running_loop()
        began = loop.time()
        if self.slow_seconds:
            await asyncio.sleep(self.slow_seconds)
        number = sum(self.codes.values())
        fails = int((number + 1) * self.fail_percent / 100) > int(number * self.fail_percent / 100)
        status = 500 if fails else 200
        took = loop.time() - began
        self.codes[status] += 1
        self.seconds += took
        bound = next((bound for bound in BUCKETS if took <= bound), None)
        if bound is not None:
            self.buckets[bound] += 1
        return status, "failed\n" if fails else f"{path}\n"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.open.add(writer)
        try:
            while await self.one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass
        finally:
            self.open.discard(writer)
            self.idle.discard(writer)
            writer.close()

    async def one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; whether another may follow."""
        self.idle.add(writer)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        self.idle.discard(writer)
        method, target, version = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:]) if name}
        if headers.get("transfer-encoding", "").lower() == "chunked":
            while size := int((await reader.readline()).split(b";")[0], 16):
                await reader.readexactly(size + 2)
            await reader.readline()
        else:
            await reader.readexactly(int(headers.get("content-length") or 0))
        status, text = await self.answer(urlsplit(target).path)
        wish = headers.get("connection", "").lower()
        close = self.leaving or wish == "close" or (version == "HTTP/1.0" and wish != "keep-alive")
        body = text.encode()
        fields = {
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Length": str(len(body)),
            "Connection": "close" if close else "keep-alive",
            **self.names,
        }
        reason = {200: "OK", 500: "Internal Server Error", 503: "Service Unavailable"}[status]
        rows = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(f"HTTP/1.1 {status} {reason}\r\n{rows}\r\n".encode() + (b"" if method == "HEAD" else body))
        await writer.drain()
        return not close

    async def run(self, address: str, port: int) -> None:
        """Serve until SIGTERM, and then until the last one has gone."""
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, asked.set)
        server = await asyncio.start_server(self.talk, address, port, backlog=512)
        await asked.wait()
        self.leaving = True
        server.close()
        # Who is connected gets one more answer, which says that the connection ends.
        patience = loop.time() + LINGER_SECONDS
        while self.open and loop.time() < patience:
            await asyncio.sleep(0.05)
        for writer in list(self.idle):
            writer.close()
        while self.open:
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(Service().run(sys.argv[1], int(sys.argv[2])))
