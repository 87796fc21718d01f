"""A service's other place steps in when its own pods are gone, and leaves when they are back (INF-4).

Real Traefik; a second server with a certificate of its own plays the application at Fly.io.
"""

import asyncio
import ssl
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.edge.authority import Authority
from tests.e2e.edge.backends import Backend, Received
from tests.e2e.edge.gateway import Gateway, stack_with
from tests.e2e.edge.shop import verified
from tests.e2e.edge.traffic import LIMIT, Ask, Load, Reply, ask_all, say, size
from tests.programs import free_port
from tests.waiting import wait_for

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(600)]

DOMAIN: Final = "acehcommerce.id"
ELSEWHERE: Final = "https://luxima-functions.fly.dev"
INTERVAL_SECONDS: Final = 0.5
TIMEOUT_SECONDS: Final = 0.5
PROMISED_SECONDS: Final = 2.0
PATIENCE_SECONDS: Final = 1.0
"""Of a user that asks pods which are silent; such a request is lost, whenever it was to be answered."""


class Own(Backend):
    """The service's own pods, which can also fall silent: they take connections and say nothing, not even of health."""

    silent = False

    async def _answer(self, request: Received, writer: asyncio.StreamWriter, reader: asyncio.StreamReader) -> None:
        while self.silent:
            await asyncio.sleep(0.3)
        await super()._answer(request, writer, reader)


class Elsewhere(Backend):
    """The other place: the same service behind TLS, known under another name."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        super().__init__("elsewhere")
        chain, key = authority.certificate("localhost")
        (folder / "elsewhere.crt").write_bytes(chain)
        (folder / "elsewhere.key").write_bytes(key)
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(folder / "elsewhere.crt", folder / "elsewhere.key")

    async def _listen(self) -> None:
        self.port = self.port or free_port()
        self._server = await asyncio.start_server(
            self._connected, self.address, self.port, ssl=self._context, backlog=1024
        )


class Place:
    """Two gateways, the service's own pods, and its other place; only pods that are silent need the strict gateway."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        authority = Authority()
        self.own, self.elsewhere = (
            stack.enter_context(Own("blue")),
            stack.enter_context(Elsewhere(folder, authority)),
        )
        failover = {
            "url": ELSEWHERE,
            "health_path": "/healthz",
            "interval_milliseconds": int(1000 * INTERVAL_SECONDS),
            "timeout_milliseconds": int(1000 * TIMEOUT_SECONDS),
        }
        storefront = {"live": "blue", "slots": {"blue": verified("storefront", "a"), "green": None}}
        edits = {**LIMIT, "services.storefront.failover": failover, "releases.services": {"storefront": storefront}}
        urls = {
            "http://storefront-blue.commerce.svc:3000": self.own.url,
            ELSEWHERE: f"https://localhost:{self.elsewhere.port}",
        }

        def trusting(text: str) -> str:
            (folder / "authority.pem").write_bytes(authority.pem)
            return text.replace("\nserversTransport:\n", f"\nserversTransport:\n  rootCAs: [{folder}/authority.pem]\n")

        settings = stack_with(folder / "settings", edits)
        self.gateway, self.strict = (
            stack.enter_context(
                Gateway(settings, folder / name, urls=urls, authority=authority, edit=trusting, patient=patient)
            )
            for name, patient in (("patient", True), ("strict", False))
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with ExitStack() as stack:
        yield Place(tmp_path_factory.mktemp("failover"), stack)


def load(gateway: Gateway) -> Load:
    def what(user: int, number: int) -> Ask:
        return Ask(f"/call/{user}/{number}")

    return Load(gateway, DOMAIN, users=20, every=0.1, what=what)


def dies(place: Place) -> None:
    place.own.stop()


def returns(place: Place) -> None:
    place.own.start()


def falls_ill(place: Place) -> None:
    place.own.behaviour.status, place.own.behaviour.healthy = 500, False


def recovers(place: Place) -> None:
    place.own.behaviour.status, place.own.behaviour.healthy = 200, True


def falls_silent(place: Place) -> None:
    place.own.silent = True


def speaks(place: Place) -> None:
    place.own.silent = False


@pytest.mark.parametrize(("ends", "begins"), [(dies, returns), (falls_ill, recovers), (falls_silent, speaks)])
def test_the_other_place_steps_in_and_leaves_again(
    place: Place, ends: Callable[[Place], None], begins: Callable[[Place], None]
) -> None:
    lost: list[Reply] = []
    windows: list[float] = []
    returned: list[float] = []
    total = 0
    silent = ends is falls_silent
    for _ in range(size(3, 20)):
        with load(place.strict if silent else place.gateway) as running:
            wait_for(lambda: {reply.slot for reply in running.replies[-40:]} == {"blue"}, "the service's own pods")
            running.patience = PATIENCE_SECONDS if silent else running.patience
            ended = time.monotonic()
            ends(place)
            wait_for(lambda: running.replies[-1].slot == "elsewhere", "the other place")
            running.more(100)
            # On the way back nobody has to be impatient.
            running.patience = 30
            begun = time.monotonic()
            begins(place)
            wait_for(lambda: {reply.slot for reply in running.replies[-40:]} == {"blue"}, "its own pods again")
            running.more(100)
        first = min(reply.begun for reply in running.replies if reply.slot == "elsewhere" and reply.begun > ended)
        last = max(reply.begun for reply in running.replies if reply.slot == "elsewhere")
        # By when the last lost one was sent: how long a user then waits is the user's.
        windows.append(max([first - ended, *(reply.begun - ended for reply in running.failed)]))
        returned.append(last - begun)
        lost += running.failed
        total += len(running.replies)
        # No request fails on the way back.
        assert [reply for reply in running.failed if reply.begun > begun] == []
    say(
        f"failover, the service {ends.__name__} {len(windows)} times: {len(lost)} of {total} requests lost "
        f"({dict(Counter(reply.status for reply in lost))}), windows "
        f"{', '.join(f'{window:.2f}' for window in windows)} s; back after at most {max(returned):.2f} s"
    )
    # One round may have met a pause of this machine; more than that are the gateway's.
    assert statistics.median(windows) <= PROMISED_SECONDS + INTERVAL_SECONDS
    assert statistics.median(returned) <= PROMISED_SECONDS + INTERVAL_SECONDS


def test_the_other_place_is_asked_under_its_own_name_and_for_its_health_only(place: Place) -> None:
    place.elsewhere.behaviour.keeps = True
    place.elsewhere.received.clear()
    before = place.elsewhere.total
    ask_all(place.gateway, DOMAIN, [Ask("/home")] * 20)
    assert place.elsewhere.total == before
    place.own.stop()
    wait_for(
        lambda: ask_all(place.gateway, DOMAIN, [Ask("/away", {"X-Request-ID": "r-1"})])[0].slot == "elsewhere", "it"
    )
    place.own.start()
    headers = place.elsewhere.received[-1].headers
    assert headers["host"] == f"localhost:{place.elsewhere.port}"
    assert headers["x-forwarded-host"] == DOMAIN
    assert headers["x-request-id"] == "r-1"
    assert {"x-request-id", "x-trace-id"} <= headers.keys()
    wait_for(lambda: ask_all(place.gateway, DOMAIN, [Ask("/home")])[0].slot == "blue", "the service's own pods")
    # A metric says beforehand whether it could step in.
    service = 'service="storefront-elsewhere@file"'

    def could() -> bool:
        up = [line for line in place.gateway.metrics().splitlines() if line.startswith("traefik_service_server_up{")]
        return len([line for line in up if service in line and line.endswith(" 1")]) == 1

    wait_for(could, "a first check of the other place")


def test_with_both_places_gone_users_are_told_so_and_the_first_that_is_back_serves(place: Place) -> None:
    place.own.stop()
    place.elsewhere.stop()
    wait_for(lambda: ask_all(place.gateway, DOMAIN, [Ask()])[0].status in (502, 503), "an error")
    place.own.start()
    wait_for(lambda: ask_all(place.gateway, DOMAIN, [Ask()])[0].slot == "blue", "the service's own pods")
    place.elsewhere.start()
