"""The database of the platform: PostgreSQL with Supabase on a Docker host, and schema `internal`, as SQL migrations."""

from components.database.backing import backup_files
from components.database.migrations import migrations
from components.database.pgbackrest import database_plan, pgbackrest_conf
from components.database.plan import plan
from components.database.postgres import SHARED
from components.database.replica import REPLICA_NETWORK, Replica, ReplicaArgs
from components.database.room import NETWORK, Database, DatabaseArgs

__all__ = [
    "NETWORK",
    "REPLICA_NETWORK",
    "SHARED",
    "Database",
    "DatabaseArgs",
    "Replica",
    "ReplicaArgs",
    "backup_files",
    "database_plan",
    "migrations",
    "pgbackrest_conf",
    "plan",
]
