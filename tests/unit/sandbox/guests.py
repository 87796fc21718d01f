"""A VM and a container, as a program declares them."""

import copy
from typing import Any

VM_TOKEN = "proxmoxve:index/vmLegacy:VmLegacy"
CONTAINER_TOKEN = "proxmoxve:index/containerLegacy:ContainerLegacy"

VM: dict[str, Any] = {
    "name": "web-1",
    "vmId": 101,
    "nodeName": "pve1",
    "description": "a web server",
    "tags": ["dev", "web"],
    "machine": "q35",
    "scsiHardware": "virtio-scsi-single",
    "agent": {"enabled": True, "trim": True, "timeout": "15m"},
    "cpu": {"cores": 2, "type": "x86-64-v2-AES"},
    "memory": {"dedicated": 2048},
    "disks": [
        {
            "interface": "scsi0",
            "datastoreId": "local-lvm",
            "importFrom": "local:import/debian.qcow2",
            "size": 20,
            "ssd": True,
        }
    ],
    "networkDevices": [{"bridge": "vmbr0", "vlanId": 10, "firewall": True}],
    "operatingSystem": {"type": "l26"},
    "serialDevices": [{"device": "socket"}],
    "startup": {"order": 3, "upDelay": 10},
    "initialization": {
        "datastoreId": "local-lvm",
        "interface": "ide2",
        "userDataFileId": "local:snippets/web.yaml",
        "dns": {"domain": "example.org", "servers": ["192.0.2.53", "192.0.2.54"]},
        "ipConfigs": [{"ipv4": {"address": "192.0.2.10/24", "gateway": "192.0.2.1"}}],
    },
}
CONTAINER: dict[str, Any] = {
    "vmId": 201,
    "nodeName": "pve1",
    "description": "a name server",
    "tags": ["dev"],
    "unprivileged": True,
    "cpu": {"cores": 1},
    "memory": {"dedicated": 512, "swap": 0},
    "disk": {"datastoreId": "local-lvm", "size": 8},
    "networkInterfaces": [{"name": "eth0", "bridge": "vmbr0", "vlanId": 10}],
    "operatingSystem": {"templateFileId": "local:vztmpl/debian-12.tar.zst", "type": "debian"},
    "initialization": {
        "hostname": "ns1",
        "dns": {"domain": "example.org", "servers": ["192.0.2.53"]},
        "ipConfigs": [{"ipv4": {"address": "192.0.2.20/24", "gateway": "192.0.2.1"}}],
        "userAccount": {"keys": ["ssh-ed25519 AAAA a"]},
    },
}


def changed(inputs: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {**copy.deepcopy(inputs), **values}
