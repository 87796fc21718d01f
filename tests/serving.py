"""Small web servers on loopback, in the place of what a program talks to."""

import ssl
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Asked:
    """A request."""

    path: str
    """Path and query."""
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What is answered."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class _Server(ThreadingHTTPServer):
    """A server that does not mind when a program ends in the midst of a request."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Serving:
    """Answers GET and POST at a port of its own while it is entered."""

    address: str
    """`127.0.0.1:PORT`."""
    url: str
    """The same with its scheme."""
    context: ssl.SSLContext | None = None
    """What it shows to whom it speaks TLS with; None for plain HTTP."""

    def answer(self, asked: Asked) -> Answer:
        """What a request gets."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        serving = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = serving.answer(Asked(self.path, headers, body))
                self.send_response(answer.status)
                for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)

            do_POST = do_GET  # noqa: N815 - the library's name

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        if self.context is not None:
            self._server.socket = self.context.wrap_socket(self._server.socket, server_side=True)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"{'https' if self.context else 'http'}://{self.address}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
