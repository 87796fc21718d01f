"""Prometheus and Alertmanager: whether what watches is well itself."""

from components.observability.grafana.board import Board, Row
from components.observability.grafana.dashboards.parts import curves, failed, figures, latency, process
from components.observability.grafana.names import job, rate, series
from components.observability.grafana.panels import NONE_WANTED, PLAIN, above
from components.observability.rules import monitoring
from settings import Settings


def boards(_: Settings) -> list[Board]:
    """One for each."""
    return [_prometheus(), _alertmanager()]


def _prometheus() -> Board:
    target = job("prometheus")
    missed = "prometheus_rule_group_iterations_missed_total"
    return Board(
        uid="prometheus",
        title="Prometheus",
        description="Series, samples, targets, rules and notifications of Prometheus itself.",
        links={"Alertmanager": "/d/alertmanager"},
        rows=[
            Row(
                "Now",
                figures(
                    (
                        "Series",
                        "Series in memory of the largest replica.",
                        "short",
                        f"max({series('prometheus_tsdb_head_series')})",
                        PLAIN,
                    ),
                    (
                        "Targets down",
                        "Targets that do not answer.",
                        "short",
                        f"count({series('up')} == 0) or vector(0)",
                        NONE_WANTED,
                    ),
                    (
                        "Rules that failed in 1 h",
                        "Evaluations that failed.",
                        "short",
                        failed("prometheus_rule_evaluation_failures_total"),
                        NONE_WANTED,
                    ),
                    (
                        "Rounds left out in 1 h",
                        "Rounds of rule groups that took longer than their interval.",
                        "short",
                        failed(missed),
                        NONE_WANTED,
                    ),
                    (
                        "Notifications lost in 1 h",
                        "Notifications that no Alertmanager took.",
                        "short",
                        failed("prometheus_notifications_dropped_total"),
                        NONE_WANTED,
                    ),
                ),
            ),
            Row(
                "Series and samples",
                [
                    curves(
                        "Samples",
                        "Samples per second.",
                        "cps",
                        (rate("prometheus_tsdb_head_samples_appended_total", target), "{{instance}}"),
                    ),
                    curves(
                        "Series by job",
                        "Series that were kept at the last scrape.",
                        "short",
                        (f"sum by (job) ({series('scrape_samples_post_metric_relabeling')})", "{{job}}"),
                    ),
                    curves(
                        "Blocks on the disk",
                        "Size of what is kept.",
                        "bytes",
                        (series("prometheus_tsdb_storage_blocks_bytes", target), "{{instance}}"),
                    ),
                ],
            ),
            Row(
                "Scrapes and rules",
                [
                    curves(
                        "Slowest scrapes",
                        "Time that the slowest target of a job takes to answer.",
                        "s",
                        (f"topk(10, max by (job) ({series('scrape_duration_seconds')}))", "{{job}}"),
                        width=12,
                    ),
                    curves(
                        "Slowest rules",
                        "Time of the last evaluation of a group, the ten longest.",
                        "s",
                        (
                            f"topk(10, max by (rule_group) ({series('prometheus_rule_group_last_duration_seconds')}))",
                            "{{rule_group}}",
                        ),
                        width=12,
                    ),
                ],
            ),
            process("prometheus", "Prometheus"),
        ],
    )


def _alertmanager() -> Board:
    lost, sent = (rate(f"alertmanager_notifications_{what}") for what in ("failed_total", "total"))
    return Board(
        uid="alertmanager",
        title="Alertmanager",
        description="Alerts, silences, and whether people are told.",
        links={"Prometheus": "/d/prometheus"},
        rows=[
            Row(
                "Alerts",
                [
                    curves(
                        "Alerts by state",
                        "Alerts that are told, and that a silence or another alert keeps back.",
                        "short",
                        (f"max by (state) ({series('alertmanager_alerts', job('alertmanager'))})", "{{state}}"),
                    ),
                    curves(
                        "Silences",
                        "Silences by state.",
                        "short",
                        (f"max by (state) ({series('alertmanager_silences', job('alertmanager'))})", "{{state}}"),
                    ),
                    curves(
                        "Members",
                        "Members of the cluster that each one sees.",
                        "short",
                        (series("alertmanager_cluster_members", job("alertmanager")), "{{instance}}"),
                    ),
                ],
            ),
            Row(
                "Notifications",
                [
                    curves(
                        "Notifications sent",
                        "Notifications per second by receiver.",
                        "cps",
                        (f"sum by (job, integration) ({sent})", "{{job}} {{integration}}"),
                    ),
                    curves(
                        "Share that failed",
                        "Share of notifications that failed; over 1 % is AlertmanagerNotificationsFailing.",
                        "percentunit",
                        (
                            f"sum by (job, integration) ({lost}) / sum by (job, integration) ({sent})",
                            "{{job}} {{integration}}",
                        ),
                        steps=above(monitoring.FAILED_RATIO),
                    ),
                    latency(
                        "Time to send",
                        "Time until the receiver has taken a notification.",
                        "alertmanager_notification_latency_seconds",
                        "integration",
                    ),
                ],
            ),
            process("alertmanager", "Alertmanager"),
        ],
    )
