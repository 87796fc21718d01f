-- Schema internal: what is written down of alerts and of deployments.
--
-- Append-only: rows are added by two RPC functions that service_role alone may execute, and leave when their class'
-- retention is over; nothing else changes them. The schema is not exposed by the API, only the functions are.
-- This file can be run again at any time.

begin;

-- Roles ---------------------------------------------------------------------------------------------------------------
-- anon, authenticated and service_role are Supabase's own; they are made here where there is no Supabase.
do $$
declare
  wanted text;
begin
  foreach wanted in array array[
    'anon', 'authenticated', 'service_role',
    'luxima_log_writer',  -- owns the RPC functions: may insert, and cannot even read
    'luxima_log_keeper'   -- owns the retention: may delete what is old enough
  ] loop
    if not exists (select from pg_roles where rolname = wanted) then
      execute format('create role %I nologin noinherit', wanted);
    end if;
  end loop;
  if not exists (select from pg_roles where rolname = 'luxima_monitor') then
    create role luxima_monitor login;  -- the PostgreSQL exporter; its password is set from a secret, not here
  end if;
  -- To give functions to these two one has to be a member of them, superusers apart.
  if not (select rolsuper from pg_roles where rolname = current_user) then
    execute format('grant luxima_log_writer, luxima_log_keeper to %I', current_user);
  end if;
end
$$;

grant pg_monitor to luxima_monitor;
alter role luxima_monitor connection limit 5;
alter role luxima_monitor set default_transaction_read_only = on;

-- Tables --------------------------------------------------------------------------------------------------------------
create schema if not exists internal;
revoke all on schema internal from public;
grant usage on schema internal to luxima_log_writer, luxima_log_keeper;

create table if not exists internal.alert_logs (
  fingerprint text not null check (fingerprint <> ''),
  starts_at timestamptz not null,
  status text not null check (status in ('firing', 'resolved')),
  ends_at timestamptz check ((ends_at is not null) = (status = 'resolved')),
  alertname text not null,
  severity text,
  class text not null check (class in ('security', 'default')),
  labels jsonb not null,
  annotations jsonb not null,
  generator_url text,
  received_at timestamptz not null default now(),
  primary key (fingerprint, starts_at, status)
);
comment on table internal.alert_logs is
  'Every alert, fired and resolved; fingerprint is that of its labels, starts_at tells one time from another';
create index if not exists alert_logs_received_at on internal.alert_logs (class, received_at);
create index if not exists alert_logs_alertname on internal.alert_logs (alertname, starts_at desc);
create index if not exists alert_logs_starts_at on internal.alert_logs (starts_at desc);
create index if not exists alert_logs_labels on internal.alert_logs using gin (labels jsonb_path_ops);

create table if not exists internal.audit_deploy (
  id text primary key check (id <> ''),
  who text not null check (who <> ''),
  what text not null check (what <> ''),
  stack text not null check (stack <> ''),
  slot text,
  image text,
  result text not null check (result in ('started', 'succeeded', 'failed', 'rolled_back')),
  happened_at timestamptz not null,
  details jsonb not null default '{}',
  class text not null default 'audit' check (class = 'audit'),
  received_at timestamptz not null default now()
);
comment on table internal.audit_deploy is 'Every deployment: who, what, where, with which result, and when';
comment on column internal.audit_deploy.id is 'Made by who deploys; the same deployment told twice is one row';
create index if not exists audit_deploy_received_at on internal.audit_deploy (class, received_at);
create index if not exists audit_deploy_happened_at on internal.audit_deploy (stack, happened_at desc);

revoke all on internal.alert_logs, internal.audit_deploy from public, anon, authenticated, service_role;
grant insert on internal.alert_logs, internal.audit_deploy to luxima_log_writer;
grant select, delete on internal.alert_logs, internal.audit_deploy to luxima_log_keeper;

-- Retention -----------------------------------------------------------------------------------------------------------
-- The days of the retention table in settings: security, audit, everything else.
create or replace function internal.log_retention(class text) returns interval
language sql immutable
set search_path = pg_catalog
as $$
  select case class when 'security' then interval '60 days' when 'audit' then interval '90 days' else interval '30 days' end
$$;

-- Nobody changes a row, table owners and superusers included; the retention alone deletes, and only what is old enough.
create or replace function internal.refuse_change() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
  -- In a trigger that is no security definer, the current user is the owner of the function that deletes.
  if tg_op = 'DELETE' and current_user = 'luxima_log_keeper' then
    if old.received_at < now() - internal.log_retention(old.class) then
      return old;
    end if;
    raise exception '%.% is kept: the row is younger than its retention', tg_table_schema, tg_table_name
      using errcode = 'insufficient_privilege';
  end if;
  raise exception '%.% is append-only: % refused', tg_table_schema, tg_table_name, tg_op
    using errcode = 'insufficient_privilege';
end
$$;

do $$
declare
  logs regclass;
begin
  foreach logs in array array['internal.alert_logs', 'internal.audit_deploy']::regclass[] loop
    execute format('create or replace trigger append_only before update or delete on %s '
                   'for each row execute function internal.refuse_change()', logs);
    execute format('create or replace trigger append_only_all before truncate on %s '
                   'for each statement execute function internal.refuse_change()', logs);
    -- Also in a session that replays a replication stream.
    execute format('alter table %s enable always trigger append_only', logs);
    execute format('alter table %s enable always trigger append_only_all', logs);
  end loop;
end
$$;

-- Returns the number of rows that left.
create or replace function internal.expire_logs() returns bigint
language plpgsql security definer
set search_path = pg_catalog
as $$
declare
  alerts bigint;
  deploys bigint;
begin
  delete from internal.alert_logs where received_at < now() - internal.log_retention(class);
  get diagnostics alerts = row_count;
  delete from internal.audit_deploy where received_at < now() - internal.log_retention(class);
  get diagnostics deploys = row_count;
  return alerts + deploys;
end
$$;

-- RPC -----------------------------------------------------------------------------------------------------------------
-- PostgREST hands the whole body of a request to a function with one unnamed json parameter.

-- Body of Alertmanager's webhook (version 4). Returns the number of new rows. An alert that is resolved has fired: both
-- rows are written, for the message that it fired may never have arrived.
create or replace function public.record_alert(json) returns bigint
language plpgsql security definer
set search_path = pg_catalog
as $$
declare
  -- jsonb holds no NUL character; a label that does must not keep all other alerts from being written.
  body jsonb := replace($1::text, '\u0000', '\ufffd');
  written bigint;
begin
  if jsonb_typeof(body -> 'alerts') is distinct from 'array' then
    raise exception 'record_alert takes the body of an Alertmanager webhook: alerts is missing'
      using errcode = 'invalid_parameter_value';
  end if;
  insert into internal.alert_logs (
    fingerprint, starts_at, status, ends_at, alertname, severity, class, labels, annotations, generator_url
  )
  select
    alert ->> 'fingerprint',
    (alert ->> 'startsAt')::timestamptz,
    status,
    case when status = 'resolved' then (alert ->> 'endsAt')::timestamptz end,
    coalesce(alert -> 'labels' ->> 'alertname', ''),
    alert -> 'labels' ->> 'severity',
    case when alert -> 'labels' ->> 'kind' = 'security' then 'security' else 'default' end,
    coalesce(alert -> 'labels', '{}'),
    coalesce(alert -> 'annotations', '{}'),
    alert ->> 'generatorURL'
  from jsonb_array_elements(body -> 'alerts') as alert
  cross join unnest(array['firing', 'resolved']) as status
  where status = 'firing' or alert ->> 'status' = 'resolved'
  on conflict do nothing;
  get diagnostics written = row_count;
  return written;
end
$$;

-- {id, who, what, stack, slot?, image?, result, when, details?}. Returns whether it is new.
create or replace function public.record_deploy(json) returns boolean
language plpgsql security definer
set search_path = pg_catalog
as $$
begin
  insert into internal.audit_deploy (id, who, what, stack, slot, image, result, happened_at, details)
  values (
    $1 ->> 'id', $1 ->> 'who', $1 ->> 'what', $1 ->> 'stack', $1 ->> 'slot', $1 ->> 'image', $1 ->> 'result',
    ($1 ->> 'when')::timestamptz, coalesce(($1 -> 'details')::jsonb, '{}')
  )
  on conflict do nothing;
  return found;
end
$$;

-- Functions are everybody's by default, and Supabase gives new ones to its roles by name.
revoke all on function internal.log_retention(text), internal.refuse_change(), internal.expire_logs(),
  public.record_alert(json), public.record_deploy(json) from public, anon, authenticated, service_role;
grant execute on function public.record_alert(json), public.record_deploy(json) to service_role;
grant execute on function internal.log_retention(text) to luxima_log_keeper;

-- Who is given a function needs to be allowed to create in its schema, at this moment only.
grant create on schema internal to luxima_log_keeper;
grant create on schema public to luxima_log_writer;
alter function internal.expire_logs() owner to luxima_log_keeper;
alter function public.record_alert(json) owner to luxima_log_writer;
alter function public.record_deploy(json) owner to luxima_log_writer;
revoke create on schema internal from luxima_log_keeper;
revoke create on schema public from luxima_log_writer;

-- Every night where pg_cron is there, as it is in Supabase; elsewhere something else has to call it.
do $$
begin
  if exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule('luxima-expire-logs', '17 3 * * *', 'select internal.expire_logs()');
  end if;
end
$$;

commit;
