"""Declared inputs change only where the world really differs."""

from typing import Any

import pytest

from sandbox.providers.drift import drifted


@pytest.mark.parametrize(
    ("declared", "expected", "live", "result"),
    [
        ("a", "a", "a", "a"),
        ("1", 1, 1, "1"),
        ("a", "a", "b", "b"),
        ("a", None, "b", "a"),
        (None, "a", "a", None),
        (None, "a", "b", "b"),
        ({"x": 1}, {"x": 1, "y": 0}, {"x": 1, "y": 0}, {"x": 1}),
        ({"x": 1}, {"x": 1, "y": 0}, {"x": 1, "y": 2}, {"x": 1, "y": 2}),
        ({"x": 1}, {"x": 1, "mac": None}, {"x": 2, "mac": "m"}, {"x": 2}),
        ({"x": "a"}, {"x": "a"}, {"x": None}, {}),
        ({"x": "a"}, {"x": "a"}, None, None),
        ([{"x": 1}], [{"x": 1, "y": 0}], [{"x": 1, "y": 0}, {"x": 2, "y": 0}], [{"x": 1}, {"x": 2, "y": 0}]),
        ([{"x": 1}, {"x": 2}], [{"x": 1}, {"x": 2}], [{"x": 1}], [{"x": 1}]),
        (["a"], ["a"], [], []),
    ],
)
def test_only_what_differs_is_put_in(declared: Any, expected: Any, live: Any, result: Any) -> None:
    assert drifted(declared, expected, live) == result


def test_items_of_a_list_without_order_keep_their_place() -> None:
    declared = [{"id": "b", "v": 1}, {"id": "a"}]
    expected = [{"id": "a", "v": 0}, {"id": "b", "v": 1}]
    live = [{"id": "c", "v": 0}, {"id": "a", "v": 5}, {"id": "b", "v": 1}]
    assert drifted(declared, expected, live, "id") == [{"id": "b", "v": 1}, {"id": "a", "v": 5}, {"id": "c", "v": 0}]
    assert drifted(declared, expected, expected[::-1], "id") == declared


def test_an_item_that_is_gone_does_not_shift_the_others() -> None:
    declared = [{"id": "a", "v": 1}, {"id": "b"}, {"id": "c", "v": 3}]
    expected = [{"id": "a", "v": 1}, {"id": "b", "v": 0}, {"id": "c", "v": 3}]
    assert drifted(declared, expected, [expected[0], expected[2]], "id") == [declared[0], declared[2]]
