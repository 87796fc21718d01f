#!/bin/sh
# As in Supabase's image: the first start makes the database with the roles that its parts log in as, then the server
# runs. A first start that was ended is begun anew.
set -eu

key=/etc/postgresql-custom/pgsodium_root.key
[ -s "$key" ] || od -An -tx1 -N32 /dev/urandom | tr -d ' \n' > "$key"
if [ ! -e "$PGDATA" ]; then
  new=$PGDATA.new
  rm -rf "$new"
  printf %s "$POSTGRES_PASSWORD" > /tmp/first
  initdb --pgdata="$new" --username=supabase_admin --pwfile=/tmp/first --auth=scram-sha-256 --encoding=UTF8 > /dev/null
  pg_ctl --pgdata="$new" --wait --log=/tmp/first.log --options="-c listen_addresses='' -k /tmp" start > /dev/null
  PGPASSWORD=$POSTGRES_PASSWORD psql --no-psqlrc --quiet --set=ON_ERROR_STOP=on --host=/tmp --username=supabase_admin postgres <<'SQL'
create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
create role authenticator login noinherit;
grant anon, authenticated, service_role to authenticator;
create role postgres login createdb createrole replication bypassrls;
create role pgbouncer login;
create role supabase_auth_admin login noinherit createrole;
create role supabase_functions_admin login noinherit createrole;
create role supabase_replication_admin login replication;
create role supabase_storage_admin login noinherit createrole;
alter database postgres owner to postgres;
create publication supabase_realtime;
SQL
  pg_ctl --pgdata="$new" --wait stop > /dev/null
  rm -f /tmp/first
  mv "$new" "$PGDATA"
fi
exec "$@"
