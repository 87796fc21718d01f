"""What is scraped: exporters with a few series, and a service that emits the contract's metrics."""

import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self

_BUCKETS: Final = ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf")


class Server(ThreadingHTTPServer):
    """A server that does not mind when a program ends in the midst of a request."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@dataclass
class Target:
    """Something with metrics, at a port of its own."""

    series: dict[str, float] = field(default_factory=dict[str, float])
    """Value by series, as the text format writes it."""
    up: bool = True
    """Whether it answers."""

    def __enter__(self) -> Self:
        target = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                text = target.text().encode() if target.up else b""
                self.send_response(200 if target.up else 503)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def text(self) -> str:
        """The answer to a scrape."""
        return "".join(f"{name} {value}\n" for name, value in self.series.items())


@dataclass
class Service(Target):
    """A service of two tenants that is asked all the time; its counters grow as time passes."""

    requests_per_second: float = 40
    failing: float = 0
    """Share of the requests that get an answer of class 5xx."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._counted = time.monotonic()
        self._good, self._bad = 0.0, 0.0

    def fail(self, share: float) -> None:
        """From now on this share of the requests fails."""
        with self._lock:
            self._count()
            self.failing = share

    def text(self) -> str:
        """The contract's metrics and those of `series`."""
        with self._lock:
            self._count()
            good, bad = self._good, self._bad
        request = 'method="GET",route="/orders"'
        lines = {
            f'http_requests_total{{{request},code="{code}",tenant_id="tenant_00{tenant}"}}': count / 2
            for tenant in (1, 2)
            for code, count in (("200", good), ("500", bad))
        }
        for bound in _BUCKETS:
            fast = 0 if bound in {"0.005", "0.01"} else good + bad
            lines[f'http_request_duration_seconds_bucket{{{request},le="{bound}"}}'] = fast
        lines[f"http_request_duration_seconds_sum{{{request}}}"] = 0.02 * (good + bad)
        lines[f"http_request_duration_seconds_count{{{request}}}"] = good + bad
        lines['logins_total{result="success",tenant_id="tenant_001"}'] = good / 10
        lines["active_tenants"] = 2
        return super().text() + "".join(f"{name} {value}\n" for name, value in lines.items())

    def _count(self) -> None:
        now = time.monotonic()
        requests = (now - self._counted) * self.requests_per_second
        self._counted = now
        self._bad += requests * self.failing
        self._good += requests * (1 - self.failing)
