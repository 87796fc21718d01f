# ruff: noqa: ARG002 - hooks take what the protocol gives them, needed or not
"""The firewall: rules, address sets and options of a guest, and the options of the whole cluster."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from sandbox.providers.base import Properties, ProviderError
from sandbox.providers.drift import drifted
from sandbox.providers.proxmoxve import options
from sandbox.providers.proxmoxve.checks import GUEST_ID
from sandbox.providers.proxmoxve.on_api import OnApi
from sandbox.providers.rules import Failures, Rule, anything, ip_network, not_empty, one_of, word

_GUEST: Mapping[str, Rule] = {"containerId": GUEST_ID, "nodeName": not_empty, "vmId": GUEST_ID}
_POLICY = one_of("ACCEPT", "REJECT", "DROP")
_LOG_LEVEL = word("emerg alert crit err warning notice info debug nolog")


class OfGuest(OnApi):
    """Something of the firewall of one guest, which is named by its node and its number."""

    def check(self, inputs: Properties) -> Failures:
        """Of a VM or of a container, not of both."""
        found = super().check(inputs)
        if (inputs.get("vmId") is None) == (inputs.get("containerId") is None):
            found.append(("vmId", "has to be given, or containerId, but not both"))
        return found

    def id(self, inputs: Mapping[str, Any]) -> str:
        """The guest's kind and number."""
        return _guest(inputs)

    def path(self, inputs: Mapping[str, Any]) -> str:
        """Its place in the API; the cluster keeps it, so that any node that the guest was on will do."""
        return f"nodes/{inputs['nodeName']}/{_guest(inputs)}/firewall"


def _guest(inputs: Mapping[str, Any]) -> str:
    vm = inputs.get("vmId")
    return f"lxc/{inputs['containerId']}" if vm is None else f"qemu/{vm}"


class GuestRules(OfGuest):
    """`firewall.RulesLegacy`: all rules of one guest, in their order."""

    rules: ClassVar[Mapping[str, Rule]] = {
        **_GUEST,
        "rules[].action": _POLICY,
        "rules[].comment": anything,
        "rules[].dest": anything,
        "rules[].dport": anything,
        "rules[].proto": anything,
        "rules[].source": anything,
        "rules[].type": one_of("in", "out"),
    }
    needed = ("rules", "rules[].action", "rules[].type")
    read_back = ("rules",)

    def _live(self, inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", self.api.get(f"{self.path(inputs)}/rules"))

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the rules; those of somebody else are left alone."""
        if self._live(inputs):
            raise ProviderError(f"{self.id(inputs)} has firewall rules already; remove them, or import them")
        self._add(inputs)
        return self.id(inputs), dict(inputs)

    def _add(self, inputs: Properties) -> None:
        # Each one is put before all others.
        for rule in reversed(inputs["rules"]):
            self.api.post(f"{self.path(inputs)}/rules", f"rules of {self.id(inputs)}", enable=1, **rule)

    def _remove(self, inputs: Mapping[str, Any], first: int) -> None:
        for position in range(len(self._live(inputs)) - 1, first - 1, -1):
            self.api.delete(f"{self.path(inputs)}/rules/{position}", f"rules of {self.id(inputs)}")

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """The rules as they are now."""
        known = ("action", "comment", "dest", "dport", "proto", "source", "type")
        live = [{key: rule[key] for key in known if rule.get(key)} for rule in self._live(inputs) if rule.get("enable")]
        found = {**inputs, "rules": live}
        return found, dict(found)

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Put the new rules before the old ones, and then take the old ones away: nothing is closed in between."""
        self._add(new)
        self._remove(new, len(new["rules"]))
        return dict(new)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove all rules."""
        self._remove(outputs, 0)


class AddressSets(OfGuest):
    """`firewall.IpsetLegacy`: addresses of a VM under a name; Proxmox knows those of a container."""

    rules: ClassVar[Mapping[str, Rule]] = {
        "cidrs[].name": ip_network,
        "comment": anything,
        "name": not_empty,
        "nodeName": not_empty,
        "vmId": GUEST_ID,
    }
    needed = ("name", "cidrs", "cidrs[].name", "nodeName")
    replacing = ("cidrs",)
    read_back = ("cidrs", "comment")

    def id(self, inputs: Mapping[str, Any]) -> str:
        """Its guest and its name."""
        return f"{super().id(inputs)}/{inputs['name']}"

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the set and fill it; the server refuses one that is there."""
        given = {"name": inputs["name"], "comment": inputs.get("comment") or ""}
        self.api.post(f"{self.path(inputs)}/ipset", f"set {self.id(inputs)}", **given)
        for each in inputs["cidrs"]:
            self.api.post(f"{self.path(inputs)}/ipset/{inputs['name']}", f"set {self.id(inputs)}", cidr=each["name"])
        return self.id(inputs), dict(inputs)

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """What is in it now; the order means nothing."""
        content = self.api.find(f"{self.path(inputs)}/ipset/{inputs['name']}")
        if content is None:
            return None
        live = [{"name": entry["cidr"]} for entry in content]
        found = {**inputs, "cidrs": drifted(inputs["cidrs"], inputs["cidrs"], live, "name")}
        listed = self.api.get(f"{self.path(inputs)}/ipset")
        comment = next(each.get("comment", "") for each in listed if each["name"] == inputs["name"])
        if comment != (inputs.get("comment") or ""):
            found["comment"] = comment
        return found, dict(found)

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Give it another comment or name."""
        given = {"name": new["name"], "rename": old["name"], "comment": new.get("comment") or ""}
        self.api.post(f"{self.path(new)}/ipset", f"set {self.id(new)}", **given)
        return dict(new)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Empty and remove it."""
        place = f"{self.path(outputs)}/ipset/{outputs['name']}"
        for entry in self.api.find(place) or ():
            self.api.delete(f"{place}/{entry['cidr']}", f"set {self.id(outputs)}")
        self.api.delete(place, f"set {self.id(outputs)}")


_GUEST_OPTIONS = {
    "dhcp": "dhcp",
    "enabled": "enable",
    "inputPolicy": "policy_in",
    "ipfilter": "ipfilter",
    "logLevelIn": "log_level_in",
    "logLevelOut": "log_level_out",
    "macfilter": "macfilter",
    "ndp": "ndp",
    "outputPolicy": "policy_out",
    "radv": "radv",
}
"""Key in the API by input."""


class _Options(OnApi):
    """Options are there from the beginning: they are set, and stay as they are when the resource goes."""

    keys: ClassVar[Mapping[str, str]]
    """Key in the API by input."""

    def path(self, inputs: Mapping[str, Any]) -> str:
        """Whose options."""
        raise NotImplementedError

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Set them."""
        return self.id(inputs), self.update(self.id(inputs), {}, inputs)

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """What is set; an option that the server does not tell is taken to be as it was."""
        live = cast("dict[str, Any]", self.api.get(f"{self.path(inputs)}/options"))
        found = dict(inputs)
        for name, key in self.keys.items():
            if key in live:
                found[name] = self.told(inputs[name], live[key])
        return found, dict(found)

    def told(self, declared: Any, live: Any) -> Any:
        """An option as the API has it, as an input."""
        if isinstance(declared, Mapping):
            given = options.parse(live, "enable")
            return {"enabled": given.get("enable") == "1", "burst": int(given["burst"]), "rate": given["rate"]}
        return options.boolean(live) if isinstance(declared, bool) else str(live)

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Set them."""
        values = {key: self.said(new[name]) for name, key in self.keys.items()}
        self.api.put(f"{self.path(new)}/options", f"firewall of {resource_id}", **values)
        return dict(new)

    def said(self, value: Any) -> str:
        """An input as the API takes it."""
        if isinstance(value, Mapping):
            limit = cast("Mapping[str, Any]", value)
            return options.render({"enable": limit["enabled"], "burst": limit["burst"], "rate": limit["rate"]})
        return options.scalar(value)


class GuestOptions(_Options, OfGuest):
    """`firewall.OptionsLegacy`: whether a guest is closed, and to what."""

    keys = _GUEST_OPTIONS
    rules: ClassVar[Mapping[str, Rule]] = {
        **_GUEST,
        **dict.fromkeys(_GUEST_OPTIONS, anything),
        "inputPolicy": _POLICY,
        "logLevelIn": _LOG_LEVEL,
        "logLevelOut": _LOG_LEVEL,
        "outputPolicy": _POLICY,
    }
    needed = ("nodeName", *_GUEST_OPTIONS)
    read_back = tuple(_GUEST_OPTIONS)

    def path(self, inputs: Mapping[str, Any]) -> str:
        """Those of the guest."""
        return OfGuest.path(self, inputs)


class ClusterOptions(_Options):
    """`cluster.FirewallLegacy`: the switch of all firewalls, and what hosts do."""

    identity = "cluster-firewall"
    keys: ClassVar[Mapping[str, str]] = {
        "ebtables": "ebtables",
        "enabled": "enable",
        "forwardPolicy": "policy_forward",
        "inputPolicy": "policy_in",
        "logRatelimit": "log_ratelimit",
        "outputPolicy": "policy_out",
    }
    rules: ClassVar[Mapping[str, Rule]] = {
        "ebtables": anything,
        "enabled": anything,
        "forwardPolicy": one_of("ACCEPT", "DROP"),
        "inputPolicy": _POLICY,
        "logRatelimit.burst": anything,
        "logRatelimit.enabled": anything,
        "logRatelimit.rate": anything,
        "outputPolicy": _POLICY,
    }
    needed = (*keys, "logRatelimit.burst", "logRatelimit.enabled", "logRatelimit.rate")
    read_back = tuple(keys)

    def path(self, inputs: Mapping[str, Any]) -> str:
        """Those of the cluster."""
        return "cluster/firewall"
