# Has a server let this machine, which was made anew, into the cluster: as root on the machine's Proxmox node. It waits for
# no other machine, so that each server can be made anew and join before the next one is touched. It prints what the server
# told (authority.sh), and nothing where none runs. Above stand PEERS (numbers of the other servers' VMs), ASKED (the script
# for one of them) and FIRST (whether this is the server that comes before all others).

# Runs a command in a VM, wherever in the Proxmox cluster it is; prints as JSON how it ended.
in_vm() {
  local id=$1 conf node command
  shift
  conf=$(ls -d "$ROOT"/etc/pve/nodes/*/qemu-server/"$id".conf 2>/dev/null) || return 1
  node=${conf#"$ROOT"/etc/pve/nodes/}
  node=${node%%/*}
  command=(qm guest exec "$id" --timeout 300 -- "$@")
  # Nodes of a cluster know and trust each other.
  [ "$node" = "$(hostname)" ] || command=(ssh -o BatchMode=yes "root@$node" "$(printf '%q ' "${command[@]}")")
  "${command[@]}" 2>&1
}

went_well() { grep -q '"exitcode" *: *0\b' <<<"$1"; }

for id in $PEERS; do
  # A VM that is not there yet, or that is away, lets nobody in.
  went_well "$(in_vm "$id" systemctl is-active k3s || true)" || continue
  told=$(in_vm "$id" bash -c "$ASKED" || true)
  went_well "$told" || fail "the server in VM $id does not let it in: $told"
  grep -o 'K10[0-9a-f]\{64\} [A-Za-z0-9+/=]\{1,\}' <<<"$told" ||
    fail "the server in VM $id does not tell the cluster's authority: $told"
  say "asked the server in VM $id" >&2
  exit 0
done
# One that ends well is not asked again by the next `up`.
[ "$FIRST" = yes ] || fail "no server runs that could let it in; start one, or restore them: docs/how-to/restore-etcd.md"
say "no other server runs, so there is nobody to let it in" >&2
