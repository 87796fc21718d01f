"""The cloud-init user-data of a VM: what a machine needs before anybody logs in, and no secret.

User-data stays readable on the hypervisor and on the machine, so tokens and passwords come later, over SSH.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

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


DOCKER_HOST = CloudConfig(
    packages=("docker.io", "docker-cli"),
    files=(
        CloudFile(
            "/etc/docker/daemon.json",
            '{"live-restore": true, "log-driver": "json-file", '
            '"log-opts": {"max-size": "20m", "max-file": "5", "tag": "{{.Name}}"},'
            ' "no-new-privileges": true, "icc": false}\n',
        ),
    ),
    commands=(
        # The node exporter looks there for what others have measured.
        ["mkdir", "--parents", "/var/lib/node-exporter"],
        ["systemctl", "restart", "docker"],
    ),
    groups=("docker",),
)
"""A Docker host: the engine from Debian, reached over SSH only."""

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
        "packages": sorted({"qemu-guest-agent", "unattended-upgrades", "curl", *role.packages}),
        "write_files": [
            {"path": file.path, "content": file.content, "permissions": file.permissions}
            for file in (CloudFile("/etc/ssh/sshd_config.d/10-platform.conf", _SSHD), *role.files)
        ],
        "runcmd": [
            ["systemctl", "enable", "--now", "qemu-guest-agent"],
            ["systemctl", "reload", "ssh"],
            *(command if isinstance(command, str) else list(command) for command in role.commands),
        ],
    }
    return "#cloud-config\n" + yaml.safe_dump(document, sort_keys=False, width=120)
