# Makes this machine the node that the settings say. Run again and again: what is as it should be is left alone.
# Standard input: the join token and, on a second line, what a server told (authority.sh); none ran where that is empty.
# Above stand ROLE, VERSION and where it is DOWNLOADED from, REVISION (changes with the version and the files), API
# (address of the API server), OTHERS (addresses of the other servers; none for an agent), DRAIN (whether its pods can go
# elsewhere), NAME_SERVERS (pods of the cluster's name server) and `files`, which writes the files.
JOIN=$ETC/config.yaml.d/50-cluster.yaml
APPLIED=$ETC/applied-revision
CORDONED=$ETC/cordoned
SYSCTLS=$ROOT/etc/sysctl.d/90-kubelet.conf
READY='{{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}} {{.status.nodeInfo.kubeletVersion}}'
MEMBERS='{{range .items}}{{$ready := "?"}}{{$voter := "?"}}{{range .status.conditions}}'
MEMBERS+='{{if eq .type "Ready"}}{{$ready = .status}}{{end}}{{if eq .type "EtcdIsVoter"}}{{$voter = .status}}{{end}}'
MEMBERS+='{{end}}{{.metadata.name}} {{$ready}} {{$voter}}{{"\n"}}{{end}}'
PODS='{{range .items}}{{$stays := false}}{{range .metadata.ownerReferences}}'
PODS+='{{if eq .kind "DaemonSet" "Node"}}{{$stays = true}}{{end}}{{end}}'
PODS+='{{if not $stays}}{{.metadata.namespace}} {{.metadata.name}}{{"\n"}}{{end}}{{end}}'

# A node may move its own pods and nobody else's, so that no machine needs an administrator's rights for it.
as_node() { "$K3S" kubectl --kubeconfig "$DATA/agent/kubelet.kubeconfig" "$@"; }

# Only a server has these rights.
as_admin() { "$K3S" kubectl --kubeconfig "$ETC/k3s.yaml" "$@"; }

finish_cloud_init() {
  local status=0
  timeout "$WAIT" cloud-init status --wait >/dev/null 2>&1 || status=$?
  case $status in
    0 | 2) ;; # 2: done, with warnings
    124) fail "cloud-init is not done after $WAIT s; 'cloud-init status --long' there says what it does" ;;
    *) fail "cloud-init has failed; 'cloud-init status --long' there says at what" ;;
  esac
}

minor() {
  local rest=${1#v*.}
  echo "${rest%%.*}"
}

check_version() {
  installed=
  [ ! -x "$K3S" ] || installed=$("$K3S" --version | sed -n '1s/^k3s version \([^ ]*\).*/\1/p')
  # What never ran has changed nothing.
  [ -e "$DATA/agent/kubelet.kubeconfig" ] && [ -n "$installed" ] && [ "$installed" != "$VERSION" ] || return 0
  if [ "$(printf '%s\n' "$installed" "$VERSION" | sort --version-sort | tail -n 1)" = "$installed" ]; then
    fail "has $installed, and k3s has no way back to $VERSION; give luxima:kubernetes.version $installed or a newer one"
  elif [ $(($(minor "$VERSION") - $(minor "$installed"))) -gt 1 ]; then
    fail "has $installed, and $VERSION skips a minor version; give luxima:kubernetes.version one of each between first"
  fi
}

# What is secret in the token that is there, be it in full or alone.
password() { sed 's/^K10[^:]*::[^:]*://' "$ETC/token"; }

check_token() {
  IFS= read -r token || true
  read -r digest authority || true
  [ -n "$token" ] || fail "was given no join token"
  [ -e "$DATA/server/db/etcd" ] && [ -e "$ETC/token" ] && [ "$(password)" != "$token" ] || return 0
  fail "has data that were encrypted with another join token; import the token of this cluster into the state"
}

download() {
  [ "$installed" != "$VERSION" ] || return 0
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  local file
  for file in k3s sha256sum-amd64.txt; do
    curl --fail --silent --show-error --location --retry 10 --retry-all-errors --output "$work/$file" \
      "$DOWNLOADED/$file" || fail "cannot get $DOWNLOADED/$file"
  done
  (cd "$work" && grep ' k3s$' sha256sum-amd64.txt | sha256sum --check --status 2>/dev/null) ||
    fail "what $DOWNLOADED/k3s gives has another checksum than its release says"
}

# In full it has k3s verify whom it sends it to. k3s reads it when it starts, and nothing is started anew for it.
write_token() {
  local user=server
  [ "$ROLE" = server ] || user=node
  [ -z "$digest" ] && [ -e "$ETC/token" ] && [ "$(password)" = "$token" ] && return 0
  (umask 077 && printf '%s\n' "${digest:+${digest}::$user:}$token" >"$ETC/token")
}

# Prints the status that the server at an address answers the token with: 000 when none answers, `stranger` when the
# cluster's authority did not sign for it, and it was told nothing. Without --capath, curl believes the system's as well.
ask() {
  local status code=0
  status=$(curl --silent --cacert <(base64 --decode <<<"$authority") --capath /dev/null --max-time 5 --config - \
    --output /dev/null --write-out '%{http_code}' "https://$1:6443/v1-k3s/readyz" \
    <<<"${authority:+user = \"node:$token\"}") || code=$?
  case $code in
    60 | 77) echo stranger ;;
    *) echo "$status" ;;
  esac
}

# Sets `found` to a server that takes this machine, `answered` when there is a cluster at all, and `stranger` when
# somebody is there who may be anybody.
find_cluster() {
  local address status
  for address in $API $OTHERS; do
    status=$(ask "$address")
    case $status in
      200)
        found=$address
        return 0
        ;;
      401 | 403) fail "the server at $address refuses the join token: it belongs to another cluster" ;;
      stranger) stranger=$address ;;
      000 | "") ;;
      *) answered=$address ;;
    esac
  done
  return 1
}

# Writes down which cluster k3s joins, or that it founds one. A server that has data knows it, and k3s looks there first.
choose_cluster() {
  found=
  answered=
  stranger=
  [ ! -d "$DATA/server/db/etcd" ] || return 0
  if [ -e "$MAY_FOUND" ] && ! find_cluster && [ -z "$answered$stranger" ]; then
    say "founds the cluster"
    write_join "cluster-init: true"
  elif [ -z "$authority" ]; then
    fail "${stranger:+somebody answers at $stranger, but }no other server told it the cluster's authority, without which" \
      "the join token is sent to nobody; when one runs again, 'pulumi up --replace' the step $NAME-admission, and with" \
      "none left, restore them: docs/how-to/restore-etcd.md"
  elif [ -n "$found" ] || wait_for find_cluster; then
    [ "$ROLE" = agent ] || write_join "server: https://$found:6443"
  elif [ -n "$answered" ]; then
    fail "the server at $answered is not ready after $WAIT s, so there is no cluster to join"
  elif [ -n "$stranger" ]; then
    fail "whoever answers at $stranger does not belong to the cluster, and was not sent the join token; mend the network or," \
      "when the cluster has another authority now, 'pulumi up --replace' the step $NAME-admission"
  else
    fail "no server answers at ${API}${OTHERS:+ $OTHERS} port 6443, and only a cluster's first machine may found one;" \
      "mend the network or the servers, or restore them: docs/how-to/restore-etcd.md"
  fi
}

write_join() {
  mkdir -p "$(dirname "$JOIN")"
  printf '%s\n' "$1" >"$JOIN"
}

# Whether every member of etcd is ready and votes; the one that is named may be otherwise.
members_are_healthy() {
  as_admin get nodes --selector node-role.kubernetes.io/etcd=true --output go-template="$MEMBERS" 2>/dev/null |
    awk -v but="${1:-}" '$1 != but && ($2 != "True" || $3 != "True") { ill = 1 } END { exit ill || NR == 0 }'
}

move_pods() {
  local pods namespace pod
  pods=$(as_node get pods --all-namespaces --output go-template="$PODS" \
    --field-selector "spec.nodeName=$NAME,status.phase!=Succeeded,status.phase!=Failed") || return 1
  [ -n "$pods" ] || return 0
  while read -r namespace pod; do
    printf '{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"namespace":"%s","name":"%s"}}' "$namespace" "$pod" |
      as_node create --raw "/api/v1/namespaces/$namespace/pods/$pod/eviction" --filename - >/dev/null 2>&1 || true
  done <<<"$pods"
  return 1
}

# Before k3s is stopped on a node that runs: the rest of etcd must do without it, and its pods are elsewhere.
leave() {
  [ "$ROLE" = agent ] || wait_for members_are_healthy "$NAME" ||
    fail "another server is not ready or no voting member of etcd after $WAIT s; k3s is not stopped here"
  [ "$DRAIN" = yes ] || return 0
  if [ ! -e "$CORDONED" ] && [ "$(as_node get node "$NAME" --output go-template='{{.spec.unschedulable}}')" != true ]; then
    as_node patch node "$NAME" --patch '{"spec":{"unschedulable":true}}' >/dev/null
    touch "$CORDONED"
  fi
  wait_for move_pods || {
    come_back
    fail "its pods do not leave within $WAIT s, so k3s is not stopped; 'kubectl get pods -A -o wide" \
      "--field-selector spec.nodeName=$NAME' shows them, and a PodDisruptionBudget may hold them"
  }
}

# A node that a person has cordoned stays so.
come_back() {
  [ -e "$CORDONED" ] || return 0
  as_node patch node "$NAME" --patch '{"spec":{"unschedulable":false}}' >/dev/null
  rm -f "$CORDONED"
}

is_up() {
  systemctl is-active --quiet k3s &&
    [ "$(as_node get node "$NAME" --output go-template="$READY" 2>/dev/null)" = "True $VERSION" ]
}

last_words() {
  journalctl --unit k3s --since "@$1" --output cat --no-pager | grep -E 'level=(fatal|error)' | tail -n 2 || true
}

place() {
  files
  write_token
  [ "$installed" = "$VERSION" ] || install -D -m 0755 "$work/k3s" "$K3S"
}

start() {
  local began
  began=$(date +%s)
  sysctl --quiet --load "$SYSCTLS"
  systemctl daemon-reload
  systemctl enable --quiet k3s
  systemctl restart --no-block k3s
  wait_for is_up || fail "k3s is not ready after $WAIT s; 'journalctl -u k3s' there says why, at last:" "$(last_words "$began")"
  [ "$ROLE" = agent ] || wait_for members_are_healthy ||
    fail "etcd has a member that is not ready or does not vote after $WAIT s"
}

# k3s brings one pod, and leaves another number alone.
name_servers() {
  as_admin --namespace kube-system scale deployment coredns --replicas "$NAME_SERVERS" >/dev/null 2>&1
}

finish_cloud_init
check_token
check_version
if systemctl is-active --quiet k3s; then
  if [ -e "$APPLIED" ] && [ "$(cat "$APPLIED")" = "$REVISION" ]; then
    # What k3s looks at all the time may have changed all the same.
    files
    write_token
    come_back
    say "is as it should be"
    exit 0
  fi
  download
  leave
  place
else
  # All is there before a cluster is looked for: with none, this is where etcd is restored.
  download
  place
  choose_cluster
fi
start
# From here on it has founded what it will ever found: should its data be lost, it joins the others.
[ "$ROLE" = agent ] || [ -z "$OTHERS" ] || write_join "server: https://$API:6443"
rm -f "$MAY_FOUND"
[ "$ROLE" = agent ] || wait_for name_servers || fail "k3s has brought no name server of the cluster after $WAIT s"
printf '%s\n' "$REVISION" >"$APPLIED"
come_back
say "runs $VERSION"
