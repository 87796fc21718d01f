"""Changes of machines, containers, object storage and DNS that no requirement forbids, each with its reason."""

from __future__ import annotations

from policy.rules import kinds

from .equivalent import Equivalent

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
        Equivalent(type_, "*", path, "remove", "it is the provider's own default, so nothing changes")
        for type_, path in ((kinds.VM, "onBoot"), (kinds.LXC, "startOnBoot"))
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
)
