"""The life of the larger stacks on the real engine and the real servers; that of dev is in `tests/e2e/dev`."""

import pytest

from tests.e2e import life
from tests.e2e.checkout import checkout
from tests.e2e.world import World

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(1800), pytest.mark.long]


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_a_stack_lives(stack: str) -> None:
    with checkout() as copy:
        copy.commit()
        world = World(copy, stack)
        made = life.an_engine_is_killed_while_pods_are_waited_for(world, "blue")
        life.is_up(copy.succeed("up", "--stack", stack), world)
        assert life.deployment(world, "blue") == made
        assert copy.git("status", "--porcelain") == ""
        life.takes_what_every_node_applies(world)
        life.does_not_change_when_nothing_did(copy, world)
        life.has_no_drift(copy, world)
        life.drift_is_seen(copy, world)
        life.drift_is_repaired_and_the_idle_slot_filled(copy, world)
        life.a_release_switches_a_record_and_nothing_else(copy, world)
        life.leaves_nothing(copy, world)
        assert copy.git("status", "--porcelain").split() == ["M", f"Pulumi.{stack}.yaml", "M", f"releases/{stack}.yaml"]
