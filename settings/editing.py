"""Changes single values of a stack's file, and leaves everything else in it as people have written it."""

from collections.abc import Mapping
from typing import cast

import yaml

Place = tuple[str, ...]
"""Keys from the outermost on, as in ("config", "luxima:database", "host")."""


def changed(text: str, values: Mapping[Place, str]) -> str:
    """A YAML text with other values at places that it has.

    Args:
        text: The file.
        values: New values, which need no quotes.

    Raises:
        KeyError: When the text has no value at a place; says which.
    """
    root = cast("yaml.Node", yaml.compose(text, Loader=yaml.SafeLoader))  # pyright: ignore[reportUnknownMemberType] - untyped in its stubs
    found = [(_at(root, place), value) for place, value in values.items()]
    # From the end on, so that the places before it stay what they are.
    for node, value in sorted(found, key=lambda each: each[0].start_mark.index, reverse=True):
        text = text[: node.start_mark.index] + value + text[node.end_mark.index :]
    return text


def _at(node: yaml.Node, place: Place) -> yaml.ScalarNode:
    for key in place:
        pairs = cast("list[tuple[yaml.Node, yaml.Node]]", node.value) if isinstance(node, yaml.MappingNode) else []
        inner = next((value for name, value in pairs if name.value == key), None)
        if inner is None:
            raise KeyError(".".join(place))
        node = inner
    if not isinstance(node, yaml.ScalarNode):
        raise KeyError(".".join(place))
    return node
