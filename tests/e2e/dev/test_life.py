"""The life of the dev stack on the real engine and the real servers; every assertion reads the servers."""

import re

import pytest

from tests.e2e import life
from tests.e2e.dev.watched import Watched
from tests.e2e.world import World

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(3600)]


def test_everything_is_there(watched: Watched) -> None:
    assert watched.up is not None
    life.is_up(watched.up, watched.world)
    assert re.search(r"kubernetes apps/v1 Deployment .*kube-apiserver, by the official plugin", watched.up.out)
    life.takes_what_every_node_applies(watched.world)


def test_nothing_changes_when_nothing_did(world: World) -> None:
    life.does_not_change_when_nothing_did(world.checkout, world)


def test_drift_a_killed_engine_and_a_release(world: World) -> None:
    life.drift_is_seen(world.checkout, world)
    # What somebody changed by hand is wanted otherwise than before, too.
    life.one_pod_more(world)
    life.next_release(world)
    made = life.an_engine_is_killed_while_pods_are_waited_for(world, "green")
    life.drift_is_repaired_and_the_idle_slot_filled(world.checkout, world)
    assert life.deployment(world, "green") == made, "it is taken over, not made anew"
    life.a_release_switches_a_record_and_nothing_else(world.checkout, world)
