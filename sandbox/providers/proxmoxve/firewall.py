"""Firewall options, rules, IP sets and security groups, of the cluster, a node or a guest."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from sandbox.providers.base import Properties, ProviderError, adopting
from sandbox.providers.drift import drifted
from sandbox.providers.handlers import Handler, changed, generated_name
from sandbox.providers.proxmoxve.objects import located, selection
from sandbox.providers.proxmoxve.parts import Field, Inputs, Part, expected, items, packed, read_all, scalar, write_all
from sandbox.providers.proxmoxve.settings import ApiError
from sandbox.providers.rules import Failures, Rule, failures, matching, not_empty, word

if TYPE_CHECKING:
    from sandbox.providers.proxmoxve.client import Client

_PLACE = ("nodeName", "vmId", "containerId")
_LEVEL = word("emerg alert crit err warning notice info debug nolog")
_POLICY = word("ACCEPT REJECT DROP")
_SET_NAME = matching(r"[A-Za-z][A-Za-z0-9\-_]+", "a name of two letters, digits, '-' and '_' or more")

GUEST_OPTIONS: tuple[Part, ...] = (
    scalar("dhcp", Field("dhcp", False)),
    scalar("enabled", Field("enable", False)),
    scalar("inputPolicy", Field("policy_in", "DROP")),
    scalar("ipfilter", Field("ipfilter", False)),
    scalar("logLevelIn", Field("log_level_in", "nolog")),
    scalar("logLevelOut", Field("log_level_out", "nolog")),
    scalar("macfilter", Field("macfilter", True)),
    scalar("ndp", Field("ndp", False)),
    scalar("outputPolicy", Field("policy_out", "ACCEPT")),
    scalar("radv", Field("radv", True)),
)
_RATE_LIMIT = {
    "enabled": Field("enable", True),
    "burst": Field("burst", 5),
    "rate": Field("rate", "1/second"),
}
CLUSTER_OPTIONS: tuple[Part, ...] = (
    scalar("ebtables", Field("ebtables", False, absent=True)),
    scalar("enabled", Field("enable", False)),
    scalar("forwardPolicy", Field("policy_forward", "ACCEPT")),
    scalar("inputPolicy", Field("policy_in", "DROP")),
    packed("logRatelimit", "log_ratelimit", _RATE_LIMIT, bare="enable"),
    scalar("outputPolicy", Field("policy_out", "ACCEPT")),
)
NODE_OPTIONS: tuple[Part, ...] = (
    scalar("enabled", Field("enable", None, bool)),
    scalar("logLevelForward", Field("log_level_forward")),
    scalar("logLevelIn", Field("log_level_in")),
    scalar("logLevelOut", Field("log_level_out")),
    scalar("ndp", Field("ndp", None, bool)),
    scalar("nfConntrackMax", Field("nf_conntrack_max", None, int)),
    scalar("nfConntrackTcpTimeoutEstablished", Field("nf_conntrack_tcp_timeout_established", None, int)),
    scalar("nftables", Field("nftables", None, bool)),
    scalar("nosmurfs", Field("nosmurfs", None, bool)),
    scalar("smurfLogLevel", Field("smurf_log_level")),
    scalar("tcpFlagsLogLevel", Field("tcp_flags_log_level")),
)
OPTION_RULES: Mapping[str, Rule] = {
    "inputPolicy": _POLICY,
    "outputPolicy": _POLICY,
    "forwardPolicy": word("ACCEPT DROP"),
    "logLevelIn": _LEVEL,
    "logLevelOut": _LEVEL,
    "logLevelForward": _LEVEL,
    "logRatelimit.rate": matching(r"[1-9][0-9]*/(second|minute|hour|day)", "a rate such as 1/second"),
}
_RULE = {
    "comment": Field("comment", ""),
    "dest": Field("dest", ""),
    "dport": Field("dport", ""),
    "enabled": Field("enable", True, absent=False),
    "iface": Field("iface", ""),
    "log": Field("log", ""),
    "macro": Field("macro", ""),
    "proto": Field("proto", ""),
    "source": Field("source", ""),
    "sport": Field("sport", ""),
}
RULE_RULES: Mapping[str, Rule] = {
    "rules[].action": _POLICY,
    "rules[].type": word("in out forward"),
    "rules[].log": lambda value: None if value == "" else _LEVEL(value),
}


class _Firewall(Handler):
    """What the firewall's types share: where they are, and that the place is part of their identity."""

    noun = ""
    generated = False
    rules: Mapping[str, Rule] = {}

    def __init__(self, client: Callable[[], "Client"]) -> None:
        self._client = client

    def defaults(self, name: str, inputs: Properties, old: Properties) -> Properties:
        """A generated name where the official plugin generates one."""
        return inputs | {"name": generated_name(name, inputs, old)} if self.generated else inputs

    def check(self, inputs: Properties) -> Failures:
        """As the official plugin at preview."""
        return failures(self.rules, inputs) + selection(inputs)

    def replaces(self, old: Properties, new: Properties) -> frozenset[str]:
        """Another place or name is another object."""
        names = (*_PLACE, "name") if self.generated else _PLACE
        return frozenset(name for name in names if changed(old, new, name))

    def equal(self, path: str, old: Any, new: Any) -> bool:  # noqa: ARG002 - the protocol's
        """Where a rule stands follows from the list."""
        return path == "rules.pos"

    def _subject(self, inputs: Inputs) -> str:
        name = f" {inputs['name']}" if inputs.get("name") else ""
        return f"{self.noun}{name} of {located(inputs).removesuffix('/firewall')}"


class Options(_Firewall):
    """The options of one firewall; they always exist, so creation sets and removal resets them."""

    noun = "firewall options"
    rules = OPTION_RULES

    def __init__(self, client: Callable[[], "Client"], parts: tuple[Part, ...], *, guest: bool = False) -> None:
        super().__init__(client)
        self._parts = parts
        self._guest = guest

    def check(self, inputs: Properties) -> Failures:
        """As the official plugin at preview."""
        found = super().check(inputs)
        if self._guest and not inputs.get("vmId") and not inputs.get("containerId"):
            found.append(("vmId", "give vmId or containerId"))
        return found

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:  # noqa: ARG002 - the protocol's
        """Set the options."""
        self._client().put(f"{located(inputs)}/options", self._subject(inputs), **write_all(self._parts, inputs))
        return f"{located(inputs)}/options", dict(inputs)

    def read(
        self,
        resource_id: str,
        inputs: Properties,
        outputs: Properties,  # noqa: ARG002 - the protocol's
    ) -> tuple[Properties, Properties] | None:
        """The options as they are now; None if the guest is gone."""
        live = self._client().find(resource_id)
        if live is None:
            return None
        found = read_all(self._parts, live)
        result = dict(inputs)
        for name, value in expected(self._parts, inputs).items():
            item = drifted(inputs.get(name), value, found.get(name))
            if item is None:
                result.pop(name, None)
            else:
                result[name] = item
        return result, dict(result)

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Set the options anew; those that are not declared any more are reset."""
        written = write_all(self._parts, new)
        removed = sorted(write_all(self._parts, old).keys() - written.keys())
        more = {"delete": ",".join(removed)} if removed else {}
        self._client().put(resource_id, self._subject(new), **written, **more)
        return dict(new)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Reset what was set."""
        names = ",".join(sorted(write_all(self._parts, outputs)))
        try:
            self._client().put(resource_id, self._subject(outputs), delete=names)
        except ApiError as error:
            if not error.missing:
                raise


def write_rule(rule: Inputs) -> dict[str, str]:
    """A rule as the API takes it."""
    written = {f.key: f.write(rule.get(n)) for n, f in _RULE.items()}
    if group := rule.get("securityGroup"):
        kept = {key: value for key, value in written.items() if key in ("comment", "enable", "iface")}
        written = {**kept, "type": "group", "action": group}
    else:
        written |= {"type": rule.get("type"), "action": rule.get("action")}
    return {key: value for key, value in written.items() if value is not None}


def read_rule(live: Mapping[str, Any]) -> dict[str, Any]:
    """A rule of the API as the SDK has it."""
    found: dict[str, Any] = {n: f.read(live.get(f.key)) for n, f in _RULE.items()}
    if live["type"] == "group":
        return {**found, "securityGroup": live["action"], "type": None, "action": None}
    return {**found, "securityGroup": None, "type": live["type"], "action": live["action"]}


class Rules(_Firewall):
    """All rules of one firewall, in order."""

    noun = "firewall rules"
    rules = RULE_RULES

    def check(self, inputs: Properties) -> Failures:
        """As the official plugin at preview."""
        found = super().check(inputs)
        for index, rule in enumerate(items(inputs, "rules")):
            if isinstance(rule, Mapping):
                given = cast("Mapping[str, Any]", rule)
                if not given.get("securityGroup") and not (given.get("action") and given.get("type")):
                    found.append((f"rules[{index}]", "give securityGroup, or both action and type"))
        return found

    def _path(self, inputs: Inputs) -> str:
        return f"{located(inputs)}/rules"

    def _list(self, path: str) -> list[dict[str, Any]]:
        found = cast("list[dict[str, Any]]", self._client().get(path))
        return sorted(found, key=lambda rule: int(rule["pos"]))

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:  # noqa: ARG002 - the protocol's
        """Write the rules; a firewall that has some already belongs to somebody else."""
        path = self._path(inputs)
        if self._list(path) and not adopting():
            raise ProviderError(f"{self._subject(inputs)}: there are rules already; remove them first")
        self._replace(path, inputs)
        return path, dict(inputs)

    def _replace(self, path: str, inputs: Inputs) -> None:
        """New rules go on top, last one first; then the old ones below them are removed, last one first."""
        client, subject = self._client(), self._subject(inputs)
        rules = [write_rule(rule) for rule in items(inputs, "rules")]
        for rule in reversed(rules):
            client.post(path, subject, **rule)
        for pos in range(len(self._list(path)) - 1, len(rules) - 1, -1):
            client.delete(f"{path}/{pos}", subject)

    def read(
        self,
        resource_id: str,
        inputs: Properties,
        outputs: Properties,  # noqa: ARG002 - the protocol's
    ) -> tuple[Properties, Properties] | None:
        """The rules as they are now; None if the guest or group is gone."""
        live = self._client().find(resource_id)
        if live is None:
            return None
        found = [read_rule(rule) for rule in self._list(resource_id)]
        should = [read_rule({"type": "", **write_rule(rule)}) for rule in items(inputs, "rules")]
        rules = drifted(inputs.get("rules"), should, found)
        result = {**inputs, "rules": rules} if rules is not None else dict(inputs)
        return result, dict(result)

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:  # noqa: ARG002 - the protocol's
        """Write the rules anew."""
        self._replace(resource_id, new)
        return dict(new)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove the rules."""
        if self._client().find(resource_id) is not None:
            self._replace(resource_id, {**outputs, "rules": []})


class SecurityGroups(Rules):
    """A named list of rules of the cluster's firewall."""

    noun = "security group"
    generated = True
    rules: Mapping[str, Rule] = {**RULE_RULES, "name": _SET_NAME}

    def _path(self, inputs: Inputs) -> str:
        return f"cluster/firewall/groups/{inputs['name']}"

    def replaces(self, old: Properties, new: Properties) -> frozenset[str]:
        """A group cannot change its comment either."""
        return super().replaces(old, new) | ({"comment"} if changed(old, new, "comment") else set[str]())

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the group, then its rules."""
        groups = cast("list[dict[str, Any]]", self._client().get("cluster/firewall/groups"))
        if not adopting() or inputs["name"] not in [group["group"] for group in groups]:
            comment = {"comment": inputs["comment"]} if inputs.get("comment") else {}
            self._client().post("cluster/firewall/groups", self._subject(inputs), group=inputs["name"], **comment)
        super().create(name, inputs)
        return str(inputs["name"]), dict(inputs)

    def read(
        self,
        resource_id: str,
        inputs: Properties,
        outputs: Properties,
    ) -> tuple[Properties, Properties] | None:
        """The group as it is now."""
        return super().read(f"cluster/firewall/groups/{resource_id}", inputs or {"name": resource_id}, outputs)

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Write its rules anew."""
        return super().update(f"cluster/firewall/groups/{resource_id}", old, new)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove its rules and itself."""
        path = f"cluster/firewall/groups/{resource_id}"
        super().delete(path, outputs)
        if self._client().find(path) is not None:
            self._client().delete(path, self._subject(outputs))


class IpSets(_Firewall):
    """A named set of addresses."""

    noun = "IP set"
    generated = True
    rules: Mapping[str, Rule] = {"name": _SET_NAME, "cidrs[].name": not_empty}

    def replaces(self, old: Properties, new: Properties) -> frozenset[str]:
        """As with the official plugin, any other member makes another set."""
        more = {name for name in ("cidrs", "comment") if changed(old, new, name)}
        return super().replaces(old, new) | more

    def _path(self, inputs: Inputs) -> str:
        return f"{located(inputs)}/ipset/{inputs['name']}"

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:  # noqa: ARG002 - the protocol's
        """Make the set, then its members."""
        client, subject, path = self._client(), self._subject(inputs), self._path(inputs)
        existing = cast("list[dict[str, Any]] | None", client.find(path) if adopting() else None)
        if existing is None:
            comment = {"comment": inputs["comment"]} if inputs.get("comment") else {}
            client.post(f"{located(inputs)}/ipset", subject, name=inputs["name"], **comment)
        present = {member["cidr"] for member in existing or []}
        for member in items(inputs, "cidrs"):
            if member["name"] in present:
                continue
            more: dict[str, Any] = {"comment": member["comment"]} if member.get("comment") else {}
            if member.get("nomatch"):
                more["nomatch"] = 1
            client.post(path, subject, cidr=member["name"], **more)
        return str(inputs["name"]), dict(inputs)

    def read(
        self,
        resource_id: str,
        inputs: Properties,
        outputs: Properties,  # noqa: ARG002 - the protocol's
    ) -> tuple[Properties, Properties] | None:
        """The set as it is now."""
        given = inputs or {"name": resource_id}
        live = self._client().find(self._path(given))
        if live is None:
            return None
        found = [_member(item["cidr"], item) for item in cast("list[dict[str, Any]]", live)]
        should = [_member(item["name"], item) for item in items(given, "cidrs")]
        ordered = sorted(found, key=lambda member: member["name"]), sorted(should, key=lambda member: member["name"])
        members = drifted(given.get("cidrs"), should, found, "name") if ordered[0] != ordered[1] else given.get("cidrs")
        result = {**given, "cidrs": members} if members is not None else dict(given)
        return result, dict(result)

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:  # noqa: ARG002 - the protocol's
        """Nothing of a set changes in place."""
        return dict(new)

    def delete(self, resource_id: str, outputs: Properties) -> None:  # noqa: ARG002 - the protocol's
        """Remove the members and the set."""
        client, path = self._client(), self._path(outputs)
        members = client.find(path)
        if members is None:
            return
        for member in cast("list[dict[str, Any]]", members):
            client.delete(f"{path}/{member['cidr']}", self._subject(outputs))
        client.delete(path, self._subject(outputs))


def _member(name: str, item: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "comment": str(item.get("comment") or ""), "nomatch": bool(int(item.get("nomatch") or 0))}
