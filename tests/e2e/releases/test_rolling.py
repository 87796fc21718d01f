"""Rolling updates by the release tool on a real node, under load: nobody notices (REL-2)."""

import pytest

from tests.e2e.edge.traffic import say
from tests.e2e.node.inside import needs_root
from tests.e2e.releases.trial import REPOSITORY, Trial, trial
from tests.e2e.releases.users import Users

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(1800), needs_root]

NEW, BROKEN = REPOSITORY + "9" * 64, REPOSITORY + "8" * 64


def test_pods_are_changed_one_after_the_other() -> None:
    with trial("rolling", {NEW: {}, BROKEN: {"NEVER_READY": "1"}}) as made, made.users() as users:
        a_new_image_is_rolled_out(made, users)
        a_pod_that_is_never_ready_stops_it(made, users)
        say(f"{users.answered} requests answered, {len(users.failed)} failed")
        assert users.failed == []
        made.says_no_secret()


def a_new_image_is_rolled_out(made: Trial, users: Users) -> None:
    made.release("deploy", "--image", NEW)
    users.all_get(NEW)
    assert set(users.images) == {made.old, NEW}


def a_pod_that_is_never_ready_stops_it(made: Trial, users: Users) -> None:
    done = made.release("deploy", "--image", BROKEN, code=1)
    assert "storefront" in done.err
    assert set(users.images) == {made.old, NEW}
    pods = made.world.cluster.items("/api/v1/namespaces/commerce/pods?labelSelector=app.kubernetes.io/name=storefront")
    images = [pod["spec"]["containers"][0]["image"] for pod in pods]
    assert images.count(NEW) == made.world.settings.services["storefront"].replicas
    made.release("rollback", "--image", NEW, "--reason", "no pod of it gets ready")
    users.all_get(NEW)
