-- The role of the replica (INF-4): it takes the write-ahead log, and reads the files of the data when a former primary is
-- wound back. Whoever has its password has all data, as the replica does.
-- Its password is set from a secret, not here. This file can be run again at any time.

begin;

do $$
begin
  -- Superusers alone may do this; the platform's migrations run as one.
  if (select rolsuper from pg_roles where rolname = current_user) then
    if not exists (select from pg_roles where rolname = 'luxima_replica') then
      create role luxima_replica login;
    end if;
    alter role luxima_replica replication connection limit 6;
    -- The key of the vault lies beside the data, and is not in the log.
    create schema if not exists luxima;
    create or replace function luxima.root_key() returns text language sql security definer set search_path = '' as $key$
      select pg_catalog.pg_read_file('/etc/postgresql-custom/pgsodium_root.key', 0, 4096, true)
    $key$;
    revoke execute on function luxima.root_key() from public;
    grant usage on schema luxima to luxima_replica;
    grant execute on function luxima.root_key() to luxima_replica;
    grant execute on function pg_ls_dir(text, boolean, boolean), pg_stat_file(text, boolean), pg_read_binary_file(text),
      pg_read_binary_file(text, bigint, bigint, boolean) to luxima_replica;
  else
    raise warning 'there is no role luxima_replica: run this as a superuser';
  end if;
end
$$;

commit;
