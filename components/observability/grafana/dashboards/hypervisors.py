"""The row of the System Overview that is about Proxmox: its hosts, its storages, and where the guests are (MON-2)."""

from components.observability.grafana.board import Row
from components.observability.grafana.names import HOST, series
from components.observability.grafana.panels import Column, Panel, above, below, listing
from components.observability.rules import hypervisors

_STORAGES = 'id=~"storage/.+"'


def row() -> Row:
    """All that its API tells."""
    return Row("Proxmox", [_hosts(), _storages(), _guests(), _places()])


def _share(what: str, matcher: str) -> str:
    used, size = (series(f"pve_{what}_{part}_bytes", matcher) for part in ("usage", "size"))
    return f"{used} / {size}"


def _hosts() -> Panel:
    busy = above(hypervisors.BUSY_RATIO, 0.7)
    by = "max by (hypervisor)"
    return listing(
        "Proxmox hosts",
        "Whether the cluster hears of each host, and how busy and full it is.",
        Column("Online", f"{by} ({series('pve_up', hypervisors.HOSTS)})", "bool_yes_no", below(1)),
        Column("Processors", f"{by} ({series('pve_cpu_usage_ratio', hypervisors.HOSTS)})", "percentunit", busy),
        Column("Memory", f"{by} ({_share('memory', hypervisors.HOSTS)})", "percentunit", busy),
        Column(
            "Root disk",
            f"{by} ({_share('disk', hypervisors.HOSTS)})",
            "percentunit",
            above(hypervisors.STORAGE_FULL_RATIO, hypervisors.STORAGE_LOW_RATIO),
        ),
    )


def _storages() -> Panel:
    return listing(
        "Proxmox storages",
        "How full each storage of each host is; one that all hosts share is told by each.",
        Column(
            "Used",
            f"max by (hypervisor, storage) ({_share('disk', _STORAGES)})",
            "percentunit",
            above(hypervisors.STORAGE_FULL_RATIO, hypervisors.STORAGE_LOW_RATIO),
        ),
        Column("Size", f"max by (hypervisor, storage) ({series('pve_disk_size_bytes', _STORAGES)})", "bytes"),
    )


def _guests() -> Panel:
    by = "max by (host)"
    return listing(
        "Guests, as Proxmox sees them",
        "Whether each VM and LXC runs; what it takes is measured from outside of it.",
        Column("Runs", f"{by} ({series('pve_up', HOST)})", "bool_yes_no", below(1)),
        Column("Processors", f"{by} ({series('pve_cpu_usage_ratio', HOST)})", "percentunit"),
        Column("Memory", f"{by} ({series('pve_memory_usage_bytes', HOST)})", "bytes"),
        Column("In no backup job", f"{by} ({series('pve_not_backed_up_info', HOST)})", "bool_yes_no"),
    )


def _places() -> Panel:
    return listing(
        "Where guests are",
        "The Proxmox host that each guest is on now; the stack's file says where it belongs.",
        Column("There", f"max by (host, node) ({series('pve_guest_info', HOST)})", "bool_yes_no"),
    )
