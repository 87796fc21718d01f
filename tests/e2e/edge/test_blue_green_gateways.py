"""Two releases and a rollback under load, as users see them (REL-1, REL-6): none fails, none sees an untested image.

Two real Traefiks with the documents of both gateways, a real name server, and clients that look the public name up as
often as its TTL says, but for some that never do again and hold their connection. The release file goes through the
release tool's own steps; `Operator` does in their order what its flows have the engine do.
"""

import datetime
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import dns.asyncquery
import dns.message
import pytest

from components.dns_update.switching import swap, wait
from components.edge.documents import documents
from release import changes, contents
from settings import Settings
from settings.releases import Releases
from settings.values import Slot
from tests.e2e.dns.servers import HOST, ZONE, Knot, sandbox_server
from tests.e2e.edge.authority import Authority
from tests.e2e.edge.backends import Backend
from tests.e2e.edge.clients import ask
from tests.e2e.edge.gateway import MACHINES, Gateway, stack_with
from tests.e2e.edge.shop import TRUSTED
from tests.e2e.edge.traffic import LIMIT, LONG, Ask, Browser, Load, Reply, say, size
from tests.waiting import wait_for

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(1200 if LONG else 600)]

SERVICE: Final = "storefront"
TTL_SECONDS: Final = size(5, 30)
REQUESTS: Final = size(2_000, 20_000)
USERS: Final = 40
IMAGES: Final = [f"registry.dev.luxima.local/aceh/{SERVICE}@sha256:{digit * 64}" for digit in "abc"]


class Visitors(Load):
    """Users who find a gateway by its name."""

    def __init__(self, gateways: dict[str, Gateway], knot: Knot, fqdn: str) -> None:
        def what(user: int, number: int) -> Ask:
            # Some answers take their time, so that something is always under way.
            return Ask(f"/page/{user}/{number}{'?sleep=0.3' if number % 10 == 9 else ''}")

        super().__init__(next(iter(gateways.values())), fqdn, users=USERS, every=0.25, what=what)
        self._gateways, self._knot = gateways, knot
        self._until: dict[int, float] = {}
        self.lookups = 0

    @staticmethod
    def stubborn(user: int) -> bool:
        """One in twenty never asks for the address again."""
        return user % 20 == 7

    async def before(self, user: int, browser: Browser) -> None:
        if user in self._until and (self.stubborn(user) or time.monotonic() < self._until[user]):
            return
        query = dns.message.make_query(f"{self.host}.", "A")
        answer = await dns.asyncquery.udp(query, HOST, port=self._knot.port, timeout=30)
        self.lookups += 1
        record: Any = answer.answer[0]
        self._until[user] = time.monotonic() + record.ttl
        gateway = self._gateways[str(record[0])]
        # Some keep a connection as long as the address is the same, the others make one at each look.
        if gateway is not browser.gateway or user % 2:
            browser.close()
        browser.gateway = gateway

    def honouring(self) -> list[Reply]:
        """Replies to those who ask for the address again."""
        return [reply for reply in self.replies if not self.stubborn(reply.user)]

    def all_in(self, slot: Slot) -> bool:
        """Whether all who ask for the address again are there."""
        latest = {reply.user: reply.place for reply in self.honouring()}
        return set(latest.values()) == {slot}


class Operator:
    """Does what the release tool has done: the release file, pods, documents, the record."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._knot = stack.enter_context(sandbox_server(folder / "knot"))
        self.pods = {slot: stack.enter_context(Backend(slot)) for slot in ("blue", "green")}
        self.pods["blue"].image = IMAGES[0]
        self.pods["green"].stop()  # an empty slot has no pods
        self.releases = changes.first(Releases(services={}), SERVICE, IMAGES[0])
        self.settings = self._load()
        self.fqdn = self.settings.service_fqdn(SERVICE)
        authority = Authority()
        urls = {f"http://{SERVICE}-{slot}.commerce.svc:3000": backend.url for slot, backend in self.pods.items()}
        self.gateways: dict[Slot, Gateway] = {}
        slots: Sequence[Slot] = ("blue", "green")
        for slot in slots:
            made = Gateway(self.settings, folder / slot, slot=slot, urls=urls, authority=authority)
            self.gateways[slot] = stack.enter_context(made)
        self.addresses = {slot: self.settings.edge.gateways[slot].addresses[-1] for slot in slots}
        self._knot.change(self.fqdn, TTL_SECONDS, self.addresses["blue"])
        self.verified = {IMAGES[0]: 0.0}
        """When users were first allowed to see an image."""
        self.switched: list[tuple[float, Slot]] = []

    def visitors(self) -> Visitors:
        by_address = {self.addresses[slot]: gateway for slot, gateway in self.gateways.items()}
        return Visitors(by_address, self._knot, self.fqdn)

    @property
    def live(self) -> Slot:
        return self.releases.services[SERVICE].live

    def deploy(self, image: str) -> None:
        idle = contents.other(self.live)
        if self.releases.services[SERVICE].slots[idle] is not None:
            # First of all the idle slot's gateway sends its stale clients to the live slot.
            self.releases = changes.close(self.releases, SERVICE)
            self._tell(idle)
        self.releases = changes.deploy_idle(self.releases, SERVICE, image)
        pods = self.pods[idle]
        self._drain(pods)
        pods.stop()
        pods.image = image
        pods.start()
        self._tell("blue", "green")

    def verify(self) -> None:
        idle = contents.other(self.live)
        content = self.releases.services[SERVICE].slots[idle]
        assert content is not None
        for _ in range(3):
            answer = ask(self.gateways[idle], self.settings.service_fqdn(SERVICE, idle), source=TRUSTED)
            assert (answer.status, answer.slot, answer.headers["x-image"]) == (200, idle, content.image)
        self.releases = changes.verify(self.releases, SERVICE)
        self.verified[content.image] = time.monotonic()
        self._tell(idle)

    def switch(self) -> None:
        before = documents(self.settings)
        old = self.live
        self.releases = changes.switch(self.releases, SERVICE, datetime.datetime.now(datetime.UTC), 30)
        self.settings = self._load()
        # Only the record changes.
        assert documents(self.settings) == before
        self._lead(old, self.live)
        self.releases = changes.trust(self.releases, SERVICE)

    def rollback(self) -> None:
        bad = self.live
        self.releases = changes.rollback(self.releases, SERVICE)
        self._lead(bad, self.live)
        self._tell("blue", "green")

    def _lead(self, old: Slot, new: Slot) -> None:
        self.switched.append((time.monotonic(), new))
        knot, ttl = self._knot, self.settings.dns.switch_ttl_seconds
        assert swap(knot, ZONE, self.fqdn, self.addresses[old], self.addresses[new], ttl, knot.key)
        wait(knot.servers, self.fqdn, self.addresses[new], 60)

    def _tell(self, *slots: Slot) -> None:
        self.settings = self._load()
        for slot in slots:
            self.gateways[slot].change(self.settings)

    def _drain(self, pods: Backend) -> None:
        """The time that a pod has for what is under way."""
        seen = [pods.total]

        def quiet() -> bool:
            seen.append(pods.total)
            return len(seen) > 6 and len(set(seen[-6:])) == 1

        wait_for(quiet, "an end of requests to pods that leave")

    def _load(self) -> Settings:
        edits: dict[str, Any] = {
            **LIMIT,
            "edge.trusted_networks": [f"{TRUSTED}/32", MACHINES],
            "dns.switch_ttl_seconds": TTL_SECONDS,
            f"services.{SERVICE}.strategy": "blue_green",
            "releases": self.releases.model_dump(mode="json"),
        }
        return stack_with(self._folder / f"settings-{self.releases.revision}", edits, stack="dev")


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    with ExitStack() as stack:
        yield Operator(tmp_path, stack)


def test_two_releases_and_a_rollback_are_seen_as_new_images_and_nothing_else(operator: Operator) -> None:
    begun = time.monotonic()
    with operator.visitors() as load:
        for new in IMAGES[1:]:
            operator.deploy(new)
            load.more(2 * USERS)
            operator.verify()
            operator.switch()
            wait_for(lambda: load.all_in(operator.live), "all users in the new slot")
        operator.rollback()
        rolled_back = time.monotonic()
        wait_for(lambda: load.all_in("green"), "all users in the slot before")
        load.more(max(2 * USERS, REQUESTS - len(load.replies)), 600)
    replies = load.replies
    until = [at for at, _ in operator.switched[1:]] + [math.inf]
    took = [
        max(reply.begun for reply in load.honouring() if reply.place != new and reply.begun < end) - at
        for (at, new), end in zip(operator.switched, until, strict=True)
    ]
    stale = [reply for reply in replies if load.stubborn(reply.user)]
    say(
        f"blue-green: {len(replies)} requests in {time.monotonic() - begun:.0f} s, {len(load.failed)} failed; "
        f"{len(stale)} of them by users that never looked again; TTL {TTL_SECONDS} s, the last user was led over "
        f"{', '.join(f'{seconds:.1f}' for seconds in took)} s after the switches and the rollback"
    )
    assert [(reply.ask.path, reply.status, reply.error, reply.place) for reply in load.failed] == []
    assert len(replies) >= REQUESTS
    # No image before it was verified, and the one that was rolled back not after the gateways knew.
    early = [reply for reply in replies if reply.ended < operator.verified[reply.image]]
    assert early == []
    assert [reply for reply in replies if reply.image == IMAGES[2] and reply.begun > rolled_back] == []
    assert {reply.image for reply in replies} == set(IMAGES)
    assert max(took) <= TTL_SECONDS + 10
    # Those who hold the old address and their connection are served all the time, by the images that were live then.
    assert {reply.place for reply in stale} == {"blue"}
    assert {reply.slot for reply in stale} == {"blue", "green"}
