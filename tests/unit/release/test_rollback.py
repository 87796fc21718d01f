"""Rollbacks: users first, whatever else does not answer, and only to what they had before."""

from pathlib import Path

import pytest

from release.errors import Refused, ReleaseError
from release.flows import candidate, rollback, situation
from tests.unit.release.outside import SERVICE, Cut, image
from tests.unit.release.verbs import RELEASE, Act, deployed, prepared, rolled_back, switched, trusted, verified


def test_a_rollback_leads_users_back_before_anything_else(tmp_path: Path) -> None:
    made = prepared(tmp_path, "blue_green", RELEASE)
    rolled_back(made.context())
    assert made.steps[0] == f"swap to {made.address('blue')}"
    assert made.told == ["rolled back green"]
    assert made.release().rejected == (image(1),)
    # Whoever still knows the bad slot's gateway is served by the good one as well.
    assert set(made.users()) == {image(0)}


def test_what_the_guard_did_is_written_down_and_told_once(tmp_path: Path) -> None:
    made = prepared(tmp_path, "blue_green", RELEASE)
    made.lead("blue")
    _, found = situation.standing(made.context(), SERVICE)
    assert found.kind == "taken_back"
    with pytest.raises(Refused, match="was rolled back"):
        switched(made.context())
    rolled_back(made.context())
    assert made.told == []
    assert "somebody else already did it" in " ".join(made.said)
    assert made.release().rejected == (image(1),)
    assert made.made == made.records


def test_a_second_rollback_does_nothing_and_says_so(tmp_path: Path) -> None:
    made = prepared(tmp_path, "blue_green", (*RELEASE, rolled_back))
    condition = made.condition()
    rolled_back(made.context())
    assert made.condition() == condition
    assert "nothing to do" in made.said[-1]


def test_an_interrupted_switch_can_be_taken_back_without_rejecting_the_image(tmp_path: Path) -> None:
    made = prepared(tmp_path, "blue_green", RELEASE[:2])
    before = made.release()
    made.cut_before = "sending users"
    with pytest.raises(Cut):
        switched(made.context())
    assert situation.standing(made.context(), SERVICE)[1].kind == "switch_begun"
    rolled_back(made.context())
    assert made.release() == before
    switched(made.context())
    assert made.live() == "green"


def test_a_rollout_that_gets_stuck_is_rolled_back_to_the_image_before(tmp_path: Path) -> None:
    made = prepared(tmp_path, "rolling", ())
    made.stuck.add(image(1))
    with pytest.raises(ReleaseError, match="not ready"):
        deployed(1)(made.context())
    rolled_back(made.context())
    assert made.pods[SERVICE, "blue"] == image(0)
    assert made.release().rejected == (image(1),)
    with pytest.raises(Refused, match="--force"):
        deployed(1)(made.context())


def test_a_rollback_goes_on_where_the_engine_fails_and_says_what_is_left(tmp_path: Path) -> None:
    made = prepared(tmp_path, "blue_green", RELEASE)
    made.broken = True
    with pytest.raises(ReleaseError, match="users reach slot blue again, and the release file says so"):
        rolled_back(made.context())
    assert made.live() == "blue"
    assert made.release().live == "blue"
    made.broken = False
    rolled_back(made.context())
    assert made.made == made.records


def test_a_rollback_does_not_lead_users_to_what_they_never_saw(tmp_path: Path) -> None:
    made = prepared(tmp_path, "blue_green", (deployed(1), verified))
    with pytest.raises(Refused, match="history of the release file says that users never had it"):
        rolled_back(made.context())
    with pytest.raises(Refused, match="slot green of storefront holds"):
        rollback.rollback(made.context(), SERVICE, image(7))
    assert (made.live(), made.release().rejected) == ("blue", ())
    rollback.rollback(made.context(), SERVICE, image(1))
    assert made.live() == "green"


@pytest.mark.parametrize("act", [trusted, deployed(2)])
def test_what_the_guard_took_back_is_neither_trusted_nor_deployed_over(act: Act, tmp_path: Path) -> None:
    made = prepared(tmp_path, "blue_green", RELEASE)
    made.lead("blue")
    condition = made.condition()
    with pytest.raises(Refused, match="storefront was rolled back to slot blue; record it with"):
        act(made.context())
    assert made.condition() == condition


def test_a_silent_secondary_keeps_nobody_from_being_led_back(tmp_path: Path) -> None:
    made = prepared(tmp_path, "blue_green", RELEASE)
    made.silent = True
    with pytest.raises(ReleaseError, match="a secondary does not answer"):
        switched(made.context())
    rolled_back(made.context())
    assert (made.live(), made.release().live, made.told) == ("blue", "blue", ["rolled back green"])
    assert "a secondary does not answer" in made.said


def test_a_second_rollback_of_a_rollout_that_got_stuck_goes_no_further_back(tmp_path: Path) -> None:
    made = prepared(tmp_path, "rolling", (deployed(1),))
    made.stuck.add(image(2))
    with pytest.raises(ReleaseError, match="not ready"):
        deployed(2)(made.context())
    rolled_back(made.context())
    rolled_back(made.context())
    assert made.pods[SERVICE, "blue"] == image(1)
    assert made.release().rejected == (image(2),)
    assert "was already done" in made.said[-1]


def test_a_bad_canary_is_not_taken_for_the_live_image(tmp_path: Path) -> None:
    made = prepared(tmp_path, "canary", (deployed(1), lambda context: candidate.weigh(context, SERVICE, "canary", 10)))
    with pytest.raises(Refused, match="has a canary at 10 %, and this would roll back the live image"):
        rolled_back(made.context())


def test_a_rollback_is_done_though_the_bad_slots_gateway_is_silent(tmp_path: Path) -> None:
    made = prepared(tmp_path, "blue_green", RELEASE)
    made.deaf.add("green")
    rolled_back(made.context())
    assert made.release().live == "blue"
    assert "may still reach slot green" in made.said[-2]
