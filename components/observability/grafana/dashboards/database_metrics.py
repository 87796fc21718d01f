"""Database Metrics: how long queries take, what waits for locks, how far replicas are behind (MON-3)."""

from components.observability.grafana.board import Board, Row
from components.observability.grafana.names import rate, series
from components.observability.grafana.panels import (
    Column,
    above,
    below,
    graph,
    links,
    listing,
    number,
    promql,
    promql_now,
)
from components.observability.grafana.runbooks import runbook
from components.observability.grafana.variables import database
from components.observability.rules import database as rules
from settings import Settings

_NAME = 'datname=~"$datname"'


def board(settings: Settings) -> Board:
    """The dashboard."""
    return Board(
        uid="database-metrics",
        title="Database Metrics",
        description="PostgreSQL: query time, lock waits, replication lag, connections, cache and size.",
        variables=[database()],
        links={"Backups": "/d/backups"},
        rows=[_now(settings), _queries(), _locks(), _replication(), _size()],
    )


def _transactions() -> str:
    committed, undone = (rate(f"pg_stat_database_xact_{way}", _NAME) for way in ("commit", "rollback"))
    return f"sum by (datname) ({committed}) + sum by (datname) ({undone})"


def _connections() -> str:
    return f"sum({series('pg_stat_activity_count')}) / max({series('pg_settings_max_connections')})"


def _now(settings: Settings) -> Row:
    up = number(
        "Database",
        "Whether PostgreSQL answers the exporter; down for 2 min is DatabaseDown.",
        "bool_on_off",
        promql_now(f"min({series('pg_up')})"),
        steps=below(1),
    )
    return Row(
        "Now",
        [
            links(up, {"Runbook DatabaseDown": runbook(settings, "DatabaseDown")}),
            number(
                "Connections",
                "Share of the allowed connections that are open.",
                "percentunit",
                promql_now(_connections()),
                steps=above(rules.CONNECTIONS_RATIO, 0.6),
            ),
            number(
                "Oldest transaction",
                "Age of the transaction that is open the longest.",
                "s",
                promql_now(f"max({series('pg_stat_activity_max_tx_duration', _NAME)})"),
                steps=above(rules.TRANSACTION_SECONDS, 60),
            ),
            number(
                "Replication lag",
                "Log that the replica that is furthest behind has not taken yet.",
                "bytes",
                promql_now(f"max({series('pg_stat_replication_pg_wal_lsn_diff')})"),
                steps=above(rules.LAG_BYTES, rules.LAG_BYTES // 4),
                absent="no replica",
            ),
            number(
                "Transactions",
                "Transactions per second of the chosen databases.",
                "ops",
                promql_now(f"sum({_transactions()})"),
            ),
            number(
                "Deadlocks",
                "Deadlocks in the chosen time.",
                "short",
                promql_now(f"sum(increase({series('pg_stat_database_deadlocks', _NAME)}[$__range]))"),
                steps=above(1),
            ),
        ],
    )


def _queries() -> Row:
    active = rate("pg_stat_database_active_time_seconds_total", _NAME)
    returned, fetched = (rate(f"pg_stat_database_tup_{way}", _NAME) for way in ("returned", "fetched"))
    return Row(
        "Query time",
        [
            graph(
                "Query time per transaction",
                "Mean time that a transaction spent in running queries.",
                "s",
                promql(f"sum by (datname) ({active}) / ({_transactions()})", "{{datname}}"),
            ),
            graph(
                "Longest open transaction",
                "Age of the transaction that is open the longest, by database and state.",
                "s",
                promql(
                    f"max by (datname, state) ({series('pg_stat_activity_max_tx_duration', _NAME)}) > 0",
                    "{{datname}} {{state}}",
                ),
                steps=above(rules.TRANSACTION_SECONDS),
            ),
            graph(
                "Transactions",
                "Transactions per second that were committed and rolled back.",
                "ops",
                promql(f"sum by (datname) ({rate('pg_stat_database_xact_commit', _NAME)})", "{{datname}} committed"),
                promql(
                    f"sum by (datname) ({rate('pg_stat_database_xact_rollback', _NAME)})", "{{datname}} rolled back"
                ),
            ),
            graph(
                "Rows",
                "Rows per second that were read and that were of use; far apart means that an index is missing.",
                "cps",
                promql(f"sum by (datname) ({returned})", "{{datname}} read"),
                promql(f"sum by (datname) ({fetched})", "{{datname}} fetched"),
            ),
        ],
    )


def _locks() -> Row:
    waiting = series("pg_stat_activity_count", _NAME, 'wait_event_type="Lock"')
    return Row(
        "Locks",
        [
            graph(
                "Lock wait",
                "Sessions that wait for a lock of another one.",
                "short",
                promql(f"sum by (datname) ({waiting})", "{{datname}} waiting"),
                steps=above(rules.WAITING_SESSIONS),
                width=8,
            ),
            graph(
                "Locks by mode",
                "Locks that are held or waited for.",
                "short",
                promql(f"sum by (mode) ({series('pg_locks_count', _NAME)}) > 0", "{{mode}}"),
                width=8,
            ),
            graph(
                "Deadlocks",
                "Deadlocks per second; PostgreSQL ends one of the transactions each time.",
                "cps",
                promql(f"sum by (datname) ({rate('pg_stat_database_deadlocks', _NAME)})", "{{datname}}"),
                width=8,
            ),
        ],
    )


def _replication() -> Row:
    by_state = f"sum by (datname, state) ({series('pg_stat_activity_count', _NAME)})"
    return Row(
        "Replication and connections",
        [
            graph(
                "Replication lag",
                "Log of the primary that a replica has not taken yet.",
                "bytes",
                promql(
                    f"max by (application_name, client_addr) ({series('pg_stat_replication_pg_wal_lsn_diff')})",
                    "{{application_name}} {{client_addr}}",
                ),
                steps=above(rules.LAG_BYTES),
                width=8,
            ),
            graph(
                "Connections",
                "Open connections by database and state.",
                "short",
                promql(f"{by_state} > 0", "{{datname}} {{state}}"),
                stacked=True,
                width=8,
            ),
            graph(
                "Connections of those allowed",
                "Share of max_connections that is in use.",
                "percentunit",
                promql(_connections(), "in use"),
                steps=above(rules.CONNECTIONS_RATIO),
                maximum=1,
                width=8,
            ),
        ],
    )


def _size() -> Row:
    hit, read = (rate(f"pg_stat_database_blks_{way}", _NAME) for way in ("hit", "read"))
    temporary = rate("pg_stat_database_temp_bytes", _NAME)
    return Row(
        "Cache and size",
        [
            graph(
                "Cache hits",
                "Share of the blocks that were found in memory; under 99 % the working set does not fit.",
                "percentunit",
                promql(
                    f"sum by (datname) ({hit}) / (sum by (datname) ({hit}) + sum by (datname) ({read}))", "{{datname}}"
                ),
                maximum=1,
                width=8,
            ),
            graph(
                "Temporary files",
                "Bytes per second that sorts and joins wrote to disk as they did not fit into memory.",
                "Bps",
                promql(f"sum by (datname) ({temporary})", "{{datname}}"),
                width=8,
            ),
            listing(
                "Size of databases",
                "Size on disk, and growth in the last 24 h.",
                Column("Size", f"sum by (datname) ({series('pg_database_size_bytes', _NAME)})", "bytes"),
                Column(
                    "Growth a day", f"sum by (datname) (delta({series('pg_database_size_bytes', _NAME)}[1d]))", "bytes"
                ),
                width=8,
            ),
        ],
    )
