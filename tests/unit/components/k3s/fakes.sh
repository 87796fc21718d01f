#!/bin/sh
# Stands for every program that a step calls on a machine; its name says for which. $WORLD holds what it finds and what
# was done: `calls` in their order, and a file for each thing that a test sets or looks at.
name=$(basename "$0")
k3s=$ROOT/usr/local/bin/k3s
say() { echo "$*" >>"$WORLD/calls"; }

kubectl() {
  case $* in
    *"get node "*unschedulable*) cat "$WORLD/unschedulable" 2>/dev/null ;;
    *"get node "*kubeletVersion*)
      [ -e "$WORLD/ill" ] && echo "False $(cat "$WORLD/running")" || echo "True $(cat "$WORLD/running")" ;;
    *"get node "*--ignore-not-found*) [ ! -e "$WORLD/known" ] || echo node/new ;;
    *"get node "*) cat "$WORLD/known" ;;
    *"get nodes"*) cat "$WORLD/members" ;;
    *"get pods"*) cat "$WORLD/pods" 2>/dev/null || true ;;
    *"get secret"*) [ ! -e "$WORLD/password" ] || echo secret/new ;;
    *"get --raw /readyz"*) [ -e "$WORLD/active" ] ;;
    *eviction*)
      body=$(cat)
      say "evict $body"
      pod=$(echo "$body" | sed 's/.*"name":"\([^"]*\)".*/\1/')
      [ ! -e "$WORLD/held" ] || exit 1
      sed -i "/ $pod\$/d" "$WORLD/pods" ;;
    *"patch node"*) say "$*" ;;
    *"scale deployment"*) [ ! -e "$WORLD/nameless" ] && say "scale ${*##* }" ;;
    *"delete node"*) say "$*"; rm "$WORLD/known" ;;
    *"delete secret"*) say "$*"; rm "$WORLD/password" ;;
    *) say "unexpected: kubectl $*"; exit 1 ;;
  esac
}

case $name in
  cloud-init) exit "$(cat "$WORLD/cloud-init" 2>/dev/null || echo 0)" ;;
  curl)
    for last; do :; done
    case $* in
      *"--config -"*)
        address=${last#https://}
        address=${address%%:*}
        real=$WORLD/real/$address
        [ ! -e "$real" ] || exec /usr/bin/curl --connect-to "$address:6443:$(cat "$real")" "$@"
        read -r login
        say "ask $address $login"
        [ -e "$WORLD/answers/$address" ] || { printf 000; exit 7; }
        # Without an authority, none is known.
        [ -n "$login" ] || { printf 000; exit 77; }
        cat "$WORLD/answers/$address" ;;
      *)
        while [ "$1" != --output ]; do shift; done
        say "download $last"
        case $last in
          */k3s) printf '#!/bin/sh\nexec fake-k3s %s "$@"\n' "$(echo "$last" | sed 's#.*/\(v[^/]*\)/k3s#\1#; s/%2B/+/')" >"$2" ;;
          *) [ -e "$WORLD/forged" ] && printf "%064d  k3s\n" 0 >"$2" || (cd "$(dirname "$2")" && sha256sum k3s >"$2") ;;
        esac ;;
    esac ;;
  fake-k3s)
    version=$1
    case $2 in
      --version) echo "k3s version $version (0000)"; echo "go version go1.26" ;;
      kubectl) shift 2; kubectl "$@" ;;
    esac ;;
  systemctl)
    case $1 in
      is-active) [ -e "$WORLD/active" ] ;;
      restart)
        rm -f "$WORLD/active"
        version=$("$k3s" --version | sed -n '1s/k3s version \([^ ]*\).*/\1/p')
        say "start $version $(cat "$ROOT/etc/rancher/k3s/config.yaml.d/50-cluster.yaml" 2>/dev/null)"
        if [ ! -e "$WORLD/broken" ]; then
          echo "$version" >"$WORLD/running"
          touch "$WORLD/active"
          mkdir -p "$ROOT/var/lib/rancher/k3s/agent"
          touch "$ROOT/var/lib/rancher/k3s/agent/kubelet.kubeconfig"
          grep -q k3s-server "$ROOT/etc/rancher/k3s/config.yaml" && mkdir -p "$ROOT/var/lib/rancher/k3s/server/db/etcd"
        fi
        exit 0 ;;
      *) say "systemctl $*" ;;
    esac ;;
  hostname) echo pve1 ;;
  ssh)
    shift 2
    say "on $1"
    shift
    exec bash -c "$*" ;;
  qm)
    id=$3
    shift 6
    say "in $id $1"
    code=1
    [ ! -e "$WORLD/inside/$id" ] || [ -e "$WORLD/refuses" -a "$1" = bash ] || code=0
    [ "$1" != bash ] || printf %s "$3" >"$WORLD/told"
    printf '{\n   "exitcode" : %s,\n   "exited" : 1,\n   "out-data" : "%s\\n"\n}\n' $code "$(cat "$WORLD/out" 2>/dev/null)" ;;
  journalctl) cat "$WORLD/journal" 2>/dev/null ;;
  sysctl) say "sysctl $(grep -c . "$(eval echo \$$#)")" ;;
esac
