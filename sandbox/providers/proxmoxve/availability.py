# ruff: noqa: ARG002 - hooks take what the protocol gives them, needed or not
"""High availability: a guest that is started elsewhere (`Haresource`), and guests that are kept apart (`Harule`)."""

from collections.abc import Mapping
from typing import Any, ClassVar

from sandbox.providers.base import Properties, ProviderError
from sandbox.providers.handlers import without_order
from sandbox.providers.proxmoxve.on_api import OnApi
from sandbox.providers.rules import Rule, between, matching, one_of, word

_GUEST = matching(r"(vm|ct):[1-9][0-9]{2,8}", "a kind and a number, such as vm:100 or ct:101")
_NAME = matching(
    r"[a-zA-Z][a-zA-Z0-9_.-]*[a-zA-Z0-9]",
    "two or more letters, digits, - _ and ., of which the first is a letter and the last a letter or digit",
)


class _OfCluster(OnApi):
    """Something that the cluster keeps under its id; the server refuses one that is there."""

    folder: ClassVar[str]
    """Where the API has them."""

    def sent(self, inputs: Properties) -> Properties:
        """What the API is told of it."""
        raise NotImplementedError

    def found(self, live: Mapping[str, Any]) -> Properties:
        """Inputs by what the API tells."""
        raise NotImplementedError

    def _path(self, resource_id: str) -> str:
        return f"cluster/ha/{self.folder}/{resource_id}"

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """It, as it is now."""
        live = self.api.find(self._path(resource_id))
        if live is None:
            return None
        found = {**inputs, **self.found(live)}
        return found, dict(found)

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change it."""
        self.api.put(self._path(resource_id), f"{self.folder} {resource_id}", **self.sent(new))
        return dict(new)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove it."""
        self.api.delete(self._path(resource_id), f"{self.folder} {resource_id}")


class StartedElsewhere(_OfCluster):
    """`Haresource`."""

    folder = "resources"
    identity = "{resourceId}"
    rules: ClassVar[Mapping[str, Rule]] = {
        "maxRelocate": between(0, 10),
        "maxRestart": between(0, 10),
        "resourceId": _GUEST,
        "state": word("started stopped enabled disabled ignored"),
    }
    needed = ("resourceId", "state", "maxRelocate", "maxRestart")
    read_back = ("maxRelocate", "maxRestart", "state")

    def sent(self, inputs: Properties) -> Properties:
        """State, and how often something is tried."""
        names = {"state": "state", "max_restart": "maxRestart", "max_relocate": "maxRelocate"}
        return {key: inputs[name] for key, name in names.items()}

    def found(self, live: Mapping[str, Any]) -> Properties:
        """As they were sent."""
        return {
            "state": live["state"],
            "maxRestart": int(live["max_restart"]),
            "maxRelocate": int(live["max_relocate"]),
        }

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Have Proxmox keep the guest alive."""
        sid = self.id(inputs)
        self.api.post("cluster/ha/resources", f"resources {sid}", sid=sid, **self.sent(inputs))
        return sid, dict(inputs)

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change it; the official plugin would change the old guest's and then find that it is not the new one's."""
        if old["resourceId"] != new["resourceId"]:
            raise ProviderError(f"{resource_id} cannot become {new['resourceId']}; replace it")
        return super().update(resource_id, old, new)


class KeptApart(_OfCluster):
    """`Harule` of the type resource-affinity; that of nodes is not driven."""

    folder = "rules"
    identity = "{rule}"
    rules: ClassVar[Mapping[str, Rule]] = {
        "affinity": one_of("positive", "negative"),
        "resources[]": _GUEST,
        "rule": _NAME,
        "type": one_of("resource-affinity"),
    }
    needed = ("affinity", "resources", "rule", "type")
    replacing = ("rule", "type")
    read_back = ("affinity", "resources")

    def defaults(self, inputs: Properties) -> Properties:
        """The order of the guests means nothing."""
        return without_order(inputs, "resources")

    def sent(self, inputs: Properties) -> Properties:
        """Which guests, and how they are kept."""
        return {"type": inputs["type"], "affinity": inputs["affinity"], "resources": ",".join(inputs["resources"])}

    def found(self, live: Mapping[str, Any]) -> Properties:
        """As they were sent."""
        return {"affinity": live["affinity"], "resources": sorted(live["resources"].split(","))}

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the rule; each guest has to be started elsewhere by then."""
        rule = self.id(inputs)
        self.api.post("cluster/ha/rules", f"rules {rule}", rule=rule, **self.sent(inputs))
        return rule, dict(inputs)
