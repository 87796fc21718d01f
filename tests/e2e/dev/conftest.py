"""One dev stack with simulated nodes, which all tests of this folder share; each leaves it up.

It comes up after a run whose engine was killed, and is watched for secrets meanwhile. `test_the_end`, which is the last
by its name, destroys it.
"""

import os
import signal
from collections.abc import Iterator

import pytest

from tests.e2e.checkout import checkout
from tests.e2e.dev.watched import Watched
from tests.e2e.world import World
from tests.e2e.world.cluster import Refused
from tests.e2e.world.expected_cluster import NAMESPACE, SERVICE
from tests.waiting import wait_for

_STACK = "dev"
_UP = ("up", "--stack", _STACK)
_DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{SERVICE}-blue"
_LONGEST_SECONDS = 1500
"""Until the engine comes to a service, which is late in its run: it has minutes of work to do before, and may have to
share two processors with three other runs.
"""


@pytest.fixture(scope="package")
def watched() -> Iterator[Watched]:
    with checkout() as copy:
        # Four pods that are replaced one after the other would be waited for ten seconds each.
        copy.replace(
            f"services/{_STACK}.yaml", "strategy: rolling\n", "strategy: rolling\n  rolling: {min_ready_seconds: 1}\n"
        )
        copy.commit()
        made = Watched(copy, World(copy, _STACK))
        made.before = _with_an_engine_that_is_killed(made)
        made.up = made.run(*_UP, "--state-at-end")
        assert made.up.code == 0, str(made.up)
        assert copy.git("status", "--porcelain") == ""
        yield made


@pytest.fixture
def world(watched: Watched) -> World:
    return watched.world


def _with_an_engine_that_is_killed(made: Watched) -> str:
    """While pods are waited for: the Deployment is there, and the state does not know it. Gives its id."""
    running = made.copy.start(*_UP)
    running.wait_for("running the program on the engine")
    # No pod of it gets ready, however late this looks.
    _may_run_pods(made.world, may=False)
    wait_for(lambda: _deployment(made.world) is not None, "the Deployment is there", _LONGEST_SECONDS)
    os.kill(made.world.process("engine"), signal.SIGKILL)
    assert made.copy.finish(running).code == 1
    assert not any(SERVICE in item["urn"] and item["type"].endswith(":Deployment") for item in made.world.state())
    _may_run_pods(made.world, may=True)
    return str(_deployment(made.world))


def _may_run_pods(world: World, *, may: bool) -> None:
    for node in world.cluster.items("/api/v1/nodes"):
        path = f"/api/v1/nodes/{node['metadata']['name']}"
        world.cluster.patch(path, {"spec": {"unschedulable": None if may else True}})


def _deployment(world: World) -> str | None:
    """Its id, if it is there."""
    try:
        return str(world.cluster.get(_DEPLOYMENT)["metadata"]["uid"])
    except Refused:
        return None
