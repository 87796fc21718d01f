"""What a whole `up` and `down` sends to other places than this machine: nothing; heard on the wire."""

import json
import sys

import pytest

from tests.e2e.checkout import checkout
from tests.e2e.node.inside import needs_node

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(900), needs_node]

_NOTICED = (sys.executable, "-m", "tests.e2e.node.noticed")


def test_the_listener_notices() -> None:
    """A test that hears nothing proves something only when it would have heard."""
    with checkout() as copy:
        send = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('10.10.10.11', 22))"
        done = copy.finish(copy.start_command(*_NOTICED, sys.executable, "-c", send))
        assert json.loads(done.out.splitlines()[-1]) == ["10.10.10.11"], str(done)


@pytest.mark.long
@pytest.mark.parametrize("node", ["simulated", "real"])
def test_a_whole_life_reaches_nobody_else(node: str) -> None:
    with checkout(node=node) as copy:
        # Where Loki really runs its bucket has objects by now, and is not destroyed.
        verbs = ("up", "down") if node == "real" else ("up", "destroy", "down")
        life = " && ".join(f"{sys.executable} -m sandbox {verb} --stack dev" for verb in verbs)
        done = copy.finish(copy.start_command(*_NOTICED, "sh", "-c", life))
        assert done.code == 0, str(done)
        assert json.loads(done.out.splitlines()[-1]) == []
