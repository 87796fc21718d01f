#!/bin/sh
# Ends the replica's recovery (INF-4): from here on it is a database of its own. Whoever runs it has ended the old primary.
# usage: promote.sh [--plan]
set -eu

state() { LC_ALL=C pg_controldata --pgdata=DATA | sed -n 's/^Database cluster state: *//p'; }

if [ "$(state)" != "in archive recovery" ]; then
  echo "promoted before: $(state)"
elif [ "${1:-}" = --plan ]; then
  echo "follows: the log up to $(LC_ALL=C pg_controldata --pgdata=DATA | sed -n 's/^Minimum recovery ending location: *//p')"
else
  # Of two that do it at once, pg_ctl refuses one.
  pg_ctl promote --wait --timeout=60 --pgdata=DATA || { [ "$(state)" = "in production" ] && echo "promoted by another run"; }
fi
