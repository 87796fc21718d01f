"""Which guests are snapshots, and which of them may go."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from release.snapshots.plan import Guest, Snapshot, read, removable
from tests.unit.release.snapshots.room import IDS, NOW


@given(
    made=st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from("vwxyz"), st.integers(min_value=0, max_value=40)), max_size=25
    ),
    live=st.sampled_from("vwxyz"),
    days=st.integers(min_value=7, max_value=20),
)
def test_nothing_young_goes_nor_what_is_live_or_was_before(
    made: list[tuple[str, str, int]], live: str, days: int
) -> None:
    every = [Snapshot(n, "n", host, 1, of, NOW - timedelta(days=age)) for n, (host, of, age) in enumerate(made)]
    left = [each for each in every if each not in removable(every, live, days, NOW)]
    assert {each for each in every if each.made >= NOW - timedelta(days=days)} <= set(left)
    for host in "ab":
        there = sorted((each for each in every if each.host == host), key=lambda each: (each.made, each.id))
        of_live = [each for each in there if each.version == live]
        others = [each for each in there if each.version != live]
        assert set(of_live[-1:] + others[-1:]) <= set(left)
        old = [each for each in left if each.host == host and each.made < NOW - timedelta(days=days)]
        assert len(old) <= 2


def test_a_guest_is_a_snapshot_only_as_the_tool_made_it() -> None:
    made = Snapshot(3900, "pve1", "docker-1", 7, "0a", NOW)
    guest = Guest(3900, "pve1", made.name("prod"), running=False, template=True, lock="", tags=made.tags("prod"))
    assert read(guest, "prod", IDS) == made
    assert read(guest, "staging", IDS) is None
    assert read(guest, "prod", range(100, 200)) is None
    for other in (
        replace(guest, template=False),
        replace(guest, name="docker-1"),
        replace(guest, tags=guest.tags | {"mine"}),
        replace(guest, tags=frozenset[str]()),
    ):
        assert read(other, "prod", IDS) is None
