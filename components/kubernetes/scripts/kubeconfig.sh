# Prints the administrator's kubeconfig, as root on a server. Above stands API, the address that it names.
# k3s makes a certificate new when it starts within 120 days of its end: one that has less left waits for a start.
CERTIFICATE=$DATA/server/tls/client-admin.crt
DAYS=90

is_ready() { "$K3S" kubectl --kubeconfig "$ETC/k3s.yaml" get --raw /readyz >/dev/null 2>&1; }

wait_for is_ready || fail "the API server is not ready after $WAIT s; 'journalctl -u k3s' there says why"
if ! openssl x509 -in "$CERTIFICATE" -noout -checkend $((DAYS * 86400)) >/dev/null; then
  systemctl restart k3s
  wait_for is_ready || fail "the API server is not ready $WAIT s after k3s was restarted to renew its certificates"
fi
sed "s/127\.0\.0\.1/$API/" "$ETC/k3s.yaml"
