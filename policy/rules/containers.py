"""How containers on Docker hosts are run (INF-2): without rights over the host, bounded, and started again."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from ..judging import Level, Resource, Severity, resource_rule
from ..values import Finding
from . import kinds

_SOCKETS = ("docker.sock", "containerd.sock", "podman.sock")
_HOLDERS = frozenset(
    {
        "/",
        "/run",
        "/run/containerd",
        "/run/docker",
        "/run/podman",
        "/var",
        "/var/run",
        "/var/run/containerd",
        "/var/run/docker",
        "/var/run/podman",
        "/var/lib/docker",
    }
)
"""Folders with an engine's socket in them, which is as good read-only, or with all that containers know and keep."""
_SHARED = ("networkMode", "pidMode", "ipcMode")


@resource_rule(
    "docker-host-access",
    requirements=("SEC-2", "SEC-3"),
    types=(kinds.DOCKER_CONTAINER,),
    severity=Severity.CRITICAL,
)
def docker_host_access(resource: Resource) -> Iterator[Finding]:
    """No Docker container has rights over its host: privileges, an engine's socket or a folder with one, namespaces."""
    privileged = resource.props.at("privileged")
    if privileged.flag:
        yield privileged.wrong("is true", "remove it")
    for name in _SHARED:
        mode = resource.props.at(name)
        if mode.text == "host":
            yield mode.wrong("is the host's own", "remove it")
    mounted = [volume.at("hostPath") for volume in resource.props.at("volumes").items()]
    # A volume's name is no folder of the host, whether it is known yet or not.
    mounts = [mount for mount in resource.props.at("mounts").items() if mount.at("type").text != "volume"]
    mounted += [mount.at("source") for mount in mounts]
    for source in mounted:
        if source.text.endswith(_SOCKETS) or (source.text and posixpath.normpath(source.text) in _HOLDERS):
            yield source.wrong("gives the whole host away", "remove it")


@resource_rule(
    "docker-capabilities",
    requirements=("SEC-2", "SEC-3"),
    types=(kinds.DOCKER_CONTAINER,),
)
def docker_capabilities(resource: Resource) -> Iterator[Finding]:
    """Every Docker container drops all of Linux' capabilities and cannot gain rights."""
    drops = resource.props.at("capabilities", "drops")
    if "ALL" not in drops.texts():
        yield drops.wrong("does not name ALL", 'give ["ALL"] and add what the program needs')
    options = resource.props.at("securityOpts")
    if not any(option.startswith("no-new-privileges") and not option.endswith("false") for option in options.texts()):
        yield options.wrong("lacks no-new-privileges:true", "add it")


@resource_rule(
    "docker-bounded",
    requirements=("ENV-4",),
    types=(kinds.DOCKER_CONTAINER,),
)
def docker_bounded(resource: Resource) -> Iterator[Finding]:
    """Every Docker container that runs has a memory limit and is started again when it ends."""
    if resource.props.at("start").flag is False:
        return
    memory = resource.props.at("memory")
    if not memory.number:
        yield memory.wrong("is missing", "give a limit in MiB")
    restart = resource.props.at("restart")
    if restart.text not in {"always", "unless-stopped", "on-failure"}:
        yield restart.wrong(f"is {restart.text or 'missing'}", "give unless-stopped")


@resource_rule(
    "docker-read-only",
    requirements=("SEC-2",),
    types=(kinds.DOCKER_CONTAINER,),
    severity=Severity.LOW,
    dev=Level.ADVISORY,
    elsewhere=Level.ADVISORY,
    because="some third-party programs write beside their binaries; which ones is seen only when they run",
)
def docker_read_only(resource: Resource) -> Iterator[Finding]:
    """A Docker container that runs cannot write to its own image, where the program allows it."""
    read_only = resource.props.at("readOnly")
    if read_only.flag is not True and resource.props.at("start").flag is not False:
        yield read_only.wrong("is not true", "set it, and a tmpfs or volume where the program writes")


RULES = (docker_host_access, docker_capabilities, docker_bounded, docker_read_only)
