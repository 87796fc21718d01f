"""What the tests of providers share: a stand-in that refuses what the real API refuses, and one application in it."""

import threading
from collections.abc import Iterator

import pytest

from components.delivery.coolify import api
from sandbox.servers.coolify_api import Coolify
from sandbox.servers.coolify_http import serve
from tests.recording import scrypt
from tests.unit.components.coolify.applications import READER, TOKEN, Clock, Made


@pytest.fixture(autouse=True)
def process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is slow on purpose is computed once."""
    monkeypatch.setattr("hashlib.scrypt", scrypt)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(api.Api.__init__, "__defaults__", (clock.pause,))
    return clock


@pytest.fixture
def coolify(clock: Clock) -> Coolify:
    return Coolify({TOKEN: {"read", "write"}, READER: {"read"}}, clock=clock)


@pytest.fixture
def endpoint(coolify: Coolify) -> Iterator[str]:
    server = serve(coolify)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def made(endpoint: str, coolify: Coolify) -> Made:
    return Made(endpoint, coolify)
