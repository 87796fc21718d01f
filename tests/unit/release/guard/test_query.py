"""Answers of Prometheus and Loki: what is no number is an error or nothing, never 0."""

from typing import Any

import pytest

from components.observability.loki import tenants
from release.guard.query import LOG_TENANT, LOKI, Source
from release.web import WebError
from tests.unit.release.guard.given import SINCE, Server, vector


def test_the_one_number() -> None:
    with Server([(200, vector(3.5))]) as server:
        assert Source(server.url).value("up", SINCE) == 3.5
    assert server.calls[0][0] == "/api/v1/query?query=up&time=1769860800.000"


def test_the_tenant_of_loki() -> None:
    with Server([(200, vector(1))]) as server:
        Source(server.url, LOKI).value("x", SINCE)
    assert server.calls[0][0].startswith("/loki/api/v1/query?")
    assert server.calls[0][2]["x-scope-orgid"] == LOG_TENANT == tenants.LOG_TENANT


@pytest.mark.parametrize("values", [(), ("NaN",), ("+Inf",), ("-Inf",)])
def test_what_is_no_number_is_nothing(values: tuple[str, ...]) -> None:
    with Server([(200, vector(*values))]) as server:
        assert Source(server.url).value("x", SINCE) is None


@pytest.mark.parametrize(
    "answer",
    [
        (500, vector(1)),
        (401, {}),
        (302, vector(1)),
        (200, b"<html>"),
        (200, {}),
        (200, []),
        (200, None),
        (200, {"status": "error"}),
        (200, {**vector(1), "warnings": ["partial"]}),
        (200, vector(1, 2)),
        (200, {"status": "success", "data": {"resultType": "matrix", "result": []}}),
        (200, {"status": "success", "data": {"resultType": "vector", "result": [{"value": [1]}]}}),
        (200, {"status": "success", "data": {"resultType": "vector", "result": [{"value": [1, "many"]}]}}),
        (200, {"status": "success", "data": None}),
    ],
)
def test_every_other_answer_is_an_error(answer: tuple[int, Any]) -> None:
    with Server([answer]) as server, pytest.raises(WebError):
        Source(server.url).value("x", SINCE)
    assert len(server.calls) == 1  # a redirect is not followed


def test_nobody_there_is_an_error() -> None:
    with Server() as server:
        url = server.url
    with pytest.raises(WebError, match="cannot be reached"):
        Source(url).value("x", SINCE)


@pytest.mark.parametrize("url", ["https://user:planted-password@host", "ftp://host", "host", "http://"])
def test_a_url_holds_no_credentials(url: str) -> None:
    with pytest.raises(ValueError, match="without user and password") as caught:
        Source(url)
    assert "planted" not in str(caught.value)


def test_a_certificate_is_checked(tmp_path: Any) -> None:
    with pytest.raises(WebError, match="cannot be asked"):
        Source("https://127.0.0.1:1", ca=str(tmp_path / "missing")).value("x", SINCE)


@pytest.mark.parametrize("url", ["https://prometheus.luxima.id", "https://10.10.10.61", "https://127.evil.example"])
def test_nobody_beyond_loopback_is_asked_when_that_is_wished(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object, **__: object) -> None:
        raise AssertionError("somebody was asked")

    monkeypatch.setattr("socket.getaddrinfo", asked)
    monkeypatch.setattr("socket.create_connection", asked)
    with pytest.raises(WebError, match="is not asked: it is not on loopback"):
        Source(url, loopback_only=True).value("up", SINCE)


def test_loopback_is_asked_all_the_same() -> None:
    with Server([(200, vector(3.5))]) as server:
        assert Source(server.url, loopback_only=True).value("up", SINCE) == 3.5
