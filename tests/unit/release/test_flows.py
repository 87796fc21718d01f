"""The verbs in a world whose every step can be the last: whoever comes next brings it to its end."""

from datetime import timedelta
from pathlib import Path

import pytest

from release import contents
from release.errors import Refused, ReleaseError, RolledBack
from release.flows import deploy, probation, rollback, verify
from tests.unit.release.outside import NOW, SERVICE, Cut, image
from tests.unit.release.verbs import RELEASE, VERBS, Act, deployed, prepared, rolled_back, switched, trusted, verified
from tests.unit.release.world import World


@pytest.mark.parametrize("verb", VERBS)
def test_whoever_is_interrupted_anywhere_is_brought_to_the_same_end(verb: str, tmp_path: Path) -> None:
    strategy, before, act = VERBS[verb]
    (tmp_path / "start").mkdir()
    start = prepared(tmp_path / "start", strategy, before)
    whole = start.copied(tmp_path / "whole")
    act(whole.context())
    assert len(whole.steps) >= 2
    for number in range(len(whole.steps)):
        cut = start.copied(tmp_path / str(number))
        cut.cut_after = number
        with pytest.raises(Cut):
            act(cut.context())
        again(cut, act)
        assert cut.condition() == whole.condition(), f"after {whole.steps[number]}"
        assert cut.unseen == set()


def again(cut: World, act: Act) -> None:
    """The same verb once more; it may find everything done, and say so."""
    before = cut.condition()
    try:
        act(cut.context())
    except Refused:
        assert cut.condition() == before


@pytest.mark.parametrize("verb", VERBS)
def test_a_dry_run_touches_nothing_and_says_what_would_change(verb: str, tmp_path: Path) -> None:
    strategy, before, act = VERBS[verb]
    made = prepared(tmp_path, strategy, before)
    condition, text = made.condition(), (tmp_path / "releases" / "prod.yaml").read_text()
    act(made.context(dry_run=True))
    assert (made.condition(), made.steps, made.rows, made.told) == (condition, [], [], [])
    assert (tmp_path / "releases" / "prod.yaml").read_text() == text
    assert any("revision: " in line for line in made.said)
    assert any("engine: update release-ledger" in line for line in made.said)


def test_users_see_tested_images_only_through_two_releases_and_a_rollback(tmp_path: Path) -> None:
    made = prepared(tmp_path, "blue_green", ())
    acts = (*RELEASE, trusted, deployed(2), verified, switched, rolled_back, deployed(3), verified, switched)
    seen: list[str] = []
    for act in acts:
        act(made.context())
        seen.append(made.live())
    assert seen == ["blue", "blue", "green", "green", "green", "green", "blue", "green", "green", "green", "blue"]
    assert made.unseen == set()
    assert made.release().rejected == (image(2),)
    assert made.file().revision == made.seen


def test_a_switch_changes_the_record_and_the_ledger_and_nothing_else(tmp_path: Path) -> None:
    made = prepared(tmp_path, "blue_green", RELEASE[:2])
    switched(made.context())
    engine = [step for step in made.steps if step.startswith(("update", "create", "delete"))]
    assert engine == ["update release-ledger", "update dns-public-service-storefront (records)"]
    # Users do not wait for the engine.
    assert made.steps.index(f"swap to {made.address('green')}") < made.steps.index(engine[0])
    assert made.told == ["deployed green"]
    assert made.rows == [("switch storefront", "started"), ("switch storefront", "succeeded")]


def test_the_probation_is_written_before_the_record_changes(tmp_path: Path) -> None:
    made = prepared(tmp_path, "blue_green", RELEASE[:2])
    made.cut_before = "sending users"
    with pytest.raises(Cut):
        switched(made.context())
    assert made.live() == "blue"
    assert (found := made.release().probation) is not None
    assert found.previous == "blue"


def test_a_slot_that_fails_its_test_stays_a_candidate(tmp_path: Path) -> None:
    made = prepared(tmp_path, "blue_green", RELEASE[:1])
    made.ill.add(image(1))
    with pytest.raises(ReleaseError, match="500"):
        verified(made.context())
    with pytest.raises(Refused, match="was not verified"):
        switched(made.context())
    assert made.rows[-1] == ("verify storefront", "failed")


def test_a_slot_that_fell_ill_after_its_test_does_not_become_live(tmp_path: Path) -> None:
    made = prepared(tmp_path, "blue_green", RELEASE[:2])
    made.ill.add(image(1))
    with pytest.raises(ReleaseError, match="500"):
        switched(made.context())
    assert (made.live(), made.release().live) == ("blue", "blue")


def test_a_first_release_brings_the_whole_service_up(tmp_path: Path) -> None:
    made = prepared(tmp_path, "blue_green", ())
    api = image(5).replace("storefront", "api")
    deploy.deploy(made.context(), "api", api)
    assert made.pods["api", "blue"] == api
    assert made.records[made.settings.service_fqdn("api")] == made.address("blue")


def test_a_record_that_leads_elsewhere_is_left_alone(tmp_path: Path) -> None:
    made = prepared(tmp_path, "blue_green", RELEASE)
    made.records[made.settings.service_fqdn(SERVICE)] = "192.0.2.1"
    for act in (switched, rolled_back):
        with pytest.raises(Refused, match=r"192\.0\.2\.1, which is not a gateway"):
            act(made.context())


def test_an_update_that_would_touch_more_is_refused_and_the_file_stays(tmp_path: Path) -> None:
    made = prepared(tmp_path, "blue_green", RELEASE[:2])
    fqdn = made.settings.service_fqdn(SERVICE)
    text = (tmp_path / "releases" / "prod.yaml").read_text()
    del made.made[fqdn], made.records[fqdn]
    made.records[fqdn] = made.address("blue")
    with pytest.raises(Refused, match="would also create dns-public-service-storefront"):
        switched(made.context())
    assert (tmp_path / "releases" / "prod.yaml").read_text() == text


@pytest.mark.parametrize("act", [deployed(2), switched, rolled_back, verified])
def test_a_checkout_that_is_older_than_the_stack_changes_nothing(act: Act, tmp_path: Path) -> None:
    """Another machine released, the guard took it back: here the file still calls the bad slot the way back."""
    made = prepared(tmp_path, "blue_green", (*RELEASE, trusted, deployed(2), verified))
    older = (tmp_path / "releases" / "prod.yaml").read_text()
    switched(made.context())
    made.lead("green")
    (tmp_path / "releases" / "prod.yaml").write_text(older)
    steps = list(made.steps)
    with pytest.raises(ReleaseError, match=r"revision \d+ here, and the stack has seen \d+: get the newest|older than"):
        act(made.context())
    assert made.live() == "green"
    assert [step for step in made.steps[len(steps) :] if "smoke" not in step] == []


def test_a_switch_that_is_made_later_has_a_probation_of_its_own(tmp_path: Path) -> None:
    made = prepared(tmp_path, "blue_green", (deployed(1), verified))
    made.cut_before = "sending users"
    with pytest.raises(Cut):
        switched(made.context())
    assert made.live() == "blue"
    written = made.release().probation
    made.now += timedelta(hours=2)
    switched(made.context())
    found = made.release().probation
    assert written is not None
    assert found is not None
    assert contents.parsed(found.since) - contents.parsed(written.since) == timedelta(hours=2)
    assert made.live() == "green"


def test_a_switch_that_was_made_keeps_its_probation(tmp_path: Path) -> None:
    made = prepared(tmp_path, "blue_green", RELEASE[:2])
    made.cut_after = next(
        number for number, step in enumerate(_steps(tmp_path / "other", switched)) if step.startswith("the name server")
    )
    with pytest.raises(Cut):
        switched(made.context())
    assert made.live() == "green"
    written = made.release().probation
    made.now += timedelta(hours=2)
    switched(made.context())
    assert made.release().probation == written


def test_a_switch_that_the_guard_has_taken_back_meanwhile_says_so_and_announces_nothing(tmp_path: Path) -> None:
    made = prepared(tmp_path, "blue_green", RELEASE[:2])
    made.impatient, told = True, list(made.told)
    with pytest.raises(RolledBack, match=f"{SERVICE} was rolled back to slot blue; record it with `release rollback"):
        switched(made.context())
    assert (made.told, made.rows[-1]) == (told, (f"switch {SERVICE}", "failed"))
    made.impatient = False
    rolled_back(made.context())
    assert (made.live(), made.release().live, made.release().rejected) == ("blue", "blue", (image(1),))


def _steps(folder: Path, act: Act) -> list[str]:
    folder.mkdir()
    made = prepared(folder, "blue_green", RELEASE[:2])
    act(made.context())
    return made.steps


def test_no_service_is_guessed(tmp_path: Path) -> None:
    made = prepared(tmp_path, "blue_green", ())
    with pytest.raises(Refused, match="shop is not a service of stack prod; services: storefront"):
        deploy.deploy(made.context(), "shop", image(1))
    with pytest.raises(Refused, match="shop is not a service of stack prod; services: storefront"):
        verify.verify(made.context(), "shop")
    with pytest.raises(Refused, match="has no release yet"):
        rollback.rollback(made.context(), "api")


def test_a_probation_is_extended_and_ended_in_the_file(tmp_path: Path) -> None:
    made = prepared(tmp_path, "blue_green", RELEASE)
    probation.extend(made.context(), SERVICE, NOW.replace(hour=13))
    assert (found := made.release().probation) is not None
    assert (found.until, found.extended) == ("2026-01-31T13:00:00Z", True)
    trusted(made.context())
    assert made.release().probation is None
