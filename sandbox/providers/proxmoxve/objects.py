"""Resource types that are one object with an id in a list of the API: pools, HA, backup jobs, metric servers, aliases.

A `Kind` says where the list is and how inputs and options correspond; `Objects` does the rest for all of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.providers.base import UNKNOWN, Properties, adopting
from sandbox.providers.drift import drifted
from sandbox.providers.handlers import Handler, changed, generated_name
from sandbox.providers.proxmoxve.parts import Config, Inputs, Part, expected, read_all, write_all
from sandbox.providers.proxmoxve.settings import ApiError
from sandbox.providers.rules import Failures, Rule, failures

if TYPE_CHECKING:
    from sandbox.providers.proxmoxve.client import Client


def _nothing(_inputs: Inputs) -> Failures:
    return []


def _no_outputs(_config: Config) -> Properties:
    return {}


@dataclass(frozen=True)
class Kind:
    """One type of object."""

    noun: str
    """What errors call it."""
    collection: Callable[[Inputs], str]
    """Path of the list, from the inputs."""
    key: str
    """Option that names an object."""
    id_input: str
    """Input that names an object; its change replaces."""
    parts: tuple[Part, ...]
    fixed: frozenset[str] = frozenset()
    """Inputs besides the id whose change replaces, and that only a creation may send."""
    repeated: frozenset[str] = frozenset()
    """Inputs that every change has to send again."""
    sent_always: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Options that a creation needs besides."""
    create_on_item: bool = False
    """Whether an object is created at its own path, not at the list's."""
    generated: bool = False
    """Whether the id is generated where it is not declared."""
    rules: Mapping[str, Rule] = field(default_factory=dict[str, Rule])
    check: Callable[[Inputs], Failures] = _nothing
    outputs: Callable[[Config], Properties] = _no_outputs
    computed: tuple[str, ...] = ()


class Objects(Handler):
    """Creates, reads, changes and removes the objects of one kind."""

    def __init__(self, client: Callable[[], "Client"], kind: Kind) -> None:
        self._client = client
        self._kind = kind

    def defaults(self, name: str, inputs: Properties, old: Properties) -> Properties:
        """A generated id where the official plugin generates one."""
        if not self._kind.generated:
            return inputs
        return inputs | {self._kind.id_input: generated_name(name, inputs, old, self._kind.id_input)}

    def check(self, inputs: Properties) -> Failures:
        """As the official plugin at preview."""
        return failures(self._kind.rules, inputs) + self._kind.check(inputs)

    def replaces(self, old: Properties, new: Properties) -> frozenset[str]:
        """The id and what cannot be changed."""
        names = {self._kind.id_input, *self._kind.fixed}
        return frozenset(name for name in names if changed(old, new, name))

    def computed(self, inputs: Properties) -> Properties:  # noqa: ARG002 - the protocol's
        """Outputs that only the server knows."""
        return dict.fromkeys(self._kind.computed, UNKNOWN)

    def _subject(self, name: Any) -> str:
        return f"{self._kind.noun} {name}"

    def _item(self, inputs: Inputs, name: Any) -> str:
        return f"{self._kind.collection(inputs)}/{name}"

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:  # noqa: ARG002 - the protocol's
        """Make the object."""
        resource_id = str(inputs[self._kind.id_input])
        values: dict[str, Any] = {**self._kind.sent_always, **write_all(self._kind.parts, inputs)}
        client = self._client()
        if adopting() and client.find(self._item(inputs, resource_id)) is not None:
            return resource_id, self._changed(resource_id, {}, inputs)
        if self._kind.create_on_item:
            client.post(self._item(inputs, resource_id), self._subject(resource_id), **values)
        else:
            values[self._kind.key] = resource_id
            client.post(self._kind.collection(inputs), self._subject(resource_id), **values)
        return resource_id, self._outputs(resource_id, inputs)

    def _outputs(self, resource_id: str, inputs: Properties) -> Properties:
        if not self._kind.computed:
            return dict(inputs)
        live = self._client().get(self._item(inputs, resource_id))
        return {**self._kind.outputs(live), **inputs}

    def read(
        self,
        resource_id: str,
        inputs: Properties,
        outputs: Properties,  # noqa: ARG002 - the protocol's
    ) -> tuple[Properties, Properties] | None:
        """The object as it is now."""
        given = inputs or {self._kind.id_input: resource_id}
        live = self._client().find(self._item(given, resource_id))
        if live is None:
            return None
        found = read_all(self._kind.parts, live)
        result = dict(given)
        for name, value in expected(self._kind.parts, given).items():
            item = drifted(given.get(name), value, found.get(name))
            if item is None:
                result.pop(name, None)
            else:
                result[name] = item
        return result, {**self._kind.outputs(live), **result}

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change the object."""
        return self._changed(resource_id, old, new)

    def _changed(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        client, path = self._client(), self._item(new, resource_id)
        live = client.get(path)
        values: dict[str, Any] = {}
        deletes: list[str] = []
        for part in self._kind.parts:
            if set(part.names) & self._kind.fixed or all(old.get(name) == new.get(name) for name in part.names):
                continue
            written = part.write(new, live)
            values |= written
            deletes += part.deletes(written, live)
        if deletes:
            values["delete"] = ",".join(deletes)
        if values:
            for part in self._kind.parts:
                if set(part.names) & self._kind.repeated:
                    values |= part.write(new, live)
            client.put(path, self._subject(resource_id), **values)
        return self._outputs(resource_id, new)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove the object; one that is gone is fine."""
        try:
            self._client().delete(self._item(outputs, resource_id), self._subject(resource_id))
        except ApiError as error:
            if not error.missing:
                raise


def located(inputs: Inputs) -> str:
    """Where the firewall is that the inputs select: the cluster's, a node's, a VM's or a container's."""
    node = inputs.get("nodeName")
    if not node:
        return "cluster/firewall"
    if inputs.get("vmId"):
        return f"nodes/{node}/qemu/{inputs['vmId']}/firewall"
    if inputs.get("containerId"):
        return f"nodes/{node}/lxc/{inputs['containerId']}/firewall"
    return f"nodes/{node}/firewall"


def selection(inputs: Inputs) -> Failures:
    """A guest's firewall is selected by the guest and its node."""
    found: Failures = []
    for name in ("vmId", "containerId"):
        if inputs.get(name) and not inputs.get("nodeName"):
            found.append((name, "needs nodeName as well"))
    if inputs.get("vmId") and inputs.get("containerId"):
        found.append(("vmId", "give either vmId or containerId"))
    return found
