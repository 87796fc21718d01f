"""Canary by the release tool on the real engine, with real gateways and users; promoted by a rolling update."""

import pytest

from tests.e2e.edge.traffic import say
from tests.e2e.node.inside import needs_node
from tests.e2e.releases.trial import REPOSITORY, Trial, trial
from tests.e2e.releases.users import USER, Users

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(1800), pytest.mark.long, needs_node]

NEW = REPOSITORY + "9" * 64


def test_from_a_share_to_all_and_back() -> None:
    with trial("canary", {NEW: {}}) as made, made.users() as users:
        a_candidate_gets_nobody_at_first(made, users)
        a_share_gets_its_users_and_no_others(made, users)
        promoted_everybody_sees_it_and_the_canary_is_gone(made, users)
        a_rollback_brings_the_old_image_back(made, users)
        say(f"{users.answered} requests answered, {len(users.failed)} failed")
        assert users.failed == []
        made.says_no_secret()


def a_candidate_gets_nobody_at_first(made: Trial, users: Users) -> None:
    record = made.record
    done = made.release("deploy", "--image", NEW)
    assert "as canary beside slot blue, at 0 %" in done.out
    assert set(users.images) == {made.old}
    assert made.record == record


def a_share_gets_its_users_and_no_others(made: Trial, users: Users) -> None:
    assert 0.4 < int(USER, 16) / 256 < 0.6
    made.release("canary", "--percent", "40")
    assert set(users.images) == {made.old}
    made.release("canary", "--percent", "60")
    users.all_get(NEW)
    assert made.status()["canary"]["percent"] == 60


def promoted_everybody_sees_it_and_the_canary_is_gone(made: Trial, users: Users) -> None:
    made.release("canary", "--promote")
    users.all_get(NEW)
    deployments = {
        item["metadata"]["name"]: item["spec"]["template"]["spec"]["containers"][0]["image"]
        for item in made.world.cluster.items("/apis/apps/v1/namespaces/commerce/deployments")
    }
    assert deployments["storefront-blue"] == NEW
    assert "storefront-canary" not in deployments


def a_rollback_brings_the_old_image_back(made: Trial, users: Users) -> None:
    made.release("rollback", "--image", made.old, "--reason", "the shop is empty")
    users.all_get(made.old)
    assert made.status()["rejected"] == [NEW]
    assert "was rolled back" in made.release("deploy", "--image", NEW, code=1).err
