"""What else is scraped of the cluster itself, and which of its many series are kept (MON-1)."""

import re
from collections.abc import Iterator
from typing import Final

from components.flows import CERT_MANAGER, CERT_MANAGER_METRICS, CLUSTER_DNS_METRICS, ETCD_METRICS
from components.observability.prometheus.parts import Job, copied, job, keep, kept_metrics
from settings import Settings

KUBELET: Final = (
    "kubelet_volume_stats_.*|kubelet_pleg_relist_duration_seconds_bucket|k3s_certificate_expiration_seconds|"
    "k3s_etcd_snapshot_save_s3_duration_seconds_count"
)
"""What rules ask of a kubelet; on a server of k3s it says all that the control plane says, too."""
_API_HISTOGRAMS: Final = (
    "(apiserver_(admission|authentication|authorization|cel|flowcontrol|request|response|storage|watch)|etcd|"
    "rest_client|scheduler|workqueue)_.*_bucket"
)
_API_LATENCY: Final = "apiserver_request_sli_duration_seconds_bucket;(1|5|30)([.]0)?"
"""The bounds within which Kubernetes promises an answer; `rules.control_plane`."""
_ETCD: Final = (
    "etcd_server_(has_leader|leader_changes_seen_total|proposals_failed_total|quota_backend_bytes)|"
    "etcd_mvcc_db_total_size_in_bytes|etcd_network_(known_peers|peer_round_trip_time_seconds_bucket)|"
    "etcd_disk_(wal_fsync|backend_commit)_duration_seconds_bucket"
)
_CLUSTER_DNS: Final = (
    "coredns_(dns_(requests|responses)_total|dns_request_duration_seconds_bucket|cache_(hits|misses)_total)"
)
_MARK: Final = "__tmp_kept"


def jobs(settings: Settings) -> Iterator[Job]:
    """etcd, the cluster's name server, and cert-manager where the platform brings it."""
    if settings.kubernetes.mode == "k3s":
        yield _etcd(settings)
    yield job(
        settings,
        "coredns",
        {
            "kubernetes_sd_configs": [{"role": "pod", "namespaces": {"names": ["kube-system"]}}],
            "relabel_configs": [
                keep("__meta_kubernetes_pod_label_k8s_app", "kube-dns"),
                keep("__meta_kubernetes_pod_container_port_number", str(CLUSTER_DNS_METRICS)),
                copied("__meta_kubernetes_pod_name", "pod"),
            ],
            "metric_relabel_configs": [kept_metrics("keep", _CLUSTER_DNS)],
        },
    )
    if settings.edge.certificates.controller == "chart":
        yield job(
            settings,
            "cert-manager",
            {
                "kubernetes_sd_configs": [{"role": "pod", "namespaces": {"names": [CERT_MANAGER.namespace]}}],
                "relabel_configs": [
                    keep("__meta_kubernetes_pod_container_port_number", str(CERT_MANAGER_METRICS)),
                    copied("__meta_kubernetes_pod_label_app_kubernetes_io_name", "part"),
                    copied("__meta_kubernetes_pod_name", "pod"),
                ],
                "metric_relabel_configs": [kept_metrics("keep", "certmanager_.*")],
            },
        )


def _etcd(settings: Settings) -> Job:
    """Where the API servers are, etcd is; its metrics ask nobody who he is (k3s: `etcd-expose-metrics`)."""
    return job(
        settings,
        "etcd",
        {
            "kubernetes_sd_configs": [{"role": "endpointslice", "namespaces": {"names": ["default"]}}],
            "relabel_configs": [
                keep("__meta_kubernetes_service_name", "kubernetes"),
                keep("__meta_kubernetes_endpointslice_port_name", "https"),
                *hosts_of_servers(settings),
                copied("__address__", "__address__", regex="(.+):[0-9]+", replacement=f"$1:{ETCD_METRICS}"),
            ],
            "metric_relabel_configs": [kept_metrics("keep", _ETCD)],
        },
    )


def hosts_of_servers(settings: Settings) -> list[Job]:
    """The API server's targets have an address alone; whose it is, the settings know."""
    if settings.kubernetes.mode == "existing":
        return []
    return [
        copied("__address__", "host", regex=f"{re.escape(vm.address)}:.*", replacement=name)
        for name, vm in settings.compute.by_role("k3s_server").items()
    ]


def kept_of_api_server() -> list[Job]:
    """Its histograms by resource and verb are most of its series: of all that, three bounds of one are asked for."""
    return [
        {"source_labels": ["__name__", "le"], "regex": _API_LATENCY, "target_label": _MARK, "replacement": "yes"},
        {"source_labels": [_MARK, "__name__"], "regex": f";{_API_HISTOGRAMS}", "action": "drop"},
        {"regex": _MARK, "action": "labeldrop"},
    ]


def kept_of_units() -> list[Job]:
    """Each unit of systemd has a series for each state; one says all that there is to tell: whether it has failed."""
    other = "node_systemd_unit_state;(activating|active|deactivating|inactive)"
    return [{"source_labels": ["__name__", "state"], "regex": other, "action": "drop"}]
