"""How every workload in Kubernetes is run: watched, bounded, without rights that it does not need (ENV-4, SEC)."""

from __future__ import annotations

from collections.abc import Iterator

from ..judging import Resource, Severity, resource_rule
from ..values import Finding, Value
from . import kinds

HARDENING = ("SEC-2", "SEC-3")
"""A container that breaks out reads every secret and reaches the database: what keeps it in serves these rows."""
_ALLOWED_CAPABILITIES = frozenset({"NET_BIND_SERVICE"})


@resource_rule(
    "workload-probes",
    requirements=("ENV-4",),
    types=kinds.LONG_RUNNING,
)
def workload_probes(resource: Resource) -> Iterator[Finding]:
    """Containers that run for long have a readiness and a liveness probe."""
    for container in kinds.pod_spec(resource).at("containers").items():
        for name in ("readinessProbe", "livenessProbe"):
            probe = container.at(name)
            if not probe.present:
                yield probe.wrong("is missing", "give one")


@resource_rule(
    "workload-resources",
    requirements=("ENV-4",),
    types=kinds.WORKLOADS,
)
def workload_resources(resource: Resource) -> Iterator[Finding]:
    """Every container says what it needs (CPU, memory) and how much memory it may take at most."""
    for container in kinds.all_containers(kinds.pod_spec(resource)):
        for keys in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
            amount = container.at("resources", *keys)
            if not amount.text:
                yield amount.wrong("is missing", "give an amount")


@resource_rule(
    "workload-priority",
    requirements=("ENV-4",),
    types=kinds.WORKLOADS,
)
def workload_priority(resource: Resource) -> Iterator[Finding]:
    """Every pod says by a PriorityClass who is evicted before it."""
    priority = kinds.pod_spec(resource).at("priorityClassName")
    if not priority.text:
        yield priority.wrong("is missing", "name a PriorityClass of the cluster")


def _effective(pod: Value, container: Value, *keys: str) -> Value:
    """A setting of a container's security context, else the pod's."""
    own = container.at("securityContext", *keys)
    if own.present:
        return own
    of_pod = pod.at("securityContext", *keys)
    return of_pod if of_pod.present else own


@resource_rule(
    "workload-non-root",
    requirements=HARDENING,
    types=kinds.WORKLOADS,
)
def workload_non_root(resource: Resource) -> Iterator[Finding]:
    """No container runs as root."""
    pod = kinds.pod_spec(resource)
    for container in kinds.all_containers(pod):
        non_root = _effective(pod, container, "runAsNonRoot")
        if non_root.flag is not True:
            yield non_root.wrong("is not true", "set it, and a runAsUser that the image knows")
        user = _effective(pod, container, "runAsUser")
        if user.number == 0:
            yield user.wrong("is 0, root", "give another user")


@resource_rule(
    "workload-read-only-root",
    requirements=HARDENING,
    types=kinds.WORKLOADS,
)
def workload_read_only_root(resource: Resource) -> Iterator[Finding]:
    """No container can write to its own image."""
    for container in kinds.all_containers(kinds.pod_spec(resource)):
        read_only = container.at("securityContext", "readOnlyRootFilesystem")
        if read_only.flag is not True:
            yield read_only.wrong("is not true", "set it, and mount an emptyDir where the program writes")


@resource_rule(
    "workload-no-escalation",
    requirements=HARDENING,
    types=kinds.WORKLOADS,
    severity=Severity.CRITICAL,
)
def workload_no_escalation(resource: Resource) -> Iterator[Finding]:
    """No container can gain rights: neither privileged nor by set-uid programs."""
    for container in kinds.all_containers(kinds.pod_spec(resource)):
        escalation = container.at("securityContext", "allowPrivilegeEscalation")
        if escalation.flag is not False:
            yield escalation.wrong("is not false", "set it to false")
        privileged = container.at("securityContext", "privileged")
        if privileged.flag:
            yield privileged.wrong("is true", "remove it")


@resource_rule(
    "workload-capabilities",
    requirements=HARDENING,
    types=kinds.WORKLOADS,
)
def workload_capabilities(resource: Resource) -> Iterator[Finding]:
    """Every container drops all of Linux' capabilities; at most NET_BIND_SERVICE comes back."""
    for container in kinds.all_containers(kinds.pod_spec(resource)):
        capabilities = container.at("securityContext", "capabilities")
        drop = capabilities.at("drop")
        if "ALL" not in drop.texts():
            yield drop.wrong("does not name ALL", 'give ["ALL"]')
        for added in capabilities.at("add").items():
            if added.text not in _ALLOWED_CAPABILITIES:
                yield added.wrong(f"adds {added.text}", "remove it")


@resource_rule(
    "workload-seccomp",
    requirements=HARDENING,
    types=kinds.WORKLOADS,
)
def workload_seccomp(resource: Resource) -> Iterator[Finding]:
    """Every container's system calls are filtered by the runtime's profile."""
    pod = kinds.pod_spec(resource)
    for container in kinds.all_containers(pod):
        profile = _effective(pod, container, "seccompProfile", "type")
        if profile.text not in {"RuntimeDefault", "Localhost"}:
            yield profile.wrong(f"is {profile.text or 'missing'}", "give RuntimeDefault")


@resource_rule(
    "workload-service-account-token",
    requirements=HARDENING,
    types=kinds.WORKLOADS,
)
def workload_service_account_token(resource: Resource) -> Iterator[Finding]:
    """No pod gets a token for the Kubernetes API that it does not need."""
    automount = kinds.pod_spec(resource).at("automountServiceAccountToken")
    if automount.flag is not False:
        yield automount.wrong("is not false", "set it to false")


@resource_rule(
    "workload-host-access",
    requirements=HARDENING,
    types=kinds.WORKLOADS,
    severity=Severity.CRITICAL,
)
def workload_host_access(resource: Resource) -> Iterator[Finding]:
    """No pod shares its node's network, processes or files."""
    pod = kinds.pod_spec(resource)
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        shared = pod.at(name)
        if shared.flag:
            yield shared.wrong("is true", "remove it")
    for volume in pod.at("volumes").items():
        host_path = volume.at("hostPath")
        if host_path.present:
            yield host_path.wrong("mounts a folder of the node", "use an emptyDir or a PersistentVolumeClaim")
    for container in kinds.all_containers(pod):
        for port in container.at("ports").items():
            host_port = port.at("hostPort")
            if host_port.number:
                yield host_port.wrong("opens a port on the node", "remove it and use a Service")


RULES = (
    workload_probes,
    workload_resources,
    workload_priority,
    workload_non_root,
    workload_read_only_root,
    workload_no_escalation,
    workload_capabilities,
    workload_seccomp,
    workload_service_account_token,
    workload_host_access,
)
