"""Check a resource's inputs against the SDK's Args classes: names, required ones and basic types, on all levels."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, cast

from sandbox.providers.changes import text
from sandbox.providers.sdk_types import (
    ANY,
    BasicType,
    ListType,
    MapType,
    ObjectType,
    Reference,
    Type,
    UnionType,
    args_type,
    resolve,
)
from sandbox.providers.values import UNKNOWN, Path

_BASIC = {"str": "a string", "int": "a whole number", "float": "a number", "bool": "true or false"}


def problems(package: str, token: str, inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(path, reason) for each input that the SDK's class of `token` would not take; nothing for unknown types."""
    found = args_type(package, token)
    if found is not None:
        yield from _object_problems(found, dict(inputs), ())


def _object_problems(kind: ObjectType, value: dict[str, Any], path: Path) -> Iterator[tuple[str, str]]:
    for key, item in sorted(value.items()):
        if key.startswith("__"):
            continue
        found = kind.properties.get(key)
        if found is None:
            yield text((*path, key)), f"there is no such property{_meant(key, kind.properties)}"
        else:
            yield from _value_problems(found, item, (*path, key))
    for key in sorted(kind.required - value.keys()):
        yield text((*path, key)), "is required"


def _value_problems(kind: Type, value: Any, path: Path) -> Iterator[tuple[str, str]]:
    resolved = resolve(kind) if isinstance(kind, Reference) else kind
    if value is UNKNOWN or value is None or resolved == ANY:
        return
    if isinstance(resolved, UnionType):
        found = [list(_value_problems(member, value, path)) for member in resolved.members]
        if all(found):
            yield from min(found, key=len)
    elif isinstance(resolved, BasicType):
        if not _fits(resolved.name, value):
            yield text(path), f"has to be {_BASIC[resolved.name]}, not {_described(value)}"
    elif isinstance(resolved, ListType):
        yield from _list_problems(resolved, value, path)
    elif not isinstance(value, dict):
        yield text(path), f"has to be a map, not {_described(value)}"
    elif isinstance(resolved, MapType):
        for key, item in cast("dict[str, Any]", value).items():
            yield from _value_problems(resolved.item, item, (*path, key))
    elif isinstance(resolved, ObjectType):
        yield from _object_problems(resolved, cast("dict[str, Any]", value), path)


def _list_problems(kind: ListType, value: Any, path: Path) -> Iterator[tuple[str, str]]:
    if not isinstance(value, list):
        yield text(path), f"has to be a list, not {_described(value)}"
        return
    for index, item in enumerate(cast("list[Any]", value)):
        yield from _value_problems(kind.item, item, (*path, index))


def _fits(name: str, value: Any) -> bool:
    if name == "str":
        return isinstance(value, str)
    if name == "bool":
        return isinstance(value, bool)
    if name == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _described(value: Any) -> str:
    """The kind of a value; not the value, which may be secret."""
    if isinstance(value, bool):
        return "true or false"
    names = {"str": "a string", "int": "a number", "float": "a fraction", "list": "a list", "dict": "a map"}
    name = type(value).__name__
    return names.get(name, name)


def _meant(key: str, known: Mapping[str, Any]) -> str:
    head, *tail = key.split("_")
    camel = head + "".join(word.capitalize() for word in tail)
    close = [camel] if camel in known else difflib.get_close_matches(key, known, 1, 0.7)
    return f"; did you mean {close[0]}?" if close else ""
