"""The database of the platform: PostgreSQL with Supabase on a Docker host, and schema `internal`, as SQL migrations."""

from components.database.migrations import migrations
from components.database.plan import plan
from components.database.room import NETWORK, Database, DatabaseArgs

__all__ = ["NETWORK", "Database", "DatabaseArgs", "migrations", "plan"]
