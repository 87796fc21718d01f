"""The life of the dev stack on the real engine and the real servers; every assertion reads the servers."""

import pytest

from tests.e2e import life
from tests.e2e.dev.watched import Watched
from tests.e2e.world import World

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(3600)]


def test_everything_is_there(watched: Watched) -> None:
    assert watched.up is not None
    life.is_up(watched.up, watched.world)
    life.takes_what_every_node_applies(watched.world)


def test_nothing_changes_when_nothing_did(world: World) -> None:
    life.does_not_change_when_nothing_did(world.checkout, world)


def test_drift_and_a_release(world: World) -> None:
    life.drift_is_seen(world.checkout, world)
    # What somebody changed by hand is wanted otherwise than before, too.
    life.one_pod_more(world)
    life.drift_is_repaired_and_the_idle_slot_filled(world.checkout, world)
    life.a_release_switches_a_record_and_nothing_else(world.checkout, world)
