"""k3s is told nothing that no rule reads, and its unit keeps it running (SEC-2, ENV-4, BAK-3)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping

import versions

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, UnevaluableError, Value
from . import kinds
from .addresses import of_machine
from .documents import files, parsed
from .images import OWN_REGISTRY

_CONFIG, _UNIT, _REGISTRIES, _AUDIT = "/etc/rancher/k3s/config.yaml", "/k3s.service", "/registries.yaml", "/audit.yaml"
_READ = re.compile(r"/etc/rancher/k3s/private-ca\.crt|.*/psa\.yaml|.*/server/manifests/[\w.-]+")
_OPEN = re.compile(r"^put (\S+) 0?[0-7]?[0-7]*(?:[2367][0-7]|[0-7][2367]) <<", re.MULTILINE)
"""A file that its group, or everybody, may write."""
_STARTS = re.compile(r"ExecStart=/usr/local/bin/k3s (?:server|agent)")
_KEYS = frozenset(
    {
        *("token-file", "node-name", "node-ip", "protect-kernel-defaults", "kubelet-arg", "server", "cluster-cidr"),
        *("service-cidr", "tls-san", "disable", "secrets-encryption", "write-kubeconfig-mode", "etcd-expose-metrics"),
        *("etcd-snapshot-schedule-cron", "etcd-snapshot-retention", "etcd-s3", "etcd-s3-config-secret", "node-taint"),
        *("kube-apiserver-arg", "kube-controller-manager-arg"),
    }
)
_ARGUMENTS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "kube-apiserver-arg": (
            r"(?:anonymous-auth|profiling|service-account-extend-token-expiration)=false|enable-admission-plugins=.*"
            r"|admission-control-config-file=.*|audit-policy-file=.*|audit-log-(?:path|maxage|maxbackup|maxsize)=.*"
        ),
        "kubelet-arg": r"(?:sync-frequency|streaming-connection-idle-timeout|pod-max-pids|tls-cipher-suites)=.*",
        "kube-controller-manager-arg": r"terminated-pod-gc-threshold=.*",
    }.items()
}
_DISABLED = frozenset({"servicelb", "traefik"})
_SYSCTLS = re.compile(r"(?:vm\.(?:panic_on_oom|overcommit_memory)|kernel\.(?:panic|panic_on_oops|keys\.\w+))=\d+")
_READING = frozenset({"get", "list", "watch"})
_ALLOY = {each.version for each in versions.TABLE if "/alloy:" in each.reference}
_RUNS_ALLOY = re.compile(
    r"^RELEASES=https://github\.com/grafana/alloy/\S+$.*?^VERSION=(\S+)$", re.MULTILINE | re.DOTALL
)
_TAINT = re.compile(r"^- node-role\.kubernetes\.io/control-plane=true:No(?:Schedule|Execute)$", re.MULTILINE)
_STEPPED = frozenset({"k3s-server", "k3s-agent", "lxc"})
_TRIVIAL = re.compile(r"\s*(?:/bin/)?(?:true|:|exit 0|echo\b.*)\s*")
_MIGRATES = re.compile(r"(?:^|-)migrate$")


@resource_rule("k3s-told", requirements=("SEC-2", "SEC-6", "BAK-3"), types=kinds.COMMANDS, severity=Severity.CRITICAL)
def k3s_told(resource: Resource) -> Iterator[Finding]:
    """k3s has the settings and arguments that rules read, pulls from nobody else, and its kernel no others."""
    create = resource.props.at("create")
    if _CONFIG not in create.text:
        return
    for path in _OPEN.findall(create.text):
        yield create.wrong(f"lets others change {path}", "give 0600")
    for path, content in files(create.text).items():
        if path == _CONFIG:
            yield from _settings(parsed(create, content, ".yaml"))
        elif path.endswith(_REGISTRIES):
            yield from _pulled(parsed(create, content, ".yaml"))
        elif path.endswith(_AUDIT):
            yield from _trail(parsed(create, content, ".yaml"))
        elif path.startswith("/etc/sysctl.d/"):
            yield from _kernel(create, content.splitlines())
        elif path.endswith(_UNIT):
            yield from _unit(create, content.splitlines())
        elif not _READ.fullmatch(path):
            yield create.wrong(f"writes {path}, which no rule reads", "remove it")


def _pulled(registries: Value) -> Iterator[Finding]:
    for name, mirror in registries.at("mirrors").entries():
        if not OWN_REGISTRY.match(f"{name}/"):
            yield mirror.wrong(f"pulls {name} from elsewhere", "remove it")


def _kernel(create: Value, lines: list[str]) -> Iterator[Finding]:
    for line in filter(None, map(str.strip, lines)):
        if not _SYSCTLS.fullmatch(line):
            yield create.wrong(f"sets {line}", "remove it")


def _unit(create: Value, lines: list[str]) -> Iterator[Finding]:
    if "Restart=always" not in lines:
        yield create.wrong("does not start k3s again", "say Restart=always in its unit")
    for line in lines:
        if line.startswith(("ExecStart=", "Environment")) and not _STARTS.fullmatch(line):
            yield create.wrong(f"starts k3s by {line}", "say in its config.yaml what it is told")


def _settings(config: Value) -> Iterator[Finding]:
    for name in config.names():
        if name not in _KEYS:
            yield config.at(name).wrong("is read by no rule", "remove it")
    for name, known in _ARGUMENTS.items():
        for argument in config.at(name).items():
            if not known.fullmatch(argument.text):
                yield argument.wrong(f"is {argument.text}, which no rule reads", "remove it")
    for part in config.at("disable").items():
        if part.text not in _DISABLED:
            yield part.wrong(f"is {part.text}, which pods need", "remove it")


def _trail(policy: Value) -> Iterator[Finding]:
    for stage in policy.at("omitStages").items():
        if stage.text != "RequestReceived":
            yield stage.wrong(f"is {stage.text}: what was done is not written down", "remove it")
    for rule in policy.at("rules").items():
        whose = any(rule.at(name).present for name in ("users", "userGroups", "resources"))
        if rule.at("level").text == "None" and not whose and not (set(rule.at("verbs").texts() or [""]) <= _READING):
            yield rule.at("level").wrong("is None for changes", "give Metadata")


@stack_rule(
    "steps-do",
    requirements=("INF-2", "INF-7", "INF-8", "ENV-4", "LOG-7", "MON-2"),
    types=(*kinds.COMMANDS, kinds.VM, kinds.LXC, kinds.DOCKER_CONTAINER),
)
def steps_do(stack: Stack) -> Iterator[Finding]:
    """Each node, LXC and migration has its step, which does something, undoes nothing, and brings known versions."""
    machines = {address: each for each in stack.of(kinds.VM, kinds.LXC) for address in of_machine(each)}
    agents = [each for each in machines.values() if "k3s-agent" in each.props.at("tags").texts()]
    known, told = set[str](), list[str]()
    bare = {address for address, each in machines.items() if _STEPPED & set(each.props.at("tags").texts())}
    for command in stack.of(*kinds.COMMANDS):
        create, delete = command.props.at("create"), command.props.at("delete")
        if delete.present:
            yield delete.wrong("does something when the step goes", "remove it: the machine goes with its step")
        # What is not known yet is judged when it is.
        with contextlib.suppress(UnevaluableError):
            if _TRIVIAL.fullmatch(create.text) and not command.props.at("update").present:
                yield create.wrong("does nothing", "say what is to be done, or remove the step")
            machine = command.props.at("connection", "host").text
            known.add(command.urn)
            told.append(create.text)
            if _CONFIG in create.text:
                yield from _of_many(create, len(agents))
            brought = _RUNS_ALLOY.search(create.text)
            if f"put {_CONFIG} " in create.text or brought is not None:
                bare.discard(machine)
            if brought is not None and f"v{brought[1]}" not in _ALLOY and brought[1] not in _ALLOY:
                yield create.wrong(f"brings Alloy {brought[1]}", "take the version of the table")
    if known != {each.urn for each in stack.of(*kinds.COMMANDS)}:
        return
    for address in sorted(bare):
        yield machines[address].props.at("tags").wrong("are those of a machine without its step", "run it there")
    for container in stack.of(kinds.DOCKER_CONTAINER):
        name = container.props.at("name")
        if _MIGRATES.search(name.text) and not any(f"docker start --attach {name.text}" in each for each in told):
            yield name.wrong("is started by no step that waits for its end", "run docker start --attach (REL-1)")


def _of_many(create: Value, agents: int) -> Iterator[Finding]:
    """What a node is told that depends on how many agents there are."""
    if agents > 1 and re.search(r"^DRAIN=(?!yes$)", create.text, re.MULTILINE):
        yield create.wrong("ends a node's pods before others run elsewhere", "give DRAIN=yes")
    if agents > 1 and re.search(r"^NAME_SERVERS=[01]$", create.text, re.MULTILINE):
        yield create.wrong("leaves the cluster with one name server", "give NAME_SERVERS=2")
    if agents and "etcd-snapshot" in create.text and not _TAINT.search(create.text):
        yield create.wrong("lets pods onto a server of the cluster", "give its node-taint with NoSchedule")
