"""What a pod is given beside its image is its own: names, groups, folders, an account (SEC-1 to SEC-3, LOG-7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..judging import Resource, Severity, resource_rule
from ..values import Finding, Value
from . import kinds
from .availability import amount
from .workloads import HARDENING

_NAME = "app.kubernetes.io/name"
_SCRATCH = 2**30
_HOST_FOLDERS: Mapping[str, Mapping[str, bool]] = {
    "log-agent": {
        "/var/log/pods": True,
        "/var/log/journal": True,
        "/var/log/kubernetes": True,
        "/etc/machine-id": True,
        "/var/lib/log-agent": False,
    },
    "node-exporter": {"/": True},
}
"""The folders of a node that an agent may have, and whether only to read (LOG-7, MON-2)."""


@resource_rule("pod-names", requirements=("SEC-1", "SEC-6"), types=kinds.WORKLOADS)
def pod_names(resource: Resource) -> Iterator[Finding]:
    """A pod asks the cluster's name servers, and is led nowhere else under another's name."""
    pod = kinds.pod_spec(resource)
    if list(pod.at("hostAliases").items()):
        yield pod.at("hostAliases").wrong("lead names elsewhere", "remove it: names are in the zones")
    policy, host = pod.at("dnsPolicy"), pod.at("hostNetwork").flag
    if policy.text not in {"", "ClusterFirst", "ClusterFirstWithHostNet"} and not (host and policy.text == "Default"):
        yield policy.wrong(f"is {policy.text}", "remove it")
    if list(pod.at("dnsConfig", "nameservers").items()):
        yield pod.at("dnsConfig", "nameservers").wrong("are not the cluster's", "remove it")


@resource_rule("pod-alone", requirements=HARDENING, types=kinds.WORKLOADS)
def pod_alone(resource: Resource) -> Iterator[Finding]:
    """A pod shares no processes, is in no group of root's, has an account of its own, and gives no mount back."""
    pod = kinds.pod_spec(resource)
    contexts = [pod.at("securityContext"), *(each.at("securityContext") for each in kinds.all_containers(pod))]
    if pod.at("shareProcessNamespace").flag:
        yield pod.at("shareProcessNamespace").wrong("lets containers reach into each other", "remove it")
    # Who is root is told so by another rule, and so is who lets him.
    for context in contexts if contexts[0].at("runAsUser").number != 0 else ():
        yield from _groups(context)
    account = pod.at("serviceAccountName")
    if account.text in {"", "default"}:
        yield account.wrong(f"is {account.text or 'missing'}: the namespace's pods share it", "give one of its own")
    for name in ("runtimeClassName", "schedulerName"):
        if pod.at(name).text not in {"", "default-scheduler"}:
            yield pod.at(name).wrong(f"is {pod.at(name).text}, which no machine of the stack has", "remove it")
    for container in kinds.all_containers(pod):
        yield from _apart(container)
    for volume in pod.at("volumes").items():
        if volume.at("csi").present:
            yield volume.at("csi").wrong("is a driver that no machine of the stack has", "use a claim")


def _groups(context: Value) -> Iterator[Finding]:
    for group in (context.at("runAsGroup"), context.at("fsGroup"), *context.at("supplementalGroups").items()):
        if group.number == 0:
            yield group.wrong("is 0, root's group", "give the program's own")


def _apart(container: Value) -> Iterator[Finding]:
    for name in ("stdin", "tty"):
        if container.at(name).flag:
            yield container.at(name).wrong("is true: nobody sits there", "remove it")
    for mount in container.at("volumeMounts").items():
        if mount.at("mountPropagation").text == "Bidirectional":
            yield mount.at("mountPropagation").wrong("mounts on the node", "remove it")


@resource_rule("pod-scratch", requirements=("ENV-4",), types=kinds.WORKLOADS)
def pod_scratch(resource: Resource) -> Iterator[Finding]:
    """What a pod writes down for itself has a bound, lies on disk, and ends no other pod of the node."""
    for volume in kinds.pod_spec(resource).at("volumes").items():
        scratch = volume.at("emptyDir")
        if not scratch.present:
            continue
        size = scratch.at("sizeLimit")
        if not 0 < amount(size.text) <= _SCRATCH:
            yield size.wrong(f"is {size.text or 'missing'}", "give at most 1Gi")
        if scratch.at("medium").text:
            yield scratch.at("medium").wrong("takes the container's memory", "remove it")


@resource_rule("agent-folders", requirements=("LOG-7", "MON-2"), types=kinds.WORKLOADS, severity=Severity.CRITICAL)
def agent_folders(resource: Resource) -> Iterator[Finding]:
    """Agents have the folders of their node that they measure or read, and no other; they write to their own alone."""
    pod = kinds.pod_spec(resource)
    known = _HOST_FOLDERS.get(kinds.pod_template(resource).at("metadata", "labels", _NAME).text, {})
    read_only: dict[str, bool] = {}
    for volume in pod.at("volumes").items():
        path = volume.at("hostPath", "path")
        if not volume.at("hostPath").present:
            continue
        if path.text not in known:
            yield path.wrong(f"is {path.text}, which is none of its folders", "remove it")
        read_only[volume.at("name").text] = known.get(path.text, True)
    for container in kinds.all_containers(pod):
        for mount in container.at("volumeMounts").items():
            yield from _writes(mount, read_only)


def _writes(mount: Value, read_only: Mapping[str, bool]) -> Iterator[Finding]:
    if read_only.get(mount.at("name").text) and mount.at("readOnly").flag is not True:
        yield mount.at("readOnly").wrong("lets it write to the node", "give true")
