"""Stands for the two gateways of a stack whose pods are simulated: TLS by name, and the routing that is in the cluster.

It answers 200 for the version that the ConfigMap of a gateway really holds, so that a release waits for what the
engine did and for nothing that the release says of itself.
"""

import http.server
import json
import re
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from settings import Settings
from settings.values import Slot
from tests.e2e.edge.authority import Authority

_VERSION = re.compile(r"/\.well-known/luxima/routing/([0-9a-f]{12})")

Routing = Callable[[Slot], str]
"""The text of a gateway's routing document in the cluster."""


class Gateways(http.server.ThreadingHTTPServer):
    """Both gateways, told apart by the slot in the host's name."""

    routing: Routing
    ill: set[Slot]
    """Slots that answer 500."""


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server, host = self.server, str(self.headers["Host"])
        assert isinstance(server, Gateways)
        slot: Slot = "green" if host.split(".")[0].endswith("-green") else "blue"
        asked = _VERSION.fullmatch(self.path)
        if asked is not None:
            status = 200 if asked[0] in server.routing(slot) else 404
        else:
            status = 500 if slot in server.ill else 200
        self.send_response(status)
        for name, value in {"X-Slot": slot, "Content-Length": "0", "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@contextmanager
def gateways(settings: Settings, folder: Path, routing: Routing) -> Generator[tuple[Gateways, list[str]]]:
    """Run them; gives the options with which the release tool finds and trusts them."""
    folder.mkdir(parents=True, exist_ok=True)
    authority, domain = Authority(), settings.environment.domain
    chain, key = authority.certificate(domain, f"*.{domain}")
    (folder / "chain.pem").write_bytes(chain + key)
    (folder / "ca.pem").write_bytes(authority.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem")
    server = Gateways(("127.0.0.1", 0), _Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.routing, server.ill = routing, set()
    here = f"127.0.0.1:{server.server_address[1]}"
    addresses = {f"{gateway.address}:443": here for gateway in settings.edge.gateways.values()}
    (folder / "addresses.json").write_text(json.dumps(addresses), encoding="utf-8")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        options = ["--addresses", str(folder / "addresses.json"), "--ca-bundle", str(folder / "ca.pem")]
        yield server, options
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
