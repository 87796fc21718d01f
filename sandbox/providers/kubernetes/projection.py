"""A live object as seen through what the program declared, so that only a change in the world shows as one.

A live value that is what the server answered after the last apply stands for what was declared then, however the server
normalised it (defaults in lists, quantities, base64). What differs from that answer is shown as it is.
"""

import base64
import binascii
import re
from decimal import Decimal
from typing import Any, cast

Object = dict[str, Any]

_QUANTITY = re.compile(r"^([+-]?[0-9.]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?$")
_SUFFIXES = {
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", 1)},
    **{suffix: Decimal(1000) ** -power for power, suffix in enumerate("mun", 1)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", 1)},
}
_QUANTITIES = frozenset(
    {"capacity", "default", "defaultRequest", "hard", "limits", "max", "min", "overhead", "requests"}
)
"""Maps whose values are quantities."""

_ABSENT = object()


def project(declared: Object, live: Object, answered: Object) -> Object:
    """Live inputs of an object.

    Args:
        declared: inputs in the state.
        live: the object now.
        answered: the object as the server gave it after the last apply (outputs in the state; may be empty).
    """
    if "stringData" in declared:
        live, answered = (_with_texts(obj, declared["stringData"]) for obj in (live, answered))
    return _project_map(declared, live, answered, quantities=False)


def same_quantity(one: Any, other: Any) -> bool:
    """Whether two quantities are equal, e.g. `1000m` and `1`, `0.5` and `500m`."""
    first, second = _quantity(one), _quantity(other)
    return first is not None and first == second


def _project(declared: Any, live: Any, answered: Any, *, quantities: bool = False) -> Any:
    if live in (answered, declared) or (quantities and same_quantity(declared, live)):
        return declared
    if isinstance(declared, dict) and isinstance(live, dict):
        before = cast("Object", answered) if isinstance(answered, dict) else {}
        return _project_map(cast("Object", declared), cast("Object", live), before, quantities=quantities)
    if isinstance(declared, list) and isinstance(live, list):
        before = cast("list[Any]", answered) if isinstance(answered, list) else []
        return _project_list(cast("list[Any]", declared), cast("list[Any]", live), before)
    return live


def _project_map(declared: Object, live: Object, answered: Object, *, quantities: bool) -> Object:
    projected: Object = {}
    for key, value in declared.items():
        if key in live:
            projected[key] = _project(
                value, live[key], answered.get(key, _ABSENT), quantities=quantities or key in _QUANTITIES
            )
        elif key not in answered and (answered or not value):
            projected[key] = value  # the server leaves it out: an empty list, a zero
    return projected


def _project_list(declared: list[Any], live: list[Any], answered: list[Any]) -> list[Any]:
    names = _names(declared)
    live_by_name = _by_name(live)
    if names is None or live_by_name is None:
        if len(declared) != len(live):
            return live
        before = answered if len(answered) == len(live) else [_ABSENT] * len(live)
        return [_project(*parts) for parts in zip(declared, live, before, strict=True)]
    answered_by_name = _by_name(answered) or {}
    projected = [
        _project(item, live_by_name[name], answered_by_name.get(name, _ABSENT))
        for name, item in zip(names, declared, strict=True)
        if name in live_by_name
    ]
    added = [item for name, item in live_by_name.items() if name not in names and answered_by_name.get(name) != item]
    return projected + added


def _names(items: list[Any]) -> list[str] | None:
    named = _by_name(items)
    return list(named) if named is not None else None


def _by_name(items: list[Any]) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for item in items:
        name = cast("Object", item).get("name") if isinstance(item, dict) else None
        if not isinstance(name, str) or name in found:
            return None
        found[name] = item
    return found


def _with_texts(secret: Object, declared: Any) -> Object:
    """A Secret with its `data` given as `stringData` where the program declared it so."""
    data = cast("Object", secret.get("data") or {})
    names = cast("Object", declared) if isinstance(declared, dict) else {}
    texts = {key: _decoded(data[key]) for key in names if key in data}
    return {**secret, "stringData": texts} if texts else secret


def _decoded(value: Any) -> str:
    try:
        return base64.b64decode(str(value)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return str(value)


def _quantity(value: Any) -> Decimal | None:
    match = _QUANTITY.match(str(value)) if isinstance(value, str | int | float) else None
    if match is None or match[1].count(".") > 1 or not any(digit.isdigit() for digit in match[1]):
        return None
    suffix = match[2] or ""
    factor = _SUFFIXES.get(suffix) or (Decimal(f"1{suffix}") if suffix else Decimal(1))
    return Decimal(match[1]) * factor
