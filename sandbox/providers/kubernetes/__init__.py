"""The package `kubernetes`, driving a real API server: server-side apply, awaiting, projection of live objects."""

DRIVEN: frozenset[str] = frozenset({"kubernetes:*"})
SERVER = "kube-apiserver"
