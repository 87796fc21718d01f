"""The table: what is broken, by kind; what is added; and which changes are no breach, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from policy.rules import kinds

from . import of_cluster, of_documents, of_machines
from .attacks import ATTACKS
from .operators import Row

if TYPE_CHECKING:
    from .engine import Mutant

_GENERATED: Mapping[str, tuple[Row, ...]] = {
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

KINDS: Mapping[str, tuple[Row, ...]] = {kind: (*rows, *ATTACKS.get(kind, ())) for kind, rows in _GENERATED.items()}
"""By kind: what a generator breaks, and what a person would."""

NOBODY = "the stack has no such pods, so nobody goes through this door; where they are, their own policy is the pair"

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
    *(
        Equivalent(type_, "*", "spec/replicas", "remove", "one is the default, and as many as there are")
        for type_ in (kinds.DEPLOYMENT, kinds.STATEFUL_SET)
    ),
    *(
        Equivalent(type_, "*", "*/topologySpreadConstraints*", "*", "there is one pod, and nobody to be apart from")
        for type_ in (kinds.DEPLOYMENT, kinds.STATEFUL_SET)
    ),
    Equivalent(
        kinds.DEPLOYMENT, "service-*", "spec/replicas", "weaken", "dev is one node, and no user is there", ("dev",)
    ),
    Equivalent(kinds.VM, "*", "nodeName", "weaken", "dev's hypervisor holds all machines of it", ("dev",)),
    Equivalent(kinds.LXC, "*", "nodeName", "weaken", "dev's hypervisor holds all machines of it", ("dev",)),
    Equivalent(
        kinds.SERVICE_ACCOUNT,
        "*",
        "policy",
        "*",
        "a key without a policy of its own may do what its user may, and that policy is judged and says the same",
    ),
    Equivalent(
        kinds.NETWORK_POLICY,
        "*",
        "spec/policyTypes",
        "*",
        "Kubernetes takes the types from the rules that there are, and the namespace's own policies deny the rest",
    ),
    Equivalent(
        kinds.NETWORK_POLICY,
        "gateway-*",
        "spec/ingress/*/from",
        "widen",
        "a gateway's ports are open to everybody by another entry of the same policy",
    ),
    Equivalent(
        kinds.FIREWALL_RULES[0],
        "compute-docker-*",
        "rules/?/source",
        "remove",
        "HTTPS is open where it is published: whoever comes shows a key, and TLS says who serves",
    ),
    *(
        Equivalent(
            kinds.BUCKET_LIFECYCLE,
            name,
            "*",
            "*",
            "objects or their versions are kept longer than the requirement asks; quota and alert bound the room",
        )
        for name in ("*media-lifecycle", "*registry-lifecycle", "*copies-lifecycle")
    ),
    *(
        Equivalent(
            kinds.BUCKET_LIFECYCLE,
            name,
            path,
            operator,
            "what is under the prefix is kept as long as the requirement says, or longer",
        )
        for name in ("*logs-archive-lifecycle", "*backups-lifecycle", "*tempo-lifecycle")
        for path, operator in (
            ("rules/?", "remove"),
            ("rules/?/expiration", "remove"),
            ("rules/?/expiration", "shorten"),
            ("rules/?/filter", "*"),
        )
    ),
    Equivalent(
        kinds.BUCKET_VERSIONING,
        "*logs-archive*",
        "*",
        "*",
        "archived lines are written once, and no key may delete them; the requirement asks for no version before",
    ),
    Equivalent(kinds.DNS_RECORD, "*-caa", "ttl", "*", "authorities ask the zone itself; no slot is switched by it"),
    Equivalent(kinds.DOWNLOADS[0], "*", "url", "weaken", "the checksum says what is downloaded, whoever hands it over"),
    *(
        Equivalent(
            kinds.CONFIG_MAP,
            "observability-alertmanager-documents",
            path,
            "*",
            "no requirement says how often a notice is repeated, and a heartbeat has no end to tell of",
        )
        for path in ("*/route/routes/[67]/repeat_interval", "*/webhook_configs/0/send_resolved")
    ),
    *(
        Equivalent(
            kinds.DOCKER_CONTAINER,
            name,
            path,
            "weaken",
            "what is changed makes it stricter, or root by exemption is written in another way",
        )
        for name, path in (
            ("backup-*-database-container", "mounts/4/readOnly"),
            ("observability-*-log-agent-*", "user"),
        )
    ),
    Equivalent(
        kinds.DOCKER_CONTAINER, "observability-*-log-agent-*", "user", "remove", "root by exemption, and by default"
    ),
    Equivalent(
        kinds.NAMESPACE,
        "namespace-node-agents-namespace",
        "*/enforce",
        "*",
        "it is privileged by exemption: every other value, the cluster's own default included, is stricter",
    ),
)
OPEN: tuple[Equivalent, ...] = (
    Equivalent(kinds.STATEFUL_SET, "*", "*/requests/storage", "weaken", "no rule on volumes but that of Prometheus"),
    Equivalent(kinds.NETWORK_POLICY, "certificates-*", "*", "*", "the chart's pods are not among what is recorded"),
    Equivalent(
        kinds.NETWORK_POLICY,
        "gateway-*-network-policy",
        "spec/egress/*/podSelector/matchLabels/*",
        "rename",
        "flows are compared by the names of programs, and the other slot's gateway has the same",
    ),
    *(
        Equivalent(kinds.FIREWALL_RULES[0], "compute-docker-*", path, operator, "no rule says who has to get in")
        for path, operator in (("rules/*", "remove"), ("rules/*/action", "weaken"))
    ),
    Equivalent(kinds.FILE, "*", "sourceRaw/data/packages", "weaken", "no rule on what a machine installs"),
    Equivalent(kinds.DOCKER_CONTAINER, "*node-exporter*", "mounts/1/readOnly", "weaken", "a volume of figures"),
    Equivalent(kinds.BUCKET, "*", "quota", "*", "no rule wants a quota of buckets whose lifecycle ends all"),
    Equivalent(kinds.CONFIG_MAP, "*", "*/groups/*", "remove", "alerts that no requirement names"),
    Equivalent(kinds.CONFIG_MAP, "*", "*/scrape_configs/*", "remove", "jobs that no rule reads by name"),
    *(
        Equivalent(type_, "*", path, "add", "256 bits in hex in a comment: a checksum of a file looks the same")
        for type_, path in ((kinds.FILE, "sourceRaw/data"), (kinds.CONFIG_MAP, "data/*"))
    ),
)
"""What no rule notices yet, with what is missing: these count as survivors, and a test keeps others from joining."""
