"""Proxmox' hosts, their storages, and what Proxmox says of the guests, by its API (MON-2)."""

from functools import partial
from typing import Final

from components.observability.rules.model import Alert, Group
from settings import Settings

BUSY_RATIO: Final = 0.9
"""Of processors or memory: guests of a node that died have no place any more."""
STORAGE_LOW_RATIO: Final = 0.85
"""A thin pool promises more than it has; this leaves days to act."""
STORAGE_FULL_RATIO: Final = 0.95
"""When a thin pool is full, every guest on it gets errors from its disk."""

HOSTS: Final = 'id=~"node/.+"'
"""Series of hosts; those of storages have a host's name too."""
_ALERT: Final = partial(Alert, kind="host", owner="devops", severity="warning")


def groups(_: Settings) -> list[Group]:
    """The alerts of the hypervisor."""
    return [Group("hypervisors", [*_hosts(), *_storages(), *_guests()])]


def _hosts() -> list[Alert]:
    busy = {
        "processors": f"max by (hypervisor) (pve_cpu_usage_ratio{{{HOSTS}}})",
        "memory": f"max by (hypervisor) (pve_memory_usage_bytes{{{HOSTS}}} / pve_memory_size_bytes{{{HOSTS}}})",
    }
    return [
        _ALERT(
            "HypervisorDown",
            f"max by (hypervisor) (pve_up{{{HOSTS}}}) == 0",
            severity="critical",
            summary="The Proxmox host {{ $labels.hypervisor }} is down",
            description="Its cluster has not heard of it for 2 minutes (up is {{ $value }}): its guests are down, or "
            "cut off.",
            pending="2m",
        ),
        _ALERT(
            "HypervisorQuorumLost",
            'max by (id) (pve_cluster_info{quorate="0"}) == 1',
            severity="critical",
            summary="Proxmox has no majority of its hosts",
            description="For 2 minutes no machine could be started, changed or moved (value {{ $value }}); those that "
            "run go on.",
            pending="2m",
        ),
        _ALERT(
            "HypervisorBusy",
            " or ".join(
                f'label_replace({share} > {BUSY_RATIO}, "resource", "{resource}", "", "")'
                for resource, share in busy.items()
            ),
            summary="The Proxmox host {{ $labels.hypervisor }} is short of {{ $labels.resource }}",
            description="{{ $value | humanizePercentage }} of what it has were in use for 15 minutes; all its "
            "guests slow down, and the kernel ends one when no memory is left.",
            pending="15m",
        ),
    ]


def _storages() -> list[Alert]:
    share = 'pve_disk_usage_bytes{hypervisor!=""} / (pve_disk_size_bytes{hypervisor!=""} > 0)'
    used = f"max by (hypervisor, storage) ({share})"
    named = '{{ or $labels.storage "The root disk" }} of {{ $labels.hypervisor }}'
    return [
        _ALERT(
            "HypervisorStorageLow",
            f"{used} > {STORAGE_LOW_RATIO}",
            summary=f"{named} is nearly full",
            description="{{ $value | humanizePercentage }} of it is in use.",
            pending="15m",
        ),
        _ALERT(
            "HypervisorStorageFull",
            f"{used} > {STORAGE_FULL_RATIO}",
            severity="critical",
            summary=f"{named} is full",
            description="{{ $value | humanizePercentage }} of it is in use; guests whose disks are there soon fail to "
            "write.",
            pending="5m",
        ),
    ]


def _guests() -> list[Alert]:
    return [
        _ALERT(
            "GuestStopped",
            'max by (host) (pve_up{host!=""}) == 0',
            summary="Proxmox does not run {{ $labels.host }}",
            description="The guest has been stopped for 5 minutes (up is {{ $value }}); it is not started by itself.",
            pending="5m",
        ),
        _ALERT(
            "GuestGivenUp",
            'max by (host) (pve_ha_state{host!="",state="error"}) == 1',
            summary="Proxmox has given {{ $labels.host }} up",
            description="Its high availability could neither start nor move the guest (value {{ $value }}), and does "
            "nothing for it any more.",
        ),
    ]
