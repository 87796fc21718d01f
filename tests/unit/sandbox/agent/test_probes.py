"""Probes: read, counted and asked as the kubelet does."""

import asyncio
from typing import Any

import pytest

from sandbox.agent import probes
from sandbox.agent.probes import Probe, Verdict

HTTP = {"httpGet": {"path": "/healthz", "port": "http"}}


def test_defaults_are_kubernetes_own() -> None:
    assert probes.parse(HTTP, {"http": 8080}) == Probe(8080, "/healthz", period=10, timeout=1, successes=1, failures=3)
    assert probes.parse({"tcpSocket": {"port": 53}, "periodSeconds": 2}, {}) == Probe(53, None, period=2)


@pytest.mark.parametrize("raw", [None, {}, {"exec": {"command": ["true"]}}, {"httpGet": {"port": "nobody"}}])
def test_what_cannot_be_asked_is_no_probe(raw: dict[str, Any] | None) -> None:
    assert probes.parse(raw, {"http": 8080}) is None


def test_a_verdict_needs_enough_answers_in_a_row() -> None:
    verdict = Verdict(Probe(1, None, successes=2, failures=3))
    given = [
        verdict.feed(good=good) for good in (True, False, True, True, True, False, False, True, False, False, False)
    ]
    assert given == [None, None, None, True, True, None, None, None, None, None, False]


async def _serve(answer: bytes | None, *, seen: list[str]) -> tuple[asyncio.Server, int]:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).decode())
        if answer is None:
            await asyncio.sleep(5)
        else:
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", True),
        (b"HTTP/1.1 302 Found\r\n\r\n", True),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", False),
        (b"nonsense\r\n", False),
        (b"", False),
        (None, False),
    ],
)
def test_an_answer_is_good_from_200_to_399_in_time(answer: bytes | None, *, good: bool) -> None:
    async def story() -> bool:
        seen: list[str] = []
        server, port = await _serve(answer, seen=seen)
        timeout = 1 if answer is None else 30
        found = await probes.ask(Probe(port, "/healthz", headers=(("X-A", "b"),), timeout=timeout), "127.0.0.1")
        assert seen[0].startswith("GET /healthz HTTP/1.1\r\n")
        assert "X-A: b\r\n" in seen[0]
        server.close()
        return found

    assert asyncio.run(story()) is good


def test_a_connection_is_enough_for_a_tcp_probe() -> None:
    async def story() -> tuple[bool, bool]:
        server, port = await _serve(b"", seen=[])
        probe = Probe(port, None)
        there = await probes.ask(probe, "127.0.0.1")
        server.close()
        await server.wait_closed()
        return there, await probes.ask(probe, "127.0.0.1")

    assert asyncio.run(story()) == (True, False)
