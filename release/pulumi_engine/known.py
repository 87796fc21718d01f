"""Answers from the stack's state for whatever a step is not about, so that the engine is asked for the rest only.

A targeted run of the engine leaves every other resource as its state says, and answers the program with that state. But
it starts the plugins of all of them and takes every registration, which is most of the time that a step takes. This
monitor gives the program the same answers without asking. What is not registered stays in the state, but for one case:
the engine takes what depends on a target, however far, for gone when it is not registered. That is asked for as well.
"""

import json
import re
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import Any, cast

from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import resource_pb2

from automation.marks import SECRET, SIGNATURE
from automation.tokens import STACK

State = Iterable[Mapping[str, Any]]
"""The resources of an exported deployment, secrets readable."""


class KnownResources:
    """The engine's monitor as the program sees it.

    Asked of the engine are resources that are targeted, that depend on a target, or that the state does not have; and
    before each of them its parents and its provider.
    """

    def __init__(self, monitor: Any, state: State, targets: Iterable[str]) -> None:
        """Remember what is known.

        Args:
            monitor: The engine's own.
            state: What the engine knows of the stack.
            targets: URNs that the run is about; `**` in one is any text.
        """
        self._monitor = monitor
        self._known = {str(item["urn"]): item for item in state if not item.get("delete")}
        self._concerned = _concerned(self._known, re.compile("|".join(map(_expression, targets))))
        self._lock = threading.Lock()
        self._held: dict[str, Any] = {}
        """Registrations that were answered from the state, by URN."""
        self._outputs: dict[str, Any] = {}
        """Outputs that were told of them."""
        self._asked: dict[str, Future[Any]] = {}
        """The engine's answers."""

    def __getattr__(self, name: str) -> Any:
        """Whatever else the SDK asks of the engine."""
        return getattr(self._monitor, name)

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        """Answer from the state, or ask the engine."""
        urn = _urn(request)
        if urn is None:
            return self._monitor.RegisterResource(request)
        item = self._known.get(urn)
        with self._lock:
            self._held[urn] = request
        if item is None or urn in self._concerned:
            return self._ask(urn)
        return resource_pb2.RegisterResourceResponse(
            urn=urn, id=str(item.get("id", "")), object=_struct(item.get("outputs") or {})
        )

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        """Pass the outputs of a component on, when the engine knows it from this run."""
        with self._lock:
            asked = self._asked.get(request.urn)
            if asked is None and request.urn in self._held:
                self._outputs[request.urn] = request
                return None
        if asked is not None:
            asked.result()
        return self._monitor.RegisterResourceOutputs(request)

    def _ask(self, urn: str) -> Any:
        """Ask the engine once for a resource, after those that it cannot be without."""
        with self._lock:
            asked = self._asked.get(urn)
            mine = asked is None
            if asked is None:
                asked = self._asked[urn] = Future()
        if not mine:
            return asked.result()
        try:
            request = self._held[urn]
            if request.parent in self._held:
                self._ask(request.parent)
            if request.provider:
                request.provider = self._provider(request.provider)
            for package, provider in dict(request.providers).items():
                request.providers[package] = self._provider(provider)
            answer = self._monitor.RegisterResource(request)
        except BaseException as error:
            asked.set_exception(error)
            raise
        with self._lock:
            asked.set_result(answer)
            outputs = self._outputs.pop(urn, None)
        if outputs is not None:
            self._monitor.RegisterResourceOutputs(outputs)
        return answer

    def _provider(self, reference: str) -> str:
        """A reference to a provider, `URN::ID`, once the engine knows it."""
        urn = reference.rpartition("::")[0]
        return f"{urn}::{self._ask(urn).id}" if urn in self._held else reference


def _expression(target: str) -> str:
    return ".*".join(map(re.escape, target.split("**")))


def _urn(request: Any) -> str | None:
    """The URN that the engine will give; None for the stack itself."""
    if not request.parent:
        return None
    head, project, kinds, _ = request.parent.split("::", 3)
    kind = request.type if kinds == STACK else f"{kinds}${request.type}"
    return f"{head}::{project}::{kind}::{request.name}"


def _concerned(known: Mapping[str, Mapping[str, Any]], targeted: re.Pattern[str]) -> set[str]:
    """URNs in the state that the engine has to be asked for."""
    found: set[str] = set()
    # Whatever a resource stands on comes before it.
    for urn, item in known.items():
        if targeted.fullmatch(urn) or not found.isdisjoint(_stands_on(item)):
            found.add(urn)
    # A provider that the engine makes by itself has to be made before it is found behind what is not asked for.
    used = {_provider_of(known[urn]) for urn in found} - {""}
    found |= {urn for urn, item in known.items() if _provider_of(item) in used}
    # A component that its provider makes has its children only when it is asked for itself.
    for urn in reversed(list(known)):
        if urn in found:
            found.add(str(known[urn].get("parent", "")))
    return found


def _provider_of(item: Mapping[str, Any]) -> str:
    return str(item.get("provider", "")).rpartition("::")[0]


def _stands_on(item: Mapping[str, Any]) -> Iterable[str]:
    """URNs of what a resource in the state cannot be without."""
    yield from item.get("dependencies") or ()
    yield from item.get("replaceWith") or ()
    for urns in cast("Mapping[str, list[str] | None]", item.get("propertyDependencies") or {}).values():
        yield from urns or ()
    yield from (item[key] for key in ("parent", "deletedWith") if item.get(key))
    yield _provider_of(item)


def plain(value: Any) -> Any:
    """A value of the state, its secrets unwrapped."""
    if isinstance(value, list):
        return [plain(each) for each in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    table = cast("dict[str, Any]", value)
    if table.get(SIGNATURE) == SECRET:
        return plain(json.loads(table["plaintext"]))
    return {key: plain(each) for key, each in table.items()}


def _struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(_wire(properties), struct_pb2.Struct())


def _wire(value: Any) -> Any:
    """A value of the state as the engine would send it."""
    if isinstance(value, list):
        return [_wire(each) for each in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    table = cast("dict[str, Any]", value)
    if table.get(SIGNATURE) == SECRET:
        return {SIGNATURE: SECRET, "value": _wire(json.loads(table["plaintext"]))}
    return {key: _wire(each) for key, each in table.items()}
