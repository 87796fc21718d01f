"""The metrics that rules and dashboards speak of, by who emits them (MON-8); what the services owe is a contract.

Labels that scraping adds (`job`, `instance`, `environment`, `service_name`, and `slot`, `namespace`, `pod`, `host`
where there are such) are not repeated here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from settings.teams import Teams

Type = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True)
class Metric:
    """A metric as its emitter describes it."""

    name: str
    """Name; of a histogram without `_bucket`, `_sum` and `_count`."""
    type: Type
    """Kind of metric, as its `# TYPE` line says."""
    labels: tuple[str, ...] = ()
    """Labels that the emitter gives it."""
    means: str = ""
    """What it counts, where this platform defines it."""

    @property
    def series(self) -> tuple[str, ...]:
        """The names that a query can use."""
        if self.type == "histogram":
            return tuple(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))
        return (self.name,)


@dataclass(frozen=True)
class Emitter:
    """A program, or a kind of programs, that Prometheus reads metrics from."""

    name: str
    """What people call it."""
    jobs: tuple[str, ...]
    """Scrape jobs that read it; none for what Prometheus makes by itself."""
    metrics: tuple[Metric, ...]
    """What is used of it."""
    note: str = ""
    """What else there is to know."""


BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Upper bounds of the services' latency histogram, in seconds."""

_ROUTE: Final = ("method", "route")

SERVICES: Final = Emitter(
    "services",
    ("services",),
    (
        Metric("http_requests_total", "counter", (*_ROUTE, "code", "tenant_id"), "Requests answered"),
        Metric(
            "http_request_duration_seconds",
            "histogram",
            _ROUTE,
            f"Time to the last byte of the answer; bounds {', '.join(f'{bound:g}' for bound in BUCKETS)}; "
            "never with `tenant_id`",
        ),
        Metric("logins_total", "counter", ("result", "tenant_id"), "Logins; `result` is `success` or `failure`"),
        Metric("login_failures_total", "counter", ("reason",), "Why they failed: `password`, `mfa` or `locked`"),
        Metric("jwt_validation_errors_total", "counter", ("reason",), "Tokens that were refused"),
        Metric(
            "rls_violation_total", "counter", ("table", "tenant_id"), "Queries that row level security refused a tenant"
        ),
        Metric("role_changes_total", "counter", ("role",), "Roles given or taken"),
        Metric("plugin_usage_total", "counter", ("plugin", "tenant_id"), "Calls of a plugin"),
        Metric("active_tenants", "gauge", (), "Tenants with a request within the last 5 minutes"),
    ),
    "`route` is the pattern (`/orders/:id`), never the path. A counter whose labels are known beforehand starts at 0, "
    "so that its first step is seen.",
)
"""What every service has to emit at its metrics path."""

JOBS: Final = Emitter(
    "backup jobs",
    ("node",),
    (
        Metric(
            "backup_last_success_timestamp_seconds",
            "gauge",
            ("backup",),
            "When the last good backup ended; `backup` is `database`, `object_storage`, `deployment` or `logs`",
        ),
    ),
    "Written as files for the textfile collector of the node exporter, atomically: to another name, then renamed.",
)
"""What the platform's own jobs emit."""


RELEASES: Final = Emitter(
    "what the platform knows of its releases",
    (),
    (
        Metric("release_probation", "gauge", ("service", "slot"), "1 while a guard watches the release"),
        Metric("release_live_slot_info", "gauge", ("service", "slot"), "1 for the slot that users reach"),
    ),
    "Recorded by rules: from the guards' Jobs, and from what the primary name server answers.",
)
"""What is recorded of releases, under names of metrics."""


def _same(type_: Type, labels: str, *names: str) -> Iterator[Metric]:
    """Metrics of one type with the same labels."""
    for name in names:
        yield Metric(name, type_, tuple(labels.split()))


_MOUNT = "device fstype mountpoint"

EMITTERS: Final[Sequence[Emitter]] = (
    SERVICES,
    JOBS,
    RELEASES,
    Emitter(
        "Prometheus, of every scrape and every alert",
        (),
        (
            Metric("up", "gauge"),
            Metric("scrape_samples_post_metric_relabeling", "gauge"),
            *_same("gauge", "alertname alertstate severity", "ALERTS", "ALERTS_FOR_STATE"),
            Metric("scrape_duration_seconds", "gauge"),
        ),
    ),
    Emitter(
        "process and runtime of a program written in Go",
        ("prometheus", "alertmanager", "loki", "tempo", "traefik", "log-agent"),
        (
            *_same("gauge", "", "process_resident_memory_bytes", "process_start_time_seconds"),
            *_same("counter", "", "process_cpu_seconds_total"),
        ),
    ),
    Emitter(
        "Prometheus",
        ("prometheus",),
        (
            *_same(
                "gauge",
                "",
                "prometheus_config_last_reload_successful",
                "prometheus_notifications_alertmanagers_discovered",
                "prometheus_tsdb_head_series",
                "prometheus_tsdb_storage_blocks_bytes",
            ),
            *_same("gauge", "rule_group", "prometheus_rule_group_last_duration_seconds"),
            *_same("counter", "alertmanager", "prometheus_notifications_sent_total"),
            *_same(
                "counter",
                "",
                "prometheus_target_scrapes_exceeded_sample_limit_total",
                "prometheus_tsdb_compactions_failed_total",
                "prometheus_tsdb_head_samples_appended_total",
                "prometheus_tsdb_head_truncations_failed_total",
                "prometheus_tsdb_wal_corruptions_total",
            ),
            *_same("counter", "alertmanager", "prometheus_notifications_dropped_total"),
            *_same(
                "counter",
                "rule_group",
                "prometheus_rule_evaluation_failures_total",
                "prometheus_rule_group_iterations_missed_total",
            ),
            *_same(
                "counter",
                "remote_name url",
                "prometheus_remote_storage_samples_dropped_total",
                "prometheus_remote_storage_samples_failed_total",
            ),
            *_same("gauge", "remote_name url", "prometheus_remote_storage_queue_highest_sent_timestamp_seconds"),
        ),
    ),
    Emitter(
        "Alertmanager",
        ("alertmanager", "alertmanager-record"),
        (
            *_same("gauge", "", "alertmanager_cluster_members", "alertmanager_config_last_reload_successful"),
            *_same("gauge", "state", "alertmanager_alerts", "alertmanager_silences"),
            *_same("counter", "status", "alertmanager_alerts_received_total"),
            *_same("histogram", "integration", "alertmanager_notification_latency_seconds"),
            *_same("counter", "integration", "alertmanager_notifications_total"),
            *_same("counter", "integration reason", "alertmanager_notifications_failed_total"),
        ),
    ),
    Emitter(
        "Loki",
        ("loki",),
        (
            *_same("counter", "reason tenant", "loki_discarded_samples_total"),
            *_same(
                "counter",
                "",
                "loki_ingester_chunks_flush_failures_total",
                "loki_ingester_wal_disk_full_failures_total",
            ),
            *_same("gauge", "", "loki_compactor_apply_retention_last_successful_run_timestamp_seconds"),
            *_same("gauge", "tenant", "loki_ingester_memory_streams"),
            *_same(
                "counter", "tenant", "loki_distributor_bytes_received_total", "loki_distributor_lines_received_total"
            ),
            *_same("counter", "user alertmanager", "loki_prometheus_notifications_dropped_total"),
            *_same("counter", "user rule_group", "loki_prometheus_rule_evaluation_failures_total"),
            *_same("histogram", "method route status_code", "loki_request_duration_seconds"),
        ),
    ),
    Emitter(
        "log agent",
        ("log-agent",),
        tuple(
            Metric(f"{agent}_{name}_total", "counter", labels)
            for agent in ("loki_write", "promtail")
            for name, labels in {
                "batch_retries": ("host",),
                "dropped_entries": ("reason",),
                "sent_bytes": ("host",),
                "sent_entries": ("host",),
            }.items()
        ),
        "Names with `loki_write` are Alloy's, those with `promtail` are Promtail's.",
    ),
    Emitter(
        "Tempo",
        ("tempo",),
        (
            *_same("counter", "reason tenant", "tempo_discarded_spans_total"),
            *_same(
                "counter",
                "",
                "tempo_ingester_failed_flushes_total",
                "tempodb_blocklist_poll_errors_total",
                "tempodb_compaction_errors_total",
            ),
            *_same(
                "counter", "tenant", "tempo_distributor_bytes_received_total", "tempo_distributor_spans_received_total"
            ),
            *_same("gauge", "tenant", "tempo_ingester_live_traces", "tempodb_blocklist_length"),
            *_same("histogram", "method route status_code", "tempo_request_duration_seconds"),
            *_same(
                "counter",
                "client server",
                "traces_service_graph_request_total",
                "traces_service_graph_request_failed_total",
            ),
        ),
        "The service graph comes by remote write, from the metrics generator.",
    ),
    Emitter(
        "node exporter",
        ("node",),
        (
            *_same("counter", "cpu mode", "node_cpu_seconds_total"),
            *_same(
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
            *_same(
                "gauge",
                _MOUNT,
                "node_filesystem_avail_bytes",
                "node_filesystem_files",
                "node_filesystem_files_free",
                "node_filesystem_readonly",
                "node_filesystem_size_bytes",
            ),
            *_same("gauge", "collector", "node_scrape_collector_success"),
            Metric("node_systemd_unit_state", "gauge", ("name", "state"), "1 while the unit is in that state"),
            *_same(
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
            *_same("counter", "name cpu", "container_cpu_usage_seconds_total"),
            *_same("counter", "name", "container_cpu_cfs_periods_total", "container_cpu_cfs_throttled_periods_total"),
            *_same(
                "counter",
                "name interface",
                "container_network_receive_bytes_total",
                "container_network_transmit_bytes_total",
            ),
            *_same("gauge", "name", "container_memory_working_set_bytes"),
        ),
        "On Docker hosts a container of its own, on cluster nodes inside the kubelet. Label `name` is the first twelve "
        "digits of the container's id, as `docker ps` prints them.",
    ),
    Emitter(
        "kubelet",
        ("kubelet",),
        (
            *_same(
                "gauge",
                "namespace persistentvolumeclaim",
                "kubelet_volume_stats_available_bytes",
                "kubelet_volume_stats_capacity_bytes",
            ),
            Metric("kubelet_pleg_relist_duration_seconds", "histogram"),
            Metric("k3s_certificate_expiration_seconds", "gauge", ("subject", "usages")),
        ),
        "Of histograms the buckets alone. What begins with `k3s` is of k3s, whose part the kubelet is.",
    ),
    Emitter(
        "kube-state-metrics",
        ("kube-state-metrics",),
        (
            *_same("gauge", "namespace daemonset", "kube_daemonset_status_desired_number_scheduled"),
            *_same("gauge", "namespace daemonset", "kube_daemonset_status_number_ready"),
            *_same("gauge", "namespace deployment", "kube_deployment_spec_replicas"),
            *_same("gauge", "namespace deployment", "kube_deployment_status_replicas_available"),
            *_same("gauge", "namespace deployment condition status", "kube_deployment_status_condition"),
            *_same(
                "gauge",
                "namespace horizontalpodautoscaler",
                "kube_horizontalpodautoscaler_spec_max_replicas",
                "kube_horizontalpodautoscaler_status_current_replicas",
            ),
            *_same("gauge", "namespace job_name condition", "kube_job_failed"),
            *_same("gauge", "namespace job_name", "kube_job_status_active"),
            Metric(
                "kube_job_labels",
                "gauge",
                ("namespace", "job_name", "label_luxima_id_guarded_service", "label_luxima_id_guarded_slot"),
                "Labels of a Job that are let through by kube-state-metrics' allow-list",
            ),
            *_same("gauge", "node condition status", "kube_node_status_condition"),
            *_same("gauge", "node resource unit", "kube_node_status_allocatable"),
            *_same("gauge", "node key effect", "kube_node_spec_taint"),
            *_same("gauge", "namespace pod node created_by_kind created_by_name", "kube_pod_info"),
            *_same(
                "gauge",
                "namespace pod container node resource unit",
                "kube_pod_container_resource_limits",
                "kube_pod_container_resource_requests",
            ),
            *_same(
                "gauge", "namespace persistentvolumeclaim", "kube_persistentvolumeclaim_resource_requests_storage_bytes"
            ),
            *_same("gauge", "namespace pod phase", "kube_pod_status_phase"),
            *_same("gauge", "namespace pod condition", "kube_pod_status_ready"),
            *_same("counter", "namespace pod container", "kube_pod_container_status_restarts_total"),
            *_same(
                "gauge",
                "namespace pod container reason",
                "kube_pod_container_status_last_terminated_reason",
                "kube_pod_container_status_waiting_reason",
            ),
            *_same("gauge", "namespace resourcequota resource type", "kube_resourcequota"),
            *_same("gauge", "namespace statefulset", "kube_statefulset_replicas"),
            *_same("gauge", "namespace statefulset", "kube_statefulset_status_replicas_ready"),
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
            *_same("gauge", "", "etcd_server_has_leader", "etcd_mvcc_db_total_size_in_bytes"),
            *_same("gauge", "", "etcd_server_quota_backend_bytes"),
            *_same("gauge", "Local Remote", "etcd_network_known_peers"),
            *_same("counter", "", "etcd_server_leader_changes_seen_total", "etcd_server_proposals_failed_total"),
            *_same(
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
            *_same("counter", "server zone type", "coredns_dns_requests_total"),
            *_same("counter", "server zone rcode", "coredns_dns_responses_total"),
            *_same("counter", "server type", "coredns_cache_hits_total"),
            *_same("histogram", "server zone", "coredns_dns_request_duration_seconds"),
        ),
        "Of histograms the buckets alone.",
    ),
    Emitter(
        "cert-manager",
        ("cert-manager",),
        (
            *_same(
                "gauge",
                "namespace name issuer_name",
                "certmanager_certificate_expiration_timestamp_seconds",
                "certmanager_certificate_renewal_timestamp_seconds",
            ),
            *_same("gauge", "namespace name condition", "certmanager_certificate_ready_status"),
            *_same("counter", "controller", "certmanager_controller_sync_error_count"),
            *_same("counter", "host method status", "certmanager_http_acme_client_request_count"),
        ),
        "Scraped where the platform brings it (`edge.certificates.controller: chart`).",
    ),
    Emitter(
        "PostgreSQL exporter",
        ("postgres",),
        (
            *_same("gauge", "", "pg_up", "pg_replication_lag_seconds", "pg_settings_max_connections"),
            *_same("gauge", "datname", "pg_database_size_bytes"),
            *_same("gauge", "datname mode", "pg_locks_count"),
            *_same("gauge", "datname state wait_event_type wait_event", "pg_stat_activity_count"),
            *_same("gauge", "datname state", "pg_stat_activity_max_tx_duration"),
            *_same(
                "counter",
                "datname",
                "pg_stat_database_active_time_seconds_total",
                "pg_stat_database_blks_hit",
                "pg_stat_database_blks_read",
                "pg_stat_database_deadlocks",
                "pg_stat_database_temp_bytes",
                "pg_stat_database_tup_fetched",
                "pg_stat_database_tup_returned",
                "pg_stat_database_xact_commit",
                "pg_stat_database_xact_rollback",
            ),
            *_same("gauge", "application_name client_addr state", "pg_stat_replication_pg_wal_lsn_diff"),
        ),
    ),
    Emitter(
        "MinIO",
        ("minio",),
        (
            *_same(
                "gauge",
                "",
                "minio_cluster_capacity_usable_free_bytes",
                "minio_cluster_capacity_usable_total_bytes",
                "minio_cluster_drive_offline_total",
                "minio_cluster_nodes_offline_total",
            ),
            *_same("counter", "api server", "minio_s3_requests_5xx_errors_total", "minio_s3_requests_total"),
        ),
    ),
    Emitter(
        "Traefik",
        ("traefik",),
        (
            *_same("counter", "entrypoint code method protocol", "traefik_entrypoint_requests_total"),
            *_same("histogram", "entrypoint code method protocol", "traefik_entrypoint_request_duration_seconds"),
            *_same("counter", "service code method protocol", "traefik_service_requests_total"),
            *_same("histogram", "service code method protocol", "traefik_service_request_duration_seconds"),
            *_same("gauge", "entrypoint protocol", "traefik_open_connections"),
            *_same("gauge", "service url", "traefik_service_server_up"),
            *_same("gauge", "", "traefik_config_last_reload_success"),
        ),
    ),
    Emitter(
        "blackbox exporter",
        ("blackbox-https", "blackbox-dns"),
        tuple(_same("gauge", "", "probe_duration_seconds", "probe_ssl_earliest_cert_expiry", "probe_success")),
        "`instance` is the URL or name that was probed.",
    ),
)
"""Everyone, in the order of the reference."""

_INTRODUCTION: Final = """\
# Metrics

<!-- Made by `components.observability.metrics.reference()`; do not edit. -->

Every metric that a rule or a dashboard uses, and who emits it. For *services* and *backup and release jobs* this is a
contract: their developers emit these names, types and labels. Prometheus adds `environment` and `service_name` to every
series, `slot`, `namespace` and `pod` to those of pods, `host` to those of hosts.
"""


def names(teams: Teams | None = None) -> frozenset[str]:
    """Every name that a query may use, with what the services of `teams` emit besides."""
    own = [Metric(each.name, each.type) for team in (teams or {}).values() for each in team.rules.metrics]
    emitted = [metric for emitter in EMITTERS for metric in emitter.metrics]
    return frozenset(name for metric in (*own, *emitted) for name in metric.series)


def reference() -> str:
    """The page `docs/reference/metrics.md`."""
    return "\n".join([_INTRODUCTION, *(_section(emitter) for emitter in EMITTERS)])


def _section(emitter: Emitter) -> str:
    jobs = f"Scraped by {', '.join(f'`{job}`' for job in emitter.jobs)}." if emitter.jobs else "Not scraped."
    told = any(metric.means for metric in emitter.metrics)
    head = "| name | type | labels |" + (" meaning |" if told else "")
    lines = [
        f"## {emitter.name[0].upper()}{emitter.name[1:]}\n",
        f"{jobs} {emitter.note}".rstrip() + "\n",
        head,
        "|---|---|---|" + ("---|" if told else ""),
        *(_row(metric, told) for metric in emitter.metrics),
    ]
    return "\n".join(lines) + "\n"


def _row(metric: Metric, told: bool) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels) or "none"
    return f"| `{metric.name}` | {metric.type} | {labels} |" + (f" {metric.means} |" if told else "")
