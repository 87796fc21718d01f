"""The demo as it is typed: a good release loses nothing, a bad one is taken back, and nothing but its page is left."""

import json
import re
import sys
from collections.abc import Iterator

import pytest

from demo.model import Run
from tests.e2e.checkout import Checkout, checkout
from tests.e2e.node.inside import needs_node
from tests.waiting import wait_for

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(3600), pytest.mark.long, needs_node]

_DEMO = (sys.executable, "-m", "demo")
_SECONDS = 3000


@pytest.fixture
def copy() -> Iterator[Checkout]:
    with checkout(node="real") as made:
        made.commit()
        yield made
        assert made.processes() == []
        assert made.git("status", "--porcelain") == ""
        assert not (made.root / ".demo" / "checkout").exists()


def test_a_good_release_and_a_bad_one_that_is_taken_back(copy: Checkout) -> None:
    folder = copy.root / ".demo"
    running = copy.start_command(*_DEMO)
    running.wait_for(r" s  up$")
    secrets = json.loads((folder / "checkout" / ".sandbox" / "dev" / "secrets.json").read_text(encoding="utf-8"))
    done = copy.finish(running, _SECONDS)
    assert done.code == 0, str(done)
    shown = (folder / "demo.html").read_text(encoding="utf-8")
    run = Run.model_validate_json(re.findall('id="data">(.*)</script>', shown)[0])
    assert run.figures.right
    assert {record.result for record in run.records} >= {"succeeded", "rolled_back"}
    told = done.text + shown + (folder / "demo.log").read_text(encoding="utf-8")
    assert [name for name, value in secrets.items() if value in told] == []


def test_one_that_is_interrupted_leaves_nothing(copy: Checkout) -> None:
    running = copy.start_command(*_DEMO)
    gate = copy.root / ".demo" / "checkout" / ".sandbox" / "dev" / "run" / "gate.json"
    wait_for(gate.exists, "the stack's network is there", _SECONDS)
    running.interrupt()
    done = copy.finish(running, _SECONDS)
    assert done.code == 130, str(done)
