"""Objects of the cluster as JSON has them; what is not there reads as empty."""

from typing import Any

Object = dict[str, Any]


def part(item: Object, name: str) -> Object:
    """An inner object."""
    return item.get(name) or {}


def parts(item: Object, name: str) -> list[Object]:
    """A list of inner objects."""
    return item.get(name) or []


def texts(item: Object, name: str) -> dict[str, str]:
    """An inner object of texts, such as labels."""
    return item.get(name) or {}


def key(item: Object) -> tuple[str, str]:
    """Namespace and name."""
    meta = part(item, "metadata")
    return meta.get("namespace", ""), meta["name"]
