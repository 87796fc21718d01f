"""Headers that a gateway adds, takes away and believes: its generated documents in a real Traefik, real clients."""

import gzip
import json
import re

import pytest

from components.routing.middlewares import REMOVED
from tests.e2e.edge.clients import ask
from tests.e2e.edge.one_gateway.place import Place, seen
from tests.e2e.edge.shop import DOMAIN, STRANGER
from tests.waiting import wait_for

pytestmark = pytest.mark.needs_tools

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
