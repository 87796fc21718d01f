"""A rolling update that gets stuck, on a real node and under load."""

import pytest

from tests.e2e.node.inside import needs_node
from tests.e2e.releases import rolling
from tests.e2e.releases.trial import trial

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(1800), pytest.mark.long, needs_node]


def test_a_pod_that_is_never_ready_stops_it() -> None:
    with trial("rolling", rolling.IMAGES) as made:
        rolling.a_pod_that_is_never_ready_stops_it(made)
