"""What the live world says against what was declared: the declared inputs, changed only where they really differ."""

from collections.abc import Mapping
from typing import Any, cast

_MISSING: Any = object()


def drifted(declared: Any, expected: Any, live: Any, align: str = "") -> Any:
    """`declared` with the differences between `expected` and `live` put in; None where nothing is to be said.

    `expected` is `declared` in full, with every default; where it is None the server decides, and nothing is compared.
    `align` names the field by which the items of a list are told apart, for lists whose order means nothing.
    """
    if expected is None or expected == live:
        return declared
    if isinstance(expected, Mapping) and isinstance(live, Mapping):
        return _drifted_map(declared or {}, cast("dict[str, Any]", expected), cast("dict[str, Any]", live), align)
    if isinstance(expected, list) and isinstance(live, list):
        items, now = cast("list[Any]", expected), cast("list[Any]", live)
        if align and all(isinstance(item, Mapping) and align in item for item in [*items, *now]):
            return _drifted_set(declared or [], items, now, align)
        return [_known(_drifted_at(declared or [], items, index, item)) for index, item in enumerate(now)]
    return live


def _drifted_map(declared: Mapping[str, Any], expected: dict[str, Any], live: dict[str, Any], align: str) -> Any:
    result = dict(declared)
    for key, value in expected.items():
        item = drifted(declared.get(key), value, live.get(key), align)
        if item is not None:
            result[key] = item
        elif value is not None and live.get(key, _MISSING) is None:
            result.pop(key, None)
    return result


def _drifted_at(declared: list[Any], expected: list[Any], index: int, live: Any) -> Any:
    """The item at a place of a list; one that nobody expected there is as it is."""
    if index >= len(expected):
        return live
    item = drifted(declared[index] if index < len(declared) else None, expected[index], live)
    return expected[index] if item is None else item


def _drifted_set(declared: list[Any], expected: list[Any], live: list[Any], align: str) -> list[Any]:
    """Items that are told apart by a field, in the order in which they are declared; the unexpected ones last."""
    order = [item[align] for item in declared]
    should = {item[align]: item for item in expected}
    said = {item[align]: item for item in declared}
    result: list[Any] = []
    for item in sorted(live, key=lambda item: order.index(item[align]) if item[align] in order else len(order)):
        key = item[align]
        result.append(_known(drifted(said.get(key), should[key], item) if key in should else item))
    return result


def _known(item: Any) -> Any:
    """Without the fields that say nothing."""
    if isinstance(item, Mapping):
        return {key: value for key, value in cast("dict[str, Any]", item).items() if value is not None}
    return item
