"""Jobs and metrics that have to be there: were they gone, other alerts would be blind."""

import re
from typing import Final

from settings import Settings

JOBS: Final = (
    "prometheus",
    "alertmanager",
    "alertmanager-record",
    "loki",
    "tempo",
    "grafana",
    "node",
    "cadvisor",
    "kubelet-cadvisor",
    "kube-state-metrics",
    "kube-apiserver",
    "pve",
    "pve-exporter",
    "postgres",
    "minio",
    "minio-buckets",
    "kubelet",
    "coredns",
    "log-agent",
    "blackbox-https",
    "blackbox-storage",
    "blackbox-dns",
    "blackbox-outside",
)
"""Jobs that have a target in every stack; services and gateways come and go, and have alerts of their own."""
_SIGNALS: Final = (
    "pg_up",
    "pve_up",
    "pve_disk_size_bytes",
    "pve_disk_usage_bytes",
    "node_cpu_seconds_total",
    "node_filesystem_avail_bytes",
    "node_filesystem_readonly",
    "node_filesystem_size_bytes",
    "kube_node_status_condition",
    "apiserver_request_sli_duration_seconds_bucket",
    "apiserver_request_sli_duration_seconds_count",
    "apiserver_request_total",
    "minio_cluster_nodes_offline_total",
    'probe_success{job="blackbox-https"}',
    'probe_success{job="blackbox-dns"}',
    'probe_success{job="blackbox-outside"}',
    "probe_ssl_earliest_cert_expiry",
    "prometheus_notifications_alertmanagers_discovered",
    "prometheus_notifications_dropped_total",
    'alertmanager_notifications_total{job="alertmanager"}',
    'alertmanager_notifications_failed_total{job="alertmanager"}',
    "loki_prometheus_notifications_dropped_total",
)
"""Metrics that a critical alert is made of: were they gone while their target is up, nobody would be told."""
_SIGNALS_OF_K3S: Final = (
    "etcd_server_has_leader",
    'kube_deployment_status_replicas_available{namespace="kube-system",deployment="coredns"}',
)
"""The same, of what k3s brings; another cluster has its name server and its etcd elsewhere."""
_SIGNALS_OF_BACKUPS: Final = ("backup_wal_pushed_timestamp_seconds", "pg_stat_archiver_failed_count")
"""The same, of a database that the stack brings and backs up."""
_HYPERVISORS: Final = 'absent(pve_cluster_info) and on () count(pve_up{id=~"node/.+"}) > 1'
"""The same, of a cluster of Proxmox; a host alone is none."""
_LEADERS: Final = "leader_election_master_status"
"""Told by an API server whose process is the scheduler's and the controllers' too; k3s tells of its certificates."""


def absent_jobs(settings: Settings) -> str:
    """The expression whose results are jobs without any target."""
    etcd = ["etcd"] if settings.kubernetes.mode == "k3s" else []
    return " or ".join(f'absent(up{{job="{job}"}})' for job in [*JOBS, *etcd])


def absent_metrics(settings: Settings) -> str:
    """The expression whose results are metrics, by the label `metric`, that nobody tells."""
    of_k3s = _SIGNALS_OF_K3S if settings.kubernetes.mode == "k3s" else ()
    missing = [f"absent({each})" for each in [*_SIGNALS, *of_k3s]]
    if settings.database.mode == "supabase" and settings.backup.image is not None:
        missing += [f"absent({each})" for each in _SIGNALS_OF_BACKUPS]
    missing.append(_HYPERVISORS)
    missing.append(f"absent({_LEADERS}) and on () k3s_certificate_expiration_seconds")
    named = r'label_replace({0}, "metric", "{1}", "", "")'
    return " or ".join(named.format(each, re.split("[(){]", each)[1]) for each in missing)
