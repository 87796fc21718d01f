# ruff: noqa: ARG002 - a hook's defaults do not need what it is given
"""A driver whose resource types are done by one handler each, and small helpers that several of them need."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, cast

from sandbox.providers.base import UNKNOWN, Driver, Properties, ProviderError
from sandbox.providers.rules import Failures, Rule, driven, needed


class Handler(Protocol):
    """One resource type. Subclass it: what is not overridden does the plain thing.

    What the type refuses and what replaces it is data: the code acts on it, and docs/reference/stand-ins.md is made
    of it.
    """

    identity: ClassVar[str] = ""
    """The id of an object, made of its inputs (`{bucket}`); empty where the server gives it."""
    rules: ClassVar[Mapping[str, Rule]] = {}
    """What each input has to be, by path; an input that is not here is refused."""
    needed: ClassVar[tuple[str, ...]] = ()
    """Paths of the inputs that have to be given, whatever the SDK says."""
    replacing: ClassVar[tuple[str, ...]] = ()
    """Paths of the inputs whose change replaces the object."""
    deletes_first: ClassVar[bool] = False
    """Whether the official plugin has a replaced object deleted first, although the program does not say so."""
    read_back: ClassVar[tuple[str, ...]] = ()
    """Inputs that a refresh takes from the server; of the others it gives what was declared."""

    def id(self, inputs: Mapping[str, Any]) -> str:
        """The id of the object that these inputs make; empty where only the server knows it."""
        return self.identity.format_map(inputs)

    def import_id(self, inputs: Mapping[str, Any]) -> str:
        """What the object is called where the state has no outputs of it."""
        return self.id(inputs)

    def defaults(self, name: str, inputs: Properties, old: Properties) -> Properties:
        """The inputs as the state keeps them."""
        return inputs

    def check(self, inputs: Properties) -> Failures:
        """What is wrong with the inputs beyond their types."""
        return driven(self.rules, inputs) + needed(inputs, *self.needed)

    def replaces(self, old: Properties, new: Properties) -> frozenset[str]:
        """Paths whose change replaces the object."""
        return frozenset(path for path in self.replacing if changed(old, new, path))

    def equal(self, path: str, old: Any, new: Any) -> bool:
        """Whether two unequal values mean the same."""
        return False

    def computed(self, inputs: Properties) -> Properties:
        """Outputs besides the inputs as they are known before creation."""
        return {}

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the object; (id, outputs)."""
        ...

    def imported(self, resource_id: str) -> str:
        """The id of an object by its `import_id`."""
        return resource_id

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """(inputs, outputs) as they are now; None when it is gone. What is given is what the state has."""
        ...

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change the object; its outputs."""
        ...

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove the object."""
        ...


def changed(old: Mapping[str, Any], new: Mapping[str, Any], path: str) -> bool:
    """Whether an input differs."""
    before, after = value_at(old, path), value_at(new, path)
    return after is UNKNOWN or before != after


def value_at(inputs: Mapping[str, Any], path: str) -> Any:
    """The input at a path such as `disk.size`; None where there is none, UNKNOWN below what is not known yet."""
    found: Any = inputs
    for name in path.split("."):
        if not isinstance(found, Mapping):
            return UNKNOWN if found is UNKNOWN else None
        found = cast("Mapping[str, Any]", found).get(name)
    return found


def without_order(inputs: Properties, field: str) -> Properties:
    """The inputs with a list sorted whose order means nothing."""
    values = inputs.get(field)
    if not isinstance(values, list) or UNKNOWN in values:
        return inputs
    return {**inputs, field: sorted(str(value) for value in cast("list[Any]", values))}


class HandlerDriver(Driver):
    """A driver that leaves each type to its handler, and refuses a type without one."""

    def __init__(self, package: str, handlers: Mapping[str, Handler]) -> None:
        self._package = package
        self.handlers = dict(handlers)

    def _handler(self, token: str) -> Handler:
        handler = self.handlers.get(token)
        if handler is None:
            raise ProviderError(f"the local {self._package} provider does not drive {token}; use the official plugin")
        return handler

    def defaults(self, token: str, name: str, inputs: Properties, old: Properties) -> Properties:
        """See `Handler.defaults`."""
        return self._handler(token).defaults(name, inputs, old)

    def check(self, token: str, name: str, inputs: Properties) -> list[tuple[str, str]]:
        """See `Handler.check`."""
        return self._handler(token).check(inputs)

    def replaces(self, token: str, old: Properties, new: Properties) -> frozenset[str]:
        """See `Handler.replaces`."""
        return self._handler(token).replaces(old, new)

    def delete_first(self, token: str, old: Properties, new: Properties) -> bool:
        """See `Handler.deletes_first`."""
        return self._handler(token).deletes_first

    def equal(self, token: str, path: str, old: Any, new: Any) -> bool:
        """See `Handler.equal`."""
        return self._handler(token).equal(path, old, new)

    def preview_outputs(self, token: str, inputs: Properties) -> Properties:
        """The inputs, and what only the server knows as unknown."""
        return {**self._handler(token).computed(inputs), **inputs}

    def create(self, token: str, name: str, inputs: Properties) -> tuple[str, Properties]:
        """See `Handler.create`."""
        return self._handler(token).create(name, inputs)

    def imported(self, token: str, resource_id: str) -> str:
        """See `Handler.imported`."""
        return self._handler(token).imported(resource_id)

    def read(
        self, token: str, resource_id: str, inputs: Properties, outputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """See `Handler.read`."""
        return self._handler(token).read(resource_id, inputs, outputs)

    def update(self, token: str, resource_id: str, old: Properties, new: Properties) -> Properties:
        """See `Handler.update`."""
        return self._handler(token).update(resource_id, old, new)

    def delete(self, token: str, resource_id: str, outputs: Properties) -> None:
        """See `Handler.delete`."""
        self._handler(token).delete(resource_id, outputs)
