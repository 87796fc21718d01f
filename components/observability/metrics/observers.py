"""Metrics of the programs that observe (MON-5)."""

from collections.abc import Sequence
from typing import Final

from components.observability.metrics.model import Emitter, Metric, same

OBSERVERS: Final[Sequence[Emitter]] = (
    Emitter(
        "Prometheus, of every scrape and every alert",
        (),
        (
            Metric("up", "gauge"),
            Metric("scrape_samples_post_metric_relabeling", "gauge"),
            *same("gauge", "alertname alertstate severity", "ALERTS", "ALERTS_FOR_STATE"),
            Metric("scrape_duration_seconds", "gauge"),
        ),
    ),
    Emitter(
        "process and runtime of a program written in Go",
        ("prometheus", "alertmanager", "loki", "tempo", "traefik", "log-agent"),
        (
            *same("gauge", "", "process_resident_memory_bytes", "process_start_time_seconds"),
            *same("counter", "", "process_cpu_seconds_total"),
        ),
    ),
    Emitter(
        "Prometheus",
        ("prometheus",),
        (
            *same(
                "gauge",
                "",
                "prometheus_config_last_reload_successful",
                "prometheus_notifications_alertmanagers_discovered",
                "prometheus_tsdb_head_series",
                "prometheus_tsdb_storage_blocks_bytes",
            ),
            *same("gauge", "rule_group", "prometheus_rule_group_last_duration_seconds"),
            *same("counter", "alertmanager", "prometheus_notifications_sent_total"),
            *same(
                "counter",
                "",
                "prometheus_target_scrapes_exceeded_sample_limit_total",
                "prometheus_tsdb_compactions_failed_total",
                "prometheus_tsdb_head_samples_appended_total",
                "prometheus_tsdb_head_truncations_failed_total",
                "prometheus_tsdb_wal_corruptions_total",
            ),
            *same("counter", "alertmanager", "prometheus_notifications_dropped_total"),
            *same(
                "counter",
                "rule_group",
                "prometheus_rule_evaluation_failures_total",
                "prometheus_rule_group_iterations_missed_total",
            ),
            *same(
                "counter",
                "remote_name url",
                "prometheus_remote_storage_samples_dropped_total",
                "prometheus_remote_storage_samples_failed_total",
            ),
            *same("gauge", "remote_name url", "prometheus_remote_storage_queue_highest_sent_timestamp_seconds"),
        ),
    ),
    Emitter(
        "Alertmanager",
        ("alertmanager", "alertmanager-record"),
        (
            *same("gauge", "", "alertmanager_cluster_members", "alertmanager_config_last_reload_successful"),
            *same("gauge", "state", "alertmanager_alerts", "alertmanager_silences"),
            *same("counter", "status", "alertmanager_alerts_received_total"),
            *same("histogram", "integration", "alertmanager_notification_latency_seconds"),
            *same("counter", "integration", "alertmanager_notifications_total"),
            *same("counter", "integration reason", "alertmanager_notifications_failed_total"),
        ),
    ),
    Emitter(
        "Loki",
        ("loki",),
        (
            *same("counter", "reason tenant", "loki_discarded_samples_total"),
            *same(
                "counter",
                "",
                "loki_ingester_chunks_flush_failures_total",
                "loki_ingester_wal_disk_full_failures_total",
            ),
            *same("gauge", "", "loki_compactor_apply_retention_last_successful_run_timestamp_seconds"),
            *same("gauge", "tenant", "loki_ingester_memory_streams"),
            *same(
                "counter", "tenant", "loki_distributor_bytes_received_total", "loki_distributor_lines_received_total"
            ),
            *same("counter", "user alertmanager", "loki_prometheus_notifications_dropped_total"),
            *same("counter", "user rule_group", "loki_prometheus_rule_evaluation_failures_total"),
            *same("histogram", "method route status_code", "loki_request_duration_seconds"),
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
            *same("counter", "reason tenant", "tempo_discarded_spans_total"),
            *same(
                "counter",
                "",
                "tempo_ingester_failed_flushes_total",
                "tempodb_blocklist_poll_errors_total",
                "tempodb_compaction_errors_total",
            ),
            *same(
                "counter", "tenant", "tempo_distributor_bytes_received_total", "tempo_distributor_spans_received_total"
            ),
            *same("gauge", "tenant", "tempo_ingester_live_traces", "tempodb_blocklist_length"),
            *same("histogram", "method route status_code", "tempo_request_duration_seconds"),
            *same(
                "counter",
                "client server",
                "traces_service_graph_request_total",
                "traces_service_graph_request_failed_total",
            ),
        ),
        "The service graph comes by remote write, from the metrics generator.",
    ),
)
