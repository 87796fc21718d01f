"""Rolling updates by the release tool, under load: nobody notices (REL-2)."""

from tests.e2e.edge.traffic import say
from tests.e2e.releases.trial import REPOSITORY, Trial
from tests.e2e.releases.users import Users

BETTER, BROKEN = REPOSITORY + "6" * 64, REPOSITORY + "5" * 64
IMAGES = {BETTER: {}, BROKEN: {"NEVER_READY": "1"}}
_GIVEN_UP_SECONDS = 900
"""Pods of an update are waited for 5 min, and 2 min more for each replica."""


def pods_are_changed_one_after_the_other(made: Trial) -> None:
    """A new image is rolled out."""
    with made.users() as users:
        made.release("deploy", "--image", BETTER)
        users.all_get(BETTER)
        assert set(users.images) == {made.old, BETTER}
        _nobody_noticed(made, users)


def a_pod_that_is_never_ready_stops_it(made: Trial) -> None:
    """Users go on to see the image before."""
    with made.users() as users:
        done = made.release("deploy", "--image", BROKEN, code=1, seconds=_GIVEN_UP_SECONDS)
        assert "storefront" in done.err
        assert set(users.images) == {made.old}
        labels = "app.kubernetes.io/name=storefront"
        pods = made.world.cluster.items(f"/api/v1/namespaces/commerce/pods?labelSelector={labels}")
        images = [pod["spec"]["containers"][0]["image"] for pod in pods]
        assert images.count(made.old) == made.world.settings.services["storefront"].replicas
        made.release("rollback", "--image", made.old, "--reason", "no pod of it gets ready")
        users.all_get(made.old)
        _nobody_noticed(made, users)


def _nobody_noticed(made: Trial, users: Users) -> None:
    say(f"{users.answered} requests answered, {len(users.failed)} failed")
    assert users.failed == []
    made.says_no_secret()
