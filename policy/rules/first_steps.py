"""What a machine is told for its first start: only what rules read, and nothing that opens it again (INF-1, SEC-2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .documents import of_resource, parsed

_KEYS = frozenset(
    {
        *("hostname", "fqdn", "manage_etc_hosts", "timezone", "locale", "ssh_pwauth", "disable_root", "users"),
        *("package_update", "package_upgrade", "packages", "write_files", "runcmd", "growpart", "resize_rootfs"),
        *("apt", "apt_sources", "bootcmd", "chpasswd", "password", "ssh_keys", "ssh_import_id", "ssh_pwauth_password"),
    }
)
"""What of a cloud-config is harmless, or has an eye of another rule on it."""
_FILES = re.compile(
    r"/etc/ssh/sshd_config\.d/10-\S+|/etc/apt/(?:apt\.conf|preferences)\.d/\S+|/etc/docker/daemon\.json"
    r"|/etc/systemd/system/[\w@-]+\.(?:service|timer)|/usr/local/s?bin/[\w-]+|/etc/rancher/k3s/\S+"
)
"""Where a first start may write."""
_PROGRAMS = frozenset({"systemctl", "mkdir"})
_DOES = frozenset({"enable", "reload", "restart", "start", "daemon-reload"})
_SSHD: Mapping[str, re.Pattern[str]] = {
    name: re.compile(value)
    for name, value in {
        "passwordauthentication": "no",
        "kbdinteractiveauthentication": "no",
        "permitrootlogin": "no",
        "permitemptypasswords": "no",
        "hostbasedauthentication": "no",
        "x11forwarding": "no",
        "allowagentforwarding": "no",
        "allowtcpforwarding": "no|yes|local",
        "loglevel": "INFO|VERBOSE",
    }.items()
}
"""What sshd may be told; of two words on one thing it takes the first."""
_ENGINE = frozenset(
    {
        *("live-restore", "log-driver", "log-opts", "no-new-privileges", "icc", "userland-proxy"),
        *("iptables", "ip-masq", "hosts", "insecure-registries"),
    }
)
_OTHERS = 0o022


@resource_rule("first-start-known", requirements=("SEC-2", "INF-1"), types=(kinds.FILE,), severity=Severity.CRITICAL)
def first_start_known(resource: Resource) -> Iterator[Finding]:
    """A first start says nothing that no rule reads, writes where it may, and switches no guard off."""
    for document in of_resource(resource):
        config = document.content
        for name in config.names():
            if name not in _KEYS:
                yield config.at(name).wrong("is read by no rule", "remove it")
        if config.at("apt", "primary").present or config.at("apt", "security").present:
            yield config.at("apt").wrong("takes packages from elsewhere", "remove it")
        for file in config.at("write_files").items():
            path, mode, owner = file.at("path"), file.at("permissions"), file.at("owner")
            if not _FILES.fullmatch(path.text):
                yield path.wrong(f"is {path.text}, where a first start has nothing to write", "remove it")
            if not re.fullmatch(r"0?[0-7]{3}|", mode.text) or int(mode.text or "0644", 8) & _OTHERS:
                yield mode.wrong(f"is {mode.text}: others can change it", "give 0644 or less")
            if owner.text not in {"", "root", "root:root"}:
                yield owner.wrong(f"is {owner.text}", "remove it")
            if "/sshd_config" in path.text:
                yield from _login(file.at("content"))
        for command in config.at("runcmd").items():
            yield from _run(command)


def _login(content: Value) -> Iterator[Finding]:
    seen: set[str] = set()
    for line in content.text.splitlines():
        words = line.partition("#")[0].split(maxsplit=1)
        if not words:
            continue
        name, value = words[0].lower(), words[-1].strip()
        allowed = _SSHD.get(name)
        if allowed is None or not allowed.fullmatch(value):
            yield content.wrong(f"says {line.strip()}", "remove it")
        elif name in seen:
            yield content.wrong(f"says {name} twice, of which sshd takes the first", "say it once")
        seen.add(name)


def _run(command: Value) -> Iterator[Finding]:
    try:
        words = command.texts()
    except Exception:  # noqa: BLE001 - a text, which goes through a shell
        words = []
    if words[:1] and words[0] not in _PROGRAMS:
        words = []
    if not words or (words[0] == "systemctl" and not _DOES & set(words[1:2])):
        yield command.wrong("is no step that a first start needs", f"use {' or '.join(sorted(_PROGRAMS))}, as a list")


def engines(resource: Resource) -> Iterator[Value]:
    """What a machine's first start tells a Docker engine."""
    for document in of_resource(resource):
        for file in document.content.at("write_files").items():
            if file.at("path").text.endswith("/docker/daemon.json"):
                yield parsed(file.at("content"), file.at("content").text, ".json")


@resource_rule("docker-engine-known", requirements=("SEC-3", "ENV-4", "LOG-1"), types=(kinds.FILE,))
def docker_engine_known(resource: Resource) -> Iterator[Finding]:
    """A Docker engine keeps containers alive while it restarts, and is told nothing that no rule reads."""
    for engine in engines(resource):
        for name in engine.names():
            if name not in _ENGINE:
                yield engine.at(name).wrong("is read by no rule", "remove it")
        if engine.at("live-restore").flag is not True:
            yield engine.at("live-restore").wrong("is not true: containers end with the engine", "set it")
        yield from logged(engine.at("log-opts"))


def logged(options: Value) -> Iterator[Finding]:
    """A container's log files are read before they are gone, and say whose they are."""
    size = re.fullmatch(r"(\d+)([kmg]?)b?", options.at("max-size").text.lower())
    kept = int(size[1]) * {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}[size[2]] if size else 0
    if options.present and kept < _LEAST_LOG:
        yield options.at("max-size").wrong("is too small: lines are gone before they are read", "give 10m")
    if options.present and ".Name" not in options.at("tag").text:
        yield options.at("tag").wrong("does not name the container", "give {{.Name}} (LOG-3)")


_LEAST_LOG = 2**20


@resource_rule("machine-updates-known", requirements=("INF-7", "INF-8"), types=(kinds.FILE, *kinds.COMMANDS))
def machine_updates_known(resource: Resource) -> Iterator[Finding]:
    """Machines look for fixes and take them in, but none reboots by itself: two of one role could do it together."""
    place = resource.props.at("sourceRaw", "data") if resource.type == kinds.FILE else resource.props.at("create")
    text = place.text
    if "Unattended-Upgrade" not in text:
        return
    for name in ("Update-Package-Lists", "Unattended-Upgrade"):
        if f'APT::Periodic::{name} "1"' not in text and f'APT::Periodic::{name} \\"1\\"' not in text:
            yield place.wrong(f"switches {name} off", f'say APT::Periodic::{name} "1"')
    if re.search(r'Automatic-Reboot \\?"true', text):
        yield place.wrong("reboots by itself", 'say Unattended-Upgrade::Automatic-Reboot "false"')


@stack_rule("machine-users", requirements=("SEC-6", "INF-1"), types=(kinds.FILE, kinds.LXC), severity=Severity.CRITICAL)
def machine_users(stack: Stack) -> Iterator[Finding]:
    """The same people have the same accounts on every machine, VMs and LXCs alike, and none is in root's group."""
    users: list[dict[str, Value]] = []
    keys: set[str] = set()
    for resource in stack.of(kinds.FILE):
        for document in of_resource(resource):
            users.append({each.at("name").text: each for each in document.content.at("users").items()})
            for user in document.content.at("users").items():
                keys.update(user.at("ssh_authorized_keys").texts())
                for group in user.at("groups").items():
                    if group.text in {"root", "shadow", "disk"}:
                        yield group.wrong(f"is {group.text}", "remove it")
    common = set[str].intersection(*map(set, users)) if users else set[str]()
    for machine in users:
        for name, user in machine.items():
            if name not in common:
                yield user.wrong("has an account here and not on every other machine", "remove it")
    for container in stack.of(kinds.LXC) if keys else ():
        for key in container.props.at("initialization", "userAccount", "keys").items():
            if key.text.strip() not in keys:
                yield key.wrong("opens this machine and no VM", "give all of them the same keys")
