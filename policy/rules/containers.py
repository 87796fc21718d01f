"""How containers on Docker hosts are run (INF-2): without rights over the host, bounded, and started again."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from ..judging import Level, Resource, Severity, resource_rule
from ..values import Finding, Value
from . import kinds
from .exposure import is_private

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
_MEASURED = frozenset({"/", "/sys", "/var/log", "/var/lib/docker/containers", "/etc/machine-id"})
"""What agents read of a host (MON-2, LOG-7)."""
_SHARED = ("networkMode", "pidMode", "ipcMode")


def _runs(container: Resource) -> bool:
    """Whether a container runs at some time: a step or a timer may start it; one without a command holds files."""
    told = any(list(container.props.at(name).items()) for name in ("command", "entrypoints"))
    return kinds.runs(container) or told


@resource_rule(
    "docker-host-access", requirements=("SEC-2", "SEC-3"), types=(kinds.DOCKER_CONTAINER,), severity=Severity.CRITICAL
)
def docker_host_access(resource: Resource) -> Iterator[Finding]:
    """No Docker container has rights over its host: privileges, an engine's socket or a folder with one, namespaces."""
    privileged = resource.props.at("privileged")
    if privileged.flag:
        yield privileged.wrong("is true", "remove it")
    for name in _SHARED:
        mode = resource.props.at(name)
        if mode.text == "host" or mode.text.startswith("container:"):
            yield mode.wrong("is the host's own, or another container's", "remove it")
    mounted = [volume.at("hostPath") for volume in resource.props.at("volumes").items()]
    # A volume's name is no folder of the host, whether it is known yet or not.
    mounts = [mount for mount in resource.props.at("mounts").items() if mount.at("type").text != "volume"]
    mounted += [mount.at("source") for mount in mounts]
    for source in mounted:
        if source.text.endswith(_SOCKETS) or (source.text and posixpath.normpath(source.text) in _HOLDERS):
            yield source.wrong("gives the whole host away", "remove it")


@resource_rule("docker-capabilities", requirements=("SEC-2", "SEC-3"), types=(kinds.DOCKER_CONTAINER,))
def docker_capabilities(resource: Resource) -> Iterator[Finding]:
    """Every Docker container drops all of Linux' capabilities and cannot gain rights."""
    drops = resource.props.at("capabilities", "drops")
    if "ALL" not in drops.texts():
        yield drops.wrong("does not name ALL", 'give ["ALL"] and add what the program needs')
    options = resource.props.at("securityOpts")
    if not any(option.startswith("no-new-privileges") and not option.endswith("false") for option in options.texts()):
        yield options.wrong("lacks no-new-privileges:true", "add it")


@resource_rule("docker-bounded", requirements=("ENV-4",), types=(kinds.DOCKER_CONTAINER,))
def docker_bounded(resource: Resource) -> Iterator[Finding]:
    """Every Docker container that runs has a memory limit, swap included, and is started again when it ends."""
    restart = resource.props.at("restart")
    waits = not kinds.runs(resource)
    if waits and restart.text:
        yield resource.props.at("start").wrong("is false: what is to be started again never runs", "remove it")
    if not _runs(resource):
        return
    if resource.props.at("maxRetryCount").number:
        yield resource.props.at("maxRetryCount").wrong("ends its starts for good", "remove it")
    memory = resource.props.at("memory")
    if not memory.number:
        yield memory.wrong("is missing", "give a limit in MiB")
    swap = resource.props.at("memorySwap")
    if memory.number and swap.number != memory.number:
        yield swap.wrong("is not the same as memory", "set it to that: left open, it is twice as much")
    if not waits and restart.text not in {"always", "unless-stopped", "on-failure"}:
        yield restart.wrong(f"is {restart.text or 'missing'}", "give unless-stopped")


@resource_rule("docker-health", requirements=("ENV-4",), types=(kinds.DOCKER_CONTAINER,))
def docker_health(resource: Resource) -> Iterator[Finding]:
    """The engine asks every Docker container that runs whether it serves; hand-overs and reboots wait for that."""
    tests = resource.props.at("healthcheck", "tests")
    if kinds.runs(resource) and tests.texts()[:1] not in (["CMD"], ["CMD-SHELL"]):
        yield tests.wrong("is missing", "give a command that ends well when the program serves, after CMD or CMD-SHELL")


@resource_rule(
    "docker-read-only",
    requirements=("SEC-2",),
    types=(kinds.DOCKER_CONTAINER,),
    dev=Level.ADVISORY,
    because="where a program of others writes is tried in dev",
)
def docker_read_only(resource: Resource) -> Iterator[Finding]:
    """A Docker container that runs cannot write to its own image."""
    read_only = resource.props.at("readOnly")
    if read_only.flag is not True and _runs(resource):
        yield read_only.wrong("is not true", "set it, and a tmpfs or volume where the program writes")


_GIVEN_BACK = frozenset({"CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"})
"""Capabilities that some programs begin with and drop themselves; none reaches beyond the container."""


@resource_rule("docker-confined", requirements=("SEC-2", "SEC-3"), types=(kinds.DOCKER_CONTAINER,))
def docker_confined(resource: Resource) -> Iterator[Finding]:
    """A Docker container gets back no right over its host, no device, and no folder of it to write to."""
    props = resource.props
    for added in props.at("capabilities", "adds").items():
        if added.text.removeprefix("CAP_") not in _GIVEN_BACK:
            yield added.wrong(f"adds {added.text}", "remove it")
    for option in props.at("securityOpts").items():
        if "unconfined" in option.text or option.text == "label:disable":
            yield option.wrong(f"is {option.text}", "remove it")
    if props.at("usernsMode").text == "host":
        yield props.at("usernsMode").wrong("is the host's own", "remove it")
    for device in props.at("devices").items():
        yield device.wrong("gives a device of the host away", "remove it")
    yield from _beyond(props)
    for name in ("sysctls", "groupAdds"):
        if list(props.at(name).leaves()):
            yield props.at(name).wrong("gives more than the program's own rights", "remove it")
    for mount in props.at("mounts").items():
        if mount.at("type").text == "bind" and mount.at("readOnly").flag is not True:
            yield mount.at("readOnly").wrong("is not true", "set it, and write to a volume")
        if mount.at("type").text == "bind" and mount.at("source").text not in _MEASURED:
            yield mount.at("source").wrong("is no folder that agents measure or read", "use a volume")


def _beyond(props: Value) -> Iterator[Finding]:
    for name in ("gpus", "deviceRequests", "cgroupParent", "dns"):
        if list(props.at(name).leaves()):
            yield props.at(name).wrong("is the host's own, or beside it", "remove it")
    if props.at("cgroupnsMode").text == "host":
        yield props.at("cgroupnsMode").wrong("is the host's own", "remove it")
    if props.at("runtime").text not in {"", "runc"}:
        yield props.at("runtime").wrong(f"is {props.at('runtime').text}", "remove it")
    for host in props.at("hosts").items():
        if host.at("ip").text != "host-gateway" and not is_private(host.at("ip").text):
            yield host.at("ip").wrong(f"is {host.at('ip').text}, out of the platform", "name one of its machines")
    yield from _mounted(props)


def _mounted(props: Value) -> Iterator[Finding]:
    for volume in props.at("volumes").items():
        for name in ("hostPath", "fromContainer"):
            if volume.at(name).text:
                yield volume.at(name).wrong("is a folder of the host, or another container's", "use a volume")
    for mount in props.at("mounts").items():
        spreads = mount.at("bindOptions", "propagation")
        if spreads.text in {"shared", "rshared"}:
            yield spreads.wrong("mounts on the host", "remove it")
    for _, options in props.at("tmpfs").entries():
        if {"exec", "suid", "dev"} & set(options.text.split(",")):
            yield options.wrong("lets programs in it run, or gain rights", "give a size alone")


@resource_rule("docker-non-root", requirements=("SEC-2", "SEC-3"), types=(kinds.DOCKER_CONTAINER,))
def docker_non_root(resource: Resource) -> Iterator[Finding]:
    """A Docker container that runs is not root."""
    user = resource.props.at("user")
    if _runs(resource) and user.text.partition(":")[0] in {"", "0", "root"}:
        yield user.wrong(f"is {user.text or 'missing'}", "give a user that is not root")
