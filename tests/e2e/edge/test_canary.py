"""Who gets a canary (REL-3): a share of the users, the same ones on both gateways; a dead one hurts nobody for long.

The generated documents in two real Traefiks, real backends, up to ten thousand users.
"""

import statistics
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from settings import Settings
from tests.e2e.edge.backends import Backend
from tests.e2e.edge.gateway import Gateway, stack_with
from tests.e2e.edge.shop import image, verified
from tests.e2e.edge.traffic import LIMIT, Ask, Load, Reply, ask_all, interval, say, size
from tests.waiting import wait_for

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(600)]

DOMAIN: Final = "acehcommerce.id"
USERS: Final = size(10_000, 30_000)
AGAIN: Final = size(1_000, 3_000)
SAID_SECONDS: Final = 1.5
"""A health check's interval and its timeout: the documents' promise."""


class Place:
    """Both gateways of a stack, the live slot's image and its canary."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self.stable = stack.enter_context(Backend("blue"))
        self.canary = stack.enter_context(Backend("canary", image="image-2"))
        self.settings = self.at(10)
        urls = {
            "http://storefront-blue.commerce.svc:3000": self.stable.url,
            "http://storefront-canary.commerce.svc:3000": self.canary.url,
        }
        self.blue, self.green = (
            stack.enter_context(Gateway(self.settings, folder / slot, slot=slot, urls=urls, patient=True))
            for slot in ("blue", "green")
        )

    def at(self, percent: int) -> Settings:
        storefront = {
            "live": "blue",
            "slots": {"blue": verified("storefront", "a"), "green": None},
            "canary": {"image": image("storefront", "b"), "percent": percent},
        }
        edits = {**LIMIT, "services.storefront.strategy": "canary", "releases.services": {"storefront": storefront}}
        return stack_with(self._folder / f"settings-{percent}", edits)

    def change(self, percent: int) -> None:
        """What `release canary storefront --percent` has the gateways do; done when both do."""
        settings = self.at(percent)
        for gateway in (self.blue, self.green):
            gateway.change(settings, wait=False)
        for gateway in (self.blue, self.green):
            wait_for(lambda each=gateway: each.uses(settings), "use of the new share")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with ExitStack() as stack:
        yield Place(tmp_path_factory.mktemp("canary"), stack)


@pytest.fixture(autouse=True)
def _as_before(place: Place) -> Iterator[None]:
    yield
    if not place.blue.uses(place.at(10)):
        place.change(10)


def sides(gateway: Gateway, users: list[str], header: str = "X-User-ID") -> list[bool]:
    """Whether each of them gets the canary; all of them get an answer."""
    replies = ask_all(gateway, DOMAIN, [Ask(f"/u/{number}", {header: user}) for number, user in enumerate(users)])
    assert [reply for reply in replies if reply.status != 200] == []
    assert {reply.slot for reply in replies} <= {"blue", "canary"}
    return [reply.slot == "canary" for reply in replies]


@pytest.fixture(scope="module")
def known(place: Place) -> dict[str, bool]:
    """Users and whether they got the canary at 10 %, from the blue gateway."""
    users = [str(uuid.uuid4()) for _ in range(USERS)]
    return dict(zip(users, sides(place.blue, users), strict=True))


def bucket(user: str) -> int:
    return int(user[-2:], 16)


def test_ten_percent_of_the_users_get_it(known: dict[str, bool]) -> None:
    got = sum(known.values())
    low, high = interval(got, len(known))
    share = 100 * got / len(known)
    say(f"canary at 10 %: {got} of {len(known)} users, {share:.2f} % (95 % confidence: {low:.2f} to {high:.2f} %)")
    assert abs(share - 10) <= 1.5
    # 26 of 256 buckets are the nearest to 10 %.
    assert {user for user, canary in known.items() if canary} == {user for user in known if bucket(user) < 26}


def test_a_user_stays_on_its_side_on_every_gateway_and_after_a_restart(place: Place, known: dict[str, bool]) -> None:
    users = list(known)[:AGAIN]
    expected = [known[user] for user in users]
    # Other connections and no cookies: another device of the same person.
    assert sides(place.blue, users) == expected
    assert sides(place.green, users) == expected
    # The id's case means nothing.
    assert sides(place.green, [user.upper() for user in users[:200]]) == expected[:200]
    place.blue.kill()
    place.blue.start()
    assert sides(place.blue, users) == expected


def test_a_tenant_decides_where_there_is_no_user(place: Place, known: dict[str, bool]) -> None:
    users = list(known)[:300]
    assert sides(place.blue, users, "X-Tenant-ID") == [known[user] for user in users]
    canary, stable = (next(user for user in users if known[user] is side) for side in (True, False))
    both = [Ask("/", {"X-User-ID": one, "X-Tenant-ID": two}) for one, two in ((canary, stable), (stable, canary))]
    assert [reply.slot for reply in ask_all(place.green, DOMAIN, both)] == ["canary", "blue"]


def test_a_header_asks_for_a_side(place: Place, known: dict[str, bool]) -> None:
    users = list(known)[:100]
    for wish, slot in (("always", "canary"), ("never", "blue")):
        replies = ask_all(place.blue, DOMAIN, [Ask("/", {"X-User-ID": user, "X-Canary": wish}) for user in users])
        assert {(reply.status, reply.slot) for reply in replies} == {(200, slot)}
    nonsense = ask_all(place.blue, DOMAIN, [Ask("/", {"X-User-ID": user, "X-Canary": "perhaps"}) for user in users])
    assert [reply.slot == "canary" for reply in nonsense] == [known[user] for user in users]


def test_a_larger_share_keeps_the_first_ones_in(place: Place, known: dict[str, bool]) -> None:
    users = list(known)[:AGAIN]
    place.change(50)
    half = dict(zip(users, sides(place.blue, users), strict=True))
    first = {user for user in users if known[user]}
    more = {user for user in users if half[user]}
    low, high = interval(len(more), len(users))
    say(f"canary at 50 %: {len(more)} of {len(users)} users (95 % confidence: {low:.1f} to {high:.1f} %)")
    assert first < more
    assert more == {user for user in users if bucket(user) < 128}
    place.change(10)
    assert sides(place.green, users[:200]) == [known[user] for user in users[:200]]


def cookie_of(reply: Reply) -> str:
    return reply.headers["set-cookie"].partition(";")[0]


def test_browsers_without_a_user_stay_on_their_side_by_a_cookie(place: Place) -> None:
    new = ask_all(place.blue, DOMAIN, [Ask("/") for _ in range(500)], connections=4)
    share = 100 * sum(reply.slot == "canary" for reply in new) / len(new)
    say(f"canary at 10 %: {share:.1f} % of {len(new)} new browsers")
    assert abs(share - 10) <= 1.5
    for attribute in ("HttpOnly", "Secure", "SameSite=Lax", "Max-Age=86400"):
        assert attribute in new[0].headers["set-cookie"]
    again = [Ask("/again", {"Cookie": cookie_of(reply)}) for reply in new]
    for gateway in (place.blue, place.green, place.blue):
        assert [reply.slot for reply in ask_all(gateway, DOMAIN, again)] == [reply.slot for reply in new]
    place.blue.kill()
    place.blue.start()
    assert [reply.slot for reply in ask_all(place.blue, DOMAIN, again)] == [reply.slot for reply in new]
    # A share of 0 takes them out as well, whatever their cookie says.
    place.change(0)
    assert {reply.slot for reply in ask_all(place.blue, DOMAIN, again)} == {"blue"}


def in_canary(known: dict[str, bool], count: int) -> list[str]:
    return [user for user, canary in known.items() if canary][:count]


def asking(users: list[str]) -> Callable[[int, int], Ask]:
    return lambda user, _: Ask("/", {"X-User-ID": users[user]})


def test_a_share_of_0_takes_everybody_out_at_once(place: Place, known: dict[str, bool]) -> None:
    users = in_canary(known, 20)

    def what(user: int, number: int) -> Ask:
        # Every third request also insists.
        wish = {"X-Canary": "always"} if number % 3 == 0 else {}
        return Ask(f"/out/{number}", {"X-User-ID": users[user], **wish})

    before = place.canary.total
    with Load(place.blue, DOMAIN, users=len(users), every=0.05, what=what) as load:
        assert {reply.slot for reply in load.replies} == {"canary"}
        begun = time.monotonic()
        place.change(0)
        out = time.monotonic()
        load.more(size(300, 3_000))
    late = [reply for reply in load.replies if reply.begun > out]
    last = max(reply.begun for reply in load.replies if reply.slot == "canary")
    say(
        f"canary to 0 %: said by both gateways after {out - begun:.2f} s, the last user reached it after "
        f"{last - begun:.2f} s, then {len(late)} requests, "
        f"{sum(reply.slot == 'canary' for reply in late)} of them to it; {len(load.failed)} failed"
    )
    assert {reply.slot for reply in late} == {"blue"}
    # It was asked by nobody who does not know of it.
    assert place.canary.total - before == sum(reply.slot == "canary" for reply in load.replies)
    assert load.failed == []


def test_users_of_a_dead_canary_get_the_stable_one(place: Place, known: dict[str, bool]) -> None:
    users = in_canary(known, 20)
    rounds: list[tuple[float, float]] = []
    what = asking(users)
    with Load(place.blue, DOMAIN, users=20, every=0.05, what=what) as load:
        for _ in range(size(3, 20)):
            died = time.monotonic()
            place.canary.stop()
            wait_for(lambda: load.replies[-1].slot == "blue", "the stable image")
            load.more(100)
            place.canary.start()
            back = time.monotonic()
            wait_for(lambda: load.replies[-1].slot == "canary", "the canary again")
            load.more(100)
            rounds.append((died, back))
    windows: list[float] = []
    for died, back in rounds:
        # By when the last lost one was sent: how long its answer takes is this machine's.
        lost = [reply.begun - died for reply in load.failed if died < reply.begun < back]
        stable = [reply for reply in load.replies if died < reply.begun < back and reply.slot == "blue"]
        windows.append(max([*lost, min(reply.begun - died for reply in stable)]))
    say(
        f"dead canary, {len(rounds)} times: {len(load.failed)} of {len(load.replies)} requests of its users failed "
        f"({dict(Counter(reply.status for reply in load.failed))}); all on the stable image after at most "
        f"{max(windows):.2f} s; slowest answer {max(reply.seconds for reply in load.replies):.2f} s"
    )
    # One round may have met a pause of this machine.
    assert statistics.median(windows) <= SAID_SECONDS + 0.5
    # Nobody fails at another time than between a death and its notice.
    assert all(any(died <= reply.ended and reply.begun < back for died, back in rounds) for reply in load.failed)


def test_users_of_a_canary_that_says_it_is_not_well_notice_nothing(place: Place, known: dict[str, bool]) -> None:
    users = in_canary(known, 10)
    with Load(place.blue, DOMAIN, users=10, every=0.05, what=asking(users)) as load:
        place.canary.behaviour.healthy = False
        wait_for(lambda: load.replies[-1].slot == "blue", "the stable image")
        place.canary.behaviour.healthy = True
        wait_for(lambda: load.replies[-1].slot == "canary", "the canary again")
    assert load.failed == []
