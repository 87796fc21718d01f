"""Virtual machines, containers, Docker hosts and cluster nodes: processor, memory, disks, network, clock."""

from typing import Final

from components.observability.rules.model import Alert, Group
from settings import Settings

CPU_RATIO: Final = 0.9
"""ALR-3: utilisation over 90 %."""
MEMORY_RATIO: Final = 0.9
"""Under a tenth available, the kernel starts to drop caches that the databases live from."""
DISK_LOW_RATIO: Final = 0.1
"""k3s starts to evict pods at 15 % of the image file system; at 10 % it is not coping by itself."""
DISK_FULL_RATIO: Final = 0.03
"""ext4 keeps 5 % for root: below that, what does not run as root already fails to write."""
DISK_PREDICTED_RATIO: Final = 0.4
"""A disk that is emptier than this is not worth waking anyone, however fast it fills at the moment."""
PACKET_ERROR_RATIO: Final = 0.01
"""TCP's throughput falls steeply from about 1 % of lost packets on."""
CLOCK_SECONDS: Final = 0.05
"""Traces become misleading at tens of milliseconds; NTP keeps a guest within a few."""

_DISKS: Final = '{fstype!~"tmpfs|ramfs|overlay|squashfs|nsfs|fuse.*",mountpoint!~"/run.*|/boot/efi"}'
_FREE: Final = f"node_filesystem_avail_bytes{_DISKS} / node_filesystem_size_bytes{_DISKS}"


def groups(_: Settings) -> list[Group]:
    """The alerts of hosts."""
    return [Group("hosts", [*_load(), *_disks(), *_others()])]


def _load() -> list[Alert]:
    return [
        Alert(
            "HostDown",
            'max by (host, instance) (up{job="node"}) == 0',
            severity="critical",
            kind="host",
            owner="devops",
            summary="{{ $labels.host }} does not answer",
            description="The node exporter at {{ $labels.instance }} has not answered for 2 minutes (up is "
            "{{ $value }}): the host is down, cut off or overloaded, and all that runs on it with it.",
            pending="2m",
        ),
        Alert(
            "HighCPULoad",
            f"host:cpu:utilisation2m > {CPU_RATIO}",
            severity="warning",
            kind="host",
            owner="devops",
            summary="Processors of {{ $labels.host }} are busy",
            description="{{ $value | humanizePercentage }} of the processor time has been in use for 5 minutes; "
            "requests that are served there take longer.",
            pending="5m",
        ),
        Alert(
            "HighMemoryUsage",
            f"host:memory:utilisation > {MEMORY_RATIO}",
            severity="warning",
            kind="host",
            owner="devops",
            summary="Memory of {{ $labels.host }} is almost used up",
            description="{{ $value | humanizePercentage }} of the memory has been in use for 10 minutes; the kernel "
            "ends a process when nothing is left.",
            pending="10m",
        ),
    ]


def _disks() -> list[Alert]:
    return [
        Alert(
            "DiskSpaceLow",
            f"{_FREE} < {DISK_LOW_RATIO}",
            severity="warning",
            kind="host",
            owner="devops",
            summary="{{ $labels.mountpoint }} of {{ $labels.host }} is nearly full",
            description="{{ $value | humanizePercentage }} of {{ $labels.device }} is free.",
            pending="5m",
        ),
        Alert(
            "DiskFull",
            f"{_FREE} < {DISK_FULL_RATIO}",
            severity="critical",
            kind="host",
            owner="devops",
            summary="{{ $labels.mountpoint }} of {{ $labels.host }} is full",
            description="{{ $value | humanizePercentage }} of {{ $labels.device }} is free: programs fail to write.",
            pending="2m",
        ),
        Alert(
            "DiskWillFill",
            # An hour is long: one scrape that fails within it must not begin it anew.
            f"predict_linear(node_filesystem_avail_bytes{_DISKS}[6h], 4 * 86400) < 0"
            f" and last_over_time(node_filesystem_avail_bytes{_DISKS}[10m])"
            f" / last_over_time(node_filesystem_size_bytes{_DISKS}[10m]) < {DISK_PREDICTED_RATIO}",
            severity="warning",
            kind="host",
            owner="devops",
            summary="{{ $labels.mountpoint }} of {{ $labels.host }} is full within 4 days",
            description="At the pace of the last 6 hours {{ $value | humanize1024 }}B of {{ $labels.device }} are left "
            "in 4 days.",
            pending="1h",
        ),
        Alert(
            "DiskInodesLow",
            f"node_filesystem_files_free{_DISKS} / (node_filesystem_files{_DISKS} > 0) < {DISK_LOW_RATIO}",
            severity="warning",
            kind="host",
            owner="devops",
            summary="{{ $labels.mountpoint }} of {{ $labels.host }} can hold few more files",
            description="{{ $value | humanizePercentage }} of the inodes of {{ $labels.device }} are free.",
            pending="10m",
        ),
    ]


def _others() -> list[Alert]:
    errors = "rate(node_network_receive_errs_total[5m]) + rate(node_network_transmit_errs_total[5m])"
    packets = "rate(node_network_receive_packets_total[5m]) + rate(node_network_transmit_packets_total[5m])"
    return [
        Alert(
            "NetworkErrors",
            f"({errors}) / ({packets} > 0) > {PACKET_ERROR_RATIO}",
            severity="warning",
            kind="host",
            owner="devops",
            summary="{{ $labels.device }} of {{ $labels.host }} loses packets",
            description="{{ $value | humanizePercentage }} of the packets had an error for 10 minutes.",
            pending="10m",
        ),
        Alert(
            "ClockSkew",
            f"abs(node_timex_offset_seconds) > {CLOCK_SECONDS}",
            severity="warning",
            kind="host",
            owner="devops",
            summary="The clock of {{ $labels.host }} is off",
            description="It is {{ $value | humanizeDuration }} away from its time servers: tokens, traces and log "
            "lines get wrong times.",
            pending="10m",
        ),
        Alert(
            "ClockNotSynchronised",
            "node_timex_sync_status == 0 and node_timex_maxerror_seconds >= 16",
            severity="warning",
            kind="host",
            owner="devops",
            summary="{{ $labels.host }} has lost its time servers",
            description="The kernel calls its clock unsynchronised (status {{ $value }}) and its greatest error is "
            "at the limit of 16 s.",
            pending="10m",
        ),
    ]
