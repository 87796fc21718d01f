"""A blue-green release and its rollback by hand, on a real node and under load."""

import pytest

from tests.e2e.node.inside import needs_node
from tests.e2e.releases import blue_green
from tests.e2e.releases.trial import trial

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(1800), pytest.mark.long, needs_node]


def test_users_are_led_over_and_back() -> None:
    with trial("blue_green", blue_green.IMAGES) as made:
        blue_green.by_hand(made)
