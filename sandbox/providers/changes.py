"""What differs between the inputs in the state and those of the program, and what of it replaces the object."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, cast

from sandbox.providers.values import UNKNOWN, Path

Kind = Literal["add", "delete", "update"]

_PLAIN_KEY = re.compile(r"^[A-Za-z_$][A-Za-z0-9_$-]*$")
_SEGMENT = re.compile(r"\[(\d+|\*|\"(?:[^\"\\]|\\.)*\")\]|\.?([^.\[\]]+)")


@dataclass(frozen=True)
class Change:
    """One leaf, or one whole value that was added or removed."""

    path: Path
    kind: Kind
    replaces: bool = False


Equal = Callable[[str, Any, Any], bool]
"""Whether two unequal leaves (dotted path without indexes, old, new) mean the same."""


def compare(old: dict[str, Any], new: dict[str, Any], replace_on: Iterable[str], equal: Equal) -> list[Change]:
    """Changes from `old` to `new`; one at, under or around a path of `replace_on` replaces."""
    targets = [tuple(path.split(".")) for path in replace_on]
    found: list[Change] = []
    _compare_maps(old, new, (), equal, found)
    return [Change(c.path, c.kind, any(_meets(named(c.path), target) for target in targets)) for c in found]


def without_ignored(changes: list[Change], ignored: Iterable[str]) -> list[Change]:
    """The changes that no `ignoreChanges` path covers."""
    patterns = [parse(path) for path in ignored]
    return [change for change in changes if not any(_covers(pattern, change.path) for pattern in patterns)]


def text(path: Path) -> str:
    """`path` as the engine writes it: `spec.containers[0].env["a.b"]`."""
    out = ""
    for part in path:
        if isinstance(part, int):
            out += f"[{part}]"
        elif _PLAIN_KEY.match(part):
            out += f".{part}" if out else part
        else:
            out += f"[{json.dumps(part)}]"
    return out


def parse(path: str) -> Path:
    """The parts of a path as the engine writes it; `*` stands for any key or index."""
    parts: list[str | int] = []
    for bracket, key in _SEGMENT.findall(path):
        if key:
            parts.append(key)
        elif bracket.startswith('"'):
            parts.append(json.loads(bracket))
        else:
            parts.append(int(bracket) if bracket.isdigit() else bracket)
    return tuple(parts)


def named(path: Path) -> tuple[str, ...]:
    """`path` without list indexes."""
    return tuple(part for part in path if isinstance(part, str))


def _meets(path: tuple[str, ...], target: tuple[str, ...]) -> bool:
    length = min(len(path), len(target))
    return path[:length] == target[:length]


def _covers(pattern: Path, path: Path) -> bool:
    return len(pattern) <= len(path) and all(a in ("*", b) for a, b in zip(pattern, path, strict=False))


def _compare_maps(old: dict[str, Any], new: dict[str, Any], path: Path, equal: Equal, found: list[Change]) -> None:
    for key in sorted(old.keys() | new.keys()):
        at = (*path, key)
        before, after = old.get(key), new.get(key)
        if before is None and after is None:
            continue
        if before is None:
            found.append(Change(at, "add"))
        elif after is None:
            found.append(Change(at, "delete"))
        else:
            _compare_values(before, after, at, equal, found)


def _compare_values(old: Any, new: Any, path: Path, equal: Equal, found: list[Change]) -> None:
    if isinstance(old, dict) and isinstance(new, dict):
        _compare_maps(cast("dict[str, Any]", old), cast("dict[str, Any]", new), path, equal, found)
    elif isinstance(old, list) and isinstance(new, list):
        _compare_lists(cast("list[Any]", old), cast("list[Any]", new), path, equal, found)
    elif not _same(old, new) and (new is UNKNOWN or not equal(".".join(named(path)), old, new)):
        found.append(Change(path, "update"))


def _compare_lists(old: list[Any], new: list[Any], path: Path, equal: Equal, found: list[Change]) -> None:
    for index, (before, after) in enumerate(zip(old, new, strict=False)):
        _compare_values(before, after, (*path, index), equal, found)
    found.extend(Change((*path, index), "delete") for index in range(len(new), len(old)))
    found.extend(Change((*path, index), "add") for index in range(len(old), len(new)))


def _same(old: Any, new: Any) -> bool:
    """Equal and of the same kind: True is not 1."""
    return old == new and isinstance(old, bool) == isinstance(new, bool)
