"""A blue-green release by the release tool, with real gateways and users: what servers and users saw."""

import time

from tests.e2e.edge.traffic import say
from tests.e2e.releases.metrics import Metrics
from tests.e2e.releases.trial import REPOSITORY, SERVICE, STACK, Trial
from tests.e2e.releases.users import Users
from tests.waiting import wait_for

ILL, NEW = REPOSITORY + "8" * 64, REPOSITORY + "9" * 64
TREACHEROUS = REPOSITORY + "7" * 64
"""Well enough for a smoke test; of its users' requests every tenth fails."""
IMAGES = {NEW: {}, ILL: {"FAIL_PERCENT": "100"}, TREACHEROUS: {"FAIL_PERCENT": "10"}}


def refused_and_taken_back(made: Trial) -> None:
    """An image that is not healthy is not verified; one that fails after the switch is taken back by the guard."""
    with made.users() as users:
        a_dry_run_touches_nothing(made)
        the_idle_slot_gets_the_image(made)
        a_slot_that_is_not_well_is_not_verified(made)
        assert set(users.images) == {made.old}
        assert users.failed == []
        the_guard_takes_back_what_fails_after_the_switch(made, users)
        a_bad_image_stays_away(made, TREACHEROUS)
        assert made.copy.git("status", "--porcelain").split() == ["M", f"releases/{STACK}.yaml"]
        made.says_no_secret()


def by_hand(made: Trial) -> None:
    """A release that users are led to and back from; not one of their requests is lost."""
    with made.users() as users:
        made.release("deploy", "--image", NEW)
        made.release("verify")
        a_switch_changes_the_record_and_nothing_else(made, users)
        assert "on probation" in made.release("switch", code=1).err
        older = made.text
        begun = time.monotonic()
        made.release("rollback", "--reason", "the shop is empty")
        seconds = users.led_over("blue", made.address("blue"))
        say(f"rollback: the record after {users.switches[-1][0] - begun:.1f} s, the last user {seconds:.1f} s after it")
        found = made.status()
        assert (found["live"], found["rejected"], found["probation"]) == ("blue", [NEW], None)
        a_bad_image_stays_away(made, NEW)
        an_older_checkout_is_refused(made, older)
        assert users.failed == []
        assert set(users.images) == {made.old, NEW}
        say(f"{users.answered} requests answered, {len(users.failed)} failed")
        assert users.answered > 500
        made.says_no_secret()


def a_dry_run_touches_nothing(made: Trial) -> None:
    before, file = made.everything(), made.text
    done = made.release("deploy", "--image", NEW, "--dry-run")
    assert f"+        image: {NEW}" in done.out
    assert "engine: create service-storefront-green-deployment" in done.out
    assert made.text == file
    assert made.changed(before) == set()


def the_idle_slot_gets_the_image(made: Trial) -> None:
    before = made.everything()
    made.release("deploy", "--image", ILL)
    deployment = made.world.cluster.get("/apis/apps/v1/namespaces/commerce/deployments/storefront-green")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == ILL
    assert made.record == made.address("blue")
    domain = made.world.settings.environment.domain
    changed = made.changed(before)
    assert f"storefront-green.{domain} A" in changed
    assert {name for name in changed if "green" not in name} == set()
    found = made.status()
    assert (found["live"], found["slots"]["green"]["standing"], found["situation"]) == ("blue", "candidate", "settled")
    assert found["next"].endswith('`make release ARGS="verify storefront" STACK=dev`')
    assert len(list((made.copy.root / ".release" / f"{STACK}.audit").glob("*.row"))) == 2


def a_slot_that_is_not_well_is_not_verified(made: Trial) -> None:
    assert "answers 500, not 200; slot green is not healthy" in made.release("verify", code=1).err
    assert "was not verified" in made.release("switch", code=1).err


def a_switch_changes_the_record_and_nothing_else(made: Trial, users: Users) -> None:
    before = made.everything()
    begun = time.monotonic()
    done = made.release("switch")
    assert made.record == made.address("green")
    assert made.changed(before) == {f"{made.world.settings.environment.domain} A"}, str(done)
    found = made.status()
    assert (found["live"], found["probation"]["previous"], found["situation"]) == ("green", "blue", "settled")
    seconds = users.led_over("green", made.address("green"))
    say(f"switch: the record after {users.switches[-1][0] - begun:.1f} s, the last user {seconds:.1f} s after it")


def the_guard_takes_back_what_fails_after_the_switch(made: Trial, users: Users) -> None:
    with Metrics(made) as metrics:
        made.release("deploy", "--image", TREACHEROUS)
        metrics.sees(SERVICE, "green")
        made.release("verify")
        begun = time.monotonic()
        made.release("switch")
        # The Job in the cluster may have acted before the command ends.
        wait_for(
            lambda: any(moment > begun and address == made.address("green") for moment, address in users.switches),
            "users reach slot green",
            300,
        )
        done = made.release("guard", code=4)
    assert "users reach slot blue" in done.out
    assert made.record == made.address("blue")
    found = made.status()
    assert (found["live"], found["probation"], found["situation"]) == ("blue", None, "settled")
    assert TREACHEROUS in found["rejected"]


def a_bad_image_stays_away(made: Trial, image: str) -> None:
    assert "nothing to do" in made.release("rollback").out
    assert "was rolled back" in made.release("deploy", "--image", image, code=1).err


def an_older_checkout_is_refused(made: Trial, older: str) -> None:
    """It would lead users to the bad image again."""
    path = made.copy.root / "releases" / f"{STACK}.yaml"
    newer = made.text
    path.write_text(older, encoding="utf-8")
    done = made.copy.run("up", "--stack", STACK)
    assert done.code == 1
    assert "the checkout is older than the last release or rollback" in done.text
    assert made.record == made.address("blue")
    path.write_text(newer, encoding="utf-8")
