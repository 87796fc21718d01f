"""The stand-in for Coolify's API over HTTP; by itself over TLS, until it is ended.

python -m sandbox.servers.coolify_http --port 8000 --cert C --key K --keys ID,ID --state FILE --token-file T
"""

import argparse
import json
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
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


def main() -> None:
    """Serve what the file has, for the one token."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.servers.coolify_http", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--keys", default="", help="ids of deploy keys, separated by commas")
    for name in ("cert", "key", "state", "token-file"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    given = parser.parse_args()
    token = given.token_file.read_text(encoding="utf-8")
    coolify = Coolify({token: {"read", "write"}}, keys=given.keys.split(","), file=given.state)
    server = serve(coolify, given.host, given.port)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(given.cert, given.key)
    # The handshake is its thread's, so that a silent client keeps nobody waiting.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


if __name__ == "__main__":
    main()
