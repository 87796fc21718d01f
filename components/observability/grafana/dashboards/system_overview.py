"""System Overview: how busy and how full every VM, LXC and Docker host is, and what is wrong right now (MON-3)."""

from typing import Final

from components.observability.grafana.board import Board, Row
from components.observability.grafana.dashboards import hypervisors, reachability
from components.observability.grafana.names import HOST, job, rate, series
from components.observability.grafana.panels import (
    NONE_WANTED,
    Column,
    above,
    below,
    graph,
    links,
    listing,
    number,
    promql,
    promql_now,
)
from components.observability.grafana.runbooks import runbook
from components.observability.grafana.variables import host
from components.observability.rules import hosts, storage
from settings import Settings

DISK_LIMIT: Final = 1 - hosts.DISK_LOW_RATIO
_FILESYSTEM: Final = (HOST, 'fstype!~"tmpfs|ramfs|overlay|squashfs|nsfs|fuse.*"', 'mountpoint!~"/run.*|/boot/efi"')
_IDLE: Final = 'mode="idle"'
_NOT_READY: Final = 'condition="false"'
_ENDED: Final = 'phase="Succeeded"'
_DEVICE: Final = (HOST, 'device!~"lo|veth.*|cali.*|cni.*|flannel.*|docker.*|br-.*"')


def board(settings: Settings) -> Board:
    """The dashboard."""
    return Board(
        uid="system-overview",
        title="System Overview",
        description="CPU, memory, disks and network of every VM, LXC and Docker host; what is down, what alerts.",
        variables=[host()],
        links={"Application Metrics": "/d/application-metrics", "Objectives": "/d/slo"},
        rows=[
            *(_now(settings), _hosts(settings), _disks(), _network(), hypervisors.row()),
            *(_containers(), _cluster(), reachability.row()),
        ],
    )


def _now(settings: Settings) -> Row:
    firing = 'ALERTS{alertstate="firing",severity="%s"}'
    alerts = Column("Firing", 'sum by (alertname, severity, service_name, host) (ALERTS{alertstate="firing"})', "short")
    return Row(
        "Now",
        [
            number(
                "Critical alerts",
                "Alerts of severity critical that fire now.",
                "short",
                promql_now(f"count({firing % 'critical'}) or vector(0)"),
                steps=NONE_WANTED,
            ),
            number(
                "Warnings",
                "Alerts of severity warning that fire now.",
                "short",
                promql_now(f"count({firing % 'warning'}) or vector(0)"),
                steps=((None, "green"), (1, "yellow")),
            ),
            number(
                "Targets down",
                "Targets that Prometheus could not read at the last try.",
                "short",
                promql_now(f"count({series('up')} == 0) or vector(0)"),
                steps=NONE_WANTED,
            ),
            number(
                "Hosts",
                "VMs, LXCs and Docker hosts whose node exporter answers.",
                "short",
                promql_now(f"count(count by (host) ({series('up', job('node'))} == 1))"),
            ),
            number(
                "Busiest processor",
                "Highest utilisation of the processors of one host, mean of 5 min.",
                "percentunit",
                promql_now(f"max(host:cpu:utilisation5m{{{HOST}}})"),
                steps=above(hosts.CPU_RATIO, 0.7),
            ),
            number(
                "Fullest disk",
                "Highest share of a file system that is used on one host.",
                "percentunit",
                promql_now(f"max({_used_share()})"),
                steps=above(DISK_LIMIT, 0.7),
            ),
            listing(
                "Firing alerts",
                "Every alert that fires now; its name leads to the runbook.",
                alerts,
                urls={"alertname": runbook(settings, "${__value.raw}")},
                width=24,
                height=7,
            ),
        ],
    )


def _used_share() -> str:
    free, size = (series(f"node_filesystem_{what}_bytes", *_FILESYSTEM) for what in ("avail", "size"))
    return f"1 - {free} / {size}"


def _hosts(settings: Settings) -> Row:
    cpu = graph(
        "CPU per VM/LXC",
        "Share of the processors' time that was not idle, mean of 5 min; over 90 % for 5 min is HighCPULoad.",
        "percentunit",
        promql(f"host:cpu:utilisation5m{{{HOST}}}", "{{host}}"),
        steps=above(hosts.CPU_RATIO),
        maximum=1,
    )
    return Row(
        "Hosts",
        [
            links(cpu, {"Runbook HighCPULoad": runbook(settings, "HighCPULoad")}),
            graph(
                "Memory per VM/LXC",
                "Share of the memory that is neither free nor a cache that could be given back.",
                "percentunit",
                promql(f"host:memory:utilisation{{{HOST}}}", "{{host}}"),
                steps=above(hosts.MEMORY_RATIO),
                maximum=1,
            ),
            graph(
                "Load per processor",
                "Mean number of runnable or waiting tasks in 5 min for each processor; over 1 they queue.",
                "short",
                promql(
                    f"sum by (host) ({series('node_load5', HOST)})"
                    f" / count by (host) ({series('node_cpu_seconds_total', HOST, _IDLE)})",
                    "{{host}}",
                ),
            ),
            graph(
                "Clock offset",
                "How far the host's clock is from its time source.",
                "s",
                promql(f"abs({series('node_timex_offset_seconds', HOST)})", "{{host}}"),
                steps=above(hosts.CLOCK_SECONDS),
            ),
        ],
    )


def _disks() -> Row:
    free = series("node_filesystem_avail_bytes", *_FILESYSTEM)
    slope = f"predict_linear({free}[6h], 4 * 86400)"
    return Row(
        "Disks",
        [
            graph(
                "Disk used per VM/LXC",
                "Share of each file system that is used.",
                "percentunit",
                promql(_used_share(), "{{host}} {{mountpoint}}"),
                steps=above(DISK_LIMIT),
                maximum=1,
            ),
            listing(
                "File systems",
                "Free space now, and in 4 days if the last 6 h go on; under zero it will be full.",
                Column("Free", f"sum by (host, mountpoint) ({free})", "bytes"),
                Column("Free in 4 days", f"sum by (host, mountpoint) ({slope})", "bytes", below(0)),
            ),
            graph(
                "Disk busy",
                "Share of time in which a disk had work to do.",
                "percentunit",
                promql(rate("node_disk_io_time_seconds_total", HOST), "{{host}} {{device}}"),
                maximum=1,
            ),
            graph(
                "Disk throughput",
                "Bytes read and written per second.",
                "Bps",
                promql(f"sum by (host) ({rate('node_disk_read_bytes_total', HOST)})", "{{host}} read"),
                promql(f"sum by (host) ({rate('node_disk_written_bytes_total', HOST)})", "{{host}} written"),
            ),
        ],
    )


def _network() -> Row:
    received, sent = (f"node_network_{way}_bytes_total" for way in ("receive", "transmit"))
    return Row(
        "Network",
        [
            graph(
                "Network traffic",
                "Bytes received and sent per second, without loopback and container interfaces.",
                "Bps",
                promql(f"sum by (host) ({rate(received, *_DEVICE)})", "{{host}} in"),
                promql(f"sum by (host) ({rate(sent, *_DEVICE)})", "{{host}} out"),
            ),
            graph(
                "Network errors",
                "Packets per second that were received or sent with errors.",
                "pps",
                promql(f"sum by (host) ({rate('node_network_receive_errs_total', *_DEVICE)})", "{{host}} in"),
                promql(f"sum by (host) ({rate('node_network_transmit_errs_total', *_DEVICE)})", "{{host}} out"),
            ),
        ],
    )


def _containers() -> Row:
    named = (job("cadvisor"), HOST, 'name!=""')
    memory = series("container_memory_working_set_bytes", *named)
    return Row(
        "Containers on Docker hosts",
        [
            graph(
                "CPU per container",
                "Processors that a container keeps busy.",
                "short",
                promql(
                    f"sum by (host, name) ({rate('container_cpu_usage_seconds_total', *named)})", "{{host}} {{name}}"
                ),
            ),
            graph(
                "Memory per container",
                "Memory in use that cannot be given back.",
                "bytes",
                promql(f"sum by (host, name) ({memory})", "{{host}} {{name}}"),
            ),
        ],
    )


def _cluster() -> Row:
    restarts = "increase(" + series("kube_pod_container_status_restarts_total") + "[1h])"
    return Row(
        "Kubernetes and object storage",
        [
            graph(
                "Pods that are not ready",
                "Pods by namespace that are not ready, those that ended well left out.",
                "short",
                promql(
                    f"sum by (namespace) ({series('kube_pod_status_ready', _NOT_READY)}"
                    f" unless on (namespace, pod) ({series('kube_pod_status_phase', _ENDED)} == 1))",
                    "{{namespace}}",
                ),
                width=8,
            ),
            graph(
                "Restarts of containers",
                "Restarts in the last hour by namespace and pod.",
                "short",
                promql(f"sum by (namespace, pod) ({restarts}) > 0", "{{namespace}} {{pod}}"),
                width=8,
            ),
            graph(
                "Object storage used",
                "Share of MinIO's usable capacity that is taken.",
                "percentunit",
                promql(
                    f"1 - {series('minio_cluster_capacity_usable_free_bytes')}"
                    f" / {series('minio_cluster_capacity_usable_total_bytes')}",
                    "used",
                ),
                steps=above(1 - storage.FREE_RATIO),
                maximum=1,
                width=8,
            ),
        ],
    )
