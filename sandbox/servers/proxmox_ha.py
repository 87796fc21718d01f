"""High availability of the simulated Proxmox VE cluster: which guests are started elsewhere, and what keeps them apart.

Nothing is ever started elsewhere here; what Proxmox VE refuses is refused (pve-ha-manager `API2/HA/Resources.pm` and
`Rules.pm`).
"""

import importlib
from typing import Any

_PveError: Any = importlib.import_module("fakepve.model").PveError
_KEPT = ("state", "max_restart", "max_relocate", "comment")
_KEPT_OF_RULES = ("type", "affinity", "comment")
_ALL = "/cluster/ha/resources"
_ALL_RULES = "/cluster/ha/rules"


class HighAvailability:
    """A part of the cluster's class."""

    nodes: Any
    vms: Any
    cts: Any
    ha: dict[str, dict[str, dict[str, Any]]]
    """`resources` by id (`vm:100`) and `rules` by name."""

    def _routes_availability(self) -> list[tuple[str, str, Any]]:
        one, one_rule = _ALL + "/{sid}", _ALL_RULES + "/{rule}"
        return [
            ("POST", _ALL, self._ha_add),
            ("GET", one, self._ha_get),
            ("PUT", one, self._ha_change),
            ("DELETE", one, self._ha_remove),
            ("POST", _ALL_RULES, self._ha_add_rule),
            ("GET", one_rule, self._ha_get_rule),
            ("PUT", one_rule, self._ha_change_rule),
            ("DELETE", one_rule, self._ha_remove_rule),
        ]

    def _managed(self, sid: str) -> dict[str, Any]:
        if sid not in self.ha["resources"]:
            raise _PveError(500, f"no such resource '{sid}'")
        return self.ha["resources"][sid]

    async def _ha_add(self, v: dict[str, Any], _user: str) -> None:
        sid = str(v["sid"])
        kind, _, number = sid.partition(":")
        if int(number) not in [guest.vmid for guest in (self.vms if kind == "vm" else self.cts)]:
            raise _PveError(500, f"unable to add resource '{sid}': no such guest")
        if sid in self.ha["resources"]:
            raise _PveError(500, f"resource ID '{sid}' already defined")
        self.ha["resources"][sid] = {"sid": sid, "type": kind, **{key: v[key] for key in _KEPT if key in v}}

    async def _ha_get(self, v: dict[str, Any], _user: str) -> dict[str, Any]:
        return self._managed(str(v["sid"]))

    async def _ha_change(self, v: dict[str, Any], _user: str) -> None:
        self._managed(str(v["sid"])).update({key: v[key] for key in _KEPT if key in v})

    async def _ha_remove(self, v: dict[str, Any], _user: str) -> None:
        """Rules forget it, and one that is of nothing else is gone."""
        sid = str(v["sid"])
        self._managed(sid)
        del self.ha["resources"][sid]
        for name, rule in list(self.ha["rules"].items()):
            rule["resources"] = ",".join(each for each in rule["resources"].split(",") if each != sid)
            if not rule["resources"]:
                del self.ha["rules"][name]

    def _rule(self, name: str) -> dict[str, Any]:
        if name not in self.ha["rules"]:
            raise _PveError(500, f"no such ha rule '{name}'")
        return self.ha["rules"][name]

    def _judged(self, v: dict[str, Any]) -> dict[str, Any]:
        resources = [each.strip() for each in str(v["resources"]).split(",")]
        if unmanaged := [each for each in resources if each not in self.ha["resources"]]:
            raise _PveError(400, f"cannot use unmanaged resource(s) {', '.join(unmanaged)}.")
        if len(resources) < 2:
            raise _PveError(400, "rule is ineffective as there are less than two resources")
        if v.get("affinity") == "negative" and len(resources) > len(self.nodes):
            raise _PveError(400, "rule defines more resources than available nodes")
        return {"resources": ",".join(resources), **{key: v[key] for key in _KEPT_OF_RULES if key in v}}

    async def _ha_add_rule(self, v: dict[str, Any], _user: str) -> None:
        name = str(v["rule"])
        if name in self.ha["rules"]:
            raise _PveError(400, f"HA rule '{name}' already defined")
        self.ha["rules"][name] = {"rule": name, **self._judged(v)}

    async def _ha_get_rule(self, v: dict[str, Any], _user: str) -> dict[str, Any]:
        return self._rule(str(v["rule"]))

    async def _ha_change_rule(self, v: dict[str, Any], _user: str) -> None:
        self._rule(str(v["rule"])).update(self._judged(v))

    async def _ha_remove_rule(self, v: dict[str, Any], _user: str) -> None:
        self._rule(str(v["rule"]))
        del self.ha["rules"][str(v["rule"])]
