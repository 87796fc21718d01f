"""Cases for the rules on what is observed."""

from settings.rules import capacity, delivery, guard, observability, storage
from tests.unit.settings.rule_cases.case import Case, prod
from tests.unit.settings.stacks import ABSENT

OBJECTIVES = "services.api.objectives"
LOKI = "observability.loki"
SIGNAL = "observability.anomalies.logins"
ELSEWHERE = {"database.mode": "existing", "dns.hosts.public.supabase": ["10.10.10.41"]}
OUT = ["192.0.2.1"]
SERVED = ("public.supabase", "core.object-storage")
VOLUME = "observability.prometheus.volume_gib"

CASES = [
    Case(
        observability.objectives,
        {f"{OBJECTIVES}.latency.threshold_milliseconds": 300},
        f"{OBJECTIVES}.latency.threshold_milliseconds",
        "300 is not a bound of the services' histogram; give one of 5, 10,",
        {f"{OBJECTIVES}.latency.threshold_milliseconds": 250},
    ),
    Case(
        observability.objectives,
        {f"{OBJECTIVES}.latency.threshold_milliseconds": ABSENT},
        f"{OBJECTIVES}.latency.threshold_milliseconds",
        "is missing; give one of",
        {},
    ),
    Case(
        observability.objectives,
        {f"{OBJECTIVES}.availability": {"indicator": "availability", "threshold_milliseconds": 500}},
        f"{OBJECTIVES}.availability.threshold_milliseconds",
        "is for the indicator latency only; remove it",
        {f"{OBJECTIVES}.availability": {"indicator": "availability"}},
    ),
    Case(
        observability.objectives,
        {f"{OBJECTIVES}.availability": {"indicator": "latency", "threshold_milliseconds": 500}},
        f"{OBJECTIVES}.availability",
        "is of indicator latency; give it another name",
        {f"{OBJECTIVES}.slow": {"indicator": "latency", "threshold_milliseconds": 500}},
    ),
    Case(
        observability.uptime,
        {f"{OBJECTIVES}.availability": {"indicator": "availability", "objective_percent": 99.8}},
        f"{OBJECTIVES}.availability.objective_percent",
        "99.8 is less than environment.uptime_objective_percent, 99.9",
        {f"{OBJECTIVES}.availability": {"indicator": "availability", "objective_percent": 99.95}},
    ),
    Case(
        storage.own_users,
        {"storage.users.loki.bucket": "media"},
        "storage.users.loki",
        "{bucket: media, access: read_write}; give {bucket: loki, access: read_write}",
        {},
    ),
    Case(
        storage.own_users,
        {"storage.users.archive.also_reads": ["loki", "tempo"]},
        "storage.users.archive",
        "{bucket: logs-archive, access: append, also_reads: [loki, tempo]}; "
        "give {bucket: logs-archive, access: append, also_reads: [loki]}",
        {},
    ),
    Case(
        storage.own_users,
        {"storage.users.supabase.prefix": ""},
        "storage.users.supabase",
        "{bucket: media, access: read_write}; give {bucket: media, access: read_write, prefix: supabase/}",
        {"storage.users.supabase.prefix": "supabase/"},
    ),
    Case(
        storage.own_users,
        {"storage.users.backup-database": ABSENT},
        "storage.users.backup-database",
        "is missing; give {bucket: backups, access: read_write, prefix: database/}",
        {},
    ),
    Case(storage.own_users, {"storage.users.tempo": ABSENT}, "storage.users.tempo", "is missing; give {bucket", {}),
    Case(
        storage.own_users,
        {"storage.users.registry-pull.access": "read_write"},
        "storage.users.registry-pull",
        "{bucket: registry, access: read_write}; give {bucket: registry, access: read_only}",
        {},
    ),
    Case(
        delivery.registry_host,
        {"delivery.registry.host": "k3s-agent-1"},
        "delivery.registry.host",
        '"k3s-agent-1" is not a machine of role docker_host; give docker-1',
        {},
    ),
    Case(
        storage.own_users, {"storage.users.etcd": ABSENT}, "storage.users.etcd", "is missing; give {bucket: backups", {}
    ),
    Case(
        storage.own_users,
        {"storage.users.etcd.prefix": ABSENT},
        "storage.users.etcd",
        "{bucket: backups, access: read_write}; give {bucket: backups, access: read_write, prefix: deployment/etcd/}",
        {},
    ),
    Case(
        observability.replicas,
        {f"{LOKI}.replicas": 2},
        f"{LOKI}.replicas",
        "2 with mode monolithic; give 1, or mode ha",
        {f"{LOKI}.replicas": 3, f"{LOKI}.mode": "ha"},
    ),
    Case(
        observability.replicas,
        {f"{LOKI}.mode": "ha"},
        f"{LOKI}.replicas",
        "1 is too few for mode ha, which keeps three copies; give at least 3",
        {},
    ),
    Case(
        observability.replicas,
        {"observability.grafana.replicas": 2},
        "observability.grafana.replicas",
        "2 pods would each have a database",
        {},
    ),
    *(
        Case(
            observability.anomalies,
            {f"{SIGNAL}.expression": wrong},
            f"{SIGNAL}.expression",
            f"is no PromQL expression for a signal: {words}",
            {f"{SIGNAL}.expression": right},
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
    Case(
        observability.anomalies,
        {f"{SIGNAL}.expression": "sum by (result) (rate(logins_total[20s])) / sum(rate(logins_total[5m]))"},
        f"{SIGNAL}.expression",
        "[20s] covers fewer than two scrapes, so nothing can be computed from it; give at least [30s]",
        {f"{SIGNAL}.expression": "sum by (result) (rate(logins_total[30s]))"},
    ),
    Case(
        observability.labels,
        {f"{SIGNAL}.by": ["result", "user-agent"]},
        f"{SIGNAL}.by[1]",
        '"user-agent" is not a label name; give letters, digits and underscores',
        {f"{SIGNAL}.by": ["result", "user_agent"]},
    ),
    Case(
        observability.labels,
        {f"{SIGNAL}.by": ["result", "result"]},
        f"{SIGNAL}.by[1]",
        '"result" is there already; remove one of them',
        {},
    ),
    *(
        Case(
            observability.ports,
            {f"observability.{key}": port},
            f"observability.{at}",
            f"{port} is the port of {owner} already; give another one",
            {f"observability.{key}": 9999},
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
            "observability.agent_port",
            f"443 is the port of {owner} already; give another one",
            {**ELSEWHERE, "observability.agent_port": 443, **dict.fromkeys(map("dns.hosts.{}".format, SERVED), OUT)},
        )
        for owner, elsewhere in (
            ("observability.alert_log_url", ()),
            ("storage.endpoint", ("public.supabase",)),
        )
    ),
    Case(
        observability.database_host,
        {"observability.database": "10.10.10.31:5432"},
        "observability.database",
        '"10.10.10.31" is not the address of a machine of role docker_host; give 10.10.10.41',
        {"observability.database": "10.10.10.41:6543"},
    ),
    *(
        Case(
            observability.bases,
            {path: "https://somewhere.luxima.id/rpc/"},
            path,
            'must not end with a slash, because a path is added to it; give "https://somewhere.luxima.id/rpc"',
            {path: "https://somewhere.luxima.id/rpc"},
        )
        for path in (
            "observability.alert_log_url",
            "observability.alerts.runbooks_url",
            "guard.prometheus_url",
            "guard.loki_url",
            "guard.alertmanager_url",
        )
    ),
    prod(
        capacity.sizes,
        {VOLUME: 100},
        VOLUME,
        "100 is too little: Prometheus blocks needs 8",
        {VOLUME: 112},
    ),
    prod(
        capacity.sizes,
        {"observability.load.tenants": 300},
        "observability.prometheus.sample_limit",
        "5000 is too little: series of one service pod needs 5,500.0 series",
        {"observability.load.tenants": 250},
    ),
    *(
        prod(
            capacity.sizes,
            {path: least - 1},
            path,
            f"{least - 1} is too little: {what} needs",
            {path: least},
        )
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
            "compute.vms",
            f"{disk} is too little: disk of a node needs",
            {"kubernetes.mode": "existing", "observability.prometheus.memory_mib": 8192, **bad},
            stack,
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
        "guard.probation_minutes",
        "9 is shorter than window_minutes, so a verdict would never cover a whole window; give at least 10",
        {"guard.probation_minutes": 9, "guard.window_minutes": 9},
    ),
    Case(
        guard.enough_requests,
        {"guard.minimum_requests": 3001},
        "guard.minimum_requests",
        "3001 requests never come in window_minutes, in which the load makes 3000; give at most that",
        {"guard.minimum_requests": 3000},
    ),
]
