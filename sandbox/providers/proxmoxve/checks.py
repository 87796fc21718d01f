"""What the official plugin refuses at preview, beyond the types: names, numbers out of range, unknown words.

Source: the validators of bpg/terraform-provider-proxmox 0.111.
"""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.providers.base import contains_unknown
from sandbox.providers.proxmoxve.parts import child
from sandbox.providers.rules import (
    Failures,
    Rule,
    between,
    failures,
    ip_address,
    length,
    matching,
    never,
    not_empty,
    one_of,
    values_at,
    word,
)

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
DNS_NAME = matching(rf"(?:{_LABEL}(?:\.{_LABEL})*)?", "a DNS name (letters, digits, hyphens, dots)")
NODE_NAME = matching(r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?", "a node name")
# The plugin allows more; Proxmox VE's own upper bound is lower and is what a real server answers with.
GUEST_ID = between(100, 999999999, also=(-1,))
FILE_ID = matching(r"(?i)(?:[a-z\d\-_.]+:(?:[a-z\d\-_]+/)?.+)?", "a file id such as local:import/debian.qcow2")
MAC_ADDRESS = matching(r"(?:[A-Fa-f0-9]{2}(?::[A-Fa-f0-9]{2}){5})?", "a MAC address such as A0:B1:C2:D3:E4:F5")
DURATION = matching(r"(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+|0", "a duration such as 15m")
FILE_FORMAT = one_of("qcow2", "raw", "vmdk")
RANGES = matching(r"\d+(?:-\d+)?(?:;\d+(?:-\d+)?)*", "numbers or ranges separated by ';'")
_INTERFACE = matching(
    r"(ide[0-3]|sata[0-5]|scsi([0-9]|[12][0-9]|30)|virtio([0-9]|1[0-5]))",
    "a drive: ide0-3, sata0-5, scsi0-30 or virtio0-15",
)
_CPU_TYPES = """
486 Broadwell Broadwell-IBRS Broadwell-noTSX Broadwell-noTSX-IBRS Cascadelake-Server Cascadelake-Server-noTSX
Cascadelake-Server-v2 Cascadelake-Server-v4 Cascadelake-Server-v5 Conroe Cooperlake Cooperlake-v2 EPYC EPYC-Genoa
EPYC-IBPB EPYC-Milan EPYC-Rome EPYC-Rome-v2 EPYC-Rome-v3 EPYC-Rome-v4 EPYC-v3 EPYC-v4 Haswell Haswell-IBRS Haswell-noTSX
Haswell-noTSX-IBRS Icelake-Client Icelake-Client-noTSX Icelake-Server Icelake-Server-noTSX Icelake-Server-v3
Icelake-Server-v4 Icelake-Server-v5 Icelake-Server-v6 IvyBridge IvyBridge-IBRS KnightsMill Nehalem Nehalem-IBRS
Opteron_G1 Opteron_G2 Opteron_G3 Opteron_G4 Opteron_G5 Penryn SandyBridge SandyBridge-IBRS SapphireRapids Skylake-Client
Skylake-Client-IBRS Skylake-Client-noTSX-IBRS Skylake-Client-v4 Skylake-Server Skylake-Server-IBRS
Skylake-Server-noTSX-IBRS Skylake-Server-v4 Skylake-Server-v5 Westmere Westmere-IBRS athlon core2duo coreduo host kvm32
kvm64 max pentium pentium2 pentium3 phenom qemu32 qemu64 x86-64-v2 x86-64-v2-AES x86-64-v3 x86-64-v4
"""
_CPU_TYPE = "|".join([*map(re.escape, _CPU_TYPES.split()), "custom-.+"])


def root_only(value: Any) -> str | None:
    """A feature that Proxmox VE lets only root switch on."""
    return "only root may set features other than nesting, not an API token; leave it out" if value else None


VM: Mapping[str, Rule] = {
    "agent.timeout": DURATION,
    "agent.type": one_of("isa", "virtio"),
    "amdSev.type": one_of("std", "es", "snp"),
    "audioDevice.device": one_of("AC97", "ich9-intel-hda", "intel-hda"),
    "audioDevice.driver": one_of("spice"),
    "bios": one_of("ovmf", "seabios"),
    "cdrom.fileId": matching(r"none|cdrom||[\w.-]+:.+", "none, cdrom or a file id"),
    "cdrom.interface": matching(r"ide[0-3]|sata[0-5]|scsi([0-9]|1[0-3])", "one of ide0-3, sata0-5, scsi0-13"),
    "clone.vmId": GUEST_ID,
    "cpu.affinity": matching(r"\d+[\d,-]*", "numbers or ranges separated by ','"),
    "cpu.architecture": never("only root may set it, not an API token; leave it out"),
    "cpu.cores": between(1, 2304),
    "cpu.hotplugged": between(0, 2304),
    "cpu.limit": between(0, 128),
    "cpu.sockets": between(1, 16),
    "cpu.type": matching(_CPU_TYPE, "a CPU type such as host or x86-64-v2-AES"),
    "cpu.units": between(1, 262144),
    "disks[].aio": one_of("io_uring", "native", "threads"),
    "disks[].cache": one_of("none", "writethrough", "writeback", "unsafe", "directsync"),
    "disks[].fileFormat": FILE_FORMAT,
    "disks[].fileId": FILE_ID,
    "disks[].importFrom": FILE_ID,
    "disks[].interface": _INTERFACE,
    "disks[].queues": between(2, also=(0,)),
    "disks[].serial": length(0, 20),
    "disks[].size": between(1),
    "efiDisk.fileFormat": FILE_FORMAT,
    "efiDisk.type": one_of("2m", "4m"),
    "initialization.dns.servers[]": ip_address,
    "initialization.fileFormat": FILE_FORMAT,
    "initialization.interface": matching(
        r"(ide[0-3]|sata[0-5]|scsi([0-9]|[12][0-9]|30))?", "one of ide0-3, sata0-5, scsi0-30"
    ),
    "initialization.metaDataFileId": FILE_ID,
    "initialization.networkDataFileId": FILE_ID,
    "initialization.type": one_of("configdrive2", "nocloud"),
    "initialization.userDataFileId": FILE_ID,
    "initialization.vendorDataFileId": FILE_ID,
    "keyboardLayout": word(
        "da de de-ch en-gb en-us es fi fr fr-be fr-ca fr-ch hu is it ja lt mk nl no pl pt pt-br sl sv tr"
    ),
    "machine": matching(
        r"|pc|pc(-i440fx)?-\d+(\.\d+)+(\+pve\d+)?(\.pxe)?|q35(,viommu=(intel|virtio))?|"
        r"pc-q35-\d+(\.\d+)+(\+pve\d+)?(\.pxe)?|virt(?:-\d+(\.\d+)+)?(\+pve\d+)?",
        "a machine type such as q35",
    ),
    "memory.dedicated": between(64, 268435456),
    "memory.floating": between(0, 268435456),
    "memory.hugepages": one_of("1024", "2", "any"),
    "memory.shared": between(0, 268435456),
    "name": DNS_NAME,
    "networkDevices[].enabled": matching("True", "allowed: leave the device out instead"),
    "networkDevices[].macAddress": MAC_ADDRESS,
    "networkDevices[].model": one_of("e1000", "e1000e", "rtl8139", "virtio", "vmxnet3"),
    "networkDevices[].queues": between(0, 64),
    "networkDevices[].vlanId": between(0, 4094),
    "nodeName": not_empty,
    "numas[].cpus": RANGES,
    "numas[].device": matching(r"numa\d+", "numaX with a number"),
    "numas[].hostnodes": RANGES,
    "numas[].memory": between(64, 268435456),
    "numas[].policy": one_of("bind", "interleave", "preferred"),
    "operatingSystem.type": word("l24 l26 other solaris w2k w2k3 w2k8 win7 win8 win10 win11 wvista wxp"),
    "rngs[].maxBytes": between(1),
    "rngs[].period": between(1),
    "rngs[].source": not_empty,
    "scsiHardware": one_of("lsi", "lsi53c810", "virtio-scsi-pci", "virtio-scsi-single", "megasas", "pvscsi"),
    "serialDevices[].device": matching(r"socket|/dev/.*", "socket or a path under /dev"),
    "tags[]": not_empty,
    "tpmState.version": one_of("v1.2", "v2.0"),
    "vga.clipboard": one_of("", "vnc"),
    "vga.memory": between(4, 512),
    "vga.type": word("cirrus none qxl qxl2 qxl3 qxl4 serial0 serial1 serial2 serial3 std virtio virtio-gl vmware"),
    "virtiofs[].cache": one_of("auto", "always", "metadata", "never"),
    "virtiofs[].mapping": not_empty,
    "vmId": GUEST_ID,
    "watchdog.action": one_of("debug", "none", "pause", "poweroff", "reset", "shutdown"),
    "watchdog.model": one_of("i6300esb", "ib700"),
}  # fmt: skip

CONTAINER: Mapping[str, Rule] = {
    "clone.vmId": GUEST_ID,
    "console.ttyCount": between(0, 6),
    "console.type": one_of("console", "shell", "tty"),
    "cpu.architecture": one_of("amd64", "arm64", "armhf", "i386"),
    "cpu.cores": between(1, 8192),
    "cpu.limit": between(0, 8192),
    "cpu.units": between(0, 500000),
    "devicePassthroughs[].gid": between(0),
    "devicePassthroughs[].mode": matching(r"0[0-7]{3}", "an octal mode such as 0660"),
    "devicePassthroughs[].path": not_empty,
    "devicePassthroughs[].uid": between(0),
    "disk.size": between(0),
    "environmentVariables": never("the local provider does not keep environment variables; use the official plugin"),
    "features.fuse": root_only,
    "features.keyctl": root_only,
    "features.mknod": root_only,
    "features.mounts": root_only,
    "idmaps": never("id maps go over SSH to the node, which the local provider does not do; use the official plugin"),
    "initialization.dns.servers[]": ip_address,
    "initialization.hostname": DNS_NAME,
    "memory.dedicated": between(16, 268435456),
    "memory.swap": between(0, 268435456),
    "mountPoints[].size": matching(r"\d+(\.\d+)?[KMGT]?", "a size such as 10G"),
    "networkInterfaces[].enabled": matching("True", "allowed: leave the interface out instead"),
    "networkInterfaces[].macAddress": MAC_ADDRESS,
    "networkInterfaces[].vlanId": between(0, 4094),
    "nodeName": not_empty,
    "operatingSystem.templateFileId": FILE_ID,
    "operatingSystem.type": word("alpine archlinux centos debian devuan fedora gentoo nixos opensuse ubuntu unmanaged"),
    "tags[]": not_empty,
    "vmId": GUEST_ID,
}


def vm(inputs: Mapping[str, Any]) -> Failures:
    """What is wrong with a VM's inputs."""
    found = failures(VM, inputs) + _clashes(inputs)
    for at, disk in values_at("disks[]", inputs):
        if disk.get("queues") and not str(disk.get("interface")).startswith("scsi"):
            found.append((f"{at}.queues", "only drives on scsi have queues"))
    if inputs.get("numas") and not child(inputs, "cpu").get("numa"):
        found.append(("numas", "needs cpu.numa to be true"))
    return found


def _clashes(inputs: Mapping[str, Any]) -> Failures:
    """Two drives on one interface."""
    used: dict[str, str] = {}
    found: Failures = []
    drives = [*values_at("disks[].interface", inputs), *values_at("cdrom.interface", inputs)]
    given = inputs.get("initialization")
    if given is not None and not contains_unknown(given):
        drives.append(("initialization.interface", given.get("interface") or "ide2"))
    for at, interface in drives:
        if interface in used:
            found.append((at, f"{interface} is taken by {used[interface]}"))
        used.setdefault(interface, at)
    return found


def container(inputs: Mapping[str, Any]) -> Failures:
    """What is wrong with a container's inputs."""
    found = failures(CONTAINER, inputs)
    if inputs.get("operatingSystem") is None and inputs.get("clone") is None:
        found.append(("operatingSystem", "a container that is no clone needs templateFileId"))
    return found
