"""Specs of policy/rules/compute.py."""

from __future__ import annotations

from policy.rules import kinds

from .. import good
from ..spec import DROP, UNKNOWN, Spec, but, one, wrong

_OPTIONS = {"nodeName": "pve1", "vmId": 1131.0, "enabled": True, "inputPolicy": "DROP"}
_DOWNLOAD = {"url": "https://cloud.debian.org/x", "checksum": "ab12", "checksumAlgorithm": "sha512"}

SPECS = (
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
            wrong(one(kinds.FIREWALL_OPTIONS, {"nodeName": "pve1"}), "enabled", "inputPolicy"),
        ),
        unknown=(wrong(one(kinds.FIREWALL_OPTIONS, but(_OPTIONS, ("enabled", UNKNOWN))), "enabled"),),
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
