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
        items = _aligned(cast("list[Any]", declared or []), cast("list[Any]", expected), align)
        return _drifted_list(declared or [], items, _aligned(items, cast("list[Any]", live), align))
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


def _drifted_list(declared: list[Any], expected: list[Any], live: list[Any]) -> list[Any]:
    result: list[Any] = []
    for index, item in enumerate(live):
        if index < len(expected):
            before = declared[index] if index < len(declared) else None
            item = drifted(before, expected[index], item)
            item = expected[index] if item is None else item
        result.append(_known(item))
    return result


def _aligned(model: list[Any], items: list[Any], align: str) -> list[Any]:
    """`items` in the order in which `model` has them; those that it does not have come last."""
    if not align or not all(isinstance(item, Mapping) and align in item for item in [*model, *items]):
        return items
    order = [item[align] for item in model]
    return sorted(items, key=lambda item: order.index(item[align]) if item[align] in order else len(order))


def _known(item: Any) -> Any:
    """Without the fields that say nothing."""
    if isinstance(item, Mapping):
        return {key: value for key, value in cast("dict[str, Any]", item).items() if value is not None}
    return item
