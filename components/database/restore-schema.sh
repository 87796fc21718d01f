#!/bin/sh
# Brings one schema back (BAK-1) out of a database that was restored beside the one that runs: starts a server on it that
# nobody else reaches, and loads the schema in one transaction, which is kept only when every row is there.
#
# Nothing is lost: what is at the target goes to TARGET_old_TIME, and that only when --over is said.
# usage: restore-schema.sh DATA SCHEMA [--to=TARGET] [--over] [--dry-run], the password of ADMIN by standard input
set -eu
umask 077

fail() {
  echo "error: $1" >&2
  exit 1
}

[ $# -ge 2 ] || fail "give the folder of the restored data and the schema, as in /restored/data internal"
data=$1 schema=$2 target="$2_restored" over='' dry=''
shift 2
for word; do
  case $word in
    --to=*) target=${word#--to=} ;;
    --over) over=1 ;;
    --dry-run) dry=1 ;;
    *) fail "$word is not known: give --to=TARGET, --over or --dry-run" ;;
  esac
done
for name in "$schema" "$target"; do
  case $name in '' | *[!a-z0-9_]*) fail "'$name' is no name of a schema: give small letters, digits and _" ;; esac
done
[ -f "$data/PG_VERSION" ] || fail "$data holds no database: restore one into it first"

work=$(mktemp -d)
server=''
clean() {
  [ -z "$server" ] || { kill -INT "$server" 2>/dev/null && wait "$server"; } || true
  rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' INT TERM
IFS= read -r password || fail "standard input has no password: give that of ADMIN"
printf '*:*:*:ADMIN:%s\n' "$(printf %s "$password" | sed 's/[\\:]/\\&/g')" >"$work/pass"
echo 'local all all trust' >"$work/hba"
export PGPASSFILE="$work/pass" PGOPTIONS='-c timezone=GMT -c datestyle=ISO -c statement_timeout=0'

there() { psql -XqAt -v ON_ERROR_STOP=1 -h "$work" -U ADMIN -v "schema=$schema" -v "target=$target" "$@" postgres; }
here() { psql -XqAt -v ON_ERROR_STOP=1 -h SOCKET -U ADMIN -v "schema=$schema" -v "target=$target" "$@" postgres; }

# It runs no job of pg_cron, archives nothing, and is asked by this script alone.
postgres -D "$data" -k "$work" -c config_file=CONF/postgresql.conf -c "hba_file=$work/hba" -c listen_addresses= \
  -c archive_mode=off -c ssl=off -c cron.launch_active_jobs=off >"$work/log" 2>&1 &
server=$!
until [ "$(there -c 'select pg_is_in_recovery()' 2>"$work/said")" = f ]; do
  kill -0 "$server" 2>/dev/null || fail "the restored database does not start: $(grep FATAL "$work/log")"
  ! grep FATAL "$work/said" | grep -qv 'database system is' || fail "it cannot be asked: $(tail -n 1 "$work/said")"
  sleep 1
done

# Of each table its rows and a sum over all of them, in whatever order; of each sequence its value. NAMED is a schema.
cat >"$work/content.sql" <<'SQL'
set search_path = '';
select format(case relkind when 'S' then 'select %L, last_value, is_called from %I.%I'
    else 'select %L, count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) from only %I.%I t' end,
    relname, nspname, relname)
  from pg_class join pg_namespace on pg_namespace.oid = relnamespace
  where nspname = :'named' and relkind in ('r', 'm', 'S') order by relname \gexec
SQL
cat >"$work/leaning.sql" <<'SQL'
with inside as (select pg_class.oid from pg_class join pg_namespace n on n.oid = relnamespace where nspname = :'target')
select string_agg(distinct who::regclass::text, ', ') from (
  select conrelid, confrelid from pg_constraint where contype = 'f'
  union all
  select ev_class, refobjid from pg_depend join pg_rewrite on pg_rewrite.oid = objid
    where classid = 'pg_rewrite'::regclass and refclassid = 'pg_class'::regclass
) as leans (who, on_what) where on_what in (select oid from inside) and who not in (select oid from inside)
SQL
is_there='select count(*) from pg_namespace where nspname = '
[ "$(echo "$is_there :'schema'" | there)" = 1 ] ||
  fail "schema $schema is not in $data; there are $(there -c "select string_agg(nspname, ', ') from pg_namespace \
where nspname !~ '^pg_|^information_schema\$'")"
there -v "named=$schema" -f "$work/content.sql" >"$work/wanted"
present=$(echo "$is_there :'target'" | here)
live=$(echo "$is_there :'schema'" | here)
what=new
[ "$present" = 0 ] || what=replaced
echo "schema $target: $what, with $(wc -l <"$work/wanted") tables and sequences (name, rows or value):"
cut -d '|' -f 1,2 "$work/wanted" | sed 's/^/  /'
if [ "$present" = 1 ]; then
  leaning=$(here -f "$work/leaning.sql")
  [ -z "$leaning" ] ||
    fail "$leaning lean on schema $target and would go on with the old one: restore beside, and copy the rows over"
fi
[ -z "$dry" ] || exit 0
[ "$present" = 0 ] || [ -n "$over" ] || fail "schema $target is there: name another with --to, or add --over"

pg_dump -h "$work" -U ADMIN --schema="$schema" --file="$work/dump" postgres
say() { printf '%s\n' "$1"; }
old="${target}_old_$(date +%s)"
{
  say '\set ON_ERROR_STOP on'
  say 'begin;'
  [ "$present" = 0 ] || say "alter schema $target rename to $old;"
  # It is loaded under its own name; nobody else sees it until all is done.
  [ "$target" = "$schema" ] || [ "$live" = 0 ] || say "alter schema $schema rename to luxima_aside;"
  # PostgreSQL takes it for granted that there is a schema `public`.
  grep -q '^CREATE SCHEMA ' "$work/dump" || say "create schema $schema;"
  say "\\i $work/dump"
  say "\\o $work/loaded"
  say "\\i $work/content.sql"
  say '\o'
  if [ "$target" != "$schema" ]; then
    say "alter schema $schema rename to $target;"
    [ "$live" = 0 ] || say "alter schema luxima_aside rename to $schema;"
  fi
  say "\\set same \`cmp -s $work/wanted $work/loaded && echo true || echo false\`"
  say '\if :same'
  say 'commit;'
  say '\else'
  say "do \$\$ begin raise exception 'rows differ from those that were restored: nothing was changed'; end \$\$;"
  say '\endif'
} >"$work/load.sql"
here -v "named=$schema" -f "$work/load.sql" >/dev/null

# Tables, functions, indexes, rights and policies, without what is another in each dump.
definitions() {
  pg_dump -h "$1" -U ADMIN --schema-only --schema="$2" postgres | sed -e '/^--/d' -e '/^\\/d' -e "s/$target/$schema/g"
}
definitions "$work" "$schema" >"$work/wanted"
definitions SOCKET "$target" >"$work/loaded"
cmp -s "$work/wanted" "$work/loaded" ||
  fail "all rows are restored, but a definition differs: $(diff "$work/wanted" "$work/loaded" | head -n 6)"
[ "$present" = 0 ] || echo "what was there is schema $old: drop it when nobody needs it"
echo "restored and compared: schema $target"
