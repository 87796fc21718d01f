"""What runs the cluster: API server, etcd, scheduler, controllers, name server.

k3s runs all of the control plane in one process: what schedulers and controllers say is scraped from the API servers.
"""

from functools import partial
from typing import Final

from components.observability.rules.model import Alert, Group, Recording
from settings import Settings

API_BUDGET: Final = 0.01
"""Share of requests that may fail or be late: Kubernetes' own objective is 99 % of each day."""
API_BURNS: Final = (("1h", "5m", 14.4), ("6h", "30m", 6))
"""Long window, short window, and how many times faster than allowed: 2 % of a month's budget in an hour, 5 % in six."""
ETCD_FSYNC_SECONDS: Final = 0.1
"""etcd asks for 10 ms; at ten times as much a leader misses heartbeats, which come every 100 ms."""
ETCD_QUOTA_RATIO: Final = 0.8
"""At the quota etcd takes no more writes until somebody compacts it by hand."""
ETCD_LEADERS: Final = 3
"""Changes of the leader within an hour: an upgrade of three servers, one after the other, makes that many."""
DNS_ERROR_RATIO: Final = 0.05
DNS_ERRORS: Final = 20
"""Failed answers within 10 minutes; fewer are one name server elsewhere that was asked a few times."""
DNS_SECONDS: Final = 1.0
"""A program waits 5 s for a name before it asks again; users notice one second."""

_ASKED: Final = 'verb!~"WATCH|CONNECT"'
_NAME: Final = "apiserver_request_sli_duration_seconds"
_ALERT: Final = partial(Alert, kind="kubernetes", owner="devops", dashboard="control-plane")


def groups(_: Settings) -> list[Group]:
    """The alerts of the control plane, and what they are computed from."""
    windows = sorted({window for *pair, _ in API_BURNS for window in pair})
    recorded = [Recording(f"apiserver:request_bad:ratio_rate{window}", _bad(window)) for window in windows]
    return [Group("control-plane", [*recorded, *_api(), *_etcd(), *_leaders(), *_names()])]


def _bad(window: str) -> str:
    """Share of requests that failed, or took longer than Kubernetes promises for one object, a namespace, all of it."""
    # Prometheus writes a bound as 1.0, programs write 1.
    bounds = (("resource|", 1), ("namespace", 5), ("cluster", 30))
    good = " or ".join(
        f'rate({_NAME}_bucket{{{_ASKED},scope=~"{scope}",le=~"{seconds}([.]0)?"}}[{window}])'
        for scope, seconds in bounds
    )
    failed = f'sum(rate(apiserver_request_total{{{_ASKED},code=~"5.."}}[{window}])) or vector(0)'
    return f"1 - (sum({good}) - ({failed})) / sum(rate({_NAME}_count{{{_ASKED}}}[{window}]))"


def _api() -> list[Alert]:
    (fast, slow) = (
        " and ".join(f"apiserver:request_bad:ratio_rate{window} > {factor} * {API_BUDGET}" for window in pair)
        for *pair, factor in API_BURNS
    )
    told = "{{ $value | humanizePercentage }} of its requests failed or were late"
    return [
        _ALERT(
            "KubernetesApiBudgetBurnFast",
            fast,
            severity="critical",
            summary="The API server fails or is slow for many",
            description=f"{told} within an hour, and still do: releases, scaling and healing stop.",
            pending="2m",
        ),
        _ALERT(
            "KubernetesApiBudgetBurnSlow",
            slow,
            severity="warning",
            summary="The API server fails or is slow for some",
            description=f"{told} within 6 hours, and still do.",
            pending="15m",
        ),
        _ALERT(
            "KubernetesApiServiceUnavailable",
            "max by (name) (aggregator_unavailable_apiservice) == 1",
            severity="warning",
            summary="The API {{ $labels.name }} is not there",
            description="The API server has not reached who serves it for 10 minutes (value {{ $value }}); without "
            "v1beta1.metrics.k8s.io no autoscaler works.",
            pending="10m",
        ),
    ]


def _etcd() -> list[Alert]:
    fsync = "sum by (instance, le) (rate(etcd_disk_wal_fsync_duration_seconds_bucket[5m]))"
    return [
        _ALERT(
            "EtcdWithoutLeader",
            "etcd_server_has_leader == 0",
            severity="critical",
            summary="etcd at {{ $labels.instance }} has no leader",
            description="The member is alone, or too few are left to agree (leader {{ $value }}); without a leader the "
            "cluster takes no change.",
            pending="1m",
        ),
        _ALERT(
            "EtcdMemberMissing",
            # A member that is gone has no target any more; the others remember it until it is removed.
            'count(up{job="etcd"} == 1) < count(count by (Remote) (etcd_network_known_peers == 1))',
            severity="warning",
            summary="A member of etcd is missing",
            description="{{ $value }} members have answered for 10 minutes, fewer than belong to it; the next loss may "
            "stop the cluster.",
            pending="10m",
        ),
        _ALERT(
            "EtcdLeaderChanges",
            f"max(increase(etcd_server_leader_changes_seen_total[1h])) > {ETCD_LEADERS} + 0.5",
            severity="warning",
            summary="etcd changes its leader again and again",
            description='It did so about {{ $value | printf "%.0f" }} times within an hour; each time the cluster '
            "stands still for a moment.",
        ),
        _ALERT(
            "EtcdDiskSlow",
            f"histogram_quantile(0.99, {fsync}) > {ETCD_FSYNC_SECONDS}",
            severity="warning",
            summary="The disk of etcd at {{ $labels.instance }} is slow",
            description="One write in 100 has taken longer than {{ $value | humanizeDuration }} for 10 minutes; with "
            "more, etcd loses its leader.",
            pending="10m",
        ),
        _ALERT(
            "EtcdDatabaseNearQuota",
            f"etcd_mvcc_db_total_size_in_bytes / etcd_server_quota_backend_bytes > {ETCD_QUOTA_RATIO}",
            severity="warning",
            summary="The database of etcd at {{ $labels.instance }} is nearly full",
            description="{{ $value | humanizePercentage }} of its quota is in use; when it is full, the cluster takes "
            "no change.",
            pending="10m",
        ),
    ]


def _leaders() -> list[Alert]:
    return [
        _ALERT(
            "ControlPlaneWithoutLeader",
            'sum by (name) (leader_election_master_status{name=~"kube-scheduler|kube-controller-manager"}) == 0',
            severity="critical",
            summary="Nobody is {{ $labels.name }}",
            description="For 5 minutes no server has held its lease ({{ $value }}); pods run on, but none is placed or "
            "replaced.",
            pending="5m",
        ),
        _ALERT(
            "SchedulerFailing",
            'sum(rate(scheduler_schedule_attempts_total{result="error"}[10m])) > 0',
            severity="warning",
            summary="The scheduler fails to place pods",
            description="{{ $value | humanize }} tries a second have ended with an error of its own for 10 minutes.",
            pending="10m",
        ),
    ]


def _names() -> list[Alert]:
    answers = "coredns_dns_responses_total"
    failed = f'{answers}{{rcode="SERVFAIL"}}'
    buckets = "sum by (le) (rate(coredns_dns_request_duration_seconds_bucket[5m]))"
    return [
        _ALERT(
            "ClusterDnsDown",
            # Pods that are gone have no target.
            'max(kube_deployment_status_replicas_available{namespace="kube-system",deployment="coredns"}) == 0'
            ' or sum(up{job="coredns"}) == 0',
            severity="critical",
            summary="The cluster has no name server",
            description="{{ $value }} of its pods have answered for 2 minutes; programs no longer find each other.",
            pending="2m",
        ),
        _ALERT(
            "ClusterDnsErrors",
            f"sum(rate({failed}[10m])) / sum(rate({answers}[10m])) > {DNS_ERROR_RATIO}"
            f" and sum(increase({failed}[10m])) >= {DNS_ERRORS}",
            severity="warning",
            summary="The cluster's name server fails to answer",
            description="{{ $value | humanizePercentage }} of its answers within 10 minutes were failures.",
            pending="5m",
        ),
        _ALERT(
            "ClusterDnsSlow",
            f"histogram_quantile(0.99, {buckets}) > {DNS_SECONDS}",
            severity="warning",
            summary="The cluster's name server is slow",
            description="One question in 100 has taken longer than {{ $value | humanizeDuration }} for 10 minutes.",
            pending="10m",
        ),
    ]
