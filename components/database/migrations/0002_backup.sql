-- The role that makes backups: it begins and ends one, and reads how the server is set. It reads no table of anybody's.
-- Its password is set from a secret, not here. This file can be run again at any time.

begin;

do $$
begin
  if not exists (select from pg_roles where rolname = 'luxima_backup') then
    create role luxima_backup login;
  end if;
end
$$;

grant pg_read_all_settings to luxima_backup;
alter role luxima_backup connection limit 5;
do $$
begin
  -- Superusers alone may give these away; the platform's migrations run as one.
  if (select rolsuper from pg_roles where rolname = current_user) then
    grant execute on function pg_backup_start(text, boolean), pg_backup_stop(boolean), pg_switch_wal(),
      pg_create_restore_point(text) to luxima_backup;
  else
    raise warning 'luxima_backup cannot make backups: run this as a superuser';
  end if;
end
$$;

commit;
