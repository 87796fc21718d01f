# ruff: noqa: ARG002 - a hook's defaults do not need what it is given
"""What a local provider plugin consists of: a `Driver` with a `Handler` for each type, and a call to `service.run`.

Both speak plain Python (dict, list, str, int, float, bool, None; camelCase keys) and are synchronous. Everything that
is the engine's business (gRPC, secrets, unknown values, preview, diff, the check against the Python SDK, one-sentence
errors) is done around them by `service`. Operations run in parallel threads: clients must be safe for that.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast

from sandbox.providers.base import UNKNOWN, Properties, ProviderError, operation
from sandbox.providers.rules import Failures, Rule, driven, needed

Client = TypeVar("Client")


class Handler(Protocol):
    """One resource type. Subclass it: what is not overridden does the plain thing.

    What the type refuses and what replaces it is data: the code acts on it, and docs/reference/stand-ins.md is made
    of it. Errors: raise `ProviderError` (or `InitError`); anything else is reported as a defect of the provider.
    """

    identity: ClassVar[str] = ""
    """The id of an object, made of its inputs (`{bucket}`); empty where the server gives it."""
    rules: ClassVar[Mapping[str, Rule]] = {}
    """What each input has to be, by path; an input that is not here is refused."""
    needed: ClassVar[tuple[str, ...]] = ()
    """Paths of the inputs that have to be given, whatever the SDK says."""
    replacing: ClassVar[tuple[str, ...]] = ()
    """Paths of the inputs whose change replaces the object; list indexes are left out."""
    deletes_first: ClassVar[bool] = False
    """Whether the official plugin has a replaced object deleted first, although the program does not say so."""
    read_back: ClassVar[tuple[str, ...]] = ()
    """Inputs that a refresh takes from the server; of the others it gives what was declared."""
    secrets: ClassVar[frozenset[str]] = frozenset()
    """Top-level properties, inputs or outputs, that are secret even where the program did not say so."""

    def id(self, inputs: Mapping[str, Any]) -> str:
        """The id of the object that these inputs make; empty where only the server knows it."""
        return self.identity.format_map(inputs)

    def import_id(self, inputs: Mapping[str, Any]) -> str:
        """What the object is called where the state has no outputs of it."""
        return self.id(inputs)

    def defaults(self, inputs: Properties) -> Properties:
        """The inputs as the state keeps them."""
        return inputs

    def check(self, inputs: Properties) -> Failures:
        """(property, reason) of whatever is wrong beyond what the SDK's types say; values may be `UNKNOWN`."""
        return driven(self.rules, inputs) + needed(inputs, *self.needed)

    def replaces(self, old: Properties, new: Properties) -> frozenset[str]:
        """Paths whose change replaces the object."""
        return frozenset(path for path in self.replacing if changed(old, new, path))

    def equal(self, path: str, old: Any, new: Any) -> bool:
        """Whether two unequal leaf values at a path mean the same."""
        return False

    def stale(self, inputs: Properties, outputs: Properties) -> frozenset[str]:
        """Output properties that need an update although no input changed; must not connect."""
        return frozenset()

    def computed(self, inputs: Properties) -> Properties:
        """Outputs besides the inputs as they are known before creation; must not connect."""
        return {}

    def preview(self, inputs: Properties) -> Properties:
        """Outputs as they are known before creation."""
        return {**self.computed(inputs), **inputs}

    def preview_update(self, inputs: Properties, outputs: Properties) -> Properties:
        """Outputs as they are known before an update: computed ones keep their old value."""
        known = {k: v for k, v in self.preview(inputs).items() if k in inputs or v is not UNKNOWN}
        return {**outputs, **known}

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the object; (id, outputs). It may wait as long as `operation().timeout` or a bound of its own."""
        ...

    def imported(self, resource_id: str) -> str:
        """The id of an object by its `import_id`."""
        return resource_id

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """Live (inputs, outputs), inputs projected onto what was declared; None when it is gone.

        What is given is what the state has; both are empty when an object is imported.
        """
        ...

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Bring the object from `old` to `new` inputs; its outputs. Here nothing of it changes in place."""
        return {**{key: value for key, value in operation().outputs.items() if key not in old}, **new}

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove the object and wait until it is gone; one that is gone is fine. Here nothing is to be removed."""


class OnServer(Handler, Generic[Client]):
    """An object of a server, whose client is made at its first use: a preview has none."""

    def __init__(self, client: Callable[[], Client]) -> None:
        self._client = client

    @property
    def api(self) -> Client:
        """The server's client."""
        return self._client()


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


class Driver:
    """One package: a handler for each type that is done, and a refusal of all others."""

    def __init__(self, package: str, handlers: Mapping[str, Handler]) -> None:
        self._package = package
        self.handlers = dict(handlers)

    def configure(self, variables: Properties) -> None:
        """Take the provider's inputs (secrets unwrapped). Must not connect: a preview works without any server."""

    def handler(self, token: str) -> Handler:
        """What does this type."""
        handler = self.handlers.get(token)
        if handler is None:
            raise ProviderError(f"the local {self._package} provider does not drive {token}; use the official plugin")
        return handler


class ServerDriver(Driver):
    """A driver whose handlers share one client of one server."""

    def __init__(
        self, package: str, handlers: Mapping[str, Callable[[Callable[[], Any]], Handler]], make: Callable[..., Any]
    ) -> None:
        """A driver that was not told yet where the server is.

        Args:
            package: The package.
            handlers: What makes the handler of each type from what gives the client.
            make: Makes the client from the provider's inputs.
        """
        self._variables: Properties = {}
        self._made: Any = None
        self._making, self._make = threading.Lock(), make
        super().__init__(package, {token: handler(self._client) for token, handler in handlers.items()})

    def _client(self) -> Any:
        with self._making:
            if self._made is None:
                self._made = self._make(self._variables)
            return self._made

    def configure(self, variables: Properties) -> None:
        """Take where the server is and who asks; nothing is asked yet."""
        self._variables, self._made = variables, None
