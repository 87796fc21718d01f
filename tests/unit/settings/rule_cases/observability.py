"""Cases for the rules on what is observed."""

from settings.rules import capacity, delivery, guard, observability, storage
from tests.unit.settings.rule_cases.case import Case, prod, value
from tests.unit.settings.stacks import ABSENT

OBJECTIVES = "services.api.objectives"
LOKI = "observability.loki"
SIGNAL = "observability.anomalies.logins"
ELSEWHERE = {"database.mode": "existing", "dns.hosts.public.supabase": ["10.10.10.41"]}
OUT = ["192.0.2.1"]
SERVED = ("public.supabase", "core.object-storage")
VOLUME = "observability.prometheus.volume_gib"

CASES = [
    value(
        observability.objectives,
        f"{OBJECTIVES}.latency.threshold_milliseconds",
        300,
        "300 is not a bound of the services' histogram; give one of 5, 10,",
        250,
    ),
    value(observability.objectives, f"{OBJECTIVES}.latency.threshold_milliseconds", ABSENT, "is missing; give one of"),
    Case(
        observability.objectives,
        {f"{OBJECTIVES}.availability": {"indicator": "availability", "threshold_milliseconds": 500}},
        "is for the indicator latency only; remove it",
        {f"{OBJECTIVES}.availability": {"indicator": "availability"}},
        at=f"{OBJECTIVES}.availability.threshold_milliseconds",
    ),
    Case(
        observability.objectives,
        {f"{OBJECTIVES}.availability": {"indicator": "latency", "threshold_milliseconds": 500}},
        "is of indicator latency; give it another name",
        {f"{OBJECTIVES}.slow": {"indicator": "latency", "threshold_milliseconds": 500}},
    ),
    Case(
        observability.uptime,
        {f"{OBJECTIVES}.availability": {"indicator": "availability", "objective_percent": 99.8}},
        "99.8 is less than environment.uptime_objective_percent, 99.9",
        {f"{OBJECTIVES}.availability": {"indicator": "availability", "objective_percent": 99.95}},
        at=f"{OBJECTIVES}.availability.objective_percent",
    ),
    Case(
        storage.own_users,
        {"storage.users.loki.bucket": "media"},
        "{bucket: media, access: read_write}; give {bucket: loki, access: read_write}",
        at="storage.users.loki",
    ),
    Case(
        storage.own_users,
        {"storage.users.archive.also_reads": ["loki", "tempo"]},
        "{bucket: logs-archive, access: append, also_reads: [loki, tempo]}; "
        "give {bucket: logs-archive, access: append, also_reads: [loki]}",
        at="storage.users.archive",
    ),
    Case(
        storage.own_users,
        {"storage.users.supabase.prefix": ""},
        "{bucket: media, access: read_write}; give {bucket: media, access: read_write, prefix: supabase/}",
        {"storage.users.supabase.prefix": "supabase/"},
        at="storage.users.supabase",
    ),
    value(
        storage.own_users,
        "storage.users.backup-database",
        ABSENT,
        "is missing; give {bucket: backups, access: read_write, prefix: database/}",
    ),
    value(storage.own_users, "storage.users.tempo", ABSENT, "is missing; give {bucket"),
    Case(
        storage.own_users,
        {"storage.users.registry-pull.access": "read_write"},
        "{bucket: registry, access: read_write}; give {bucket: registry, access: read_only}",
        at="storage.users.registry-pull",
    ),
    value(
        delivery.registry_host,
        "delivery.registry.host",
        "k3s-agent-1",
        '"k3s-agent-1" is not a machine of role docker_host; give docker-1',
    ),
    value(storage.own_users, "storage.users.etcd", ABSENT, "is missing; give {bucket: backups"),
    Case(
        storage.own_users,
        {"storage.users.etcd.prefix": ABSENT},
        "{bucket: backups, access: read_write}; give {bucket: backups, access: read_write, prefix: deployment/etcd/}",
        at="storage.users.etcd",
    ),
    Case(
        observability.replicas,
        {f"{LOKI}.replicas": 2},
        "2 with mode monolithic; give 1, or mode ha",
        {f"{LOKI}.replicas": 3, f"{LOKI}.mode": "ha"},
    ),
    Case(
        observability.replicas,
        {f"{LOKI}.mode": "ha"},
        "1 is too few for mode ha, which keeps three copies; give at least 3",
        at=f"{LOKI}.replicas",
    ),
    value(observability.replicas, "observability.grafana.replicas", 2, "2 pods would each have a database"),
    *(
        value(
            observability.anomalies,
            f"{SIGNAL}.expression",
            wrong,
            f"is no PromQL expression for a signal: {words}",
            right,
        )
        for wrong, words, right in (
            ("sum by (result) (rate(logins_total[5m])", "unclosed left parenthesis", "sum(rate(logins_total[5m]))"),
            ("rate(logins_total)", "expected type matrix", "rate(logins_total[5m])"),
            ("sum_over(logins_total[5m])", "unknown function", "sum_over_time(logins_total[5m])"),
            ('logins_total{result=~"("}', "illegal regex", 'logins_total{result=~"()"}'),
            ("sum(limitk(2, logins_total))", "limitk is experimental", "sum(topk(2, logins_total))"),
            ("logins_total[5m]", "", "logins_total offset 5m"),
            ("1", "", "vector(1)"),
            ('"logins_total"', "", "logins_total"),
        )
    ),
    value(
        observability.anomalies,
        f"{SIGNAL}.expression",
        "sum by (result) (rate(logins_total[20s])) / sum(rate(logins_total[5m]))",
        "[20s] covers fewer than two scrapes, so nothing can be computed from it; give at least [30s]",
        "sum by (result) (rate(logins_total[30s]))",
    ),
    Case(
        observability.labels,
        {f"{SIGNAL}.by": ["result", "user-agent"]},
        '"user-agent" is not a label name; give letters, digits and underscores',
        {f"{SIGNAL}.by": ["result", "user_agent"]},
        at=f"{SIGNAL}.by[1]",
    ),
    Case(
        observability.labels,
        {f"{SIGNAL}.by": ["result", "result"]},
        '"result" is there already; remove one of them',
        at=f"{SIGNAL}.by[1]",
    ),
    *(
        Case(
            observability.ports,
            {f"observability.{key}": port},
            f"{port} is the port of {owner} already; give another one",
            {f"observability.{key}": 9999},
            at=f"observability.{at}",
        )
        for key, port, at, owner in (
            ("cadvisor_port", 9100, "cadvisor_port", "observability.node_exporter_port"),
            ("node_exporter_port", 9102, "agent_port", "observability.node_exporter_port"),
            ("node_exporter_port", 10250, "node_exporter_port", "the kubelet"),
            ("node_exporter_port", 2112, "node_exporter_port", "kube-vip for the API server"),
            ("node_exporter_port", 2113, "node_exporter_port", "kube-vip for Services"),
            ("agent_port", 31000, "agent_port", "a Service of the cluster"),
            ("postgres_exporter_port", 5432, "postgres_exporter_port", "observability.database"),
            ("probe_port", 5061, "probe_port", "the image registry"),
        )
    ),
    *(
        Case(
            observability.ports,
            {
                **ELSEWHERE,
                "observability.agent_port": 443,
                **{f"dns.hosts.{name}": ["192.0.2.1"] for name in elsewhere},
            },
            f"443 is the port of {owner} already; give another one",
            {**ELSEWHERE, "observability.agent_port": 443, **dict.fromkeys(map("dns.hosts.{}".format, SERVED), OUT)},
            at="observability.agent_port",
        )
        for owner, elsewhere in (("observability.alert_log_url", ()), ("storage.endpoint", ("public.supabase",)))
    ),
    value(
        observability.database_host,
        "observability.database",
        "10.10.10.31:5432",
        '"10.10.10.31" is not the address of a machine of role docker_host; give 10.10.10.41',
        "10.10.10.41:6543",
    ),
    *(
        value(
            observability.bases,
            path,
            "https://somewhere.luxima.id/rpc/",
            'must not end with a slash, because a path is added to it; give "https://somewhere.luxima.id/rpc"',
            "https://somewhere.luxima.id/rpc",
        )
        for path in (
            "observability.alert_log_url",
            "observability.alerts.runbooks_url",
            "guard.prometheus_url",
            "guard.loki_url",
            "guard.alertmanager_url",
        )
    ),
    value(capacity.sizes, VOLUME, 100, "100 is too little: Prometheus blocks needs 8", 112, stack="prod"),
    prod(
        capacity.sizes,
        {"observability.load.tenants": 300},
        "5000 is too little: series of one service pod needs 5,500.0 series",
        {"observability.load.tenants": 250},
        at="observability.prometheus.sample_limit",
    ),
    *(
        value(capacity.sizes, path, least - 1, f"{least - 1} is too little: {what} needs", least, stack="prod")
        for path, least, what in (
            ("observability.loki.memory_mib", 2319, "Loki memory"),
            ("observability.loki.volume_gib", 4, "Loki volume"),
            ("observability.tempo.memory_mib", 1087, "Tempo memory"),
            ("observability.tempo.volume_gib", 9, "Tempo volume"),
            ("observability.grafana.memory_mib", 512, "Grafana memory"),
            ("storage.buckets.loki.quota_gib", 182, "bucket loki"),
            ("storage.buckets.tempo.quota_gib", 271, "bucket tempo"),
            ("storage.buckets.logs-archive.quota_gib", 520, "bucket logs-archive"),
        )
    ),
    *(
        Case(
            capacity.sizes,
            bad,
            f"{disk} is too little: disk of a node needs",
            {"kubernetes.mode": "existing", "observability.prometheus.memory_mib": 8192, **bad},
            at="compute.vms",
            stack=stack,
        )
        for stack, disk, bad in (
            ("dev", 50, {"compute.vms.k3s-agent-1.disk_gib": 50}),
            # Enough all together, but not where Prometheus is.
            ("prod", 160, {"compute.vms.k3s-agent-1.disk_gib": 160, "compute.vms.k3s-agent-2.disk_gib": 800}),
        )
    ),
    Case(
        guard.probation,
        {"guard.probation_minutes": 9},
        "9 is shorter than window_minutes, so a verdict would never cover a whole window; give at least 10",
        {"guard.probation_minutes": 9, "guard.window_minutes": 9},
    ),
    value(
        guard.enough_requests,
        "guard.minimum_requests",
        3001,
        "3001 requests never come in window_minutes, in which the load makes 3000; give at most that",
        3000,
    ),
]
