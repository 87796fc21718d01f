from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.providers.changes import Change, compare, parse, text, without_ignored
from sandbox.providers.values import UNKNOWN

OLD: dict[str, Any] = {
    "name": "a",
    "spec": {"replicas": 2, "selector": {"app": "x"}, "containers": [{"image": "x:1"}, {"image": "y:1"}]},
}


def _never(_path: str, _old: Any, _new: Any) -> bool:
    return False


def _always(_path: str, _old: Any, _new: Any) -> bool:
    return True


def _changes(new: dict[str, Any], *replace_on: str) -> list[tuple[str, str, bool]]:
    return [(text(c.path), c.kind, c.replaces) for c in compare(OLD, new, replace_on, _never)]


def _with(**spec: Any) -> dict[str, Any]:
    return {"name": "a", "spec": {**OLD["spec"], **spec}}


def test_nothing_changed() -> None:
    assert _changes(OLD, "name", "spec") == []


def test_leaves_are_named() -> None:
    assert _changes(_with(replicas=3)) == [("spec.replicas", "update", False)]
    assert _changes(_with(containers=[{"image": "x:2"}])) == [
        ("spec.containers[0].image", "update", False),
        ("spec.containers[1]", "delete", False),
    ]
    assert _changes({**OLD, "labels": {"a.b/c": "d"}}) == [("labels", "add", False)]
    assert _changes({"spec": OLD["spec"]}) == [("name", "delete", False)]


def test_a_change_at_under_or_around_a_fixed_path_replaces() -> None:
    assert _changes(_with(selector={"app": "y"}), "spec.selector") == [("spec.selector.app", "update", True)]
    assert _changes({**OLD, "name": "b"}, "name") == [("name", "update", True)]
    assert _changes({"name": "a"}, "spec.selector") == [("spec", "delete", True)]
    assert _changes(_with(containers=[{"image": "x:2"}, {"image": "y:1"}]), "spec.containers.image") == [
        ("spec.containers[0].image", "update", True)
    ]
    assert _changes(_with(replicas=3), "spec.selector") == [("spec.replicas", "update", False)]


def test_an_unknown_value_is_a_change() -> None:
    assert compare(OLD, {**OLD, "name": UNKNOWN}, ["name"], _always) == [Change(("name",), "update", True)]


def test_true_is_not_1() -> None:
    assert compare({"a": 1}, {"a": True}, [], _never) == [Change(("a",), "update")]


def test_what_means_the_same_is_no_change() -> None:
    asked: list[str] = []

    def equal(path: str, _old: Any, _new: Any) -> bool:
        asked.append(path)
        return True

    assert compare(OLD, _with(containers=[{"image": "x:2"}, {"image": "y:1"}]), [], equal) == []
    assert asked == ["spec.containers.image"]


@pytest.mark.parametrize(
    ("ignored", "left"),
    [
        (["spec.replicas"], ["spec.containers[0].image"]),
        (["spec.containers[*].image"], ["spec.replicas"]),
        (["spec.containers[1].image"], ["spec.containers[0].image", "spec.replicas"]),
        (["spec"], []),
        (["*"], []),
    ],
)
def test_ignored_changes_do_not_count(ignored: list[str], left: list[str]) -> None:
    found = compare(OLD, _with(replicas=3, containers=[{"image": "x:2"}, {"image": "y:1"}]), [], _never)
    assert [text(change.path) for change in without_ignored(found, ignored)] == left


@given(st.lists(st.one_of(st.integers(0, 9), st.text(min_size=1).filter(lambda key: key != "*")), min_size=1))
def test_a_path_is_read_as_it_was_written(parts: list[str | int]) -> None:
    path = ("first", *parts)
    assert parse(text(path)) == path
