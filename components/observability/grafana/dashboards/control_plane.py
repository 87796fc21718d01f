"""Control Plane: API server, etcd, scheduler and the cluster's name server."""

from typing import Final

from components.observability.grafana.board import Board, Row
from components.observability.grafana.dashboards.parts import curves, figures, latency
from components.observability.grafana.names import FAILED, job, rate, series
from components.observability.grafana.panels import NONE_WANTED, above, below
from components.observability.rules import control_plane
from settings import Settings

_LATENCY: Final = "apiserver_request_sli_duration_seconds"
_ASKED: Final = 'verb!~"WATCH|CONNECT"'


def board(_: Settings) -> Board:
    """The dashboard."""
    return Board(
        uid="control-plane",
        title="Control Plane",
        description="Whether the API server answers in time, and the health of etcd, scheduler and name server.",
        links={"Nodes": "/d/kubernetes-nodes"},
        rows=[_now(), _api(), _etcd(), _names()],
    )


def _now() -> Row:
    leaders = "sum by (name) (" + series("leader_election_master_status") + ")"
    absent = f"count({series('aggregator_unavailable_apiservice')} == 1) or vector(0)"
    return Row(
        "Now",
        figures(
            (
                "API servers",
                "API servers that answer.",
                "short",
                f"sum({series('up', job('kube-apiserver'))})",
                below(1),
            ),
            ("Members of etcd", "Members that answer.", "short", f"sum({series('up', job('etcd'))})", below(1)),
            (
                "Members without a leader",
                "Members of etcd that know no leader.",
                "short",
                f"count({series('etcd_server_has_leader')} == 0) or vector(0)",
                NONE_WANTED,
            ),
            (
                "Leases held",
                "Scheduler and controllers, of those that have a holder.",
                "short",
                f"sum({leaders})",
                below(1),
            ),
            ("APIs that are not there", "APIs that other programs serve and do not.", "short", absent, NONE_WANTED),
        ),
    )


def _api() -> Row:
    ratios = [
        (f"apiserver:request_bad:ratio_rate{window}", window) for *pair, _ in control_plane.API_BURNS for window in pair
    ]
    return Row(
        "API server",
        [
            curves(
                "Bad requests",
                "Share of requests that failed or were late, over several windows; 1 % is the budget.",
                "percentunit",
                *ratios,
                steps=above(control_plane.API_BUDGET),
            ),
            curves(
                "Requests by verb",
                "Requests per second, those that watch left out.",
                "reqps",
                (f"sum by (verb) ({rate('apiserver_request_total', _ASKED)})", "{{verb}}"),
            ),
            curves(
                "Requests in work",
                "Requests that are being answered, those that read and those that write.",
                "short",
                (
                    f"sum by (instance, request_kind) ({series('apiserver_current_inflight_requests')})",
                    "{{instance}} {{request_kind}}",
                ),
            ),
            curves(
                "Failed requests",
                "Requests per second that were answered with 5xx, by kind of object.",
                "reqps",
                (
                    f"sum by (resource, code) ({rate('apiserver_request_total', FAILED)})",
                    "{{resource}} {{code}}",
                ),
                width=12,
            ),
            curves(
                "Pods to be placed",
                "Pods that wait for the scheduler, by queue.",
                "short",
                (f"sum by (queue) ({series('scheduler_pending_pods')})", "{{queue}}"),
                width=12,
            ),
        ],
    )


def _etcd() -> Row:
    size, quota = series("etcd_mvcc_db_total_size_in_bytes"), series("etcd_server_quota_backend_bytes")
    return Row(
        "etcd",
        [
            latency(
                "Write-ahead log",
                "Time until a change is on the disk.",
                "etcd_disk_wal_fsync_duration_seconds",
                "instance",
                limit=control_plane.ETCD_FSYNC_SECONDS,
            ),
            curves(
                "Share of the quota",
                "Size of the database, as a share of what it may have.",
                "percentunit",
                (f"{size} / {quota}", "{{instance}}"),
                steps=above(control_plane.ETCD_QUOTA_RATIO),
                maximum=1,
            ),
            curves(
                "Elections and failed changes",
                "Changes of the leader, and changes that were not agreed on, within an hour.",
                "short",
                (f"max(increase({series('etcd_server_leader_changes_seen_total')}[1h]))", "elections"),
                (f"max(increase({series('etcd_server_proposals_failed_total')}[1h]))", "failed changes"),
            ),
        ],
    )


def _names() -> Row:
    answers = f"sum by (rcode) ({rate('coredns_dns_responses_total')})"
    hits = f"sum({rate('coredns_cache_hits_total')}) / sum({rate('coredns_dns_requests_total')})"
    return Row(
        "Name server",
        [
            curves("Answers", "Answers per second by their code.", "cps", (answers, "{{rcode}}")),
            latency(
                "Time to an answer",
                "Time until a question is answered.",
                "coredns_dns_request_duration_seconds",
                "zone",
                limit=control_plane.DNS_SECONDS,
            ),
            curves("Answers from memory", "Share of questions that need nobody else.", "percentunit", (hits, "share")),
        ],
    )
