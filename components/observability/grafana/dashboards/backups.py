"""Backups: how old the last good one of each kind is, what it holds, and whether it was compared (BAK-1..5)."""

from components.observability.grafana.board import Board, Row
from components.observability.grafana.names import series
from components.observability.grafana.panels import (
    PLAIN,
    Column,
    Panel,
    above,
    graph,
    listing,
    number,
    promql,
    promql_now,
)
from components.observability.grafana.runbooks import runbook
from components.observability.rules.backups import PATIENCE, intervals
from settings import Settings

_METRIC = "backup_last_success_timestamp_seconds"


def board(settings: Settings) -> Board:
    """The dashboard."""
    return Board(
        uid="backups",
        title="Backups",
        description="Age of the last backup of each kind against its interval, what it holds, when it was compared, "
        "and the room that is left for them.",
        links={"Database Metrics": "/d/database-metrics"},
        since="now-7d",
        refresh="5m",
        rows=[_ages(settings), _course(settings), _held(), _checked(settings), _room(settings)],
    )


def _last(kind: str) -> str:
    return f"max({series(_METRIC, _of(kind))})"


def _of(kind: str) -> str:
    return f'backup="{kind}"'


def _ages(settings: Settings) -> Row:
    kept = settings.retention.backups
    days = {
        "database": kept.database_days,
        "object_storage": kept.object_storage_days,
        "deployment": kept.deployment_days,
        "logs": kept.logs_days,
    }
    return Row(
        "Age of the last good backup",
        [_age(kind, kept_days, intervals(settings).get(kind)) for kind, kept_days in days.items()],
    )


def _age(kind: str, days: int, interval: int | None) -> Panel:
    due = f"one every {interval // 3600} h is due" if interval else "one is made with every release"
    return number(
        kind.replace("_", " ").capitalize(),
        f"Age of the last backup that succeeded; {due}. Kept for {days} days.",
        "s",
        promql_now(f"time() - {_last(kind)}"),
        steps=above(interval * PATIENCE, interval) if interval else PLAIN,
        width=6,
        absent="never",
    )


def _course(settings: Settings) -> Row:
    age = f"time() - max by (backup) ({series(_METRIC)})"
    shares = [promql(f"(time() - {_last(kind)}) / {each}", kind) for kind, each in intervals(settings).items()]
    return Row(
        "Over time",
        [
            graph(
                "Age of the last backup",
                "Falls to zero with each backup that succeeds.",
                "s",
                promql(age, "{{backup}}"),
            ),
            graph(
                "Age against the interval",
                f"1 is when the next backup is due; over {PATIENCE:g} one is missing.",
                "x",
                *shares,
                steps=above(PATIENCE, 1),
            ),
        ],
    )


def _held() -> Row:
    shown = (
        ("Objects", "backup_objects", "Objects, or files, that the newest backup holds", "short"),
        ("Bytes", "backup_size_bytes", "What the newest backup holds", "bytes"),
        ("Duration", "backup_duration_seconds", "How long the last good run took", "s"),
    )
    return Row(
        "What the newest backups hold",
        [
            graph(
                title, f"{what}, by kind.", unit, promql(f"max by (backup) ({series(metric)})", "{{backup}}"), width=8
            )
            for title, metric, what, unit in shown
        ],
    )


def _checked(settings: Settings) -> Row:
    compared = [
        promql(f"(time() - max({series('backup_verified_timestamp_seconds', _of(kind))})) / {each}", kind)
        for kind, each in intervals(settings).items()
    ]
    failed = f"sum by (backup) (changes({series('backup_last_failure_timestamp_seconds')}[1h]))"
    return Row(
        "Comparisons and failures",
        [
            graph(
                "Last comparison against the interval",
                f"Something of each backup is compared with what it is of; over {2 * PATIENCE:g} nothing was for long.",
                "x",
                *compared,
                steps=above(2 * PATIENCE),
            ),
            graph(
                "Failed runs",
                "Runs that failed within an hour, by kind; one that failed is tried again every 5 minutes.",
                "short",
                promql(failed, "{{backup}}"),
                steps=above(6),
            ),
        ],
    )


def _room(settings: Settings) -> Row:
    firing = Column("Firing", 'sum by (alertname, severity) (ALERTS{alertstate="firing",kind="backup"})', "short")
    free, total = (series(f"minio_cluster_capacity_usable_{what}_bytes") for what in ("free", "total"))
    return Row(
        "Object storage and alerts",
        [
            graph(
                "Room for backups",
                "Usable capacity of the object storage that is free, and all of it.",
                "bytes",
                promql(f"max({free})", "free"),
                promql(f"max({total})", "all"),
                width=8,
            ),
            graph(
                "Drives offline",
                "Drives of the object storage that cannot be used.",
                "short",
                promql(f"max({series('minio_cluster_drive_offline_total')})", "offline"),
                steps=above(1),
                width=8,
            ),
            listing(
                "Backup alerts",
                "Alerts on backups that fire now; the name leads to the runbook.",
                firing,
                urls={"alertname": runbook(settings, "${__value.raw}")},
                width=8,
            ),
        ],
    )
