"""The inputs of guests that the platform declares, and what the official plugin refuses of them at preview.

Source: the validators of bpg/terraform-provider-proxmox 0.111.
"""

from collections.abc import Mapping

from sandbox.providers.rules import Rule, anything, between, ip_address, matching, not_empty, one_of, word

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
DNS_NAME = matching(rf"{_LABEL}(?:\.{_LABEL})*", "a DNS name (letters, digits, hyphens, dots)")
# The plugin allows more; Proxmox VE's own upper bound is lower and is what a real server answers with.
GUEST_ID = between(100, 999999999)
FILE_ID = matching(r"(?i)[a-z\d\-_.]+:(?:[a-z\d\-_]+/)?.+", "a file id such as local:import/debian.qcow2")
DURATION = matching(r"(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+|0", "a duration such as 15m")

_COMMON: Mapping[str, Rule] = {
    "description": anything,
    "initialization.dns.domain": anything,
    "initialization.dns.servers[]": ip_address,
    "initialization.ipConfigs[].ipv4.address": not_empty,
    "initialization.ipConfigs[].ipv4.gateway": not_empty,
    "nodeName": not_empty,
    "poolId": not_empty,
    "started": anything,
    "startup.downDelay": anything,
    "startup.order": anything,
    "startup.upDelay": anything,
    "tags[]": not_empty,
    "vmId": GUEST_ID,
}

VM: Mapping[str, Rule] = {
    **_COMMON,
    "agent.enabled": anything,
    "agent.timeout": DURATION,
    "agent.trim": anything,
    "cpu.cores": between(1, 2304),
    "cpu.sockets": between(1, 16),
    "cpu.type": matching(r"host|max|x86-64-v(2|2-AES|3|4)", "a CPU type for any host, such as x86-64-v2-AES"),
    "disks[].datastoreId": not_empty,
    "disks[].discard": one_of("on", "ignore"),
    "disks[].importFrom": FILE_ID,
    "disks[].interface": matching(r"scsi([0-9]|[12][0-9]|30)", "a drive: scsi0-30"),
    "disks[].iothread": anything,
    "disks[].size": between(1),
    "disks[].ssd": anything,
    "initialization.datastoreId": not_empty,
    "initialization.interface": matching(r"ide[0-3]", "one of ide0-3"),
    "initialization.userDataFileId": FILE_ID,
    "machine": one_of("pc", "q35"),
    "memory.dedicated": between(64, 268435456),
    "migrate": anything,
    "name": DNS_NAME,
    "networkDevices[].bridge": not_empty,
    "networkDevices[].firewall": anything,
    "networkDevices[].model": one_of("e1000", "e1000e", "rtl8139", "virtio", "vmxnet3"),
    "networkDevices[].vlanId": between(0, 4094),
    "onBoot": anything,
    "operatingSystem.type": word("l24 l26 other solaris w2k w2k3 w2k8 win7 win8 win10 win11 wvista wxp"),
    "scsiHardware": one_of("lsi", "lsi53c810", "virtio-scsi-pci", "virtio-scsi-single", "megasas", "pvscsi"),
    "serialDevices[].device": matching(r"socket|/dev/.*", "socket or a path under /dev"),
    "stopOnDestroy": anything,
}

CONTAINER: Mapping[str, Rule] = {
    **_COMMON,
    "cpu.cores": between(1, 8192),
    "disk.datastoreId": not_empty,
    "disk.size": between(1),
    "initialization.hostname": DNS_NAME,
    "initialization.userAccount.keys[]": not_empty,
    "memory.dedicated": between(16, 268435456),
    "memory.swap": between(0, 268435456),
    "networkInterfaces[].bridge": not_empty,
    "networkInterfaces[].firewall": anything,
    "networkInterfaces[].name": not_empty,
    "networkInterfaces[].vlanId": between(0, 4094),
    "operatingSystem.templateFileId": FILE_ID,
    "operatingSystem.type": word("alpine archlinux centos debian devuan fedora gentoo nixos opensuse ubuntu unmanaged"),
    "startOnBoot": anything,
    "unprivileged": anything,
}
