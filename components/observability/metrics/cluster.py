"""Metrics of the Kubernetes cluster (MON-2)."""

from collections.abc import Sequence
from typing import Final

from components.observability.metrics.model import Emitter, Metric, same

CLUSTER: Final[Sequence[Emitter]] = (
    Emitter(
        "kubelet",
        ("kubelet",),
        (
            *same(
                "gauge",
                "namespace persistentvolumeclaim",
                "kubelet_volume_stats_available_bytes",
                "kubelet_volume_stats_capacity_bytes",
            ),
            Metric("kubelet_pleg_relist_duration_seconds", "histogram"),
            Metric("k3s_certificate_expiration_seconds", "gauge", ("subject", "usages")),
            Metric("k3s_etcd_snapshot_save_s3_duration_seconds", "histogram", ("status",)),
        ),
        "Of kubelet's histogram the buckets alone, of k3s' the count. What begins with `k3s` is of k3s, whose part the "
        "kubelet is.",
    ),
    Emitter(
        "kube-state-metrics",
        ("kube-state-metrics",),
        (
            *same("gauge", "namespace daemonset", "kube_daemonset_status_desired_number_scheduled"),
            *same("gauge", "namespace daemonset", "kube_daemonset_status_number_ready"),
            *same("gauge", "namespace deployment", "kube_deployment_spec_replicas"),
            *same("gauge", "namespace deployment", "kube_deployment_status_replicas_available"),
            *same("gauge", "namespace deployment condition status", "kube_deployment_status_condition"),
            *same(
                "gauge",
                "namespace horizontalpodautoscaler",
                "kube_horizontalpodautoscaler_spec_max_replicas",
                "kube_horizontalpodautoscaler_status_current_replicas",
            ),
            *same("gauge", "namespace lease", "kube_lease_renew_time"),
            *same("gauge", "namespace job_name condition", "kube_job_failed"),
            *same("gauge", "namespace job_name", "kube_job_status_active", "kube_job_status_start_time"),
            Metric(
                "kube_job_labels",
                "gauge",
                ("namespace", "job_name", "label_luxima_id_guarded_service", "label_luxima_id_guarded_slot"),
                "Labels of a Job that are let through by kube-state-metrics' allow-list",
            ),
            *same("gauge", "node condition status", "kube_node_status_condition"),
            *same("gauge", "node resource unit", "kube_node_status_allocatable"),
            *same("gauge", "node key effect", "kube_node_spec_taint"),
            *same("gauge", "namespace pod node created_by_kind created_by_name", "kube_pod_info"),
            *same(
                "gauge",
                "namespace pod container node resource unit",
                "kube_pod_container_resource_limits",
                "kube_pod_container_resource_requests",
            ),
            *same(
                "gauge", "namespace persistentvolumeclaim", "kube_persistentvolumeclaim_resource_requests_storage_bytes"
            ),
            *same("gauge", "namespace pod phase", "kube_pod_status_phase"),
            *same("gauge", "namespace pod condition", "kube_pod_status_ready"),
            *same("counter", "namespace pod container", "kube_pod_container_status_restarts_total"),
            *same(
                "gauge",
                "namespace pod container reason",
                "kube_pod_container_status_last_terminated_reason",
                "kube_pod_container_status_waiting_reason",
            ),
            *same("gauge", "namespace resourcequota resource type", "kube_resourcequota"),
            *same("gauge", "namespace statefulset", "kube_statefulset_replicas"),
            *same("gauge", "namespace statefulset", "kube_statefulset_status_replicas_ready"),
        ),
    ),
    Emitter(
        "API server",
        ("kube-apiserver",),
        (
            Metric("apiserver_client_certificate_expiration_seconds", "histogram"),
            Metric("apiserver_request_sli_duration_seconds", "histogram", ("verb", "scope", "resource")),
            Metric("apiserver_request_total", "counter", ("verb", "scope", "resource", "code")),
            Metric("apiserver_current_inflight_requests", "gauge", ("request_kind",)),
            Metric("aggregator_unavailable_apiservice", "gauge", ("name",)),
            Metric("leader_election_master_status", "gauge", ("name",)),
            Metric("scheduler_pending_pods", "gauge", ("queue",)),
            Metric("scheduler_schedule_attempts_total", "counter", ("result", "profile")),
        ),
        "With k3s, scheduler and controllers too, which run in its process. Of the latency the bounds 1, 5 and 30 s.",
    ),
    Emitter(
        "etcd",
        ("etcd",),
        (
            *same("gauge", "", "etcd_server_has_leader", "etcd_mvcc_db_total_size_in_bytes"),
            *same("gauge", "", "etcd_server_quota_backend_bytes"),
            *same("gauge", "Local Remote", "etcd_network_known_peers"),
            *same("counter", "", "etcd_server_leader_changes_seen_total", "etcd_server_proposals_failed_total"),
            *same(
                "histogram",
                "",
                "etcd_disk_wal_fsync_duration_seconds",
                "etcd_disk_backend_commit_duration_seconds",
            ),
        ),
        "Of histograms the buckets alone.",
    ),
    Emitter(
        "CoreDNS",
        ("coredns",),
        (
            *same("counter", "server zone type", "coredns_dns_requests_total"),
            *same("counter", "server zone rcode", "coredns_dns_responses_total"),
            *same("counter", "server type", "coredns_cache_hits_total"),
            *same("histogram", "server zone", "coredns_dns_request_duration_seconds"),
        ),
        "Of histograms the buckets alone.",
    ),
    Emitter(
        "cert-manager",
        ("cert-manager",),
        (
            *same(
                "gauge",
                "namespace name issuer_name",
                "certmanager_certificate_expiration_timestamp_seconds",
                "certmanager_certificate_renewal_timestamp_seconds",
            ),
            *same("gauge", "namespace name condition", "certmanager_certificate_ready_status"),
            *same("counter", "controller", "certmanager_controller_sync_error_count"),
            *same("counter", "host method status", "certmanager_http_acme_client_request_count"),
        ),
        "Scraped where the platform brings it (`edge.certificates.controller: chart`).",
    ),
)
