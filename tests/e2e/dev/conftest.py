"""One dev stack with simulated nodes, which all tests of this folder share; each leaves it up.

It is watched for secrets while it comes up. `test_the_end`, which is the last by its name, destroys it.
"""

from collections.abc import Iterator

import pytest

from tests.e2e.checkout import checkout
from tests.e2e.dev.watched import Watched
from tests.e2e.world import World

_STACK = "dev"


@pytest.fixture(scope="package")
def watched() -> Iterator[Watched]:
    with checkout() as copy:
        # Four pods that are replaced one after the other would be waited for ten seconds each.
        copy.replace(
            f"services/{_STACK}.yaml", "strategy: rolling\n", "strategy: rolling\n  rolling: {min_ready_seconds: 1}\n"
        )
        copy.commit()
        made = Watched(copy, World(copy, _STACK))
        made.up = made.run("up", "--stack", _STACK, "--state-at-end")
        assert made.up.code == 0, str(made.up)
        assert copy.git("status", "--porcelain") == ""
        yield made


@pytest.fixture
def world(watched: Watched) -> World:
    return watched.world
