"""The stack that watches the rest, watched: targets, rules, notifications, and the escalation."""

from typing import Final

from components.observability.rules import pipelines
from components.observability.rules.model import Alert, Group
from components.observability.rules.signals import absent_jobs, absent_metrics
from components.programs import ALERTMANAGER_RECORD
from settings import Settings
from settings.capacity.series import jobs as scrape_jobs
from settings.capacity.series import sample_limit

SAMPLES_RATIO: Final = 0.8
"""A target over its limit is not scraped at all; a fifth is what a busy week adds."""
FAILED_RATIO: Final = 0.01
"""Alertmanager tries again for minutes; what still fails does not arrive."""
FLAPS: Final = 3
"""Times within an hour that a target may vanish and come back; a rollout or a reboot is one."""
BEHIND_SECONDS: Final = 600
"""What was not sent yet is in the log of the last two hours; after that it is gone."""


def groups(settings: Settings) -> list[Group]:
    """The alerts of the stack itself."""
    return [
        Group("monitoring", [*_always(settings), *_prometheus(settings), *_alertmanager(), *pipelines.alerts(settings)])
    ]


def _always(settings: Settings) -> list[Alert]:
    seconds = settings.observability.alerts.escalate_minutes * 60
    others = 'severity="critical",alertname!~"CriticalAlertUnresolved|Watchdog"'
    unresolved = (
        f"(time() - ALERTS_FOR_STATE{{{others}}}) > {seconds}"
        f' and ignoring (alertstate) ALERTS{{{others},alertstate="firing"}}'
    )
    return [
        Alert(
            "Watchdog",
            "vector(1)",
            severity="info",
            kind="monitoring",
            owner="devops",
            summary="Alerts are on their way",
            description="Always fires (value {{ $value }}); the heartbeat outside calls when it no longer comes.",
            keep=None,
        ),
        Alert(
            # What it is about keeps firing for a while already; and the cause's name must survive its own.
            "CriticalAlertUnresolved",
            f'label_replace({unresolved}, "cause", "$1", "alertname", "(.*)")',
            severity="critical",
            kind="monitoring",
            owner="management",
            summary="{{ $labels.cause }} is unresolved",
            description="The critical alert {{ $labels.cause }} began {{ $value | humanizeDuration }} ago.",
            keep=None,
            labels={"escalation": "true"},
        ),
    ]


def _prometheus(settings: Settings) -> list[Alert]:
    limits: dict[int, list[str]] = {}
    for job in sorted(scrape_jobs(settings)):
        limits.setdefault(sample_limit(settings, job), []).append(job)
    many = " or ".join(
        f'scrape_samples_post_metric_relabeling{{job=~"{"|".join(names)}"}} > {SAMPLES_RATIO} * {limit}'
        for limit, names in limits.items()
    )
    reload_failed = "{0}_config_last_reload_successful == 0"
    problems = " + ".join(
        f"increase(prometheus_tsdb_{name}[1h])"
        for name in ("compactions_failed_total", "wal_corruptions_total", "head_truncations_failed_total")
    )
    alerts = [
        Alert(
            "TargetDown",
            'up{job!="node"} == 0',
            severity="warning",
            kind="monitoring",
            owner="devops",
            summary="{{ $labels.job }} at {{ $labels.instance }} gives no metrics",
            description="It has not answered Prometheus for 5 minutes (up is {{ $value }}); its other alerts are "
            "blind meanwhile.",
            pending="5m",
        ),
        Alert(
            "TargetFlapping",
            f"changes(up[1h]) >= {2 * FLAPS}",
            severity="warning",
            kind="monitoring",
            owner="devops",
            summary="{{ $labels.job }} at {{ $labels.instance }} comes and goes",
            description="It changed between answering and not answering {{ $value }} times within an hour, mostly "
            "for too short a time for an alert of its own.",
        ),
        Alert(
            "JobAbsent",
            absent_jobs(settings),
            severity="warning",
            kind="monitoring",
            owner="devops",
            summary="Prometheus knows no target of job {{ $labels.job }}",
            description="Nothing has been discovered for 10 minutes (absent is {{ $value }}); the job's alerts "
            "cannot fire.",
            pending="10m",
        ),
        Alert(
            "MetricAbsent",
            absent_metrics(settings),
            severity="warning",
            kind="monitoring",
            owner="devops",
            summary="{{ $labels.metric }} is not there",
            description="No series has had this name for 10 minutes (absent is {{ $value }}); a critical alert is "
            "made of it.",
            pending="10m",
        ),
        Alert(
            "ScrapeSampleLimitNear",
            many,
            severity="notice",
            kind="monitoring",
            owner="engineering",
            summary="{{ $labels.job }} at {{ $labels.instance }} has many series",
            description="It has {{ $value }} series, over 80 % of its limit; over the limit, it is not scraped.",
            pending="15m",
        ),
        Alert(
            "ScrapeSampleLimitHit",
            "increase(prometheus_target_scrapes_exceeded_sample_limit_total[10m]) > 0",
            severity="warning",
            kind="monitoring",
            owner="engineering",
            summary="A target has more series than allowed",
            description='About {{ $value | printf "%.0f" }} scrapes of 10 minutes were thrown away.',
        ),
        Alert(
            "RuleEvaluationFailing",
            "sum by (rule_group) (increase(prometheus_rule_evaluation_failures_total[10m])) > 0",
            severity="warning",
            kind="monitoring",
            owner="devops",
            summary="Rules fail in {{ $labels.rule_group }}",
            description='About {{ $value | printf "%.0f" }} evaluations of 10 minutes failed; alerts of this group '
            "may be silent.",
        ),
        Alert(
            "RuleEvaluationSlow",
            "sum by (rule_group) (increase(prometheus_rule_group_iterations_missed_total[10m])) > 0",
            severity="notice",
            kind="monitoring",
            owner="devops",
            summary="Rules of {{ $labels.rule_group }} take longer than their interval",
            description='About {{ $value | printf "%.0f" }} rounds of 10 minutes were left out.',
            pending="5m",
        ),
        Alert(
            "ConfigReloadFailed",
            f"{reload_failed.format('prometheus')} or {reload_failed.format('alertmanager')}",
            severity="warning",
            kind="monitoring",
            owner="devops",
            summary="{{ $labels.job }} refuses its configuration",
            description="{{ $labels.instance }} has run with the one before for 5 minutes (success {{ $value }}).",
            pending="5m",
        ),
        Alert(
            "PrometheusStorageFailing",
            f"({problems}) > 0",
            severity="warning",
            kind="monitoring",
            owner="devops",
            summary="{{ $labels.instance }} cannot keep its series in order",
            description='{{ $value | printf "%.0f" }} compactions, truncations or log records failed within an hour.',
        ),
        Alert(
            "PrometheusNotificationsDropped",
            # Counted for each Alertmanager: one that restarts loses nothing that another one got.
            # The recording one, which is known by its name, tells nobody.
            "min by (environment, instance, job, service_name) (increase(prometheus_notifications_dropped_total"
            f'{{alertmanager!~".*{ALERTMANAGER_RECORD.name}.*"}}[2m])) > 0'
            " or prometheus_notifications_alertmanagers_discovered < 2",
            severity="critical",
            kind="monitoring",
            owner="devops",
            summary="{{ $labels.instance }} does not reach Alertmanager",
            description="Alerts have been lost for 5 minutes, before anyone was told (value {{ $value }}); the other "
            "replica, if there is one, tells this.",
            # A restart is shorter, and every alert is sent again within a minute.
            pending="5m",
        ),
    ]
    if settings.observability.prometheus.remote_write_url is not None:
        alerts.append(
            Alert(
                "RemoteWriteFailing",
                "rate(prometheus_remote_storage_samples_failed_total[5m]) > 0"
                " or rate(prometheus_remote_storage_samples_dropped_total[5m]) > 0"
                # What is only tried again, for ever, has not failed.
                f" or time() - prometheus_remote_storage_queue_highest_sent_timestamp_seconds > {BEHIND_SECONDS}",
                severity="warning",
                kind="monitoring",
                owner="devops",
                summary="{{ $labels.instance }} cannot send its samples on",
                description="Samples are lost on their way to the remote storage, or are over "
                f"{BEHIND_SECONDS // 60} minutes behind (value {{{{ $value | humanize }}}}).",
                pending="10m",
            )
        )
    return alerts


def _alertmanager() -> list[Alert]:
    # A failure is counted once for each flush, which comes every 5 minutes: a shorter range would be empty in between.
    counted = "sum by (job, integration) (rate(alertmanager_{0}_total{{job='{1}'}}[15m]))"

    def failing(job: str) -> str:
        failed, sent = (counted.format(what, job) for what in ("notifications_failed", "notifications"))
        # One that failed was told by the next: of few notifications it would be a great share.
        again = failed.replace("rate(", "increase(", 1)
        return f"{failed} / ({sent} > 0) > {FAILED_RATIO} and {again} >= 1.5".replace("'", '"')

    return [
        Alert(
            "AlertmanagerNotificationsFailing",
            failing("alertmanager"),
            severity="critical",
            kind="monitoring",
            owner="devops",
            summary="Alertmanager cannot send by {{ $labels.integration }}",
            description="{{ $value | humanizePercentage }} of these notifications have failed for 5 minutes.",
            pending="5m",
        ),
        Alert(
            "AlertRecordFailing",
            failing("alertmanager-record"),
            severity="warning",
            kind="monitoring",
            owner="devops",
            summary="Alerts are not recorded",
            description="{{ $value | humanizePercentage }} of the calls of internal.alert_logs have failed for "
            "10 minutes; they are tried again until the alert ends.",
            pending="10m",
        ),
        Alert(
            "AlertmanagerClusterBroken",
            'max_over_time(alertmanager_cluster_members{job="alertmanager"}[5m])'
            ' < on () group_left () count(up{job="alertmanager"})',
            severity="warning",
            kind="monitoring",
            owner="devops",
            summary="{{ $labels.instance }} does not see its peers",
            description="It has known {{ $value }} members for 10 minutes; people are told twice, and a silence is "
            "not known everywhere.",
            pending="10m",
        ),
    ]
