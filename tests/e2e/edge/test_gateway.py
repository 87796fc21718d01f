"""What a gateway lets in, adds, counts and writes down: its generated documents in a real Traefik, real clients."""

import gzip
import http.client
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.observability import log_agent
from components.observability.prometheus.targets import GATEWAYS_DROPPED
from components.routing.document import VERSION_PATH, version
from components.routing.middlewares import REMOVED
from settings.capacity.series import PER_ANSWER, PER_BACKEND_ANSWER
from tests.documents.log_agent.promtail import run
from tests.e2e.edge.backends import Backend
from tests.e2e.edge.clients import Client, ask
from tests.e2e.edge.gateway import MACHINES, Gateway, stack_with
from tests.waiting import wait_for

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(180)]

DOMAIN = "acehcommerce.id"
TRUSTED, STRANGER = "127.0.0.2", "127.0.0.1"
UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
PLANTED = "planted"
TRAEFIK_S_OWN = (
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Proto",
    "X-Forwarded-Server",
    "X-Forwarded-Uri",
    "X-Forwarded-Method",
    "X-Forwarded-Prefix",
    "X-Forwarded-Tls-Client-Cert",
    "X-Forwarded-Tls-Client-Cert-Info",
    "X-Real-Ip",
)
"""What Traefik believes of a proxy before it; there is none."""
OF_PROXIES = (
    *("X-User-Id", "X-User-Email", "X-User-Roles", "X-Webauth-User", "X-Webauth-Role", "X-Forwarded-User"),
    *("X-Forwarded-Groups", "X-Forwarded-Access-Token", "X-Forwarded-Client-Cert", "X-Forwarded", "Forwarded-For"),
    *("X-Auth-Request-User", "X-Authenticated-User", "X-Credential-Identifier", "X-Consumer-Username"),
    *(
        "Remote-User",
        "X-Remote-User",
        "X-Amzn-Oidc-Identity",
        "X-Goog-Authenticated-User-Email",
        "X-Goog-Iap-Jwt-Assertion",
    ),
    *(
        "X-Ms-Client-Principal",
        "Cf-Access-Jwt-Assertion",
        "Cf-Connecting-Ip",
        "Ssl-Client-Subject",
        "X-Ssl-Client-Verify",
    ),
    *("Client-Cert", "X-Client-Cert", "X-Client-Ip", "True-Client-Ip", "Proxy-Client-Ip", "Wl-Proxy-Client-Ip"),
    *("Fly-Client-Ip", "X-Appengine-User-Ip", "X-Envoy-External-Address", "X-Original-Forwarded-For", "X-Original-Url"),
    *("X-Original-Method", "X-Rewrite-Url", "X-Middleware-Subrequest", "X-Forwarded-Path", "Front-End-Https"),
    *("Baggage", "B3", "X-B3-Traceid"),
)
"""What services and frameworks believe of proxies of all kinds."""
INSIDE_HOSTS = [
    f"admin.{DOMAIN}",
    f"storefront-blue.{DOMAIN}",
    "grafana.luxima.id",
    "prometheus.luxima.id",
    "loki.luxima.id",
    "alertmanager.luxima.id",
]


def image(service: str, digit: str) -> str:
    return f"registry.luxima.id/aceh/{service}@sha256:{digit * 64}"


def verified(service: str, digit: str) -> dict[str, str]:
    return {"image": image(service, digit), "standing": "verified"}


EDITS: dict[str, Any] = {
    "edge.trusted_networks": [f"{TRUSTED}/32", MACHINES],
    "edge.max_body_mib": 1,
    "edge.drain_seconds": 5,
    "releases.services": {
        "storefront": {"live": "blue", "slots": {"blue": verified("storefront", "a"), "green": None}},
        "admin": {"live": "blue", "slots": {"blue": verified("admin", "b"), "green": None}},
    },
}


class Place:
    """A gateway of slot blue, the services behind it, and where its spans go."""

    def __init__(
        self, gateway: Gateway, storefront: Backend, admin: Backend, tempo: Backend, echo: socket.socket
    ) -> None:
        self.gateway, self.storefront, self.admin, self.tempo, self.echo = gateway, storefront, admin, tempo, echo


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("gateway")
    settings = stack_with(folder / "settings", EDITS)
    with (
        Backend("blue") as storefront,
        Backend("admin") as admin,
        Backend("tempo") as tempo,
        socket.create_server(("127.0.0.1", 0)) as echo,
    ):
        tempo.behaviour.keeps = True
        urls = {
            "http://storefront-blue.commerce.svc:3000": storefront.url,
            "http://admin-blue.commerce.svc:3000": admin.url,
            "http://grafana.observability.svc:3000": f"http://127.0.0.1:{echo.getsockname()[1]}",
            "http://tempo.observability.svc:4318": tempo.url,
        }

        def all_traced(text: str) -> str:
            return text.replace("sampleRate: 0.5", "sampleRate: 1.0")

        with Gateway(settings, folder / "gateway", urls=urls, edit=all_traced) as gateway:
            yield Place(gateway, storefront, admin, tempo, echo)


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


@pytest.mark.parametrize(("host", "status"), [(DOMAIN, 200), (f"admin.{DOMAIN}", 403)])
def test_every_answer_tells_the_browser_to_be_careful(place: Place, host: str, status: int) -> None:
    place.storefront.behaviour.headers = {"Server": "leaky/1.0", "X-Powered-By": "Express"}
    answer = ask(place.gateway, host)
    assert answer.status == status
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert answer.headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert not {"server", "x-powered-by"} & answer.headers.keys()
    place.storefront.behaviour.headers = {}


def seen(place: Place, headers: dict[str, str]) -> tuple[dict[str, str], dict[str, str], dict[str, Any]]:
    """The headers of the backend's request and of the answer, and the line of the access log, of one request."""

    def lines() -> list[dict[str, Any]]:
        return [line for line in place.gateway.access() if line["RequestPath"] == "/ids"]

    before = len(lines())
    answer = ask(place.gateway, DOMAIN, "/ids", headers=headers)
    assert answer.status == 200
    wait_for(lambda: len(lines()) > before, "a line in the access log")
    return answer.json()["headers"], dict(answer.headers), lines()[-1]


def test_identifiers_are_made_when_absent_and_are_the_same_everywhere(place: Place) -> None:
    backend, answer, line = seen(place, {})
    request, trace = backend["x-request-id"], backend["x-trace-id"]
    assert re.match(UUID, request)
    assert len(trace) == 32
    assert backend["traceparent"].split("-")[1] == trace
    assert (answer["x-request-id"], answer["x-trace-id"]) == (request, trace)
    assert (line["request_X-Request-Id"], line["request_X-Trace-Id"]) == (request, trace)
    again, _, _ = seen(place, {})
    assert again["x-request-id"] != request
    assert again["x-trace-id"] != trace


def test_identifiers_of_a_client_are_kept(place: Place) -> None:
    sent = {"X-Request-ID": "order-2026:17", "traceparent": f"00-{TRACE}-{SPAN}-01"}
    backend, answer, line = seen(place, sent)
    assert backend["x-request-id"] == answer["x-request-id"] == line["request_X-Request-Id"] == "order-2026:17"
    assert backend["x-trace-id"] == answer["x-trace-id"] == line["request_X-Trace-Id"] == line["TraceId"] == TRACE
    assert backend["traceparent"].split("-")[1] == TRACE


@pytest.mark.parametrize("bad", ["", "a b", 'x"y', "{{7*7}}", "a" * 129, "ümlaut".encode("latin-1").decode("latin-1")])
def test_a_malformed_request_id_is_replaced(place: Place, bad: str) -> None:
    backend, answer, line = seen(place, {"X-Request-ID": bad})
    assert re.match(UUID, backend["x-request-id"])
    assert answer["x-request-id"] == line["request_X-Request-Id"] == backend["x-request-id"]


@pytest.mark.parametrize(
    "bad",
    [
        f"00-{'0' * 32}-{SPAN}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        "x",
    ],
)
def test_a_malformed_traceparent_and_a_bare_trace_id_are_not_believed(place: Place, bad: str) -> None:
    backend, answer, _ = seen(place, {"traceparent": bad, "X-Trace-ID": TRACE})
    assert backend["x-trace-id"] == answer["x-trace-id"] == backend["traceparent"].split("-")[1]
    assert backend["x-trace-id"].lower() != TRACE


def test_what_a_client_says_about_forwarding_is_not_believed(place: Place) -> None:
    sent = {"X-Forwarded-For": "203.0.113.7", "X-Real-IP": "203.0.113.7", "X-Forwarded-Proto": "http"}
    backend, _, line = seen(place, {**sent, "X-Forwarded-Host": "evil.example"})
    assert (backend["x-forwarded-for"], backend["x-real-ip"]) == (STRANGER, STRANGER)
    assert (backend["x-forwarded-proto"], backend["x-forwarded-host"]) == ("https", DOMAIN)
    assert line["ClientHost"] == STRANGER


def test_no_header_that_anybody_trusts_comes_from_a_client(place: Place) -> None:
    """Those of the table, of other proxies and those that Traefik sets anew, as they are and with underscores."""
    known = [*REMOVED, *OF_PROXIES, *TRAEFIK_S_OWN]
    sent = {form: PLANTED for name in known for form in (name, name.replace("-", "_")) if form != "Forwarded"}
    backend, _, line = seen(place, {**sent, "Forwarded": f"for={PLANTED}", "X-Harmless": "kept"})
    assert backend["x-harmless"] == "kept"
    assert [name for name, value in backend.items() if PLANTED in value] == []
    assert PLANTED not in json.dumps(line)


@pytest.mark.parametrize("named", ["X-Request-Id, X-Trace-Id, Traceparent", "close, x-request-id, X-Forwarded-For"])
def test_a_client_cannot_have_the_edge_s_headers_taken_away(place: Place, named: str) -> None:
    """What is named in Connection is for the next one only (RFC 9110, 7.6.1), and a proxy removes it."""
    backend, answer, _ = seen(place, {"Connection": named})
    assert backend["x-request-id"] == answer["x-request-id"]
    assert backend["x-trace-id"] == answer["x-trace-id"]
    assert backend["x-forwarded-for"] == STRANGER
    assert "traceparent" in backend


def test_an_answer_has_each_identifier_once_even_if_the_service_repeats_them(place: Place) -> None:
    place.storefront.behaviour.headers = {"X-Request-ID": "same-id", "X-Trace-ID": TRACE}
    _, answer, _ = seen(place, {"X-Request-ID": "same-id", "traceparent": f"00-{TRACE}-{SPAN}-01"})
    place.storefront.behaviour.headers = {}
    assert (answer["x-request-id"], answer["x-trace-id"]) == ("same-id", TRACE)


def test_the_trace_id_is_the_one_under_which_the_spans_are_sent(place: Place) -> None:
    backend, _, _ = seen(place, {})
    wanted = [bytes.fromhex(backend["x-trace-id"]), backend["x-request-id"].encode(), b"gateway-blue"]

    def sent() -> bool:
        bodies = [
            gzip.decompress(each.body) if each.headers.get("content-encoding") == "gzip" else each.body
            for each in place.tempo.received
            if each.path == "/v1/traces"
        ]
        return any(all(part in body for part in wanted) for body in bodies)

    wait_for(sent, "spans of the request")


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


@pytest.mark.parametrize("host", INSIDE_HOSTS)
def test_what_is_not_for_the_public_is_for_trusted_networks_only(place: Place, host: str) -> None:
    before = place.admin.total + place.storefront.total
    for headers in ({}, {"X-Forwarded-For": TRUSTED, "X-Real-IP": TRUSTED}):
        # Of Loki there are no pages: 404.
        assert ask(place.gateway, host, source=STRANGER, headers=headers).status == (404 if host[:4] == "loki" else 403)
    assert place.admin.total + place.storefront.total == before
    # Programs without a login of their own ask for one, or have no such page; Grafana's stand-in only knows upgrades.
    if host != "grafana.luxima.id":
        assert ask(place.gateway, host, source=TRUSTED).status in ((200,) if DOMAIN in host else (401, 404))


def test_a_slot_is_reached_under_its_own_name_on_its_own_gateway_only(place: Place) -> None:
    assert ask(place.gateway, f"storefront-blue.{DOMAIN}", source=TRUSTED).slot == "blue"
    assert ask(place.gateway, f"storefront-green.{DOMAIN}", source=TRUSTED).status == 404


def test_nothing_of_traefik_itself_is_reached_from_outside(place: Place) -> None:
    found = place.gateway.settings
    inside = f"{VERSION_PATH}{version(found, 'blue')}"
    for path in ("/ping", "/api/rawdata", "/dashboard/", inside):
        answer = ask(place.gateway, DOMAIN, path, source=TRUSTED)
        assert answer.slot == "blue", path
    assert ask(place.gateway, f"storefront-blue.{DOMAIN}", inside, source=TRUSTED).body == b"OK"
    assert ask(place.gateway, f"storefront-blue.{DOMAIN}", inside, source=STRANGER).status == 403
    assert place.gateway.status("/api/rawdata") == 404


@pytest.mark.parametrize(
    "path", ["/metrics", "/metrics/", "/metrics/x", "/Metrics", "/%6detrics", "//metrics", "/x/../metrics"]
)
def test_the_metrics_of_a_service_are_not_for_its_users(place: Place, path: str) -> None:
    before = place.storefront.total
    for host in (DOMAIN, f"storefront-blue.{DOMAIN}"):
        assert ask(place.gateway, host, path, source=TRUSTED).slot == ""
    assert place.storefront.total == before


def test_the_log_agents_make_a_line_of_the_platform_of_an_access(place: Place, tmp_path: Path) -> None:
    secrets = {"Authorization": "Bearer planted-token-123", "Cookie": "session=planted-cookie"}
    ids = {"User-Agent": "probe/1", "X-Request-ID": "rid-1"}
    claimed = {"X-Tenant-ID": "tenant_666", "X-User-ID": "user_666"}
    place.storefront.behaviour.headers = {"X-Tenant-ID": "tenant_001", "X-User-ID": "user_123"}
    backend, _, line = seen(place, {**secrets, **ids, **claimed})
    place.storefront.behaviour.headers = {}
    assert "planted" not in json.dumps(line)
    target = {
        "__meta_kubernetes_namespace": "edge",
        "__meta_kubernetes_pod_container_name": "main",
        "__meta_kubernetes_pod_label_app_kubernetes_io_name": "traefik",
        "__meta_kubernetes_pod_label_luxima_id_slot": "blue",
    }
    written = f"2026-11-23T10:00:05.000000001Z stdout F {json.dumps(line)}"
    (sent,) = run(log_agent.kubernetes(place.gateway.settings), "pods", target, [written], tmp_path)
    found = json.loads(sent.line)
    assert sent.labels["class"] == "access"
    assert sent.labels["level"] == "info"
    expected = {
        "service": "storefront-blue@file",
        "tenant_id": "tenant_001",
        "user_id": "user_123",
        "event": "http_request",
        "message": f"GET {DOMAIN} /ids 200",
        "context": {"ip": "127.0.0.1", "user_agent": "probe/1"},
        "request_id": "rid-1",
        "trace_id": backend["x-trace-id"],
    }
    assert {key: found[key] for key in expected} == expected


def test_requests_are_counted_by_entry_point_router_and_service(place: Place) -> None:
    def count(metric: str) -> float:
        lines = [line for line in place.gateway.metrics().splitlines() if line.startswith(metric)]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    service = 'traefik_service_requests_total{code="200",method="GET",protocol="http",service="storefront-blue@file"}'
    entry = 'traefik_entrypoint_requests_total{code="200",entrypoint="websecure",method="GET",protocol="http"}'
    router = 'traefik_router_requests_total{code="200",method="GET",protocol="http",router="storefront@file"'
    metrics = (service, entry, router)
    before = [count(metric) for metric in metrics]
    for _ in range(7):
        ask(place.gateway, DOMAIN)
    assert [count(metric) for metric in metrics] == [found + 7 for found in before]
    assert count('traefik_entrypoint_request_duration_seconds_bucket{code="200",entrypoint="websecure"') > 0
    # What a gateway's series are computed from: those of one combination, as the scrape keeps them.
    lines = [line for line in place.gateway.metrics().splitlines() if 'code="200"' in line and 'method="GET"' in line]
    kept = [line for line in lines if not re.fullmatch(GATEWAYS_DROPPED, line.partition("{")[0])]
    asked = [line for line in kept if 'router="' not in line or 'router="storefront@file"' in line]
    own = [line for line in asked if 'service="storefront-blue@file"' in line]
    assert len(own) == PER_ANSWER
    assert len([line for line in kept if 'entrypoint="websecure"' in line]) == PER_BACKEND_ANSWER


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
