"""What the steps on the cluster's machines write for k3s (SEC-2, SEC-5, BAK-3), read as k3s reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..judging import Resource, Severity, resource_rule
from ..values import Finding, Value
from . import kinds
from .documents import files, parsed
from .images import judge_support
from .rbac import ADMINS

_CONFIG, _PSA = "/etc/rancher/k3s/config.yaml", "/psa.yaml"
_REGISTRIES, _AUDIT, _MANIFESTS = "/registries.yaml", "/audit.yaml", "/server/manifests/"
_ADDRESSING = frozenset({"NET_ADMIN", "NET_RAW"})
_MOST_LEASE_SECONDS = 15
_ARGUMENTS = ("anonymous-auth=false", "audit-policy-file=", "audit-log-path=", "admission-control-config-file=")
AUDIT_DAYS = 30
_AUDIT_MIB, _AUDIT_FILES = 50, 5
SNAPSHOT_DAYS = 7
"""BAK-3."""


def _daily(cron: str) -> float:
    """How often a day a schedule of minutes and hours runs; 0 when it is not every day."""
    fields = cron.split()
    if len(fields) != 5 or fields[2:] != ["*", "*", "*"]:
        return 0
    hours = fields[1]
    if hours == "*":
        return 24
    if hours.startswith("*/") and hours[2:].isdigit() and int(hours[2:]):
        return 24 / int(hours[2:])
    return float(len(hours.split(",")))


@resource_rule(
    "cluster-hardened",
    requirements=("SEC-2", "SEC-5", "LOG-2", "BAK-3"),
    types=kinds.COMMANDS,
    severity=Severity.CRITICAL,
)
def cluster_hardened(resource: Resource) -> Iterator[Finding]:
    """A k3s server encrypts secrets, knows nobody without a login, writes an audit trail, and keeps its snapshots."""
    create = resource.props.at("create")
    if _CONFIG not in create.text:
        return
    written = files(create.text)
    text = written.get(_CONFIG)
    if text is None:
        return
    config = parsed(create, text, ".yaml")
    yield from _of_node(config)
    if config.at("cluster-cidr").present or config.at("etcd-expose-metrics").present:
        yield from _of_server(config)
        yield from _snapshots(config)
    for path, content in written.items():
        if path.endswith(_PSA):
            yield from _standard(parsed(create, content, ".yaml"))
        elif path.endswith(_AUDIT):
            yield from _audited(parsed(create, content, ".yaml"))


def _of_server(config: Value) -> Iterator[Finding]:
    if config.at("secrets-encryption").flag is not True:
        yield config.at("secrets-encryption").wrong("is not true", "set it")
    if config.at("write-kubeconfig-mode").text not in {"0600", "600", "384"}:
        yield config.at("write-kubeconfig-mode").wrong("lets others read it", "give '0600'")
    arguments = config.at("kube-apiserver-arg")
    given = arguments.texts()
    for wanted in _ARGUMENTS:
        if not any(each.startswith(wanted) for each in given):
            yield arguments.wrong(f"lacks {wanted}", "add it")
    kept = next((each.partition("=")[2] for each in given if each.startswith("audit-log-maxage=")), "")
    if not kept.isdigit() or int(kept) < AUDIT_DAYS:
        yield arguments.wrong("keeps the audit log shorter than 30 days", f"give audit-log-maxage={AUDIT_DAYS}")
    for name, least in (("audit-log-maxsize", _AUDIT_MIB), ("audit-log-maxbackup", _AUDIT_FILES)):
        told = next((each.partition("=")[2] for each in given if each.startswith(f"{name}=")), "")
        if not told.isdigit() or int(told) < least:
            yield arguments.wrong(f"gives the audit log no room: {name} is {told or 'missing'}", f"give {least}")
    if not any(each.startswith("enable-admission-plugins=") and "NodeRestriction" in each for each in given):
        yield arguments.wrong("lacks NodeRestriction: a node may change the others", "add it")
    for name in _PUBLISHING:
        if name not in config.at("disable").texts():
            yield config.at("disable").wrong(f"lacks {name}, which publishes ports on every node", "add it")


_PUBLISHING = ("servicelb", "traefik")
"""SEC-6: parts of k3s that open ports, beside the gateways of this platform."""
_NEVER: Mapping[str, re.Pattern[str]] = {
    "disable-network-policy": re.compile("true"),
    "disable-kube-proxy": re.compile("true"),
    "flannel-backend": re.compile("none"),
    "etcd-disable-snapshots": re.compile("true"),
    "etcd-s3-insecure": re.compile("true"),
    "etcd-s3-skip-ssl-verify": re.compile("true"),
    "protect-kernel-defaults": re.compile("false"),
    "datastore-endpoint": re.compile(".+"),
    "system-default-registry": re.compile(".+"),
}
"""What k3s may not be told: it takes away who filters, encrypts, keeps or checks."""
_NEVER_ARGUMENTS = re.compile(
    r"anonymous-auth=true|authorization-mode=.*AlwaysAllow.*|read-only-port=(?!0$).*|tls-min-version=VersionTLS1[01]"
    r"|insecure-port=(?!0$).*|disable-admission-plugins=.*(?:PodSecurity|NodeRestriction).*|profiling=true"
    r"|service-account-extend-token-expiration=true|(?:token|basic)-auth-file=.*|tls-cipher-suites=.*_CBC_.*"
    r"|rotate-certificates=false|allowed-unsafe-sysctls=.+|tls-cipher-suites=(?:.*,)?TLS_RSA_.*|audit-policy-file=/dev/null|audit-log-path=/dev/null"
)


def _of_node(config: Value) -> Iterator[Finding]:
    if config.at("protect-kernel-defaults").flag is not True:
        yield config.at("protect-kernel-defaults").wrong("is not true: the kubelet changes the kernel", "set it")
    limits = [each for each in config.at("kubelet-arg").texts() if each.startswith("pod-max-pids=")]
    if not any(each.partition("=")[2].isdigit() for each in limits):
        yield config.at("kubelet-arg").wrong("lets one pod take all processes", "give pod-max-pids=4096")
    for name, never in _NEVER.items():
        value = config.at(name)
        if value.present and never.fullmatch(value.text):
            yield value.wrong(f"is {value.text}", "remove it")
    for name in ("kube-apiserver-arg", "kubelet-arg", "kube-controller-manager-arg", "kube-scheduler-arg"):
        for argument in config.at(name).items():
            if _NEVER_ARGUMENTS.fullmatch(argument.text):
                yield argument.wrong(f"is {argument.text}", "remove it")


def _audited(policy: Value) -> Iterator[Finding]:
    """The trail says who touched secrets and got into pods, and nothing of what is in them."""
    rules = list(policy.at("rules").items())
    wanted = {"secrets", "pods/exec"}
    for rule in rules:
        level = rule.at("level")
        named = {each for group in rule.at("resources").items() for each in group.at("resources").texts()}
        if "secrets" in named and level.text.startswith("Request"):
            yield level.wrong(f"is {level.text}: the trail would hold secrets", "give Metadata")
        if level.text != "None":
            wanted -= named
        elif wanted & named:
            yield level.wrong(f"is None for {', '.join(sorted(wanted & named))}", "give Metadata")
    last = rules[-1].at("level") if rules else policy.at("rules")
    if wanted or not rules or last.text == "None":
        yield last.wrong("leaves changes out of the trail", "give Metadata for secrets, pods/exec and all the rest")


def _snapshots(config: Value) -> Iterator[Finding]:
    cron, number = config.at("etcd-snapshot-schedule-cron"), config.at("etcd-snapshot-retention")
    if config.at("etcd-s3").flag is False:
        yield config.at("etcd-s3").wrong("is false", "set it: snapshots leave the machine")
    if not cron.present and not number.present:
        return
    if config.at("etcd-s3").flag is None:
        yield config.at("etcd-s3").wrong("is missing", "set it: snapshots leave the machine")
    elif not config.at("etcd-s3-config-secret").text:
        yield config.at("etcd-s3-config-secret").wrong("is missing", "name the Secret with the bucket")
    daily = _daily(cron.text)
    if not daily:
        yield cron.wrong(f"is {cron.text or 'missing'}: not every day", "give 0 */6 * * *")
    elif (number.number or 0) / daily < SNAPSHOT_DAYS:
        yield number.wrong(f"is {number.text or 'missing'}: less than 7 days", f"give {daily * SNAPSHOT_DAYS:g}")


def _standard(admission: Value) -> Iterator[Finding]:
    for plugin in admission.at("plugins").items():
        if plugin.at("name").text != "PodSecurity":
            continue
        defaults, exempt = plugin.at("configuration", "defaults"), plugin.at("configuration", "exemptions")
        if defaults.at("enforce").text != "restricted":
            enforce = defaults.at("enforce")
            yield enforce.wrong(f"is {enforce.text or 'missing'}", "give restricted")
        if defaults.at("enforce-version").text not in {"", "latest"}:
            yield defaults.at("enforce-version").wrong("is no more the standard of today", "give latest")
        for name in ("usernames", "runtimeClasses", "namespaces"):
            for each in exempt.at(name).items():
                if (name, each.text) != ("namespaces", "kube-system"):
                    yield each.wrong(f"exempts {each.text}", "remove it")


@resource_rule("node-registries", requirements=("SEC-1", "INF-6"), types=kinds.COMMANDS, severity=Severity.CRITICAL)
def node_registries(resource: Resource) -> Iterator[Finding]:
    """Nodes pull images over verified TLS only."""
    create = resource.props.at("create")
    if _REGISTRIES not in create.text:
        return
    for path, content in files(create.text).items():
        if not path.endswith(_REGISTRIES):
            continue
        document = parsed(create, content, ".yaml")
        for _, mirror in document.at("mirrors").entries():
            for endpoint in mirror.at("endpoint").items():
                if not endpoint.text.startswith("https://"):
                    yield endpoint.wrong(f"is {endpoint.text}", "give https://")
        for _, registry in document.at("configs").entries():
            if registry.at("tls", "insecure_skip_verify").flag:
                yield registry.at("tls", "insecure_skip_verify").wrong("is true", "remove it")


@resource_rule("node-manifests", requirements=("SEC-2", "INF-7"), types=kinds.COMMANDS, severity=Severity.CRITICAL)
def node_manifests(resource: Resource) -> Iterator[Finding]:
    """What k3s itself brings into the cluster is in the table of versions, and may not do everything."""
    create = resource.props.at("create")
    if _MANIFESTS not in create.text:
        return
    for path, content in files(create.text).items():
        if _MANIFESTS not in path:
            continue
        for text in re.split(r"^---$", content, flags=re.MULTILINE):
            manifest = parsed(create, text, ".yaml")
            for rule in manifest.at("rules").items():
                for name in ("verbs", "resources", "apiGroups"):
                    for each in rule.at(name).items():
                        if "*" in each.text or each.text in {"secrets", "escalate", "bind", "impersonate"}:
                            yield each.wrong(f"is {each.text}", "name what is needed")
            if manifest.at("roleRef", "name").text in ADMINS:
                yield manifest.at("roleRef", "name").wrong("makes it an administrator", "name a role of its own")
            for container in kinds.all_containers(manifest.at("spec", "template", "spec")):
                yield from judge_support(container.at("image"))
                yield from _claims_addresses(container)


def _claims_addresses(container: Value) -> Iterator[Finding]:
    """What claims addresses may do that alone, and one node at a time does it."""
    context = container.at("securityContext")
    if context.at("privileged").flag:
        yield context.at("privileged").wrong("is true", "remove it")
    for each in context.at("capabilities", "add").items():
        if each.text not in _ADDRESSING:
            yield each.wrong(f"is {each.text}", "remove it")
    if "/kube-vip:" not in container.at("image").text:
        return
    said = {each.at("name").text: each.at("value") for each in container.at("env").items()}
    if not {"true"} & {said[name].text for name in ("cp_enable", "svc_enable") if name in said}:
        yield container.at("env").wrong("claims no address", "give cp_enable or svc_enable (ENV-4)")
    if "vip_leaderelection" in said and said["vip_leaderelection"].text != "true":
        yield said["vip_leaderelection"].wrong("lets all nodes claim one address", "give 'true' (ENV-4)")
    lease = said.get("vip_leaseduration")
    if lease is not None and not 0 < (lease.number or float(lease.text or 0)) <= _MOST_LEASE_SECONDS:
        yield lease.wrong(f"is {lease.text}: as long is the address lost with its node", "give '5' (ENV-4)")
