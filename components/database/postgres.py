"""PostgreSQL: its record, and the two documents that it reads (SEC-3, SEC-4, MON-3)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from typing import Final

import versions
from components.database.model import DATABASE, PORT, SECRETS, Part
from settings.database import PROMOTE, REPLICA_NAME, REPLICATION_PORT, SERVER_NAME, Database

CONF: Final = "/etc/luxima"
"""Folder with the documents and the certificate."""
MONITOR: Final = "luxima_monitor"
"""Role of the exporter, which migration 0001 makes."""
BACKUP: Final = "luxima_backup"
"""Role that makes backups, of migration 0002."""
DATA: Final = "/var/lib/postgresql/data"
SOCKET: Final = "/var/run/postgresql"
SPOOL: Final = f"{SOCKET}/spool"
"""Folders that the container of backups has as well: data, to read only; socket, and in its folder WAL on its way."""
ROOT_KEY: Final = "/etc/postgresql-custom/pgsodium_root.key"
"""What the keys of the vault are encrypted with."""
SHARED: Final = {
    "data": ("supabase-db-data", "/var/lib/postgresql"),
    "socket": ("supabase-db-run", SOCKET),
    "config": ("supabase-db-config", "/etc/postgresql-custom"),
}
"""Volume and place of each."""
ARCHIVE_SECONDS: Final = 60
"""Longest that WAL stays on the host alone, while somebody writes."""
_SPOOLED: Final = 64
"""Segments of 16 MiB in the spool at most."""
_SCRIPT: Final = "pgbackrest-spool.sh"
RESTORE_SCRIPT: Final = "restore-schema.sh"
ADMIN: Final = "supabase_admin"
"""The superuser of Supabase's image."""
REPLICA: Final = "luxima_replica"
"""Role that takes the write-ahead log, of migration 0003; and the slot that keeps what is not taken yet."""
REPLICA_SCRIPT: Final = "replica.sh"
_PROMOTE_SCRIPT: Final = PROMOTE.rpartition("/")[2]
_SCRIPTS: Final = (_SCRIPT, RESTORE_SCRIPT)
_REPLICA_SCRIPTS: Final = (REPLICA_SCRIPT, _PROMOTE_SCRIPT)
_IMAGE_CONF: Final = "/etc/postgresql/postgresql.conf"
"""What the image itself says, above all which libraries are loaded: pg_stat_statements, pgaudit, pg_cron and others."""
_MIB: Final = 1024


def postgres(database: Database) -> Part:
    """The server; its data, and the root key of what it encrypts, are in volumes that nothing here removes."""
    return Part(
        name=SERVER_NAME,
        aliases=[DATABASE],
        image=versions.SUPABASE_POSTGRES,
        port=PORT,
        memory_mib=database.memory_mib.postgres,
        user="postgres:0",
        callers=["auth", "rest", "realtime", "storage", "meta", "studio", "pooler", "exporter"],
        env={
            "POSTGRES_HOST": SOCKET,
            "PGPORT": str(PORT),
            "POSTGRES_PORT": str(PORT),
            "PGDATABASE": "postgres",
            "POSTGRES_DB": "postgres",
            "JWT_EXP": str(database.token_seconds),
        },
        secrets={"PGPASSWORD": "{databasePassword}", "POSTGRES_PASSWORD": "{databasePassword}"},
        command=["docker-entrypoint.sh", "postgres", "-c", f"config_file={CONF}/postgresql.conf"],
        # Two servers on one volume would destroy it: the replica on this host may still run.
        unless=f"{DATA}/standby.signal:the data here follow another database, run `release promote-database` first",
        health=["CMD", "pg_isready", "--username=postgres", "--host=127.0.0.1"],
        keeps=dict(SHARED.values()),
    )


def replica(database: Database) -> Part:
    """Its replica on another host: the same program, on volumes of the same names, which a promotion leaves to it."""
    server = postgres(database)
    return replace(
        server,
        name=REPLICA_NAME,
        callers=["exporter"],
        env={},
        secrets={},
        unless="",
        command=["/bin/sh", f"{CONF}/{REPLICA_SCRIPT}"],
    )


def postgresql_conf(database: Database, *, archived: bool) -> str:
    """postgresql.conf: what the image says, and then what this host and this platform ask for.

    Sizes as PostgreSQL's own documentation advises: a quarter of the memory for shared buffers, and what queries may
    sort in at once is not more than what is left.

    Args:
        database: Settings of the database.
        archived: Whether somebody takes the WAL; what nobody takes would fill the disk.
    """
    memory, connections = database.memory_mib.postgres, database.max_connections
    shared = memory // 4
    work = max(2, (memory - shared) // (connections * 2))
    lines = {
        "hba_file": f"{CONF}/pg_hba.conf",
        "listen_addresses": "*",
        "max_connections": connections,
        "shared_buffers": f"{shared}MB",
        "effective_cache_size": f"{memory * 5 // 8}MB",
        "work_mem": f"{work}MB",
        "maintenance_work_mem": f"{max(32, min(memory // 16, 2 * _MIB))}MB",
        "wal_buffers": "16MB",
        "min_wal_size": f"{max(80, memory // 8)}MB",
        "max_wal_size": f"{max(512, memory // 2)}MB",
        "checkpoint_completion_target": 0.9,
        "random_page_cost": 1.1,
        # Realtime reads changes, and the replica does.
        "wal_level": "logical",
        "max_wal_senders": 10,
        "max_replication_slots": 10,
        "max_slot_wal_keep_size": f"{memory * 2}MB",
        # A former primary is wound back by the pages that it has changed.
        "wal_log_hints": "off" if database.replica is None else "on",
        "archive_mode": "on" if archived else "off",
        "archive_command": f"/bin/sh {CONF}/{_SCRIPT} %p %f",
        "archive_timeout": f"{ARCHIVE_SECONDS}s",
        "ssl": "on",
        "ssl_cert_file": f"{CONF}/server.crt",
        "ssl_key_file": f"{CONF}/server.key",
        "ssl_min_protocol_version": "TLSv1.2",
        "password_encryption": "scram-sha-256",
        # All of it goes to the container's output, which the log agent reads (SEC-4).
        "log_destination": "stderr",
        "logging_collector": "off",
        "log_line_prefix": "%m [%p] %q%u@%d %h ",
        # A refused login is FATAL, a refused statement ERROR. Statements themselves may hold what people typed.
        "log_min_messages": "warning",
        "log_min_error_statement": "panic",
        "log_statement": "none",
        "log_lock_waits": "on",
        "log_connections": "off",
        "log_disconnections": "off",
        "log_parameter_max_length_on_error": 0,
        # Who gets which rights, and which role becomes which.
        "pgaudit.log": "role",
        "pgaudit.log_catalog": "off",
        "pgaudit.log_parameter": "off",
        "pg_stat_statements.track": "all",
        "pg_stat_statements.max": 5000,
        "track_io_timing": "on",
        "idle_in_transaction_session_timeout": "10min",
    }
    return f"include_if_exists '{_IMAGE_CONF}'\n" + "".join(f"{name} = '{value}'\n" for name, value in lines.items())


def scripts() -> dict[str, str]:
    """The script of archive_command, and the one that brings a schema back, by their names in CONF."""
    values = {"SPOOL": SPOOL, "LIMIT": str(_SPOOLED), "SOCKET": SOCKET, "CONF": CONF, "ADMIN": ADMIN}
    return _filled(_SCRIPTS, values)


def replica_scripts() -> dict[str, str]:
    """The replica's own program, and what makes a database of it, by their names in CONF."""
    values = {"DATA": DATA, "SLOT": REPLICA, "SERVICE": SERVICE_FILE, "CONF": CONF, "ROOT_KEY": ROOT_KEY}
    return _filled(_REPLICA_SCRIPTS, values)


def _filled(names: Sequence[str], values: Mapping[str, str]) -> dict[str, str]:
    texts = {name: files(__package__ or "").joinpath(name).read_text(encoding="utf-8") for name in names}
    return {name: re.sub(rf"\b({'|'.join(values)})\b", lambda found: values[found[0]], texts[name]) for name in texts}


def pg_hba_conf(replica_address: str | None) -> str:
    """pg_hba.conf: everybody has a password, and nobody but the replica comes from another network.

    The image trusts whoever comes by loopback, and knows no replication.

    Args:
        replica_address: Of the replica's host; None for nobody.
    """
    follows = () if replica_address is None else ("replication", "postgres")
    rows = (
        ("local", "all", "all", "", "scram-sha-256"),
        # It reads files of the data when it has to be wound back.
        *(("hostssl", database, REPLICA, f"{replica_address}/32", "scram-sha-256") for database in follows),
        ("host", "all", REPLICA, "all", "reject"),
        ("host", "replication", "all", "all", "reject"),
        ("hostnossl", "all", MONITOR, "all", "reject"),
        ("host", "all", "all", "127.0.0.1/32", "scram-sha-256"),
        # The network of its own that the host's containers have; no port of it is published.
        ("host", "all", "all", "samenet", "scram-sha-256"),
        ("host", "all", "all", "all", "reject"),
    )
    return "".join(" ".join(word for word in row if word) + "\n" for row in rows)


SERVICE_FILE: Final = f"{SECRETS}/service.conf"
"""Where the migrations' psql finds how it logs in: no argument and no environment has the password."""


def primary_conf(address: str, host: str) -> str:
    """The connection of the replica, with the password still to be put in.

    Args:
        address: Of the primary's host.
        host: Name of the replica's, by which the primary and its alerts know it.
    """
    return (
        f"[primary]\nhost={address}\nport={REPLICATION_PORT}\ndbname=postgres\nuser={REPLICA}\n"
        f"password={{databaseReplicaPassword}}\nsslmode=verify-full\nsslrootcert={CONF}/server.crt\n"
        f"application_name={host}\nconnect_timeout=15\n"
    )


def service_conf() -> str:
    """The connection that migrations are made by, with the password still to be put in."""
    return (
        f"[luxima]\nhost={DATABASE}\nport={PORT}\ndbname=postgres\nuser=supabase_admin\n"
        f"password={{databasePassword}}\nsslmode=verify-full\nsslrootcert={CONF}/server.crt\n"
    )
