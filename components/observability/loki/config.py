"""loki.yaml and its file of limits per tenant, for Loki 3.7 (LOG-1, LOG-2, LOG-6, SEC-5).

Neither holds a secret or a `${…}`: the key of the object storage is read from the environment variables
AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, which the S3 client knows by itself.
"""

from math import ceil
from typing import Any, Final

from components.kubernetes import authority_path
from components.observability.loki.tenants import AUDIT_TENANT, CLASSES
from components.programs import ALERTMANAGER, ALERTMANAGER_RECORD, LOKI
from settings import Settings
from settings.capacity import max_streams

DATA: Final = "/loki"
"""Where the volume is mounted: WAL, index, the compactor's files."""
RULES: Final = "/etc/loki/rules"
"""One folder of rule files for each tenant."""
OVERRIDES: Final = "/etc/loki/overrides.yaml"

SCHEMA_FROM: Final = "2025-01-01"
"""First day of the schema; before any log line of this platform. A new schema is a new entry, never a change here."""
REPLICATION: Final = 3
"""Copies of a line in mode `ha`: one may be lost while another restarts."""
PEAK: Final = 8
"""Bytes of the busiest second per byte of the day's average: a burst of errors multiplies what services write."""
AUDIT_STREAMS: Final = 1_000
"""Streams of the audit tenant: it has few services, and its lines come without a tenant of the shop."""
GIB_PER_DAY_TO_MIB_PER_SECOND: Final = 1024 / 86_400


def config(settings: Settings) -> dict[str, Any]:
    """loki.yaml."""
    room = settings.observability
    ha = room.loki.mode == "ha"
    return {
        "auth_enabled": True,
        "server": {
            "http_listen_port": LOKI.port,
            "grpc_listen_port": LOKI.ports["grpc"],
            "log_level": "info",
            "log_format": "json",
            # A little longer than limits_config.query_timeout, so that a slow query ends with its own error.
            "http_server_read_timeout": "130s",
            "http_server_write_timeout": "130s",
            "grpc_server_max_recv_msg_size": 16 * 1024 * 1024,
            "grpc_server_max_send_msg_size": 16 * 1024 * 1024,
        },
        "common": {
            "path_prefix": DATA,
            "replication_factor": REPLICATION if ha else 1,
            "ring": {"kvstore": {"store": "memberlist" if ha else "inmemory"}},
            "storage": {"s3": _bucket(settings)},
        },
        **({"memberlist": _memberlist(settings)} if ha else {}),
        "schema_config": {
            "configs": [
                {
                    "from": SCHEMA_FROM,
                    "store": "tsdb",
                    "object_store": "s3",
                    "schema": "v13",
                    "index": {"prefix": "index_", "period": "24h"},
                }
            ]
        },
        "storage_config": {
            "tsdb_shipper": {"active_index_directory": f"{DATA}/index", "cache_location": f"{DATA}/index-cache"}
        },
        "ingester": _ingester(settings),
        "compactor": {
            # In mode `ha` the ring elects one of the pods; the others keep their compactor idle.
            "working_directory": f"{DATA}/compactor",
            "compaction_interval": "10m",
            "retention_enabled": True,
            "retention_delete_delay": "2h",
            "delete_request_store": "s3",
        },
        "ruler": _ruler(settings),
        "runtime_config": {"file": OVERRIDES, "period": "30s"},
        "limits_config": _limits(settings),
        "analytics": {"reporting_enabled": False},
    }


def overrides(settings: Settings) -> dict[str, Any]:
    """Limits of the tenants that differ, read again every 30 s."""
    period = _days(settings.retention.logs.audit_days)
    return {
        "overrides": {
            AUDIT_TENANT: {
                "retention_period": period,
                # A list of its own disables the classes of limits_config, which are shorter.
                "retention_stream": [{"selector": '{class=~".+"}', "priority": 1, "period": period}],
                "max_global_streams_per_user": AUDIT_STREAMS,
            }
        }
    }


def alertmanagers(settings: Settings) -> list[str]:
    """URLs of every Alertmanager: each replica, since they share silences but not alerts, and the recording one."""
    room = settings.observability
    replicas = [
        f"http://{ALERTMANAGER.pod_host(room.namespace, index)}:{ALERTMANAGER.port}"
        for index in range(room.alertmanager.replicas)
    ]
    return [*replicas, ALERTMANAGER_RECORD.url(room.namespace)]


def _bucket(settings: Settings) -> dict[str, Any]:
    """The object storage, over TLS, encrypted with the bucket's AES-256 key (SEC-5)."""
    ca = authority_path(settings)
    return {
        "endpoint": f"https://{settings.storage.endpoint}",
        "bucketnames": settings.storage.bucket_name("loki"),
        "region": settings.storage.region,
        "s3forcepathstyle": True,
        "insecure": False,
        "sse": {"type": "SSE-S3"},
        "http_config": {"timeout": "60s", "insecure_skip_verify": False, **({"ca_file": ca} if ca else {})},
        # For reads alone, also of what was never written, as at the first start. A read waits 9 to 17 s for an object
        # storage that restarts; a query is tried five times.
        "backoff_config": {"min_period": "250ms", "max_period": "2s", "max_retries": 10},
    }


def _memberlist(settings: Settings) -> dict[str, Any]:
    namespace = settings.observability.namespace
    return {
        "bind_port": LOKI.ports["gossip"],
        "join_members": [f"dns+{LOKI.headless}.{namespace}.svc.cluster.local:{LOKI.ports['gossip']}"],
        "abort_if_cluster_join_fails": False,
        # Keeps pods of another stack out that got one of these addresses later on.
        "cluster_label": f"loki-{settings.environment.name}",
        "rejoin_interval": "1m",
    }


def _ingester(settings: Settings) -> dict[str, Any]:
    """Chunks are stored in time: the limit less a sixth, which the check, the upload and the index need (LOG-6)."""
    limit = settings.backup.log_flush_max_minutes * 60
    return {
        "chunk_encoding": "snappy",
        "chunk_idle_period": f"{limit // 2}s",
        "max_chunk_age": f"{limit * 5 // 6}s",
        "flush_check_period": "15s",
        "autoforget_unhealthy": True,
        "wal": {
            "enabled": True,
            "dir": f"{DATA}/wal",
            "flush_on_shutdown": True,
            "replay_memory_ceiling": f"{settings.observability.loki.memory_mib // 2}MB",
        },
    }


def _ruler(settings: Settings) -> dict[str, Any]:
    return {
        "storage": {"type": "local", "local": {"directory": RULES}},
        "rule_path": f"{DATA}/rules-scratch",
        "wal": {"dir": f"{DATA}/ruler-wal"},
        "evaluation_interval": "1m",
        "enable_api": True,
        "enable_sharding": settings.observability.loki.mode == "ha",
        "alertmanager_url": ",".join(alertmanagers(settings)),
        "enable_alertmanager_v2": True,
        "external_url": f"https://{settings.environment.grafana_host}",
        "datasource_uid": "loki",
        "external_labels": {"environment": settings.environment.label, "platform": "luxima"},
        "remote_write": {"enabled": False},
    }


def _limits(settings: Settings) -> dict[str, Any]:
    """Limits of every tenant without others in the overrides."""
    rate = max(4, ceil(settings.observability.load.log_gib_per_day * GIB_PER_DAY_TO_MIB_PER_SECOND * PEAK))
    days: dict[str, int] = settings.retention.logs.model_dump()
    return {
        "retention_period": _days(days["default_days"]),
        "retention_stream": [
            {"selector": f'{{class="{name}"}}', "priority": 1, "period": _days(days[f"{name}_days"])}
            for name in CLASSES
        ],
        # Retention does all deleting: nobody takes single lines out, not even of the audit trail. Loki then logs an
        # error with every query, "deletion is not available for this tenant": its querier asks all the same.
        "deletion_mode": "disabled",
        "max_global_streams_per_user": max_streams(settings),
        "ingestion_rate_strategy": "global",
        "ingestion_rate_mb": rate,
        "ingestion_burst_size_mb": rate * 2,
        "per_stream_rate_limit": "4MB",
        "per_stream_rate_limit_burst": "16MB",
        "max_line_size": "256KB",
        "max_line_size_truncate": True,
        "max_label_names_per_series": 8,
        "max_label_value_length": 128,
        "reject_old_samples": True,
        # An agent that could not push over a weekend still gets rid of its lines.
        "reject_old_samples_max_age": "72h",
        "creation_grace_period": "10m",
        "discover_service_name": [],
        "discover_log_levels": False,
        "allow_structured_metadata": True,
        "volume_enabled": True,
        "query_timeout": "2m",
        "max_query_length": _days(settings.retention.longest_log_days + 1),
        "max_query_series": 2_000,
        "split_queries_by_interval": "1h",
    }


def _days(days: int) -> str:
    """Days as Loki writes durations."""
    return f"{days * 24}h"
