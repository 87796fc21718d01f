"""What a gateway does when something changes: routes, certificates, its own end. Real Traefik, real clients."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from components.edge.documents import documents
from components.routing.document import READY_PATH
from settings import Settings
from tests.e2e.edge.backends import Backend
from tests.e2e.edge.clients import Client, ask
from tests.e2e.edge.gateway import Gateway, stack_with
from tests.e2e.edge.shop import DOMAIN, EDITS, verified
from tests.waiting import wait_for

LIMIT = {"edge.rate_limit": {"requests_per_second": 10_000, "burst": 10_000}}

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(600)]


def released(folder: Path, live: str, **edits: Any) -> Settings:
    slots = {"blue": verified("storefront", "a"), "green": verified("storefront", "c")}
    # The gateway of slot blue serves green's image when blue's is not for users any more.
    rejected = [slots["blue"]["image"]] if live == "green" else []
    storefront = {"live": live, "slots": slots, "rejected": rejected}
    return stack_with(folder / f"settings-{live}", {**EDITS, "releases.services": {"storefront": storefront}, **edits})


@dataclass
class Load:
    """Clients that ask again and again; some keep their connection, the others make a new one each time."""

    gateway: Gateway
    threads: int = 4
    slots: set[str] = field(default_factory=set[str])
    serials: set[str] = field(default_factory=set[str])
    failed: list[str] = field(default_factory=list[str])
    done: int = 0

    def __enter__(self) -> Self:
        self._end = threading.Event()
        self._running = [threading.Thread(target=self._ask, args=(number % 2 == 0,)) for number in range(self.threads)]
        for thread in self._running:
            thread.start()
        try:
            wait_for(lambda: self.done > 20, "requests")
        except AssertionError:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        self._end.set()
        for thread in self._running:
            thread.join(30)

    def _ask(self, keep: bool) -> None:
        client = Client(self.gateway, DOMAIN)
        while not self._end.is_set():
            try:
                answer = client.ask("/load")
            except OSError as error:
                self.failed.append(repr(error))
                client.close()
                continue
            self.done += 1
            if answer.status != 200:
                self.failed.append(str(answer.status))
            self.slots.add(answer.slot)
            self.serials.add(answer.certificate["serialNumber"])
            if not keep:
                client.close()
            # Not as fast as it could: the rate limit is not what is tried here.
            time.sleep(0.02)
        client.close()


@pytest.fixture(scope="module")
def services() -> Iterator[tuple[Backend, Backend]]:
    with ExitStack() as stack:
        yield stack.enter_context(Backend("blue")), stack.enter_context(Backend("green"))


@pytest.fixture
def gateway(tmp_path: Path, services: tuple[Backend, Backend]) -> Iterator[Gateway]:
    urls = {f"http://storefront-{backend.name}.commerce.svc:3000": backend.url for backend in services}
    with Gateway(released(tmp_path, "blue", **LIMIT), tmp_path / "gateway", urls=urls) as gateway:
        yield gateway


def serial(gateway: Gateway) -> str:
    return ask(gateway, DOMAIN).certificate["serialNumber"]


def test_a_renewed_certificate_is_served_without_a_restart_and_without_a_lost_request(gateway: Gateway) -> None:
    first, pid = serial(gateway), gateway.pid
    with Load(gateway) as load:
        for known in (1, 2):
            gateway.renew()
            wait_for(lambda more=known: len(load.serials) > more, "the renewed certificate")
        seen = load.done
        wait_for(lambda: load.done > seen + 50, "more requests")
    assert load.failed == []
    assert len(load.serials) == 3
    assert first in load.serials
    assert gateway.pid == pid
    # The core zone's as well.
    assert ask(gateway, "grafana.luxima.id").certificate["serialNumber"] != first


def test_another_route_is_in_use_soon_and_costs_no_request(gateway: Gateway, tmp_path: Path) -> None:
    green = released(tmp_path, "green", **LIMIT)
    blue = gateway.settings
    with Load(gateway) as load:
        assert not gateway.uses(green)
        gateway.change(green)
        assert ask(gateway, DOMAIN).slot == "green"
        assert not gateway.uses(blue)
        wait_for(lambda: "green" in load.slots, "users in green")
        gateway.change(blue)
        assert ask(gateway, DOMAIN).slot == "blue"
    assert load.failed == []
    assert load.slots == {"blue", "green"}


@pytest.mark.parametrize("broken", ["http: [", "http:\n  routers: 7\n", "{{ .nonsense"])
def test_a_broken_document_leaves_the_last_good_one_in_use(gateway: Gateway, tmp_path: Path, broken: str) -> None:
    gateway.write(broken)
    wait_for(lambda: any(line["level"] == "error" for line in gateway.lines()), "a complaint")
    time.sleep(0.5)  # It would have been taken by then: changes are held together for 0.2 s.
    assert gateway.uses(gateway.settings)
    assert ask(gateway, DOMAIN).slot == "blue"
    gateway.change(released(tmp_path, "green", **LIMIT))
    assert ask(gateway, DOMAIN).slot == "green"


def test_a_new_version_is_not_told_of_while_the_old_files_are_still_there(gateway: Gateway, tmp_path: Path) -> None:
    """Between swapping the link and removing the old folder the kubelet leaves both, and Traefik reads both."""
    green = released(tmp_path, "green", **LIMIT)
    old = gateway.write(documents(green)["blue/routing.yaml"], clean=False)
    assert old is not None
    for _ in range(10):
        assert ask(gateway, DOMAIN).slot == "blue"
        assert not gateway.uses(green)
        time.sleep(0.1)
    shutil.rmtree(old)
    wait_for(lambda: gateway.uses(green), "the new version")
    assert ask(gateway, DOMAIN).slot == "green"


def test_requests_under_way_end_well_when_the_gateway_leaves(
    gateway: Gateway, services: tuple[Backend, Backend]
) -> None:
    answers: list[Any] = []
    clients = [Client(gateway, DOMAIN) for _ in range(3)]
    for client in clients:
        assert client.ask("/").status == 200

    def slow(client: Client) -> None:
        answers.append(client.ask("/slow?sleep=5.5").status)

    threads = [threading.Thread(target=slow, args=(client,)) for client in clients]
    before = services[0].total
    for thread in threads:
        thread.start()
    wait_for(lambda: services[0].total >= before + 3, "requests under way")
    started = time.monotonic()
    process = gateway.terminate()
    # Those who do not know yet are still served.
    late = threading.Thread(target=lambda: answers.append(ask(gateway, DOMAIN).status))
    late.start()
    threads.append(late)
    wait_for(lambda: gateway.status("/ping") == 503, "the word that it leaves", 5)
    for thread in threads:
        thread.join(20)
    assert answers == [200] * 4
    assert process.wait(20) == 0
    # It accepts for 5 s and drains for 5 s.
    assert time.monotonic() - started < 5 + 5 + 15


def test_a_request_that_never_ends_does_not_keep_the_gateway(
    gateway: Gateway, services: tuple[Backend, Backend]
) -> None:
    services[0].behaviour.hangs = True
    errors: list[Any] = []

    def never() -> None:
        try:
            errors.append(ask(gateway, DOMAIN, "/never").status)
        except OSError as error:
            errors.append(error)

    thread = threading.Thread(target=never)
    before = services[0].total
    thread.start()
    wait_for(lambda: services[0].total > before, "a request under way")
    process = gateway.terminate()
    try:
        process.wait(25)
    finally:
        services[0].behaviour.hangs = False
    thread.join(20)
    assert errors
    assert errors != [200]


def test_a_gateway_that_was_killed_comes_back_with_the_same_routes(gateway: Gateway) -> None:
    gateway.kill()
    gateway.start()
    assert ask(gateway, DOMAIN).slot == "blue"


def test_a_gateway_without_routes_is_not_ready(gateway: Gateway) -> None:
    assert gateway.status(READY_PATH) == 200
    gateway.kill()
    gateway.write("http: [")
    with pytest.raises(AssertionError, match="a gateway that routes"):
        gateway.start(seconds=5)
    wait_for(lambda: gateway.status("/ping") == 200, "a start")
    assert gateway.status(READY_PATH) == 404
