"""Metrics of the database, the object storage, the gateways and the probes (MON-2)."""

from collections.abc import Sequence
from typing import Final

from components.observability.metrics.model import Emitter, same

BACKENDS: Final[Sequence[Emitter]] = (
    Emitter(
        "PostgreSQL exporter",
        ("postgres",),
        (
            *same("gauge", "", "pg_up", "pg_settings_max_connections"),
            *same("gauge", "datname", "pg_database_size_bytes"),
            *same("gauge", "datname mode", "pg_locks_count"),
            *same("gauge", "datname state wait_event_type wait_event", "pg_stat_activity_count"),
            *same("gauge", "datname state application_name backend_type", "pg_stat_activity_max_tx_duration"),
            *same(
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
            *same("counter", "", "pg_stat_archiver_failed_count"),
            *same("gauge", "application_name client_addr state", "pg_stat_replication_pg_wal_lsn_diff"),
        ),
    ),
    Emitter(
        "PostgreSQL exporter of the replica",
        ("postgres-replica",),
        tuple(same("counter", "upstream_host slot_name status", "pg_stat_wal_receiver_flushed_lsn")),
    ),
    Emitter(
        "image registry",
        ("registry",),
        tuple(same("counter", "handler code method", "registry_http_requests_total")),
    ),
    Emitter(
        "MinIO",
        ("minio", "minio-buckets"),
        (
            *same(
                "gauge",
                "bucket",
                "minio_bucket_quota_total_bytes",
                "minio_bucket_usage_object_total",
                "minio_bucket_usage_total_bytes",
            ),
            *same(
                "gauge",
                "",
                "minio_cluster_capacity_usable_free_bytes",
                "minio_cluster_capacity_usable_total_bytes",
                "minio_cluster_drive_offline_total",
                "minio_cluster_nodes_offline_total",
            ),
            *same("gauge", "pool set server", "minio_cluster_health_erasure_set_healing_drives"),
            *same("counter", "api server", "minio_s3_requests_5xx_errors_total", "minio_s3_requests_total"),
        ),
    ),
    Emitter(
        "Traefik",
        ("traefik",),
        (
            *same("counter", "entrypoint code method protocol", "traefik_entrypoint_requests_total"),
            *same("histogram", "entrypoint code method protocol", "traefik_entrypoint_request_duration_seconds"),
            *same("counter", "router service code method protocol", "traefik_router_requests_total"),
            *same("counter", "service code method protocol", "traefik_service_requests_total"),
            *same("histogram", "service code method protocol", "traefik_service_request_duration_seconds"),
            *same("gauge", "entrypoint protocol", "traefik_open_connections"),
            *same("gauge", "service url", "traefik_service_server_up"),
            *same("gauge", "", "traefik_config_last_reload_success"),
        ),
        "A router counts each request once, a service each attempt at it.",
    ),
    Emitter(
        "blackbox exporter",
        ("blackbox-https", "blackbox-storage", "blackbox-dns", "blackbox-outside", "blackbox-coolify"),
        tuple(
            same(
                "gauge",
                "",
                "probe_dns_serial",
                "probe_duration_seconds",
                "probe_ssl_earliest_cert_expiry",
                "probe_success",
            )
        ),
        "`instance` is the URL, name or name server that was probed; `probe_dns_serial` is of a question for a SOA.",
    ),
)
