"""Changes of the cluster that no requirement forbids, each with its reason."""

from __future__ import annotations

from policy.rules import kinds

from .equivalent import Equivalent

EQUIVALENT: tuple[Equivalent, ...] = (
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
    Equivalent(
        kinds.CONFIG_MAP,
        "observability-prometheus-read-anew",
        "*/groups/deployment-snapshots",
        "remove",
        "without the figure DeploymentSnapshotMissing takes the last snapshot for one of 1970, and fires",
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
        kinds.CONFIG_MAP,
        "observability-alertmanager-documents",
        "*/route/repeat_interval",
        "weaken",
        "how often is asked of critical alerts alone, and those have an interval of their own (alert-routed)",
    ),
)
