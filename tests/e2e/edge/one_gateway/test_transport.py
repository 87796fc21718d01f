"""How clients reach a gateway: HTTPS alone, current TLS, bodies, streams, upgrades, and not without end."""

import http.client
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.edge.backends import Backend
from tests.e2e.edge.clients import Client, ask
from tests.e2e.edge.gateway import Gateway, stack_with
from tests.e2e.edge.one_gateway.place import Place
from tests.e2e.edge.shop import DOMAIN, EDITS, TRUSTED

pytestmark = pytest.mark.needs_tools


def plain(gateway: Gateway, host: str, path: str, method: str = "GET") -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(gateway.address, gateway.ports["web"], timeout=10)
    connection.request(method, path, headers={"Host": host})
    return connection.getresponse()


@pytest.mark.parametrize(("method", "status"), [("GET", 301), ("POST", 308)])
@pytest.mark.parametrize("host", [DOMAIN, f"admin.{DOMAIN}", "unknown.invalid"])
def test_plain_http_leads_to_https_and_to_nothing_else(place: Place, method: str, status: int, host: str) -> None:
    before = place.storefront.total + place.admin.total
    answer = plain(place.gateway, host, "/cart?id=1", method)
    assert (answer.status, answer.headers["Location"]) == (status, f"https://{host}/cart?id=1")
    assert place.storefront.total + place.admin.total == before


def handshake(gateway: Gateway, host: str, version: ssl.TLSVersion) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(gateway.ca))
    # Old versions only come with ciphers that OpenSSL has switched off: the refusal has to be the server's.
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    raw = socket.create_connection((gateway.address, gateway.ports["websecure"]), 10)
    return context.wrap_socket(raw, server_hostname=host)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_is_refused(place: Place, version: ssl.TLSVersion) -> None:
    with pytest.raises(ssl.SSLError, match="TLSV1_ALERT_PROTOCOL_VERSION"):
        handshake(place.gateway, DOMAIN, version)


@pytest.mark.parametrize(
    ("version", "name"), [(ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")]
)
def test_current_tls_and_http2_are_spoken(place: Place, version: ssl.TLSVersion, name: str) -> None:
    with handshake(place.gateway, DOMAIN, version) as connection:
        assert (connection.version(), connection.selected_alpn_protocol()) == (name, "h2")


def test_a_name_without_a_certificate_gets_none(place: Place) -> None:
    with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
        handshake(place.gateway, "example.com", ssl.TLSVersion.TLSv1_3)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_has_a_largest_size(place: Place, chunked: bool) -> None:
    def body(size: int) -> Any:
        return iter([b"x" * 65536] * (size // 65536)) if chunked else b"x" * size

    place.storefront.received.clear()
    place.storefront.behaviour.keeps = True
    fits = ask(place.gateway, DOMAIN, method="POST", body=body(1 << 20))
    assert (fits.status, fits.json()["body_bytes"]) == (200, 1 << 20)
    answer = ask(place.gateway, DOMAIN, method="POST", body=body((1 << 20) + 65536))
    assert answer.status == 413
    assert "x-request-id" in answer.headers
    place.storefront.behaviour.keeps = False
    assert [len(each.body) for each in place.storefront.received] == [1 << 20]


def test_a_streamed_answer_is_not_kept_back(place: Place) -> None:
    # The whole answer takes 20 s; nothing may take longer than 8 s.
    with Client(place.gateway, DOMAIN, timeout=8) as client:
        client.request("GET", "/events?chunks=200&every=0.1")
        response = client.getresponse()
        assert response.readline() == b"data: 0\n"


def test_a_connection_can_be_upgraded(place: Place) -> None:
    """As browsers do for WebSockets: after the answer 101, bytes go both ways."""

    def echo() -> None:
        with place.echo.accept()[0] as peer, peer.makefile("rwb") as stream:
            while stream.readline() != b"\r\n":
                pass
            stream.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            stream.flush()
            stream.write(stream.readline().upper())

    server = threading.Thread(target=echo, daemon=True)
    server.start()
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw=="}
    with Client(place.gateway, "grafana.luxima.id", source=TRUSTED) as client:
        client.request("GET", "/api/live/ws", headers=upgrade)
        with client.sock.makefile("rwb") as stream:
            assert stream.readline() == b"HTTP/1.1 101 Switching Protocols\r\n"
            while stream.readline() != b"\r\n":
                pass
            stream.write(b"hello\n")
            stream.flush()
            assert stream.readline() == b"HELLO\n"
    server.join(20)


def test_one_address_may_not_ask_without_end_and_others_do_not_notice(tmp_path: Path) -> None:
    limited = {**EDITS, "edge.rate_limit": {"requests_per_second": 1, "burst": 5}}
    settings = stack_with(tmp_path / "settings", limited)
    with Backend("blue") as backend:
        urls = {"http://storefront-blue.commerce.svc:3000": backend.url}
        with Gateway(settings, tmp_path / "gateway", urls=urls) as gateway, Client(gateway, DOMAIN) as client:
            begun = time.monotonic()
            statuses = [client.ask("/").status for _ in range(15)]
            assert statuses[:5] == [200] * 5
            # One more each second.
            assert statuses.count(200) <= 5 + 1 + (time.monotonic() - begun)
            refused = next(answer for answer in iter(lambda: client.ask("/"), None) if answer.status == 429)
            assert {"x-request-id", "strict-transport-security", "retry-after"} <= refused.headers.keys()
            assert ask(gateway, DOMAIN, source="127.0.0.3").status == 200
