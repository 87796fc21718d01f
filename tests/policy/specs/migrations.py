"""Specs of policy/rules/migrations.py."""

from policy.rules import kinds

from ..spec import UNKNOWN, Case, Spec, one, wrong

_GOOD = """
-- grant all on all tables in schema internal to anon;
create role %I nologin noinherit;
grant insert on internal.alert_logs to luxima_log_writer;
alter role luxima_monitor set default_transaction_read_only = on;
create function f() returns trigger language plpgsql security definer set search_path = '' as $$ begin end $$;
create trigger t before truncate on internal.alert_logs execute function f();
select case class when 'security' then interval '60 days' when 'audit' then interval '90 days' end;
"""


def _sql(text: str) -> Case:
    return one(kinds.DOCKER_CONTAINER, {"uploads": [{"file": "/migrations/1.sql", "content": text}]})


SPECS = (
    Spec(
        "migration-rights",
        passes=(_sql(_GOOD),),
        fails=tuple(
            wrong(_sql(f"{_GOOD}{text}"), "uploads[0].content")
            for text in (
                "grant pg_monitor, pg_read_all_data to luxima_monitor;",
                "alter role luxima_monitor superuser;",
                "alter table public.orders disable row level security;",
                "grant select on internal.alert_logs to authenticated, anon;",
                "create role %I login;",
                "alter role luxima_monitor set default_transaction_read_only = off;",
                "drop table if exists internal.audit_deploy;",
                "truncate internal.alert_logs;",
                "create function g() returns text language sql security definer as $$ select 1 $$;",
                "select case class when 'security' then 7 end;",
            )
        ),
        unknown=(wrong(_sql(UNKNOWN), "uploads[0].content"),),
    ),
)
