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
)
