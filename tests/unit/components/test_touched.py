"""What each everyday operation on machines touches, and whether one after another: as the guide says it (INF-8).

The machines and the cluster are recorded twice, and compared as the engine does. No server; the engine does all of them
in tests/e2e/providers/test_touched.py.
"""

from functools import cache
from itertools import pairwise

import pytest

from sandbox.providers.changes import compare, without_ignored
from tests.operations import OPERATIONS, REPLACED, Given, by_machine, declare, masked
from tests.recording import ROOT, Identity, Recorder, record, stack_settings


@cache
def _before() -> tuple[Given, Recorder]:
    """Machines and cluster of prod, as they are."""
    given = Given(stack_settings("prod"))
    return given, record(lambda: declare(given), "prod")


def _after(operation: str) -> Recorder:
    given, recorder = _before()
    after = OPERATIONS[operation](given)
    return recorder if after is given else record(lambda: declare(after), "prod")


def _touched(old: Recorder, new: Recorder) -> list[Identity]:
    """What an operation touches, with nothing before what it waits for."""
    before = {each.identity: each.inputs for each in old.resources}
    found: set[Identity] = set()
    for each in new.resources:
        changes = compare(dict(before.get(each.identity, {})), dict(each.inputs), (), lambda _path, a, b: a == b)
        if each.type.startswith("luxima:"):
            continue
        if each.identity not in before or without_ignored(changes, new.ignored.get(each.identity, frozenset())):
            found.add(each.identity)
    if new is old:
        machine = new.named(f"compute-{REPLACED}-vm").identity
        found = {machine, *(each for each, others in new.replaced_with.items() if machine in others)}
    declared = {each.identity: each for each in new.resources if each.identity in found}
    return sorted(found, key=lambda each: (len(new.before(declared[each])), each))


def _order(recorder: Recorder, touched: list[Identity]) -> str:
    """Whether all that is done for a machine waits for all that is done for the one of its role before it."""
    waits = {each.identity: recorder.before(each) for each in recorder.resources}
    roles = by_machine(touched, lambda each: each[1]).values()
    if (count := sum(map(len, roles))) < 2:
        return ("no machine", "one machine")[count]
    in_turn = all(
        earlier in waits[later]
        for machines in roles
        for first, second in pairwise(sorted(machines))
        for earlier in machines[first]
        for later in machines[second]
    )
    return "one after another" if in_turn else "at once"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_guide_says_what_is_touched_and_in_which_order(operation: str) -> None:
    recorder = _after(operation)
    touched = _touched(_before()[1], recorder)
    names = dict.fromkeys(masked(name) for _, name in touched)
    row = f"| {operation} | {', '.join(names)} | {_order(recorder, touched)} |"
    assert row in (ROOT / "docs/how-to/machines.md").read_text(encoding="utf-8")
