# Lets a machine that was made anew into the cluster, as root on another server: what the old one was called is forgotten.
# Above stands NEW, the name of the machine. k3s' own controllers then take it out of etcd and forget its password, and
# `delete` waits for them.
STATE='{{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}'

kubectl() { "$K3S" kubectl --kubeconfig "$ETC/k3s.yaml" "$@"; }

is_dead() { [ "$(kubectl get node "$NEW" --output go-template="$STATE" 2>/dev/null)" != True ]; }

if [ -z "$(kubectl get node "$NEW" --ignore-not-found --output name)" ]; then
  say "nothing is known of $NEW"
# A node that died is noticed after 50 s at most.
elif ! wait_for is_dead; then
  say "$NEW is alive"
else
  kubectl delete node "$NEW" --timeout 120s
  [ -z "$(kubectl --namespace kube-system get secret "$NEW.node-password.k3s" --ignore-not-found --output name)" ] ||
    kubectl --namespace kube-system delete secret "$NEW.node-password.k3s"
  say "$NEW may come back"
fi
