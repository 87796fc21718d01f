"""Specs of policy/rules/compute.py."""

from __future__ import annotations

from typing import Any

from policy.rules import kinds

from .. import good
from ..spec import DROP, UNKNOWN, Case, Declared, Spec, but, declared, dumped, one, wrong

_OPTIONS = {"nodeName": "pve1", "vmId": 1131.0, "enabled": True, "inputPolicy": "DROP", "logLevelIn": "info"}
_DOWNLOAD = {"url": "https://cloud.debian.org/x", "checksum": "ab12", "checksumAlgorithm": "sha512"}

_GUESTS = (
    declared(kinds.VM, {"vmId": 1131.0}, "vm"),
    declared(kinds.LXC, {"vmId": 1141.0}, "lxc"),
    declared(kinds.CLONED_VMS[1], {"resourceId": 1151.0}, "clone"),
)
_CLOSED = (
    declared(kinds.FIREWALL_OPTIONS, {"vmId": 1131.0}, "vm-options"),
    declared(kinds.FIREWALL_OPTIONS, {"containerId": 1141.0}, "lxc-options"),
    declared(kinds.FIREWALL_OPTIONS, {"vmId": 1151.0}, "clone-options"),
)
_CLUSTER = {"enabled": True, "ebtables": True, "inputPolicy": "DROP"}


def _servers(*nodes: str) -> Case:
    return tuple(
        declared(kinds.VM, {"nodeName": node, "tags": ["k3s-server", "prod"]}, f"server-{number}")
        for number, node in enumerate(nodes)
    )


def _opened_by(*keys: str, more: str = "") -> dict[str, Any]:
    users = [{"name": "luxima", "ssh_authorized_keys": list(keys)}]
    return {"sourceRaw": {"data": f"#cloud-config\n{dumped({'users': users})}{more}"}}


_SECOND = declared(kinds.FILE, _opened_by("ssh-ed25519 AAAA ops"), "second")

_GUEST = declared(kinds.FIREWALL_OPTIONS, {"enabled": True}, "options")


def _pool(owner: str) -> Declared:
    told = f"Guests of the prod stack, behind the firewall that {owner} switches on"
    return declared(kinds.POOL, {"comment": told}, "pool")


SPECS = (
    Spec(
        "machine-keys",
        passes=((declared(kinds.FILE, _opened_by("ssh-ed25519 AAAA ops")), _SECOND), (_SECOND,)),
        fails=(
            wrong(
                (declared(kinds.FILE, _opened_by("ssh-ed25519 AAAA ops", "ssh-ed25519 BBBB x")), _SECOND),
                "sourceRaw.data.users[0].ssh_authorized_keys[1]",
            ),
            wrong(
                (declared(kinds.FILE, _opened_by("ssh-ed25519 AAAA ops", more="ssh_import_id: [gh:x]\n")), _SECOND),
                "sourceRaw.data.ssh_import_id[0]",
            ),
        ),
        unknown=(wrong((declared(kinds.FILE, {"sourceRaw": {"data": UNKNOWN}}), _SECOND), "sourceRaw.data"),),
    ),
    Spec(
        "machine-firewall",
        passes=(
            one(kinds.VM, good.VM),
            one(kinds.LXC, good.LXC),
            one(kinds.CLONED_VMS[0], {"network": {"net0": {"bridge": "vmbr0", "firewall": True}}}),
        ),
        fails=(
            wrong(one(kinds.CLONED_VMS[0], {"network": {"net0": {"bridge": "vmbr0"}}}), "network.net0.firewall"),
            wrong(one(kinds.VM, but(good.VM, ("networkDevices/0/firewall", DROP))), "networkDevices[0].firewall"),
            wrong(
                one(kinds.LXC, but(good.LXC, ("networkInterfaces/1", {"firewall": False}))),
                "networkInterfaces[1].firewall",
            ),
        ),
        unknown=(wrong(one(kinds.VM, but(good.VM, ("networkDevices", UNKNOWN))), "networkDevices"),),
    ),
    Spec(
        "machine-firewall-closed",
        passes=(
            one(kinds.FIREWALL_OPTIONS, _OPTIONS),
            one(kinds.FIREWALL_OPTIONS, but(_OPTIONS, ("inputPolicy", "REJECT"))),
        ),
        fails=(
            wrong(one(kinds.FIREWALL_OPTIONS, but(_OPTIONS, ("enabled", False))), "enabled"),
            wrong(one(kinds.FIREWALL_OPTIONS, but(_OPTIONS, ("inputPolicy", "ACCEPT"))), "inputPolicy"),
            wrong(one(kinds.FIREWALL_OPTIONS, but(_OPTIONS, ("logLevelIn", "nolog"))), "logLevelIn"),
            wrong(one(kinds.FIREWALL_OPTIONS, {"nodeName": "pve1"}), "enabled", "inputPolicy", "logLevelIn"),
        ),
        unknown=(wrong(one(kinds.FIREWALL_OPTIONS, but(_OPTIONS, ("enabled", UNKNOWN))), "enabled"),),
    ),
    Spec(
        "machine-firewall-declared",
        passes=((*_GUESTS, *_CLOSED), _CLOSED),
        fails=(
            wrong(_GUESTS, "vmId", "resourceId"),
            *(
                wrong((*_GUESTS, *_CLOSED[:index], *_CLOSED[index + 1 :]), number)
                for index, number in enumerate(("vmId", "vmId", "resourceId"))
            ),
            # The options of a VM are not those of the LXC with the same number.
            wrong((_GUESTS[1], declared(kinds.FIREWALL_OPTIONS, {"vmId": 1141.0}, "lxc-options")), "vmId"),
            wrong((declared(kinds.VM, {}, "vm"), declared(kinds.FIREWALL_OPTIONS, {}, "vm-options")), "vmId"),
        ),
        unknown=(
            wrong((declared(kinds.VM, {"vmId": UNKNOWN}, "vm"),), "vmId"),
            wrong(
                (_GUESTS[0], _CLOSED[0], declared(kinds.FIREWALL_OPTIONS, {"vmId": UNKNOWN}, "other-options")), "vmId"
            ),
        ),
    ),
    Spec(
        "cluster-firewall-on",
        passes=((declared(kinds.CLUSTER_FIREWALL, _CLUSTER), _GUEST, _pool("prod")), (_GUEST, _pool("shared"))),
        fails=(
            wrong(one(kinds.CLUSTER_FIREWALL, but(_CLUSTER, ("enabled", False))), "enabled"),
            wrong(one(kinds.CLUSTER_FIREWALL, but(_CLUSTER, ("ebtables", DROP))), "ebtables"),
            wrong((_GUEST, _pool("prod")), "comment"),
        ),
        unknown=(wrong(one(kinds.CLUSTER_FIREWALL, but(_CLUSTER, ("enabled", UNKNOWN))), "enabled"),),
    ),
    Spec(
        "quorum-apart",
        passes=(
            _servers("pve1", "pve2", "pve3"),
            # Two have no majority that could be lost; and machines of other roles are not asked.
            _servers("pve1", "pve1"),
            (*_servers("pve1", "pve2", "pve3"), declared(kinds.VM, {"nodeName": "pve1", "tags": ["k3s-agent"]}, "a")),
        ),
        fails=(wrong(_servers("pve1", "pve2", "pve1"), "nodeName"),),
        unknown=(wrong(_servers("pve1", "pve2", UNKNOWN), "nodeName"),),
    ),
    Spec(
        "lxc-unprivileged",
        passes=(one(kinds.LXC, good.LXC),),
        fails=(
            wrong(one(kinds.LXC, but(good.LXC, ("unprivileged", False))), "unprivileged"),
            wrong(one(kinds.LXC, but(good.LXC, ("unprivileged", DROP))), "unprivileged"),
        ),
        unknown=(wrong(one(kinds.LXC, but(good.LXC, ("unprivileged", UNKNOWN))), "unprivileged"),),
    ),
    Spec(
        "download-checksum",
        passes=(
            one(kinds.DOWNLOADS[0], _DOWNLOAD),
            one(kinds.DOWNLOADS[0], but(_DOWNLOAD, ("checksumAlgorithm", "sha256"))),
            one(kinds.DOWNLOADS[0], but(_DOWNLOAD, ("checksumAlgorithm", "sha384"))),
            one(kinds.DOWNLOADS[0], but(_DOWNLOAD, ("checksumAlgorithm", DROP))),
        ),
        fails=(
            wrong(one(kinds.DOWNLOADS[0], but(_DOWNLOAD, ("checksum", DROP))), "checksum"),
            wrong(one(kinds.DOWNLOADS[1], but(_DOWNLOAD, ("checksumAlgorithm", "md5"))), "checksumAlgorithm"),
        ),
        unknown=(wrong(one(kinds.DOWNLOADS[0], but(_DOWNLOAD, ("checksum", UNKNOWN))), "checksum"),),
    ),
)
