"""The table: what is broken, by kind; what is added; and which changes are no breach, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from policy.rules import kinds

from . import of_cluster, of_documents, of_machines
from .operators import Row

if TYPE_CHECKING:
    from .engine import Mutant

KINDS: Mapping[str, tuple[Row, ...]] = {
    "HTTPS": of_documents.HTTPS,
    "encryption": of_documents.ENCRYPTION,
    "retention and scraping": of_documents.RETENTION,
    "pod security": of_cluster.POD_SECURITY,
    "availability": of_cluster.AVAILABILITY,
    "RBAC": of_cluster.RBAC,
    "network": of_cluster.NETWORK,
    "object storage": of_machines.STORAGE,
    "secrets": of_machines.SECRETS,
    "supply chain": of_cluster.SUPPLY,
    "machines": of_machines.MACHINES,
    "operations": of_documents.OPERATIONS,
}

ADDED: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    (
        "RBAC",
        kinds.ROLE_BINDINGS[0],
        "added-binding",
        {
            "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", "name": "x", "namespace": "commerce"}],
        },
    ),
    ("network", kinds.NAMESPACE, "added-namespace", {"metadata": {"name": "added", "labels": {}}}),
    (
        "network",
        kinds.SERVICE,
        "added-service",
        {"metadata": {"name": "x", "namespace": "commerce"}, "spec": {"type": "NodePort", "ports": [{"port": 443}]}},
    ),
    ("encryption", kinds.BUCKET, "added-bucket", {"bucket": "luxima-prod-added", "acl": "private"}),
    ("machines", kinds.VM, "added-machine", {"nodeName": "pve1", "vmId": 9999, "networkDevices": []}),
)
"""Kind, type, name and properties of a resource that nobody may add."""


@dataclass(frozen=True)
class Equivalent:
    """Changes (`*` is any text) that no requirement forbids."""

    type: str
    name: str
    path: str
    operator: str
    reason: str
    stacks: tuple[str, ...] = ("dev", "staging", "prod")
    shown: str = "*"

    def covers(self, mutant: Mutant, stack: str) -> bool:
        """Whether this entry means the mutant."""
        pairs = (
            (mutant.type, self.type),
            (mutant.name, self.name),
            (mutant.path, self.path),
            (mutant.operator, self.operator),
            (mutant.shown, self.shown),
        )
        return stack in self.stacks and all(fnmatchcase(text, pattern) for text, pattern in pairs)


_DATABASE_GATEWAY = "database-gateway-run-luxima-container"

EQUIVALENT: tuple[Equivalent, ...] = (
    *(
        Equivalent(
            kinds.BUCKET_LIFECYCLE,
            "storage-loki-lifecycle",
            path,
            "remove",
            "Loki's compactor deletes what is due by itself; the lifecycle of the other tenant shows that there is one",
        )
        for path in ("rules/?", "rules/?/expiration")
    ),
    *(
        Equivalent(
            kinds.CONFIG_MAP,
            "observability-loki-documents",
            f"data/loki.yaml/limits_config/retention_stream/{index}",
            "remove",
            "what has no period of its own is kept 30 days, which is not shorter than the requirement's for this class",
        )
        for index in range(5)
    ),
    *(
        Equivalent(
            type_,
            "*",
            path,
            "remove",
            "pod and container both say it; each is enough for the kubelet, and for the pod security standard",
        )
        for type_ in kinds.WORKLOADS
        for path in ("*/containers/0/securityContext/runAsNonRoot", "*/spec/securityContext/runAsNonRoot")
    ),
    *(
        Equivalent(type_, "*", path, "remove", "it is the provider's own default, so nothing changes")
        for type_, path in ((kinds.VM, "onBoot"), (kinds.LXC, "startOnBoot"))
    ),
    Equivalent(
        kinds.CONFIG_MAP,
        "observability-alertmanager-documents",
        "*/route/routes/0/repeat_interval",
        "widen",
        "no requirement says how often the heartbeat is; who gets it calls when it stays away",
    ),
    *(
        Equivalent(
            kinds.BUCKET_LIFECYCLE,
            name,
            "rules/?/noncurrentVersionExpirationDays",
            "shorten",
            "nothing is written twice there; a version before is one that its lifecycle has ended already",
        )
        for name in ("storage-logs-archive-lifecycle", "storage-backups-lifecycle")
    ),
    Equivalent(
        kinds.DAEMON_SET,
        "observability-log-agent-daemon-set",
        "*/runAsNonRoot",
        "weaken",
        "the log agent is root by exemption; what is changed here makes it stricter, and the kubelet refuses the pod",
    ),
    Equivalent(
        kinds.CERTIFICATE,
        "certificates-core",
        "spec/dnsNames/0",
        "remove",
        "no gateway serves the core domain itself, only names below it",
    ),
    *(
        Equivalent(
            kinds.DOCKER_CONTAINER,
            _DATABASE_GATEWAY,
            f"uploads/1/content/http/routers/*/{what}",
            "*",
            "who comes in by the public name has the headers of the gateway before it; this one listens with TLS at "
            "the one port that the host publishes, whatever its router is told",
        )
        for what in ("middlewares", "entryPoints")
    ),
    Equivalent(
        kinds.DOCKER_CONTAINER,
        _DATABASE_GATEWAY,
        "uploads/0/content/entryPoints",
        "widen",
        "the host publishes one port of it; another one is reached in the network of the parts alone",
    ),
)
OPEN: tuple[Equivalent, ...] = (
    Equivalent(
        kinds.DAEMON_SET, "*log-agent*", "*/volumes", "widen", "its exemption lets every folder of the node pass"
    ),
    Equivalent(kinds.DAEMON_SET, "*", "spec/minReadySeconds", "*", "no rule on how agents follow one another"),
    Equivalent(kinds.STATEFUL_SET, "*", "*/requests/storage", "weaken", "no rule on volumes but that of Prometheus"),
    Equivalent(kinds.NETWORK_POLICY, "certificates-*", "*", "*", "the chart's pods are not among what is recorded"),
    Equivalent(kinds.NETWORK_POLICY, "*", "*/app.kubernetes.io/name", "rename", "the peer is no workload of the stack"),
    Equivalent(kinds.FILE, "*", "sourceRaw/data/packages", "weaken", "no rule on what a machine installs"),
    Equivalent(kinds.DOCKER_CONTAINER, "*", "mounts/0/readOnly", "weaken", "volumes of a container's own files"),
    Equivalent(kinds.CONFIG_MAP, "*", "*/groups/0", "remove", "alerts that no requirement names"),
)
"""What no rule notices yet, with what is missing: these count as survivors, and a test keeps others from joining."""
