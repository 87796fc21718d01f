"""The psql script that brings the database where the repository is: roles, schemas, migrations, each once and in order.

It can be ended at any place and run again: a migration can be run twice without harm, and is written down after it. One
run at a time: a second one waits for the first.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

from components.database.postgres import BACKUP, MONITOR, REPLICA
from settings.retention import LogRetention

FOLDER: Final = "/migrations"
"""Where the script and the migrations lie in the container that runs it."""
SCRIPT: Final = "run.psql"
_LOCK: Final = 7_146_254_911
"""Number of the advisory lock; any that nobody else takes."""
_ROLES: Final = (
    *("authenticator", "pgbouncer", "postgres", "supabase_admin", "supabase_auth_admin", "supabase_functions_admin"),
    *("supabase_replication_admin", "supabase_storage_admin"),
)
"""Roles of Supabase's image that log in; those that are not there are passed over."""
PASSWORDS: Final = (
    "databasePassword",
    "databaseMonitorPassword",
    "databaseBackupPassword",
    "databaseReplicaPassword",
)
"""Files beside the script: what roles log in with."""

_HEAD: Final = """\
\\set ON_ERROR_STOP on
\\if :{?plan} \\else
  \\set plan off
\\endif
set client_min_messages = warning;
\\echo waiting for the lock
set statement_timeout = '10min';
select pg_advisory_lock(LOCK) \\g /dev/null
set statement_timeout = 0;
\\if :plan \\else
  create schema if not exists luxima;
  create table if not exists luxima.migrations (
    name text primary key,
    checksum text not null,
    applied_at timestamptz not null default now()
  );
\\endif
"""
_MIGRATION: Final = """\
\\set seen ''
select to_regclass('luxima.migrations') is not null as kept \\gset
\\if :kept
  select coalesce((select checksum from luxima.migrations where name = 'NAME'), '') as seen \\gset
\\endif
select :'seen' = 'CHECKSUM' as done, :'seen' not in ('', 'CHECKSUM') as changed \\gset
\\if :changed
  do $refuse$ begin
    raise exception 'NAME was changed after it had been applied: restore it and write a new migration';
  end $refuse$;
\\endif
\\if :done
  \\echo NAME: applied before
\\elif :plan
  \\echo NAME: would be applied
\\else
  \\i FOLDER/NAME
  insert into luxima.migrations (name, checksum) values ('NAME', 'CHECKSUM');
  \\echo NAME: applied
\\endif
"""
_SUPABASE: Final = """\
\\if :plan \\else
  select to_regprocedure('internal.log_retention(text)') is not null as kept \\gset
  \\if :kept
    create or replace function internal.log_retention(class text) returns interval
    language sql immutable set search_path = pg_catalog
    as $$ select make_interval(days => case class when 'security' then DAYS_SECURITY when 'audit' then DAYS_AUDIT
      else DAYS_DEFAULT end) $$;
  \\endif
  select not exists (select from pg_database where datname = '_supabase') as missing \\gset
  \\if :missing
    create database _supabase;
  \\endif
  create schema if not exists _realtime;
  create schema if not exists extensions;
  create extension if not exists pg_stat_statements schema extensions;
  \\set password `cat FOLDER/databasePassword`
  select format('alter role %I with password %L', rolname, :'password')
    from pg_roles where rolname in (ROLES) \\gexec
  \\set password `cat FOLDER/databaseMonitorPassword`
  alter role MONITOR with password :'password';
  \\set password `cat FOLDER/databaseBackupPassword`
  alter role BACKUP with password :'password';
  \\set password `cat FOLDER/databaseReplicaPassword`
  alter role REPLICA with password :'password';
  \\unset password
  \\connect _supabase
  create schema if not exists _supavisor;
\\endif
\\echo done
"""


def migration_files(migrations: Mapping[str, str], days: LogRetention) -> dict[str, str]:
    """The script and the migrations, by file name.

    Args:
        migrations: Their texts by file name, in the order in which they are to be run.
        days: How long rows of each class are kept; a change of the settings is brought by the next run.
    """
    steps = [
        _MIGRATION.replace("NAME", name).replace("CHECKSUM", hashlib.sha256(text.encode()).hexdigest())
        for name, text in migrations.items()
    ]
    script = "".join((_HEAD.replace("LOCK", str(_LOCK)), *steps, _SUPABASE)).replace("FOLDER", FOLDER)
    roles = ", ".join(f"'{role}'" for role in _ROLES)
    names = {"ROLES": roles, "MONITOR": MONITOR, "BACKUP": BACKUP, "REPLICA": REPLICA}
    names |= {f"DAYS_{name.upper()}": str(getattr(days, f"{name}_days")) for name in ("security", "audit", "default")}
    for word, name in names.items():
        script = script.replace(word, name)
    return {SCRIPT: script, **migrations}
