"""What a release does to the release file: single rules, and invariants over every order of changes."""

import datetime
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release import changes, contents
from release.errors import Refused
from settings.releases import Releases, ServiceRelease, SlotRelease
from settings.values import Slot

NOW = datetime.datetime(2026, 1, 31, 12, 0, tzinfo=datetime.UTC)
SERVICE = "storefront"
SLOTS: tuple[Slot, Slot] = ("blue", "green")


def image(number: int) -> str:
    return f"registry.dev.luxima.local/aceh/storefront@sha256:{number:064x}"


def before() -> Releases:
    return changes.first(Releases(services={}), SERVICE, image(0))


def of(releases: Releases) -> ServiceRelease:
    return releases.services[SERVICE]


def through(releases: Releases, *steps: Callable[[Releases], Releases]) -> Releases:
    for step in steps:
        releases = step(releases)
    return releases


def deployed(number: int) -> Callable[[Releases], Releases]:
    return lambda releases: changes.deploy_idle(changes.close(releases, SERVICE), SERVICE, image(number))


def verified(releases: Releases) -> Releases:
    return changes.verify(releases, SERVICE)


def switched(releases: Releases) -> Releases:
    return changes.switch(releases, SERVICE, NOW, 10)


def rolled_back(releases: Releases) -> Releases:
    return changes.rollback(releases, SERVICE)


def trusted(releases: Releases) -> Releases:
    return changes.trust(releases, SERVICE)


def test_an_idle_slot_is_closed_before_it_gets_another_image() -> None:
    ready = through(before(), deployed(1), verified)
    closed = changes.close(ready, SERVICE)
    assert closed.revision == ready.revision + 1
    assert of(closed).slots["green"] == SlotRelease(image=image(1), standing="candidate")
    assert changes.close(closed, SERVICE) is closed
    assert changes.close(before(), SERVICE) == before()


def test_the_same_deploy_again_changes_nothing() -> None:
    once = through(before(), deployed(1))
    assert changes.deploy_idle(once, SERVICE, image(1)) is once


def test_force_takes_an_image_off_the_rejected_ones_and_has_it_verified_anew() -> None:
    back = through(before(), deployed(1), verified, switched, rolled_back)
    with pytest.raises(Refused, match="--force"):
        changes.deploy_idle(back, SERVICE, image(1))
    release = of(changes.deploy_idle(back, SERVICE, image(1), force=True))
    assert release.rejected == ()
    assert release.slots["green"] == SlotRelease(image=image(1), standing="candidate")


def test_an_image_forced_into_the_live_slot_is_not_served_from_the_idle_one_unseen() -> None:
    back = through(before(), deployed(1), verified, switched, rolled_back)
    for forced in (
        changes.deploy_live(back, SERVICE, image(1), force=True),
        changes.deploy_candidate(back, SERVICE, "canary", image(1), force=True),
    ):
        assert not of(forced).serves("green")


def test_a_canary_is_weighed_promoted_and_removed() -> None:
    releases = changes.deploy_candidate(before(), SERVICE, "canary", image(1))
    assert (found := of(releases).canary) is not None
    assert found.percent == 0
    releases = changes.weigh(releases, SERVICE, "canary", 10)
    with pytest.raises(Refused, match="10 %"):
        changes.deploy_candidate(releases, SERVICE, "canary", image(2))
    with pytest.raises(Refused, match="still gets a share"):
        changes.withdraw(releases, SERVICE, "canary")
    releases = changes.promote(releases, SERVICE, "canary")
    assert contents.live_image(of(releases)) == image(1)
    releases = changes.withdraw(changes.weigh(releases, SERVICE, "canary", 0), SERVICE, "canary")
    assert of(releases).canary is None


def test_a_rolled_back_image_is_no_canary_either() -> None:
    canary = changes.weigh(changes.deploy_candidate(before(), SERVICE, "canary", image(1)), SERVICE, "canary", 10)
    promoted = changes.promote(canary, SERVICE, "canary")
    reverted = changes.revert(promoted, SERVICE, image(0))
    assert (of(reverted).canary, of(reverted).rejected) == (None, (image(1),))
    with pytest.raises(Refused, match="was itself rolled back"):
        changes.revert(reverted, SERVICE, image(1))


def test_a_probation_is_extended_once_and_never_shortened() -> None:
    releases = through(before(), deployed(1), verified, switched)
    extended = changes.extend(releases, SERVICE, NOW + datetime.timedelta(minutes=20))
    assert (found := of(extended).probation) is not None
    assert (found.until, found.extended) == ("2026-01-31T12:20:00Z", True)
    assert (sooner := of(changes.extend(releases, SERVICE, NOW)).probation) is not None
    assert sooner.until == "2026-01-31T12:10:00Z"
    with pytest.raises(Refused, match="already extended once"):
        changes.extend(extended, SERVICE, NOW)
    assert of(trusted(extended)).probation is None


CASES: Sequence[tuple[str, Callable[[], Releases]]] = (
    ("has no release yet", lambda: changes.verify(Releases(services={}), SERVICE)),
    ("is empty", lambda: verified(before())),
    ("is empty", lambda: switched(before())),
    ("cannot be rolled back: slot green is empty", lambda: rolled_back(before())),
    ("was not verified", lambda: through(before(), deployed(1), switched)),
    ("rolled back: what is in slot green was not verified", lambda: through(before(), deployed(1), rolled_back)),
    ("already runs in the live slot of storefront", lambda: through(before(), deployed(0))),
    ("already runs in the live slot of storefront", lambda: changes.deploy_live(before(), SERVICE, image(0))),
    ("live in slot green already", lambda: through(before(), deployed(1), verified, switched, switched)),
    ("is on probation", lambda: through(before(), deployed(1), verified, switched, deployed(2))),
    ("a rollback needs slot blue", lambda: changes.close(through(before(), deployed(1), verified, switched), SERVICE)),
    (
        "cannot become live again",
        lambda: through(before(), deployed(1), verified, switched, rolled_back, switched),
    ),
    ("deploy another image", lambda: through(before(), deployed(1), verified, switched, rolled_back, verified)),
    ("was itself rolled back", lambda: through(before(), deployed(1), verified, switched, rolled_back, rolled_back)),
    ("has no canary", lambda: changes.weigh(before(), SERVICE, "canary", 10)),
    ("is not on probation", lambda: changes.extend(before(), SERVICE, NOW)),
    ("no switch in progress", lambda: changes.cancel(before(), SERVICE)),
)


@pytest.mark.parametrize(("reason", "act"), CASES, ids=[reason for reason, _ in CASES])
def test_what_would_not_be_right_is_refused(reason: str, act: Callable[[], Releases]) -> None:
    with pytest.raises(Refused, match=reason):
        act()


def test_the_same_image_in_both_slots_is_no_switch() -> None:
    same = ServiceRelease(
        live="blue",
        slots={
            "blue": SlotRelease(image=image(0), standing="verified"),
            "green": SlotRelease(image=image(0), standing="verified"),
        },
    )
    releases = Releases(revision=1, services={SERVICE: same})
    with pytest.raises(Refused, match="same image"):
        switched(releases)
    with pytest.raises(Refused, match="same image"):
        rolled_back(releases)


Step = Callable[[Releases], Releases]
IMAGES = st.integers(0, 4).map(image)


def idle(one: str, force: bool) -> Step:
    return lambda releases: changes.deploy_idle(changes.close(releases, SERVICE), SERVICE, one, force=force)


def rolling(one: str, force: bool) -> Step:
    return lambda releases: changes.deploy_live(releases, SERVICE, one, force=force)


def canary(one: str, force: bool) -> Step:
    return lambda releases: changes.deploy_candidate(releases, SERVICE, "canary", one, force=force)


def weighed(percent: int) -> Step:
    return lambda releases: changes.weigh(releases, SERVICE, "canary", percent)


def reverted(one: str) -> Step:
    return lambda releases: changes.revert(releases, SERVICE, one)


def closed(releases: Releases) -> Releases:
    return changes.close(releases, SERVICE)


def cancelled(releases: Releases) -> Releases:
    return changes.cancel(releases, SERVICE)


def promoted(releases: Releases) -> Releases:
    return changes.promote(releases, SERVICE, "canary")


def withdrawn(releases: Releases) -> Releases:
    return changes.withdraw(releases, SERVICE, "canary")


def extended(releases: Releases) -> Releases:
    return changes.extend(releases, SERVICE, NOW + datetime.timedelta(minutes=30))


SINGLE = (verified, switched, rolled_back, trusted, closed, cancelled, promoted, withdrawn, extended)
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.builds(idle, IMAGES, st.booleans()),
    st.builds(rolling, IMAGES, st.booleans()),
    st.builds(canary, IMAGES, st.booleans()),
    st.builds(weighed, st.sampled_from([0, 10, 100])),
    st.builds(reverted, IMAGES),
    st.sampled_from(SINGLE),
)


RELEASE: tuple[Step, ...] = (deployed(1), verified, switched, rolled_back)
BEGUN = st.integers(0, len(RELEASE)).map(lambda steps: RELEASE[:steps])
"""Random steps alone hardly ever come so far."""


@given(BEGUN, st.lists(STEPS, max_size=20))
def test_whatever_is_done_users_see_verified_images_only(begun: tuple[Step, ...], steps: list[Step]) -> None:
    releases = before()
    for step in (*begun, *steps):
        try:
            after = step(releases)
        except Refused:
            continue
        release = of(after)
        assert release.serves(release.live)
        assert all(release.serves(release.slot_of(gateway)) for gateway in SLOTS)
        assert contents.live_image(release) not in release.rejected
        assert release.canary is None or release.canary.image not in release.rejected
        assert release.probation is None or (
            release.probation.previous != release.live and release.serves(release.probation.previous)
        )
        assert after is releases if after == releases else after.revision > releases.revision
        releases = after


@pytest.mark.parametrize("deploy", [changes.deploy_idle, changes.deploy_live])
def test_an_image_of_another_repository_is_refused_unless_it_is_forced(deploy: Callable[..., Releases]) -> None:
    strange = image(1).replace("storefront@", "api@")
    with pytest.raises(Refused, match=r"but this image is of .*; give an image of .*, or use --force"):
        deploy(before(), SERVICE, strange)
    assert strange in str(deploy(before(), SERVICE, strange, force=True))
