"""Metrics of machines and their containers (MON-2)."""

from collections.abc import Sequence
from typing import Final

from components.observability.metrics.model import Emitter, Metric, same

_MOUNT = "device fstype mountpoint"

MACHINES: Final[Sequence[Emitter]] = (
    Emitter(
        "node exporter",
        ("node",),
        (
            *same("counter", "cpu mode", "node_cpu_seconds_total"),
            *same(
                "counter",
                "device",
                "node_disk_io_time_seconds_total",
                "node_disk_read_bytes_total",
                "node_disk_written_bytes_total",
                "node_network_receive_bytes_total",
                "node_network_receive_errs_total",
                "node_network_receive_packets_total",
                "node_network_transmit_bytes_total",
                "node_network_transmit_errs_total",
                "node_network_transmit_packets_total",
            ),
            *same(
                "gauge",
                _MOUNT,
                "node_filesystem_avail_bytes",
                "node_filesystem_files",
                "node_filesystem_files_free",
                "node_filesystem_readonly",
                "node_filesystem_size_bytes",
            ),
            *same("gauge", "collector", "node_scrape_collector_success"),
            Metric(
                "promhttp_metric_handler_errors_total",
                "counter",
                ("cause",),
                "gathering: scrapes in which a series was there twice, and one of them was left out",
            ),
            Metric(
                "node_reboot_required",
                "gauge",
                (),
                "1 while an update waits for a reboot, as a timer tells",
            ),
            Metric("node_systemd_unit_state", "gauge", ("name", "state"), "1 while the unit is in that state"),
            *same(
                "gauge",
                "",
                "node_load5",
                "node_memory_MemAvailable_bytes",
                "node_memory_MemTotal_bytes",
                "node_nf_conntrack_entries",
                "node_nf_conntrack_entries_limit",
                "node_textfile_scrape_error",
                "node_timex_maxerror_seconds",
                "node_timex_offset_seconds",
                "node_timex_sync_status",
            ),
        ),
    ),
    Emitter(
        "cAdvisor",
        ("cadvisor", "kubelet-cadvisor"),
        (
            *same("counter", "name cpu", "container_cpu_usage_seconds_total"),
            *same("counter", "name", "container_cpu_cfs_periods_total", "container_cpu_cfs_throttled_periods_total"),
            *same(
                "counter",
                "name interface",
                "container_network_receive_bytes_total",
                "container_network_transmit_bytes_total",
            ),
            *same("gauge", "name", "container_memory_working_set_bytes"),
        ),
        "On Docker hosts a container of its own, on cluster nodes inside the kubelet. Label `name` is the first twelve "
        "digits of the container's id, as `docker ps` prints them.",
    ),
    Emitter(
        "Proxmox VE exporter",
        ("pve",),
        (
            Metric("pve_up", "gauge", ("id",), "1 while a host is online, a storage available, a guest running"),
            *same(
                "gauge",
                "id",
                "pve_cpu_usage_ratio",
                "pve_disk_size_bytes",
                "pve_disk_usage_bytes",
                "pve_memory_size_bytes",
                "pve_memory_usage_bytes",
                "pve_not_backed_up_info",
            ),
            *same("gauge", "id node name type template tags snapshot_of", "pve_guest_info"),
            *same("gauge", "id nodes online quorate version", "pve_cluster_info"),
            Metric("pve_ha_state", "gauge", ("id", "state"), "Only `error`: high availability gave the guest up"),
        ),
        "Of hosts and storages, with `hypervisor` and `storage`, and of the stack's own guests, with `host`; templates "
        "of Docker hosts have `snapshot_of` instead. A cluster of one host has no `pve_cluster_info`.",
    ),
)
