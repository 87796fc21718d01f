"""The kinds of `objects`: pools, high availability, backup jobs, metric servers, firewall aliases.

Source: `fwprovider/cluster` and `proxmoxtf/resource` of bpg/terraform-provider-proxmox 0.111.
"""

from typing import Any, cast

from sandbox.providers.base import Properties
from sandbox.providers.proxmoxve import options
from sandbox.providers.proxmoxve.checks import NODE_NAME
from sandbox.providers.proxmoxve.objects import Kind, located, selection
from sandbox.providers.proxmoxve.parts import Config, Field, Inputs, Part, exactly, packed, scalar
from sandbox.providers.rules import Failures, between, length, matching, not_empty, one_of

_NAME = matching(
    r"[a-zA-Z][a-zA-Z0-9\-_.]*[a-zA-Z0-9]",
    "two characters or more of letters, digits, '-', '_' and '.', beginning with a letter",
)
_SID = matching(r"(vm|ct):[1-9]\d{2,8}", "a resource such as vm:100 or ct:101")


def _plain(inputs: Inputs, noun: str) -> Failures:
    comment = inputs.get("comment")
    return (
        [("comment", f"the {noun}'s comment begins or ends with a space")]
        if comment and comment != comment.strip()
        else []
    )


def _texts(name: str, key: str, separator: str = ",") -> Part:
    """A list of texts."""
    return scalar(name, Field(key, kind=list, separator=separator))


def _priorities(name: str, key: str) -> Part:
    """A map of node names to priorities: `pve1:2,pve2`."""

    def write(inputs: Inputs, _live: Config) -> dict[str, str]:
        nodes: dict[str, Any] = inputs.get(name) or {}
        items = (node if rank is None else f"{node}:{options.scalar(rank)}" for node, rank in sorted(nodes.items()))
        return {key: ",".join(items)} if nodes else {}

    def read(config: Config) -> dict[str, Any]:
        if key not in config:
            return {name: None}
        pairs = (item.partition(":") for item in str(config[key]).split(",") if item)
        return {name: {node: int(rank) if colon else None for node, colon, rank in pairs}}

    return Part((name,), exactly(key), write, read)


def _pairs(name: str, key: str) -> Part:
    """A map of texts, kept as a property string."""

    def write(inputs: Inputs, _live: Config) -> dict[str, str]:
        given: dict[str, Any] = inputs.get(name) or {}
        return {key: options.render(dict(sorted(given.items())))} if given else {}

    def read(config: Config) -> dict[str, Any]:
        return {name: options.parse(config[key]) if key in config else None}

    return Part((name,), exactly(key), write, read)


def _write_only(name: str, key: str) -> Part:
    """An option that the server never sends back."""
    field = Field(key)
    sent = scalar(name, field)
    return Part((name,), lambda _key, _value: False, sent.write, lambda _config: {name: None})


def _bool(name: str, key: str, default: bool | None = None) -> Part:
    return scalar(name, Field(key, default, bool))


def _int(name: str, key: str) -> Part:
    return scalar(name, Field(key, kind=int))


def _members(pool: Config) -> Properties:
    members: list[dict[str, Any]] = [
        {
            "id": member["id"],
            "nodeName": member["node"],
            "type": member["type"],
            "datastoreId": member.get("storage", ""),
            "vmId": member.get("vmid", 0),
        }
        for member in cast("list[dict[str, Any]]", pool.get("members") or [])
    ]
    return {"members": members}


POOL = Kind(
    noun="pool",
    collection=lambda _inputs: "pools",
    key="poolid",
    id_input="poolId",
    parts=(scalar("comment", Field("comment", "")),),
    rules={"poolId": matching(r"[A-Za-z][\w.-]*(/[A-Za-z][\w.-]*){0,2}", "a pool name (it begins with a letter)")},
    outputs=_members,
    computed=("members",),
)


def _check_backup(inputs: Inputs) -> Failures:
    chosen = [name for name in ("all", "vmids", "pool") if inputs.get(name)]
    return [(chosen[0], f"cannot be given together with {' and '.join(chosen[1:])}")] if len(chosen) > 1 else []


BACKUP_JOB = Kind(
    noun="backup job",
    collection=lambda _inputs: "cluster/backup",
    key="id",
    id_input="resourceId",
    parts=(
        scalar("schedule", Field("schedule")),
        scalar("storage", Field("storage")),
        _bool("all", "all"),
        _bool("enabled", "enabled"),
        _bool("protected", "protected"),
        _bool("remove", "remove"),
        _bool("repeatMissed", "repeat-missed"),
        _bool("stdexcludes", "stdexcludes"),
        _int("bwlimit", "bwlimit"),
        _int("ionice", "ionice"),
        _int("lockwait", "lockwait"),
        _int("maxfiles", "maxfiles"),
        _int("pigz", "pigz"),
        _int("stopwait", "stopwait"),
        _int("zstd", "zstd"),
        scalar("compress", Field("compress")),
        scalar("mailnotification", Field("mailnotification")),
        scalar("mode", Field("mode")),
        scalar("node", Field("node")),
        scalar("notesTemplate", Field("notes-template")),
        scalar("pbsChangeDetectionMode", Field("pbs-change-detection-mode")),
        scalar("pool", Field("pool")),
        scalar("script", Field("script")),
        scalar("starttime", Field("starttime")),
        scalar("tmpdir", Field("tmpdir")),
        _texts("excludePaths", "exclude-path"),
        _texts("mailtos", "mailto"),
        _texts("vmids", "vmid"),
        _pairs("pruneBackups", "prune-backups"),
        packed("fleecing", "fleecing", {"enabled": Field("enabled", None, bool), "storage": Field("storage")}),
        packed(
            "performance",
            "performance",
            {"maxWorkers": Field("max-workers", None, int), "pbsEntriesMax": Field("pbs-entries-max", None, int)},
        ),
    ),
    rules={
        "mode": one_of("snapshot", "suspend", "stop"),
        "compress": one_of("0", "1", "gzip", "lzo", "zstd"),
        "mailnotification": one_of("always", "failure"),
        "ionice": between(0, 8),
        "pbsChangeDetectionMode": one_of("legacy", "data", "metadata"),
        "schedule": not_empty,
    },
    check=_check_backup,
)

HA_GROUP = Kind(
    noun="HA group",
    collection=lambda _inputs: "cluster/ha/groups",
    key="group",
    id_input="group",
    parts=(
        scalar("comment", Field("comment")),
        _priorities("nodes", "nodes"),
        _bool("noFailback", "nofailback", default=False),
        _bool("restricted", "restricted", default=False),
    ),
    sent_always={"type": "group"},
    rules={"group": _NAME, "nodes": not_empty},
    check=lambda inputs: _plain(inputs, "group") + _nodes(inputs),
)


def _nodes(inputs: Inputs) -> Failures:
    nodes: dict[str, Any] = inputs.get("nodes") or {}
    found: Failures = []
    for node, rank in nodes.items():
        for reason in (NODE_NAME(node), None if rank is None else between(0, 1000)(rank)):
            if reason:
                found.append((f"nodes.{node}", reason))
    return found


HA_RESOURCE = Kind(
    noun="HA resource",
    collection=lambda _inputs: "cluster/ha/resources",
    key="sid",
    id_input="resourceId",
    parts=(
        scalar("comment", Field("comment")),
        _bool("failback", "failback"),
        scalar("group", Field("group")),
        _int("maxRelocate", "max_relocate"),
        _int("maxRestart", "max_restart"),
        scalar("state", Field("state", "started")),
        scalar("type", Field("type")),
    ),
    fixed=frozenset({"type"}),
    rules={
        "resourceId": _SID,
        "type": one_of("vm", "ct"),
        "state": one_of("started", "enabled", "stopped", "disabled", "ignored"),
        "maxRelocate": between(0, 10),
        "maxRestart": between(0, 10),
    },
    check=lambda inputs: _plain(inputs, "resource"),
)


def _check_rule(inputs: Inputs) -> Failures:
    found = _plain(inputs, "rule") + _nodes(inputs)
    if inputs.get("type") == "node-affinity":
        found += [] if inputs.get("nodes") else [("nodes", "a node-affinity rule needs nodes")]
        found += [("affinity", "is for resource-affinity rules only")] if inputs.get("affinity") else []
    if inputs.get("type") == "resource-affinity":
        found += [] if inputs.get("affinity") else [("affinity", "a resource-affinity rule needs affinity")]
        found += [(name, "is for node-affinity rules only") for name in ("nodes", "strict") if inputs.get(name)]
    return found


HA_RULE = Kind(
    noun="HA rule",
    collection=lambda _inputs: "cluster/ha/rules",
    key="rule",
    id_input="rule",
    parts=(
        scalar("affinity", Field("affinity")),
        scalar("comment", Field("comment")),
        _bool("disable", "disable", default=False),
        _priorities("nodes", "nodes"),
        _texts("resources", "resources"),
        _bool("strict", "strict"),
        scalar("type", Field("type")),
    ),
    fixed=frozenset({"type"}),
    repeated=frozenset({"type"}),
    rules={
        "rule": _NAME,
        "type": one_of("node-affinity", "resource-affinity"),
        "affinity": one_of("positive", "negative"),
        "resources": not_empty,
        "resources[]": _SID,
    },
    check=_check_rule,
)

METRIC_SERVER = Kind(
    noun="metric server",
    collection=lambda _inputs: "cluster/metrics/server",
    key="id",
    id_input="name",
    parts=(
        _bool("disable", "disable", default=False),
        scalar("graphitePath", Field("path")),
        scalar("graphiteProto", Field("proto")),
        scalar("influxApiPathPrefix", Field("api-path-prefix")),
        scalar("influxBucket", Field("bucket")),
        scalar("influxDbProto", Field("influxdbproto")),
        _int("influxMaxBodySize", "max-body-size"),
        scalar("influxOrganization", Field("organization")),
        _write_only("influxToken", "token"),
        _bool("influxVerify", "verify-certificate"),
        _int("mtu", "mtu"),
        scalar("opentelemetryCompression", Field("otel-compression")),
        scalar("opentelemetryHeaders", Field("otel-headers")),
        _int("opentelemetryMaxBodySize", "otel-max-body-size"),
        scalar("opentelemetryPath", Field("otel-path")),
        scalar("opentelemetryProto", Field("otel-protocol")),
        scalar("opentelemetryResourceAttributes", Field("otel-resource-attributes")),
        _int("opentelemetryTimeout", "otel-timeout"),
        _bool("opentelemetryVerifySsl", "otel-verify-ssl"),
        _int("port", "port"),
        scalar("server", Field("server")),
        _int("timeout", "timeout"),
        scalar("type", Field("type")),
    ),
    fixed=frozenset({"type"}),
    repeated=frozenset({"port", "server"}),
    create_on_item=True,
    generated=True,
    rules={
        "graphiteProto": one_of("udp", "tcp"),
        "influxDbProto": one_of("udp", "http", "https"),
        "mtu": between(512, 65536),
        "opentelemetryCompression": one_of("none", "gzip"),
        "opentelemetryHeaders": length(0, 1024),
        "opentelemetryMaxBodySize": between(1024),
        "opentelemetryProto": one_of("http", "https"),
        "opentelemetryResourceAttributes": length(0, 1024),
        "opentelemetryTimeout": between(1, 10),
        "port": between(1, 65536),
        "server": not_empty,
        "type": one_of("graphite", "influxdb", "opentelemetry"),
    },
)

FIREWALL_ALIAS = Kind(
    noun="firewall alias",
    collection=lambda inputs: f"{located(inputs)}/aliases",
    key="name",
    id_input="name",
    parts=(scalar("cidr", Field("cidr")), scalar("comment", Field("comment", ""))),
    fixed=frozenset({"nodeName", "vmId", "containerId"}),
    repeated=frozenset({"cidr"}),
    generated=True,
    rules={"name": matching(r"[A-Za-z][A-Za-z0-9\-_]+", "a name of two letters, digits, '-' and '_' or more")},
    check=selection,
)
