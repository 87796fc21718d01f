# What all steps on a machine have in common. Above stand NAME (the machine), ROOT (empty, but in tests), WAIT (seconds
# that a step is patient) and PAUSE (seconds between two looks).
set -euo pipefail

K3S=$ROOT/usr/local/bin/k3s
DATA=$ROOT/var/lib/rancher/k3s
ETC=$ROOT/etc/rancher/k3s
# Lies on the first server until it has founded the cluster; `pulumi up` puts it there once in the cluster's life.
MAY_FOUND=$ETC/may-found-cluster

say() { printf '%s: %s\n' "$NAME" "$*"; }

fail() {
  say "$@" >&2
  exit 1
}

wait_for() {
  local end=$((SECONDS + WAIT))
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep "$PAUSE"
  done
}
