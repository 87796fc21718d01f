"""Kubernetes' pod security standard "restricted", as of 1.36 (SEC-2, SEC-3): what a pod may not have of its node.

Together these rules say no to a pod if, and only if, the standard does; tests hold them against its own cases.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..judging import Resource, Severity, resource_rule
from ..values import Finding, Value
from . import kinds
from .workloads import HARDENING

_ALLOWED_CAPABILITIES = frozenset({"NET_BIND_SERVICE"})
_VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)
_PROFILES = frozenset({"RuntimeDefault", "Localhost"})
_APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
_SELINUX = frozenset({"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})
_SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    }
)


def _of_windows(pod: Value) -> bool:
    """Whether the pod's system knows no such setting."""
    return pod.at("os", "name").text == "windows"


def _has_users_of_its_own(pod: Value) -> bool:
    """Whether the pod's root is nobody on the node."""
    return pod.at("hostUsers").flag is False


def _contexts(pod: Value, *keys: str) -> Iterator[Value]:
    """A place in the security context of the pod and of each container."""
    yield pod.at("securityContext", *keys)
    for container in kinds.all_containers(pod):
        yield container.at("securityContext", *keys)


@resource_rule("workload-non-root", requirements=HARDENING, types=kinds.WORKLOADS)
def workload_non_root(resource: Resource) -> Iterator[Finding]:
    """No container runs as root."""
    pod = kinds.pod_spec(resource)
    if _has_users_of_its_own(pod):
        return
    of_pod = pod.at("securityContext", "runAsNonRoot")
    wrong: list[Value] = []
    for container in kinds.all_containers(pod):
        own = container.at("securityContext", "runAsNonRoot")
        effective = own if own.present or not of_pod.present else of_pod
        if effective.flag is not True and effective.path not in {each.path for each in wrong}:
            wrong.append(effective)
    if not wrong and of_pod.flag is False:
        wrong.append(of_pod)
    for each in wrong:
        yield each.wrong("is not true", "set it, and a runAsUser that the image knows")
    for user in _contexts(pod, "runAsUser"):
        if user.number == 0:
            yield user.wrong("is 0, root", "give another user")


@resource_rule("workload-no-escalation", requirements=HARDENING, types=kinds.WORKLOADS, severity=Severity.CRITICAL)
def workload_no_escalation(resource: Resource) -> Iterator[Finding]:
    """No container can gain rights: neither privileged nor by set-uid programs."""
    pod = kinds.pod_spec(resource)
    for container in kinds.all_containers(pod):
        escalation = container.at("securityContext", "allowPrivilegeEscalation")
        if escalation.flag is not False and not _of_windows(pod):
            yield escalation.wrong("is not false", "set it to false")
        privileged = container.at("securityContext", "privileged")
        if privileged.flag:
            yield privileged.wrong("is true", "remove it")


@resource_rule("workload-capabilities", requirements=HARDENING, types=kinds.WORKLOADS)
def workload_capabilities(resource: Resource) -> Iterator[Finding]:
    """Every container drops all of Linux' capabilities; at most NET_BIND_SERVICE comes back."""
    pod = kinds.pod_spec(resource)
    if _of_windows(pod):
        return
    for container in kinds.all_containers(pod):
        capabilities = container.at("securityContext", "capabilities")
        drop = capabilities.at("drop")
        if "ALL" not in drop.texts():
            yield drop.wrong("does not name ALL", 'give ["ALL"]')
        for added in capabilities.at("add").items():
            if added.text not in _ALLOWED_CAPABILITIES:
                yield added.wrong(f"adds {added.text}", "remove it")


@resource_rule("workload-seccomp", requirements=HARDENING, types=kinds.WORKLOADS)
def workload_seccomp(resource: Resource) -> Iterator[Finding]:
    """Every container's system calls are filtered by the runtime's profile."""
    pod = kinds.pod_spec(resource)
    if _of_windows(pod):
        return
    of_pod = pod.at("securityContext", "seccompProfile")
    wrong: dict[str, Value] = {}
    for container in kinds.all_containers(pod):
        own = container.at("securityContext", "seccompProfile")
        kind = (own if own.present or not of_pod.present else of_pod).at("type")
        if kind.text not in _PROFILES:
            wrong[kind.path] = kind
    if not wrong and of_pod.present and of_pod.at("type").text not in _PROFILES:
        wrong[""] = of_pod.at("type")
    for each in wrong.values():
        yield each.wrong(f"is {each.text or 'missing'}", "give RuntimeDefault")


@resource_rule("workload-host-access", requirements=HARDENING, types=kinds.WORKLOADS, severity=Severity.CRITICAL)
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
    for process in _contexts(pod, "windowsOptions", "hostProcess"):
        if process.flag:
            yield process.wrong("is true", "remove it")


@resource_rule("workload-volumes", requirements=HARDENING, types=kinds.WORKLOADS)
def workload_volumes(resource: Resource) -> Iterator[Finding]:
    """Pods mount what the cluster keeps for them, and no storage beside it."""
    for volume in kinds.pod_spec(resource).at("volumes").items():
        kept = [name for name in volume.names() if name != "name" and volume.at(name).present]
        # Folders of the node are for workload-host-access.
        if kept and not _VOLUMES.intersection(kept) and "hostPath" not in kept:
            yield volume.wrong(f"is of {' and '.join(kept)}", f"use one of {', '.join(sorted(_VOLUMES))}")


@resource_rule("workload-confinement", requirements=HARDENING, types=kinds.WORKLOADS)
def workload_confinement(resource: Resource) -> Iterator[Finding]:
    """No pod takes off what confines it: AppArmor, SELinux, the mask over /proc, the kernel's settings."""
    template = kinds.pod_template(resource)
    pod = template.at("spec")
    for profile in _contexts(pod, "appArmorProfile"):
        if profile.present and profile.at("type").text not in _PROFILES:
            kind = profile.at("type")
            yield kind.wrong(f"is {kind.text or 'missing'}", "give RuntimeDefault, or leave it out")
    for name, value in template.at("metadata", "annotations").entries():
        if name.startswith(_APP_ARMOR) and not (
            value.text in {"", "runtime/default"} or value.text.startswith("localhost/")
        ):
            yield value.wrong(f"is {value.text}", "give runtime/default, or leave it out")
    yield from _of_kernel(pod)


def _of_kernel(pod: Value) -> Iterator[Finding]:
    for options in _contexts(pod, "seLinuxOptions"):
        kind = options.at("type")
        if kind.text not in _SELINUX:
            yield kind.wrong(f"is {kind.text}", "leave it out")
        for name in ("user", "role"):
            if options.at(name).text:
                yield options.at(name).wrong("is set", "leave it out")
    for container in kinds.all_containers(pod):
        mount = container.at("securityContext", "procMount")
        if mount.text not in {"", "Default"}:
            yield mount.wrong(f"is {mount.text}", "leave it out")
    for sysctl in pod.at("securityContext", "sysctls").items():
        name = sysctl.at("name")
        if name.text not in _SYSCTLS:
            yield name.wrong(f"sets {name.text}", "leave it out: it is the node's")


@resource_rule("workload-probe-hosts", requirements=HARDENING, types=kinds.WORKLOADS, severity=Severity.MEDIUM)
def workload_probe_hosts(resource: Resource) -> Iterator[Finding]:
    """Probes and lifecycle hooks ask the pod itself: a named host would be asked by the node."""
    for container in kinds.all_containers(kinds.pod_spec(resource)):
        asked = [container.at(name) for name in ("livenessProbe", "readinessProbe", "startupProbe")]
        asked += [container.at("lifecycle", name) for name in ("postStart", "preStop")]
        for each in asked:
            for kind in ("httpGet", "tcpSocket"):
                host = each.at(kind, "host")
                if host.text:
                    yield host.wrong("is set", "leave it out")


"""The whole standard."""
