"""The cloud-init user-data of a VM: what a machine needs before anybody logs in, and no secret.

User-data stays readable on the hypervisor and on the machine, so tokens and passwords come later, over SSH.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import yaml

Command: TypeAlias = str | Sequence[str]


@dataclass(frozen=True)
class CloudFile:
    """A file that cloud-init writes."""

    path: str
    """Absolute path on the machine."""
    content: str
    """Text of the file; must not be secret."""
    permissions: str = "0644"
    """Mode in octal."""


@dataclass(frozen=True)
class CloudConfig:
    """What a role adds to the user-data that every VM gets."""

    packages: Sequence[str] = ()
    """Debian packages."""
    files: Sequence[CloudFile] = ()
    """Files, written before the commands run."""
    commands: Sequence[Command] = ()
    """Commands of the first boot, in order; a text goes through a shell, a list does not."""
    groups: Sequence[str] = ()
    """Groups that the platform's user joins."""


_DAEMON: Final = {
    # Containers go on while the engine is updated or started again.
    "live-restore": True,
    "log-driver": "json-file",
    "log-opts": {"max-size": "20m", "max-file": "5", "tag": "{{.Name}}"},
    "no-new-privileges": True,
    # Containers that do not share a network of their own do not reach each other.
    "icc": False,
    # A port is published by the kernel, which keeps the client's address, and not by a process of root for each.
    "userland-proxy": False,
}
_DOCKER_FROM: Final = """\
Explanation: One version for the life of the release, and its fixes; from nowhere else.
Package: docker.io docker-cli containerd runc
Pin: release n=trixie*
Pin-Priority: 990

Package: docker.io docker-cli containerd runc docker-ce* containerd.io
Pin: release *
Pin-Priority: -1
"""
DOCKER_HOST = CloudConfig(
    packages=("docker.io", "docker-cli"),
    files=(
        CloudFile("/etc/apt/preferences.d/docker", _DOCKER_FROM),
        CloudFile("/etc/docker/daemon.json", json.dumps(_DAEMON, indent=2) + "\n"),
    ),
    commands=(["systemctl", "restart", "docker"],),
    groups=("docker",),
)
"""A Docker host: the engine of Debian's release (`versions.DEBIAN`), reached over SSH only."""

TEXTFILES: Final = "/var/lib/node-exporter"
"""Folder in which the node exporter looks for what others have measured; without it, it complains."""
_UPDATES: Final = """\
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
Unattended-Upgrade::Remove-Unused-Kernel-Packages "true";
// Two machines of one role could do it together: a person does it, one after another.
Unattended-Upgrade::Automatic-Reboot "false";
"""
_TELL_REBOOT: Final = """\
#!/bin/sh
# Tells the node exporter whether an update waits for a reboot.
set -eu
folder=FOLDER
mkdir -p "$folder"
waits=0
if [ -e /run/reboot-required ]; then waits=1; fi
{
  echo '# HELP node_reboot_required 1 while an update waits for a reboot.'
  echo '# TYPE node_reboot_required gauge'
  echo "node_reboot_required $waits"
} >"$folder/reboot.prom.new"
mv "$folder/reboot.prom.new" "$folder/reboot.prom"
""".replace("FOLDER", TEXTFILES)
_TELL_REBOOT_UNIT: Final = """\
[Unit]
Description=Tell the node exporter whether an update waits for a reboot

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/tell-reboot
"""
_TELL_REBOOT_TIMER: Final = """\
[Unit]
Description=Look every 15 minutes whether an update waits for a reboot

[Timer]
OnBootSec=1min
OnUnitActiveSec=15min

[Install]
WantedBy=timers.target
"""
UPDATES = CloudConfig(
    packages=("unattended-upgrades",),
    files=(
        CloudFile("/etc/apt/apt.conf.d/52-platform-updates", _UPDATES),
        CloudFile("/usr/local/sbin/tell-reboot", _TELL_REBOOT, "0755"),
        CloudFile("/etc/systemd/system/tell-reboot.service", _TELL_REBOOT_UNIT),
        CloudFile("/etc/systemd/system/tell-reboot.timer", _TELL_REBOOT_TIMER),
    ),
    commands=(["systemctl", "daemon-reload"], ["systemctl", "enable", "--now", "tell-reboot.timer"]),
)
"""Every machine: Debian's updates install themselves, and what waits for a reboot is told."""

_SSHD = """\
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
X11Forwarding no
AllowAgentForwarding no
"""


def user_data(hostname: str, user: str, authorized_keys: Sequence[str], role: CloudConfig) -> str:
    """Render the `#cloud-config` document of a machine (cloud-init's module reference is the source of the keys)."""
    document: dict[str, Any] = {
        "hostname": hostname,
        "manage_etc_hosts": True,
        "timezone": "Etc/UTC",
        "ssh_pwauth": False,
        "disable_root": True,
        "users": [
            {
                "name": user,
                "groups": sorted({"sudo", *role.groups}),
                "shell": "/bin/bash",
                "sudo": "ALL=(ALL) NOPASSWD:ALL",
                "lock_passwd": True,
                "ssh_authorized_keys": list(authorized_keys),
            }
        ],
        "package_update": True,
        "packages": sorted({"qemu-guest-agent", "curl", *UPDATES.packages, *role.packages}),
        "write_files": [
            {"path": file.path, "content": file.content, "permissions": file.permissions}
            for file in (CloudFile("/etc/ssh/sshd_config.d/10-platform.conf", _SSHD), *UPDATES.files, *role.files)
        ],
        "runcmd": [
            ["systemctl", "enable", "--now", "qemu-guest-agent"],
            ["systemctl", "reload", "ssh"],
            *(
                command if isinstance(command, str) else list(command)
                for command in (["mkdir", "--parents", TEXTFILES], *UPDATES.commands, *role.commands)
            ),
        ],
    }
    return "#cloud-config\n" + yaml.safe_dump(document, sort_keys=False, width=120)
