# ruff: noqa: ARG002 - a hook's defaults do not need what it is given
"""A driver whose resource types are done by one handler each, and small helpers that several of them need."""

import secrets
from collections.abc import Mapping
from typing import Any, Protocol, cast

from sandbox.providers.base import UNKNOWN, Driver, Properties
from sandbox.providers.rules import Failures


class Handler(Protocol):
    """One resource type. Subclass it: what is not overridden does the plain thing."""

    def defaults(self, name: str, inputs: Properties, old: Properties) -> Properties:
        """The inputs as the state keeps them."""
        return inputs

    def check(self, inputs: Properties) -> Failures:
        """What is wrong with the inputs beyond their types."""
        return []

    def replaces(self, old: Properties, new: Properties) -> frozenset[str]:
        """Paths whose change replaces the object."""
        return frozenset()

    def equal(self, path: str, old: Any, new: Any) -> bool:
        """Whether two unequal values mean the same."""
        return False

    def computed(self, inputs: Properties) -> Properties:
        """Outputs besides the inputs as they are known before creation."""
        return {}

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the object; (id, outputs)."""
        ...

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """(inputs, outputs) as they are now; None when it is gone. What is given is what the state has."""
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
    return {**inputs, field: sorted(str(value) for value in cast("list[Any]", values))}


class HandlerDriver(Driver):
    """A driver that leaves each type to its handler, and every type without one to another driver."""

    def __init__(self, handlers: Mapping[str, Handler], others: Driver) -> None:
        self.handlers = dict(handlers)
        self._others = others

    def other(self, token: str) -> Driver:
        """The driver of a type that has no handler."""
        return self._others

    def defaults(self, token: str, name: str, inputs: Properties, old: Properties) -> Properties:
        """See `Handler.defaults`."""
        handler = self.handlers.get(token)
        return handler.defaults(name, inputs, old) if handler else self.other(token).defaults(token, name, inputs, old)

    def check(self, token: str, name: str, inputs: Properties) -> list[tuple[str, str]]:
        """See `Handler.check`."""
        handler = self.handlers.get(token)
        return handler.check(inputs) if handler else self.other(token).check(token, name, inputs)

    def replaces(self, token: str, old: Properties, new: Properties) -> frozenset[str]:
        """See `Handler.replaces`."""
        handler = self.handlers.get(token)
        return handler.replaces(old, new) if handler else self.other(token).replaces(token, old, new)

    def delete_first(self, token: str, old: Properties, new: Properties) -> bool:
        """Ids, names and addresses are fixed: the old object has to go first."""
        return token in self.handlers or self.other(token).delete_first(token, old, new)

    def equal(self, token: str, path: str, old: Any, new: Any) -> bool:
        """See `Handler.equal`."""
        handler = self.handlers.get(token)
        return handler.equal(path, old, new) if handler else self.other(token).equal(token, path, old, new)

    def preview_outputs(self, token: str, inputs: Properties) -> Properties:
        """The inputs, and what only the server knows as unknown."""
        handler = self.handlers.get(token)
        return {**handler.computed(inputs), **inputs} if handler else self.other(token).preview_outputs(token, inputs)

    def create(self, token: str, name: str, inputs: Properties) -> tuple[str, Properties]:
        """See `Handler.create`."""
        handler = self.handlers.get(token)
        return handler.create(name, inputs) if handler else self.other(token).create(token, name, inputs)

    def read(
        self, token: str, resource_id: str, inputs: Properties, outputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """See `Handler.read`."""
        handler = self.handlers.get(token)
        if handler is None:
            return self.other(token).read(token, resource_id, inputs, outputs)
        return handler.read(resource_id, inputs, outputs)

    def update(self, token: str, resource_id: str, old: Properties, new: Properties) -> Properties:
        """See `Handler.update`."""
        handler = self.handlers.get(token)
        if handler is None:
            return self.other(token).update(token, resource_id, old, new)
        return handler.update(resource_id, old, new)

    def delete(self, token: str, resource_id: str, outputs: Properties) -> None:
        """See `Handler.delete`."""
        handler = self.handlers.get(token)
        if handler is None:
            self.other(token).delete(token, resource_id, outputs)
        else:
            handler.delete(resource_id, outputs)
