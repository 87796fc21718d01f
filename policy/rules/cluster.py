"""What the steps on the cluster's machines write for k3s (SEC-2, SEC-5, BAK-3), read as k3s reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..judging import Resource, Severity, resource_rule
from ..values import Finding, Value
from . import kinds
from .documents import parsed

_FILE = re.compile(r"^put (\S+) \S+ <<(?:'\"'\"')?'?([A-Z-]+)'?(?:'\"'\"')?\n(.*?)^\2$", re.MULTILINE | re.DOTALL)
_QUOTE = "'\"'\"'"
_CONFIG, _PSA = "/etc/rancher/k3s/config.yaml", "/psa.yaml"
_ARGUMENTS = ("anonymous-auth=false", "audit-policy-file=", "audit-log-path=", "admission-control-config-file=")
AUDIT_DAYS = 30
SNAPSHOT_DAYS = 7
"""BAK-3."""


def files(text: str) -> dict[str, str]:
    """Path to content of the files that a step writes."""
    return {path: content.replace(_QUOTE, "'") for path, _, content in _FILE.findall(text)}


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
    if not config.at("cluster-cidr").present and not config.at("etcd-expose-metrics").present:
        return
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
    yield from _snapshots(config)
    for path, content in written.items():
        if path.endswith(_PSA):
            yield from _standard(parsed(create, content, ".yaml"))


def _snapshots(config: Value) -> Iterator[Finding]:
    if config.at("etcd-s3").flag is False:
        yield config.at("etcd-s3").wrong("is false", "set it: snapshots leave the machine")
    cron, number = config.at("etcd-snapshot-schedule-cron"), config.at("etcd-snapshot-retention")
    if not cron.present and not number.present:
        return
    daily = _daily(cron.text)
    if not daily:
        yield cron.wrong(f"is {cron.text or 'missing'}: not every day", "give 0 */6 * * *")
    elif (number.number or 0) / daily < SNAPSHOT_DAYS:
        yield number.wrong(f"is {number.text or 'missing'}: less than 7 days", f"give {daily * SNAPSHOT_DAYS:g}")


def _standard(admission: Value) -> Iterator[Finding]:
    for plugin in admission.at("plugins").items():
        enforce = plugin.at("configuration", "defaults", "enforce")
        if plugin.at("name").text == "PodSecurity" and enforce.text != "restricted":
            yield enforce.wrong(f"is {enforce.text or 'missing'}", "give restricted")


RULES = (cluster_hardened,)
