"""What a resource type of the provider has to be able to do, and small helpers that several of them need."""

import secrets
from collections.abc import Mapping
from typing import Any, Protocol

from sandbox.providers.base import UNKNOWN, Properties
from sandbox.providers.rules import Failures


class Handler(Protocol):
    """One resource type."""

    def defaults(self, name: str, inputs: Properties, old: Properties) -> Properties:
        """The inputs as the state keeps them."""
        ...

    def check(self, inputs: Properties) -> Failures:
        """What is wrong with the inputs beyond their types."""
        ...

    def replaces(self, old: Properties, new: Properties) -> frozenset[str]:
        """Paths whose change replaces the object."""
        ...

    def equal(self, path: str, old: Any, new: Any) -> bool:
        """Whether two unequal values mean the same."""
        ...

    def computed(self) -> Properties:
        """Outputs that are unknown before creation."""
        ...

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the object; (id, outputs)."""
        ...

    def read(self, resource_id: str, inputs: Properties) -> tuple[Properties, Properties] | None:
        """(inputs, outputs) as they are now; None when it is gone."""
        ...

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change the object; its outputs."""
        ...

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove the object."""
        ...


def changed(old: Mapping[str, Any], new: Mapping[str, Any], name: str, *, added: bool = True) -> bool:
    """Whether an input differs; with `added` false, one that is only there now does not count."""
    before, after = old.get(name), new.get(name)
    if before is None and not added:
        return False
    return after is UNKNOWN or before != after


def generated_name(name: str, inputs: Mapping[str, Any], old: Mapping[str, Any], field: str = "name") -> Any:
    """The declared name, else the one from before, else the resource's name with seven random digits."""
    if inputs.get(field) is not None:
        return inputs[field]
    return old.get(field) or f"{name}-{secrets.token_hex(4)[:7]}"


def without_order(inputs: Properties, field: str) -> Properties:
    """The inputs with a list sorted whose order means nothing."""
    values = inputs.get(field)
    if not isinstance(values, list) or UNKNOWN in values:
        return inputs
    return {**inputs, field: sorted(str(value) for value in values)}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
