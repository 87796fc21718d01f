"""What can be done to a property: remove, weaken, widen, shorten, rename; and how a row says where."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

ABSENT: Final = object()
"""In the place of a value: it is gone."""

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Operator:
    """One way to break a value; gives nothing where it would change nothing."""

    name: str
    make: Callable[[Any], list[Any]]

    def on(self, value: Any) -> list[Any]:
        """What stands there afterwards, once for each way."""
        return [each for each in self.make(value) if each is ABSENT or each != value or type(each) is not type(value)]


@dataclass(frozen=True)
class Row:
    """Where (`*` is any key or index, `~1` a slash in a key) of which types, and how."""

    types: tuple[str, ...]
    path: str
    operators: tuple[Operator, ...]
    also_absent: bool = False
    """Also where nothing stands: the operators get ABSENT."""
    name: str = "*"
    """Of which resources, by a pattern of their names."""


def _empty(value: Any) -> list[Any]:
    empty: dict[type, Any] = {list: [], dict: {}, str: ""}
    return [empty[type(value)]] if type(value) in empty else []


REMOVE = Operator("remove", lambda value: [] if value is ABSENT else [ABSENT])
CLEAR = Operator("clear", lambda value: _empty(value))
RENAME = Operator("rename", lambda value: [f"{value}-x"] if isinstance(value, str) else [])
NEGATE = Operator("weaken", lambda value: [not value] if isinstance(value, bool) else [])


def to(*values: Any, name: str = "weaken") -> Operator:
    """Another value in its place."""
    return Operator(name, lambda _: list(values))


def wider(*values: Any) -> Operator:
    """A value in its place that lets more in."""
    return to(*values, name="widen")


def sub(pattern: str, *replacements: str, name: str = "weaken") -> Operator:
    """In a text: what is found becomes something else."""

    def make(value: Any) -> list[Any]:
        if not isinstance(value, str) or not re.search(pattern, value):
            return []
        return [re.sub(pattern, each, value, count=1) for each in replacements]

    return Operator(name, make)


def more(*values: Any) -> Operator:
    """One element more in a list, which is made if there is none."""

    def make(value: Any) -> list[Any]:
        elements: Any = [] if value is ABSENT else value
        return [[*elements, each] for each in values] if isinstance(elements, list) else []

    return Operator("widen", make)


def entry(name: str, *values: Any) -> Operator:
    """One entry more in an object, which is made if there is none."""

    def make(value: Any) -> list[Any]:
        entries: Any = {} if value is ABSENT else value
        return [{**entries, name: each} for each in values] if isinstance(entries, dict) else []

    return Operator("widen", make)


def _shorter(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return []
    if isinstance(value, int | float):
        return [type(value)(value * share) for share in (0.5, 0.9)]
    if isinstance(value, str):
        number = re.search(r"\d+", value)
        if number:
            return [value.replace(number[0], str(max(0, int(int(number[0]) * share))), 1) for share in (0.5, 0.9)]
    return []


SHORTEN = Operator("shorten", _shorter)
LENGTHEN = Operator(
    "widen",
    lambda value: (
        [re.sub(r"\d+", lambda found: str(int(found[0]) * 4), value, count=1)]
        if isinstance(value, str) and re.search(r"\d", value)
        else [value * 4]
        if isinstance(value, int | float) and not isinstance(value, bool)
        else []
    ),
)


def places(content: Any, pattern: str, *, also_absent: bool = False) -> Iterator[tuple[Path, Any]]:
    """Where the pattern leads to, and what stands there."""
    steps = [step.replace("~1", "/") for step in pattern.split("/")] if pattern else []
    yield from _walk(content, steps, (), also_absent=also_absent)


def _walk(content: Any, steps: list[str], path: Path, *, also_absent: bool) -> Iterator[tuple[Path, Any]]:
    if not steps:
        yield path, content
        return
    step, rest = steps[0], steps[1:]
    if isinstance(content, dict):
        entries = cast("dict[str, Any]", content)
        found = list(entries) if step == "*" else [step] if step in entries else []
        for key in found:
            yield from _walk(entries[key], rest, (*path, key), also_absent=also_absent)
        if not found and also_absent and step != "*" and all(each != "*" for each in rest):
            yield (*path, step, *rest), ABSENT
    elif isinstance(content, list):
        for index, element in enumerate(cast("list[Any]", content)):
            if step in ("*", str(index)):
                yield from _walk(element, rest, (*path, index), also_absent=also_absent)


def put(content: Any, path: Path, value: Any) -> Any:
    """A copy of the content with another value at a place; only what is on the way is copied."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(content, list):
        copied = list(cast("list[Any]", content))
        if not rest and value is ABSENT:
            del copied[int(step)]
        else:
            copied[int(step)] = put(copied[int(step)], rest, value)
        return copied
    entries = dict(cast("dict[str | int, Any]", content)) if isinstance(content, dict) else {}
    if not rest and value is ABSENT:
        entries.pop(step, None)
    else:
        entries[step] = put(entries.get(step), rest, value)
    return entries
