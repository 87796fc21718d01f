# Says that this machine may found the cluster, as root on the first server.
mkdir -p "$ETC"
touch "$MAY_FOUND"
