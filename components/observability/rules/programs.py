"""What keeps logs and traces, sends them, routes requests and renews certificates: the parts that fail unseen."""

from functools import partial
from typing import Final

from components.observability.rules.model import Alert, Group
from components.observability.rules.past import LIVE
from components.programs import ALERTMANAGER_RECORD
from settings import Settings

COMPACTION_HOURS: Final = 3
"""Loki compacts every 10 minutes; without it nothing is deleted, and queries slow down."""
TEMPO_ERROR_RATIO: Final = 0.05
TEMPO_FAILURES: Final = 2
"""Failures within an hour; each is tried again."""
RENEWAL_DAYS: Final = 2
"""cert-manager tries again every hour at first; two days after the date it will not succeed by itself."""

_ALERT: Final = partial(Alert, severity="warning", owner="devops", kind="monitoring")


def groups(settings: Settings) -> list[Group]:
    """The alerts of these programs."""
    return [Group("programs", [*_loki(), *_tempo(), *_agent(settings), *_edge()])]


def _loki() -> list[Alert]:
    loki = partial(_ALERT, dashboard="loki")
    last = "loki_compactor_apply_retention_last_successful_run_timestamp_seconds"
    started = 'max(process_start_time_seconds{job="loki"})'
    return [
        loki(
            "LokiCompactorStuck",
            # One that never ran says 0; it is given the same time from its start on.
            f"time() - (max({last} > 0) or {started}) > {COMPACTION_HOURS} * 3600",
            summary="Loki deletes nothing any more",
            description="The compactor last applied the retention {{ $value | humanizeDuration }} ago.",
            pending="10m",
        ),
        loki(
            "LokiRulesFailing",
            "sum by (user, rule_group) (increase(loki_prometheus_rule_evaluation_failures_total[10m])) > 0",
            summary="Rules over log lines fail for {{ $labels.user }}",
            description='About {{ $value | printf "%.0f" }} evaluations of {{ $labels.rule_group }} failed within '
            "10 minutes; its alerts, security's among them, may be silent.",
        ),
        loki(
            "LokiNotificationsDropped",
            # Counted for each Alertmanager: one that restarts loses nothing that another one got.
            # The recording one, which is known by its name, tells nobody.
            "min by (instance, user) (increase(loki_prometheus_notifications_dropped_total"
            f'{{alertmanager!~".*{ALERTMANAGER_RECORD.name}.*"}}[5m])) > 0',
            severity="critical",
            summary="Loki at {{ $labels.instance }} does not reach Alertmanager",
            description='About {{ $value | printf "%.0f" }} alerts over log lines were lost within 5 minutes, before '
            "anyone was told.",
            pending="2m",
        ),
        loki(
            "LokiWalFull",
            "increase(loki_ingester_wal_disk_full_failures_total[15m]) > 0",
            summary="Loki at {{ $labels.instance }} cannot write its log ahead",
            description='Its volume was full about {{ $value | printf "%.0f" }} times within 15 minutes; lines that '
            "are not in the object storage yet are lost when it restarts.",
        ),
    ]


def _tempo() -> list[Alert]:
    tempo = partial(_ALERT, dashboard="tempo")
    count = "tempo_request_duration_seconds_count"
    failing = " or ".join(
        f"sum by (instance) (increase({name}_errors_total[1h])) > {TEMPO_FAILURES}"
        for name in ("tempodb_compaction", "tempodb_blocklist_poll")
    )
    return [
        tempo(
            "TempoRequestErrors",
            f'sum by (route) (rate({count}{{route!="ready",status_code=~"5.."}}[5m]))'
            f" / sum by (route) (rate({count}[5m])) > {TEMPO_ERROR_RATIO}",
            summary="Tempo fails requests of {{ $labels.route }}",
            description="{{ $value | humanizePercentage }} of them failed for 10 minutes.",
            pending="10m",
        ),
        tempo(
            "TempoBlocksFailing",
            failing,
            summary="Tempo at {{ $labels.instance }} cannot keep its blocks in order",
            description='About {{ $value | printf "%.0f" }} compactions, or looks at the object storage, failed within '
            "an hour; old traces are found late, and not deleted.",
            pending="5m",
        ),
    ]


def _agent(settings: Settings) -> list[Alert]:
    prefix = {"alloy": "loki_write", "promtail": "promtail"}[settings.observability.agent]
    return [
        _ALERT(
            "LogAgentCannotSend",
            f"sum by (host) (rate({prefix}_batch_retries_total[5m])) > 0",
            summary="The log agent of {{ $labels.host }} cannot send",
            description="It has had to send again {{ $value | humanize }} times a second for 15 minutes; soon it gives "
            "lines up.",
            pending="15m",
            dashboard="log-agent",
        ),
    ]


def _edge() -> list[Alert]:
    edge = partial(_ALERT, kind="edge")
    # A service's own backend, by the gateway that asks it for its health; only one with another place is asked.
    own = 'traefik_service_server_up{service=~".+-(blue|green)@file"} == 0'
    down = (
        f'max by (service_name, slot) (label_replace({own}, "service_name", "$1", "service", "(.+)-(blue|green)@file"))'
    )
    status, renewal = "certmanager_certificate_ready_status", "certmanager_certificate_renewal_timestamp_seconds"
    return [
        edge(
            "FailoverActive",
            # A slot that users are not led to fails over for nobody.
            f"{down} and on (service_name, slot) {LIVE} or {down} unless on (service_name) {LIVE}",
            summary="{{ $labels.service_name }} lives off its other place",
            description="A {{ $labels.slot }} gateway has found none of its own pods well for 2 minutes (up is "
            "{{ $value }}), and sends users elsewhere.",
            pending="2m",
            dashboard="traefik",
        ),
        edge(
            "FailoverTargetDown",
            'max by (slot, service, url) (traefik_service_server_up{service=~".*-elsewhere@file"}) == 0',
            summary="The other place of a service is down: {{ $labels.url }}",
            description="The {{ $labels.slot }} gateway has not reached {{ $labels.service }} for 10 minutes (up is "
            "{{ $value }}); a failover to it would lead nowhere.",
            pending="10m",
            dashboard="traefik",
        ),
        edge(
            "CertificateNotReady",
            # One failed scrape does not begin the half hour anew.
            f'max by (namespace, name) (last_over_time({status}{{condition="True"}}[10m])) == 0',
            summary="The certificate {{ $labels.namespace }}/{{ $labels.name }} is not there",
            description="cert-manager has called it not ready for 30 minutes (value {{ $value }}).",
            pending="30m",
            dashboard="cert-manager",
        ),
        edge(
            "CertificateNotRenewed",
            f"time() - (max by (namespace, name) ({renewal}) > 0) > {RENEWAL_DAYS} * 86400",
            summary="The certificate {{ $labels.namespace }}/{{ $labels.name }} was not renewed",
            description="It was to be renewed {{ $value | humanizeDuration }} ago.",
            pending="1h",
            dashboard="cert-manager",
        ),
    ]
