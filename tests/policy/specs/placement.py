"""Specs of policy/rules/placement.py."""

from __future__ import annotations

from policy.judging import Declared
from policy.rules import kinds

from .. import good
from ..spec import UNKNOWN, Case, Spec, but, declared, one, wrong

_SERVER = {
    "nodeName": "pve1",
    "tags": ["k3s-server", "prod"],
    "cpu": {"cores": 4.0},
    "memory": {"dedicated": 8192.0},
    "agent": {"enabled": True},
    "migrate": True,
    "startup": {"order": 10.0},
    "disks": [{"size": 60.0}],
}
_LXC = {**good.LXC, "startup": {"order": 1.0}}


def _servers(*nodes: str) -> tuple[Declared, ...]:
    return tuple(declared(kinds.VM, but(_SERVER, ("nodeName", node)), f"s{i}") for i, node in enumerate(nodes))


def _data(text: str) -> Case:
    return one(kinds.FILE, {"sourceRaw": {"data": text}})


_SSHD = (
    "  - path: /etc/ssh/sshd_config.d/a.conf\n    content: |\n      PasswordAuthentication no\n"
    "      KbdInteractiveAuthentication no\n      PermitRootLogin no\n"
)
_GOOD = good.USER_DATA.replace("write_files:\n", f"write_files:\n{_SSHD}") + "ssh_pwauth: false\n"

SPECS = (
    Spec(
        "machines-apart",
        passes=(_servers("pve1", "pve2", "pve3"), _servers("pve1")),
        fails=(
            wrong(_servers("pve1", "pve1", "pve2"), "nodeName"),
            wrong(_servers("pve1", "pve2"), "tags"),
        ),
        unknown=(wrong(_servers("pve1", UNKNOWN), "nodeName"),),
    ),
    Spec(
        "machine-starts",
        passes=(one(kinds.VM, _SERVER), one(kinds.LXC, _LXC)),
        fails=(
            wrong(one(kinds.VM, but(_SERVER, ("onBoot", False))), "onBoot"),
            wrong(one(kinds.VM, but(_SERVER, ("agent", {"enabled": False}))), "agent.enabled"),
            wrong(one(kinds.VM, but(_SERVER, ("memory/dedicated", 512.0))), "memory.dedicated"),
            wrong(one(kinds.VM, but(_SERVER, ("memory/floating", 128.0))), "memory.floating"),
            wrong(one(kinds.VM, but(_SERVER, ("migrate", False))), "migrate"),
            wrong(one(kinds.VM, but(_SERVER, ("startup/order", None))), "startup.order"),
            wrong(one(kinds.VM, but(_SERVER, ("disks/0/size", 8.0))), "disks[0].size"),
            wrong(one(kinds.LXC, but(_LXC, ("startOnBoot", False))), "startOnBoot"),
            wrong(one(kinds.LXC, but(_LXC, ("memory", {"dedicated": 16.0}))), "memory.dedicated"),
        ),
        unknown=(wrong(one(kinds.VM, but(_SERVER, ("onBoot", UNKNOWN))), "onBoot"),),
    ),
    Spec(
        "machine-logins",
        passes=(_data(_GOOD),),
        fails=(
            wrong(_data(_GOOD.replace("ssh_pwauth: false", "ssh_pwauth: true")), "sourceRaw.data.ssh_pwauth"),
            wrong(
                _data(_GOOD.replace("lock_passwd: true", "lock_passwd: false")), "sourceRaw.data.users[0].lock_passwd"
            ),
            wrong(_data(_GOOD + "chpasswd: {list: 'a:b'}\n"), "sourceRaw.data.chpasswd"),
            wrong(_data(_GOOD.replace("PermitRootLogin no", "PermitRootLogin yes")), "sourceRaw.data"),
            wrong(_data(_GOOD.replace("PermitRootLogin no", "PermitEmptyPasswords yes")), "sourceRaw.data"),
            wrong(_data(good.USER_DATA + "ssh_pwauth: false\n"), "sourceRaw.data"),
            wrong(_data("#!/bin/sh\n"), "sourceRaw.data"),
            wrong(_data(_GOOD + "ssh_import_id: [x]\n"), "sourceRaw.data.ssh_import_id"),
        ),
        unknown=(wrong(_data(UNKNOWN), "sourceRaw.data"),),
    ),
)
