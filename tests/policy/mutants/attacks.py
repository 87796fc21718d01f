"""What a person would change, from a table of one line each: see `attacks.yaml`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from policy.rules import kinds

from .operators import CLEAR, REMOVE, Operator, Row, more, sub, to

_WAYS: Mapping[str, Callable[..., Operator]] = {
    "set": to,
    "add": more,
    "sub": sub,
    "remove": lambda: REMOVE,
    "clear": lambda: CLEAR,
}


def _row(type_: str, name: str, path: str, way: str, *values: Any) -> Row:
    """A line: a type by its name in policy/rules/kinds.py, or `document:` and its kind."""
    token = type_ if type_.startswith("document:") else getattr(kinds, type_)
    types = (token,) if isinstance(token, str) else tuple(token)
    return Row(types, path, (_WAYS[way](*values),), also_absent=True, name=name)


ATTACKS: Mapping[str, tuple[Row, ...]] = {
    kind: tuple(_row(*line) for line in lines)
    for kind, lines in yaml.load(Path(__file__).with_suffix(".yaml").read_text(), yaml.CSafeLoader).items()
}
