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
    *(
        Equivalent(
            kinds.VM,
            name,
            "nodeName",
            "weaken",
            "the only one of its role: there is no other to be apart from",
            ("staging",),
        )
        for name in ("compute-k3s-server-1-vm", "compute-docker-1-vm")
    ),
    Equivalent(
        kinds.DOCKER_CONTAINER,
        "coolify-coolify-container",
        "readOnly",
        "weaken",
        "it writes into its own image by exemption; what is changed makes it stricter",
    ),
    *(
        Equivalent(
            kinds.SERVICE_ACCOUNT,
            "*",
            "policy",
            operator,
            "a key without a policy of its own may do what its user may, and that policy is judged and says the same",
            shown=shown,
        )
        for operator, shown in (("remove", "nothing"), ("weaken", "''"))
    ),
    Equivalent(
        kinds.SERVICE_ACCOUNT,
        "storage-copy-source-user-key",
        "policy",
        "weaken",
        "a key may do nothing that its user may not, and that policy is judged: here it loses a bucket",
        ("prod",),
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
            path,
            operator,
            "objects or their versions are kept longer than the requirement asks; quota and alert bound the room",
        )
        for name in ("*media-lifecycle", "*registry-lifecycle", "*copies-lifecycle")
        for path, operator in (
            ("", "remove"),
            ("rules", "clear"),
            ("rules/0", "remove"),
            ("rules/0/expiration", "remove"),
            ("rules/0/status", "weaken"),
        )
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
        "storage-logs-archive-versioning",
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
    *(
        Equivalent(
            kinds.STATEFUL_SET,
            f"observability-{program}-stateful-set",
            "*/requests/storage",
            "weaken",
            f"no requirement says how large it is: {what}, and alert-needed wants the alert on volumes that fill",
            shown="'1Gi'",
        )
        for program, what in (
            ("alertmanager", "silences and what was told are a few KiB each"),
            ("alertmanager-record", "what was told is a few KiB each"),
            ("grafana", "what it shows comes from documents, people's own boards are a few MiB"),
            ("loki", "lines are in the object storage within the hour"),
            ("tempo", "traces are in the object storage within the hour"),
        )
    ),
    Equivalent(
        kinds.CERTIFICATE,
        "certificates-authority-edge",
        "",
        "remove",
        "no pod beside the gateways reads the authority's own there; where one does, certificate-used wants it made",
        ("dev",),
    ),
    *(
        Equivalent(
            kinds.CERTIFICATE,
            "certificates-certificate-edge-root",
            path,
            operator,
            "dev's own authority lives ten years; who takes its place is told to clients by people, and soon or late "
            "changes nothing of what is served with it",
            ("dev",),
        )
        for path, operator in (
            ("spec/privateKey/rotationPolicy", "remove"),
            ("spec/renewBefore", "remove"),
            ("spec/renewBefore", "weaken"),
        )
    ),
    *(
        Equivalent(
            kinds.FIREWALL_RULES[0],
            "compute-docker-1-firewall-rules",
            path,
            operator,
            "a door less; whoever stays outside misses his backup or his bucket, of which alert-needed wants alerts",
        )
        for path, operator in (("rules/3", "remove"), ("rules/2/action", "weaken"))
    ),
    Equivalent(
        kinds.CONFIG_MAP,
        "observability-prometheus-read-anew",
        "*/groups/deployment-snapshots",
        "remove",
        "without the figure DeploymentSnapshotMissing takes the last snapshot for one of 1970, and fires",
    ),
    *(
        Equivalent(
            kinds.BUCKET,
            f"storage-{bucket}-bucket",
            "quota",
            "*",
            "its lifecycle ends every object, and alert-needed wants the alert on an object storage that fills",
        )
        for bucket in ("loki", "tempo", "logs-archive")
    ),
    *(
        Equivalent(
            kinds.SERVICE, name, "spec/selector", "rename", "Prometheus' own pods, as before, chosen by one label less"
        )
        for name in ("observability-prometheus-service", "observability-prometheus-headless")
    ),
    Equivalent(
        kinds.CONFIG_MAP,
        "observability-alertmanager-documents",
        "*/route/routes/2/routes/4",
        "remove",
        "no alert of security is of severity info; alert-routed follows every alert that there is",
    ),
    Equivalent(
        kinds.CONFIG_MAP,
        "observability-alertmanager-documents",
        "*/route/routes/7/matchers/0",
        "remove",
        "the last route gets what the others left, which is info: alert-complete lets no alert have another severity",
    ),
    Equivalent(
        kinds.CONFIG_MAP,
        "observability-prometheus-read-anew",
        "*/scrape_configs/blackbox-exporter",
        "remove",
        "its own figures are read by nothing; whether it answers, its probes' jobs tell",
    ),
    Equivalent(
        kinds.DOCKER_NETWORK,
        "database-network",
        "internal",
        "weaken",
        "as it is: the gateway publishes its port through it and Auth sends mail; what keeps PostgreSQL in is that "
        "none of its ports is published (database-port-private)",
    ),
    Equivalent(
        kinds.FILE,
        "compute-docker-1-user-data",
        "*/packages",
        "widen",
        "a package of the distribution's own source, which mends itself (machine-updates); whoever wants to be "
        "reached by it needs a flow, which the machine's firewall is made from",
    ),
    Equivalent(
        kinds.CONFIG_MAP,
        "observability-alertmanager-documents",
        "*/route/repeat_interval",
        "weaken",
        "how often is asked of critical alerts alone, and those have an interval of their own (alert-routed)",
    ),
)
"""Every entry is needed by a mutant, which a test sees to."""
