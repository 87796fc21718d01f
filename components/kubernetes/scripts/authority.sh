# Tells how this cluster is known, as root on a server of it: `K10` and a sum, with which k3s' own full token begins, and
# the certificates of its authority in base64. Neither is secret.
digest=$(sed -n 's/^\(K10[0-9a-f]*\)::.*/\1/p' "$DATA/server/token")
authority=$(base64 --wrap 0 "$DATA/server/tls/server-ca.crt")
printf '%s %s\n' "$digest" "$authority"
