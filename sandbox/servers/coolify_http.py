"""The stand-in for Coolify's API over HTTP."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sandbox.servers.coolify_api import Coolify


def serve(coolify: Coolify, host: str = "127.0.0.1", port: int = 0) -> ThreadingHTTPServer:
    """A server, which listens and does not answer yet: call its `serve_forever`."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                body: Any = json.loads(content) if content else None
            except ValueError:
                body = None
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            path = self.path.removeprefix("/api/v1")
            status, answer, headers = coolify.answer(self.command, path, token, body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {
                **headers,
                "Content-Type": "application/json",
                "Content-Length": str(len(data)),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - the base class' names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class' name
            """Say nothing: a request may hold a secret."""

    return ThreadingHTTPServer((host, port), Handler)
