"""A shadow by the release tool, under load: it gets copies of all reads, and its users are none (REL-4)."""

import re

from tests.e2e.node import inside
from tests.e2e.releases.trial import REPOSITORY, SERVICE, Trial
from tests.waiting import wait_for

SHADOW = REPOSITORY + "4" * 64
"""Every answer of it is an error."""
IMAGES = {SHADOW: {"FAIL_PERCENT": "100"}}


def errors_of_a_shadow_reach_nobody(made: Trial) -> None:
    """All requests are copied to an image that answers none of them; no user notices."""
    with made.users() as users:
        made.release("deploy", "--image", SHADOW)
        before = users.answered
        made.release("shadow", "--percent", "100")
        settings = made.world.settings.services[SERVICE]

        def copied() -> bool:
            labels = {"app.kubernetes.io/name": SERVICE, "luxima.id/slot": "shadow"}
            pods = inside.running(made.world, "commerce", labels)
            metrics = "".join(pod.text(settings.port, settings.metrics_path) for pod in pods)
            counts = re.findall(r'^http_requests_total{.*code="500".*} (\d+)$', metrics, re.MULTILINE)
            return sum(map(int, counts)) > 100

        wait_for(copied, "the shadow got a hundred copies")
        assert users.answered > before + 100
        made.release("shadow", "--remove")
        assert users.failed == []
        assert SHADOW not in users.images
        made.says_no_secret()
