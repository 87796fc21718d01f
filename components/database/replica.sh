#!/bin/sh
# What the replica's container runs (INF-4): follows the database of another host, whose connection is SERVICE.
#
# An empty volume gets a copy of the primary's data. Data of a former primary are wound back to where the two parted: commits
# that the new primary never had are given up, and so are those that a restored one does not have any more. Each start goes on where the last one ended.
set -eu
umask 077

fail() {
  echo "error: $*" >&2
  exit 1
}

data=DATA
slot=SLOT
export PGSERVICEFILE=SERVICE PGSERVICE=primary
ask() { psql -XqAt -v ON_ERROR_STOP=1 -c "$1"; }
# Prints a line of what the data say of themselves.
own() { LC_ALL=C pg_controldata --pgdata="$data" | sed -n "s/^$1: *//p"; }

follow() {
  exec postgres -D "$data" -c config_file=CONF/postgresql.conf -c primary_conninfo=service=primary \
    -c "primary_slot_name=$slot"
}

if ! known=$(ask "select system_identifier || ' ' || timeline_id from pg_control_system(), pg_control_checkpoint()"); then
  # It can be promoted without a primary, and asks for the log until there is one.
  [ ! -e "$data/standby.signal" ] || [ -e "$data.rewinding" ] || follow
  fail "the primary does not answer: nothing was changed, and the next start tries again"
fi
identity=${known% *} timeline=${known#* }

# A copy beside, which takes the place of the data when it is whole.
copy() {
  rm -rf "$data.new" "$data.old"
  with_slot
  pg_basebackup --dbname=service=primary --pgdata="$data.new" --slot="$slot" --checkpoint=fast
  [ ! -e "$data" ] || mv "$data" "$data.old"
  mv "$data.new" "$data"
  rm -rf "$data.old" "$data.rewinding"
}

# The primary keeps the log that is not here yet from now on, as long as its max_slot_wal_keep_size allows.
with_slot() {
  ask "select pg_create_physical_replication_slot('$slot', true)
    where not exists (select from pg_replication_slots where slot_name = '$slot')" >/dev/null
}

# Whether the log that is kept begins later than the data here end.
has_gap() {
  [ "$(ask "select restart_lsn > '$(own 'Minimum recovery ending location')' from pg_replication_slots
    where slot_name = '$slot'")" = t ]
}

# A slot that was given up keeps nothing any more.
ask "select pg_drop_replication_slot(slot_name) from pg_replication_slots
  where slot_name = '$slot' and wal_status = 'lost'" >/dev/null
if [ ! -f "$data/PG_VERSION" ] || [ -e "$data.rewinding" ]; then
  copy
elif [ "$(own 'Database system identifier')" != "$identity" ]; then
  fail "the data here are of another database than the primary's: give database.host and database.replica as they were," \
    "or remove the volume supabase-db-data of this host"
elif [ "$timeline" -gt "$(own "Latest checkpoint's TimeLineID")" ]; then
  # A former primary, or a replica of one that was restored. What is half wound back is no database any more: the next start
  # makes a copy.
  mkdir -p "$data.rewinding"
  with_slot
  pg_rewind --target-pgdata="$data" --source-server=service=primary --config-file=CONF/postgresql.conf
  rmdir "$data.rewinding"
elif [ ! -e "$data/standby.signal" ]; then
  fail "the data here are as new as those that they are to follow: promote the replica first, nothing was changed"
else
  with_slot
  if has_gap; then
    echo "the primary has no more of the log that is missing here: copies all of it" >&2
    copy
  fi
fi
touch "$data/standby.signal"

# The key of the vault is no part of the data.
key=$(ask "select luxima.root_key()")
[ -z "$key" ] || printf %s "$key" >ROOT_KEY

follow
