"""The stack is removed: a Ctrl-C ends that in order, and in the end nothing is left. The last file of its folder."""

import pytest

from tests.e2e import life
from tests.e2e.dev.test_faults import said, stopped
from tests.e2e.world import World

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(3600)]


def test_ctrl_c_while_something_is_removed(world: World) -> None:
    """What is under way is finished, what is not begun is left; a second run meanwhile is refused."""
    copy, before = world.checkout, len(world.state())
    running = copy.start("destroy", "--stack", world.stack)
    running.wait_for(r"removing \d+ resources")
    said(
        copy.run("up", "--stack", world.stack), "stack dev is busy: make destroy (pid ", "wait for it to end or stop it"
    )
    running.wait_for("  deleted$")
    running.interrupt()
    stopped(copy.finish(running), "destroy")
    assert 0 < len(world.state()) < before


def test_nothing_is_left(world: World) -> None:
    life.leaves_nothing(world.checkout, world)
