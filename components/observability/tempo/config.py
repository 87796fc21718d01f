"""tempo.yaml, for Tempo 2.9: traces over OTLP, kept in the object storage, and metrics made from them (MON-4, SEC-5).

No secret and no `${…}`: the key of the object storage is read from the environment variables AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY, which the S3 client knows by itself.
"""

from typing import Any, Final

from components.kubernetes import authority_path
from components.programs import PROMETHEUS, TEMPO
from settings import Settings
from settings.capacity.traces import SPAN_BYTES

DATA: Final = "/var/tempo"
"""Where the volume is mounted: WAL and blocks that are not stored yet."""

PEAK: Final = 4
"""Bytes of the busiest second per byte of the busiest time of a usual day; what is above is refused, and counted."""
SERIES: Final = 30_000
"""Series at most that the metrics generator makes; each is one more for Prometheus."""
TRACE_BYTES: Final = 5_000_000
"""Largest trace; a loop that never ends does not fill the memory."""


def config(settings: Settings) -> dict[str, Any]:
    """tempo.yaml."""
    room = settings.observability
    return {
        "stream_over_http_enabled": True,
        "multitenancy_enabled": False,
        "server": {
            "http_listen_port": TEMPO.port,
            "grpc_listen_port": TEMPO.ports["grpc"],
            "log_level": "info",
            "log_format": "json",
        },
        "distributor": {
            "receivers": {
                "otlp": {
                    "protocols": {
                        # Without an address the receivers listen on localhost only.
                        "grpc": {"endpoint": f"0.0.0.0:{TEMPO.ports['otlp-grpc']}"},
                        "http": {"endpoint": f"0.0.0.0:{TEMPO.ports['otlp-http']}"},
                    }
                }
            }
        },
        **(_memberlist(settings) if room.tempo.replicas > 1 else {}),
        "ingester": {"max_block_duration": "30m", "complete_block_timeout": "30m"},
        "compactor": {
            "compaction": {
                "block_retention": f"{settings.retention.traces_days * 24}h",
                "compacted_block_retention": "1h",
            }
        },
        "metrics_generator": _metrics(settings),
        "storage": {
            "trace": {
                "backend": "s3",
                "s3": {
                    "bucket": settings.storage.bucket_name("tempo"),
                    "endpoint": settings.storage.endpoint,
                    "region": settings.storage.region,
                    "forcepathstyle": True,
                    "insecure": False,
                    "tls_insecure_skip_verify": False,
                    **({"tls_ca_path": ca} if (ca := authority_path(settings)) else {}),
                    "sse": {"type": "SSE-S3"},
                },
                "wal": {"path": f"{DATA}/wal"},
                "local": {"path": f"{DATA}/blocks"},
            }
        },
        "overrides": {
            "defaults": {
                "ingestion": {
                    "rate_strategy": "local",
                    "rate_limit_bytes": _rate(settings),
                    "burst_size_bytes": 2 * _rate(settings),
                    "max_traces_per_user": 100_000,
                },
                "global": {"max_bytes_per_trace": TRACE_BYTES},
                "metrics_generator": {"processors": ["service-graphs", "span-metrics"], "max_active_series": SERIES},
            }
        },
        "usage_report": {"reporting_enabled": False},
    }


def _rate(settings: Settings) -> int:
    """Bytes a second that one pod takes in at most."""
    return max(1_000_000, int(settings.observability.load.spans_per_second * SPAN_BYTES * PEAK))


def _memberlist(settings: Settings) -> dict[str, Any]:
    namespace = settings.observability.namespace
    return {
        "memberlist": {
            "bind_port": TEMPO.ports["gossip"],
            "join_members": [f"dns+{TEMPO.headless}.{namespace}.svc.cluster.local:{TEMPO.ports['gossip']}"],
            "abort_if_cluster_join_fails": False,
            "cluster_label": f"tempo-{settings.environment.name}",
        }
    }


def _metrics(settings: Settings) -> dict[str, Any]:
    """Service graph and span metrics; Prometheus has to run with --web.enable-remote-write-receiver."""
    namespace = settings.observability.namespace
    prometheus = (
        f"http://{PROMETHEUS.pod_host(namespace, index)}:{PROMETHEUS.port}/api/v1/write"
        for index in range(settings.observability.prometheus.replicas)
    )
    return {
        "registry": {
            "collection_interval": f"{settings.observability.scrape_interval_seconds}s",
            "stale_duration": "15m",
            "external_labels": {"environment": settings.environment.label, "source": "tempo"},
        },
        "processor": {
            "service_graphs": {"wait": "10s", "max_items": 20_000},
            "span_metrics": {
                "enable_target_info": False,
                # The instance would make a series of its own for each pod that ever was.
                "enable_instance_label": False,
            },
        },
        "storage": {
            "path": f"{DATA}/generator",
            "remote_write": [{"url": url, "send_exemplars": True} for url in prometheus],
            "remote_write_add_org_id_header": False,
        },
    }
