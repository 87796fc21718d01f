"""PostgreSQL, as its exporter sees it."""

from typing import Final

from components.observability.rules.model import Alert, Group
from settings import Settings

BLIND: Final = "5m"
"""How long the exporter may be away: an update of it is a minute."""
CONNECTIONS_RATIO: Final = 0.8
"""Supabase's pooler opens connections in bursts; the last fifth is gone within seconds."""
WAITING_SESSIONS: Final = 5
"""A few sessions wait for a lock now and then; five for minutes are a queue behind one that does not finish."""
EXCLUSIVE_LOCKS: Final = 20
"""A migration takes a handful of exclusive locks; more at a time stop the tables' readers."""
LAG_BYTES: Final = 64 * 1024 * 1024
"""Four WAL segments of 16 MiB; a promotion of the replica would lose them. Of time the primary knows nothing."""
TRANSACTION_SECONDS: Final = 600
"""Requests are cut off after seconds; who holds a transaction for 10 minutes keeps vacuum from cleaning up."""
WAL_SECONDS: Final = 900
"""What was written since is on one disk alone; a container that is replaced, or a busy minute, is through sooner."""
_WAL_FAILURES: Final = 30
"""Within as long: PostgreSQL tries three times a minute."""
_REPLICA: Final = "instance, application_name, client_addr"
"""What tells replicas apart: all that are given no name are called walreceiver."""
_BEHIND: Final = 'pg_stat_replication_pg_wal_lsn_diff{application_name!="pg_basebackup"}'
"""A base backup takes the log as well, and goes when it has it."""
_NO_UPKEEP: Final = 'application_name!~"pg_dump(all)?",backend_type!~"autovacuum worker|walsender"'
"""Backups, vacuums and copies take their time; BackupOverdue tells of the one that does not end."""


def groups(settings: Settings) -> list[Group]:
    """The alerts of the database."""
    replica = settings.database.replica if settings.database_replica is not None else None
    missing = [] if replica is None else [_missing(replica), _not_streaming()]
    return [Group("database", [_down(), _archive(), *_contention(), *_replication(), *missing])]


def _down() -> Alert:
    return Alert(
        "DatabaseDown",
        # What nobody can see for so long is taken for dead: what ends a database often ends its exporter too.
        f'pg_up == 0 or max_over_time(up{{job="postgres"}}[{BLIND}]) == 0',
        severity="critical",
        kind="database",
        owner="devops",
        summary="PostgreSQL does not answer",
        description="The exporter at {{ $labels.instance }} has had no connection to the database for 2 minutes, or "
        f"has itself not answered for {BLIND} (value {{{{ $value }}}}); nearly every request fails.",
        pending="2m",
        dashboard="database-metrics",
    )


def _archive() -> Alert:
    pushed = "max(last_over_time(backup_wal_pushed_timestamp_seconds[10m]))"
    # What PostgreSQL cannot hand over does not even wait.
    failed = f"sum(increase(pg_stat_archiver_failed_count[{WAL_SECONDS}s]))"
    return Alert(
        "WalArchiveBehind",
        f"time() - {pushed} > {WAL_SECONDS} or {WAL_SECONDS} + 0 * ({failed} > {_WAL_FAILURES})",
        severity="critical",
        kind="database",
        owner="devops",
        summary="The write-ahead log of PostgreSQL is not archived",
        description="What was written in the last {{ $value | humanizeDuration }}, or longer, is in no backup, and "
        "would be lost with the disk, which fills meanwhile.",
        dashboard="backups",
    )


def _contention() -> list[Alert]:
    return [
        Alert(
            "DatabaseConnectionsHigh",
            "sum by (instance) (pg_stat_activity_count) / max by (instance) (pg_settings_max_connections)"
            f" > {CONNECTIONS_RATIO}",
            severity="warning",
            kind="database",
            owner="engineering",
            summary="PostgreSQL runs out of connections",
            description="{{ $value | humanizePercentage }} of max_connections have been in use for 5 minutes.",
            pending="5m",
            dashboard="database-metrics",
        ),
        Alert(
            "DatabaseLockWait",
            f'sum by (instance, datname) (pg_stat_activity_count{{wait_event_type="Lock"}}) >= {WAITING_SESSIONS}',
            severity="warning",
            kind="database",
            owner="engineering",
            summary="Sessions of {{ $labels.datname }} wait for locks",
            description="{{ $value }} sessions have been waiting for another one for 5 minutes.",
            pending="5m",
            dashboard="database-metrics",
        ),
        Alert(
            "DatabaseExclusiveLocks",
            "sum by (instance, datname) "
            '(pg_locks_count{mode=~"exclusivelock|accessexclusivelock|sharerowexclusivelock"})'
            f" > {EXCLUSIVE_LOCKS}",
            severity="notice",
            kind="database",
            owner="engineering",
            summary="Many exclusive locks in {{ $labels.datname }}",
            description="{{ $value }} exclusive locks have been held for 5 minutes.",
            pending="5m",
            dashboard="database-metrics",
        ),
        Alert(
            "DatabaseDeadlocks",
            "sum by (instance, datname) (increase(pg_stat_database_deadlocks[10m])) > 1",
            severity="notice",
            kind="database",
            owner="engineering",
            summary="Deadlocks in {{ $labels.datname }}",
            description='PostgreSQL broke about {{ $value | printf "%.0f" }} deadlocks in 10 minutes; each is a '
            "transaction that failed.",
            dashboard="database-metrics",
        ),
        Alert(
            "DatabaseLongTransaction",
            "max by (instance, datname) "
            f'(pg_stat_activity_max_tx_duration{{state=~"active|idle in transaction.*",{_NO_UPKEEP}}})'
            f" > {TRANSACTION_SECONDS}",
            severity="notice",
            kind="database",
            owner="engineering",
            summary="A transaction in {{ $labels.datname }} does not end",
            description="The longest one has been open for {{ $value | humanizeDuration }}.",
            pending="5m",
            dashboard="database-metrics",
        ),
    ]


def _missing(replica: str) -> Alert:
    """It may never have come, which the alerts on replicas that were seen do not know."""
    seen = f'last_over_time(pg_stat_replication_pg_wal_lsn_diff{{application_name="{replica}"}}[5m])'
    return Alert(
        "DatabaseReplicaMissing",
        f"max by (instance) (pg_up) == 1 unless on (instance) max by (instance) ({seen})",
        severity="warning",
        kind="database",
        owner="devops",
        summary=f"The database has no replica on {replica}",
        description=f"{{{{ $labels.instance }}}} (pg_up {{{{ $value }}}}) has sent {replica} nothing for 15 minutes. "
        "If the database's host is lost now, so is what was written since the last backup.",
        pending="15m",
        dashboard="database-metrics",
    )


def _not_streaming() -> Alert:
    """What the replica says itself, whatever the primary says, or does not."""
    received = f'last_over_time(pg_stat_wal_receiver_flushed_lsn{{status="streaming"}}[{BLIND}])'
    return Alert(
        "DatabaseReplicaNotStreaming",
        # Without a receiver, or PostgreSQL, there is no such series. TargetDown tells of an exporter that is away.
        f'up{{job="postgres-replica"}} == 1 unless on (instance) {received}',
        severity="warning",
        kind="database",
        owner="devops",
        summary="The replica on {{ $labels.host }} takes no log from the database",
        description="Its exporter (up {{ $value }}) has seen no connection to the database for 10 minutes. A promotion "
        "now would lose what was written since.",
        pending="5m",
        dashboard="database-metrics",
    )


def _replication() -> list[Alert]:
    return [
        Alert(
            "DatabaseReplicaBehind",
            f"max by ({_REPLICA}) ({_BEHIND}) > {LAG_BYTES}",
            severity="warning",
            kind="database",
            owner="devops",
            summary="Replica {{ $labels.application_name }} at {{ $labels.client_addr }} has not taken "
            "the primary's log",
            description="{{ $value | humanize1024 }}B of the write-ahead log have been waiting for 5 minutes.",
            pending="5m",
            dashboard="database-metrics",
        ),
        Alert(
            "DatabaseReplicaGone",
            # A replica that is cut off has no series: nothing about it can be too high.
            f"max by ({_REPLICA}) (last_over_time({_BEHIND}[1d]))"
            f" unless max by ({_REPLICA}) (last_over_time({_BEHIND}[5m]))"
            " and on (instance) (pg_up == 1)",
            severity="warning",
            kind="database",
            owner="devops",
            summary="Replica {{ $labels.application_name }} at {{ $labels.client_addr }} has left the primary",
            description="The primary {{ $labels.instance }} sends it nothing any more; it was {{ $value | humanize1024 "
            "}}B behind when it was last seen, within the last day.",
            pending="5m",
            dashboard="database-metrics",
        ),
    ]
