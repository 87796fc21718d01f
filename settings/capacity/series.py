"""How many series Prometheus has, by job, computed from what is scraped.

Where a figure depends on the platform (services, tenants, hosts, pods) it is computed; what one exporter says of one
thing is a constant below, rounded up from the exporters' default output. Compare it with what is there:
`count by (job) ({__name__=~".+"})`, and for one target `max by (job) (scrape_samples_post_metric_relabeling)`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil, prod
from typing import Final

from settings.stack import Settings

ROUTES: Final = 20
"""Pairs of method and route of one service."""
BUCKETS: Final = 14
"""Series of one histogram: 11 bounds, +Inf, sum, count (MON-8)."""
PER_TENANT: Final = 17
"""Series with one tenant_id in one pod: 12 of method * route * code that it uses, 2 results of logins, 3 plugins."""
RUNTIME: Final = 120
"""Series of the runtime and the process of one pod."""
NODE: Final = 900
"""Series of a node exporter, without those per processor and per unit of systemd."""
UNITS: Final = 110
"""Services and timers of systemd on a machine; of each, whether it has failed."""
NODE_PER_CPU: Final = 30
"""Series of a node exporter per processor: modes, guest modes, frequency, softirqs, throttling."""
CONTAINERS: Final = 25
"""Containers on a Docker host."""
PER_CONTAINER: Final = 60
"""Series of cAdvisor per container on a Docker host."""
VOLUMES_PER_NODE: Final = 20
"""Claims that a node mounts at a time; the kubelet has six series for each."""
KUBELET_PER_POD: Final = 40
"""Series of the kubelet's cAdvisor per pod, of the metrics that rules and dashboards use."""
STATE_PER_POD: Final = 40
"""Series of kube-state-metrics per pod and what owns it."""
SYSTEM_PODS: Final = 10
"""Pods of the cluster itself on each node."""
NODES_ELSEWHERE: Final = 6
"""Nodes of a cluster that is not this stack's (mode `existing`), as nothing says how many it has."""
KEPT_OF_API_SERVER: Final = 8_200
"""Series of an API server after the scrape has dropped the histograms that nothing uses. k3s runs all of the control
plane in one process, behind one endpoint: 5,700 were counted of an idle one without the 200 bounds of its latency, and
a busy cluster has more."""
ETCD: Final = 120
"""Series of a member of etcd that are kept; 60 were counted of one alone, and each peer has a histogram more."""
CLUSTER_DNS: Final = 120
"""Series of a pod of the cluster's name server that are kept: by zone, type and answer."""
KUBELET: Final = 80
"""Series of a kubelet, without those of volumes: one histogram, and the certificates of a server of k3s."""
CERT_MANAGER: Final = 60
"""Series of a pod of cert-manager: of each certificate, and of its calls."""
PER_GUEST: Final = 10
"""Series of the Proxmox VE exporter for a host, a storage or a guest, of those that are kept."""
ANSWERS: Final = 40
"""Combinations of code, method and protocol in which a gateway answers for one service, or at one entry point."""
PER_BACKEND_ANSWER: Final = BUCKETS + 1
"""Series of a backend or of an entry point for each of them: a histogram and a counter."""
PER_ANSWER: Final = PER_BACKEND_ANSWER + 1
"""Series of a service for each of them: those of its backend, and the counter of its router."""
ENTRY_POINTS: Final = 2
OBJECTIVE_RECORDINGS: Final = 15
"""Recordings of one objective; `rules.slo`."""
SIGNAL_RECORDINGS: Final = 8
"""Recordings per label set of a signal; `rules.anomalies`."""
OTHER_RECORDINGS: Final = 500
"""Series of all other recordings, and of ALERTS."""
PER_LABEL: Final = 10
"""Values of a label that settings say nothing of."""


@dataclass(frozen=True)
class Job:
    """What one scrape job gives."""

    targets: int
    """How many targets it has."""
    per_target: int
    """Series of its largest target."""
    total: int
    """Series of all its targets."""


def cluster_nodes(settings: Settings) -> int:
    """Nodes of the cluster."""
    if settings.kubernetes.mode == "existing":
        return NODES_ELSEWHERE
    return len(settings.compute.by_role("k3s_server")) + len(settings.compute.by_role("k3s_agent"))


def pods(settings: Settings) -> int:
    """Pods at most: the quotas of all namespaces, and what each node has of the cluster itself."""
    quotas = sum(namespace.quota.pods for namespace in settings.kubernetes.namespaces.values())
    return quotas + SYSTEM_PODS * cluster_nodes(settings)


def signal_series(settings: Settings, by: Iterable[str]) -> int:
    """Series of a signal with the labels `by`."""
    values = {"tenant_id": settings.observability.load.tenants, "service_name": len(settings.services), "result": 2}
    return prod({"slot": 2, **values}.get(label, PER_LABEL) for label in by)


def recordings(settings: Settings) -> int:
    """Series that rules make."""
    room = settings.observability
    signals = sum(signal_series(settings, signal.by) for signal in room.anomalies.values())
    return OBJECTIVE_RECORDINGS * len(settings.objectives) + SIGNAL_RECORDINGS * signals + OTHER_RECORDINGS


def jobs(settings: Settings) -> Mapping[str, Job]:
    """What is scraped, by job (a target with `sample_limit` series or more is not)."""
    room, compute = settings.observability, settings.compute
    guests = [*settings.wanted_vms.values(), *compute.containers.values()]
    nodes, names = cluster_nodes(settings), len(settings.services)
    pod = ROUTES * BUCKETS + PER_TENANT * room.load.tenants + RUNTIME
    elsewhere = [4] * nodes if settings.kubernetes.mode == "existing" else []
    machines = [NODE + UNITS + NODE_PER_CPU * cpus for cpus in [*(guest.cpus for guest in guests), *elsewhere]]
    answering = ENTRY_POINTS * PER_BACKEND_ANSWER + names * PER_ANSWER
    docker_hosts = len(compute.by_role("docker_host"))

    def alike(targets: int, each: int) -> Job:
        return Job(targets, each, targets * each)

    return {
        "services": alike(sum(service.peak_pods for service in settings.services.values()), pod),
        "node": Job(len(machines), max(machines, default=0), sum(machines)),
        "cadvisor": alike(docker_hosts, CONTAINERS * PER_CONTAINER + 200),
        "kubelet-cadvisor": alike(nodes, ceil(pods(settings) / max(nodes, 1)) * KUBELET_PER_POD),
        "kubelet": alike(nodes, VOLUMES_PER_NODE * 6 + KUBELET),
        "kube-state-metrics": alike(1, pods(settings) * STATE_PER_POD + nodes * 100),
        "kube-apiserver": alike(len(compute.by_role("k3s_server")) or 1, KEPT_OF_API_SERVER),
        "etcd": alike(len(compute.by_role("k3s_server")) or 1, ETCD),
        "coredns": alike(2, CLUSTER_DNS),
        "cert-manager": alike(3 * min(settings.edge.replicas, 2), CERT_MANAGER),
        "pve": alike(1, PER_GUEST * (len(settings.wanted_vms) + len(compute.containers) + 3 * len(compute.nodes))),
        "pve-exporter": alike(1, 60),
        "postgres": alike(1, 1_500),
        "postgres-replica": alike(0 if settings.database_replica is None else 1, 1_500),
        "minio": alike(1, 800),
        "minio-buckets": alike(1, 2 * len(settings.storage.buckets)),
        "registry": alike(2, 200),
        "traefik": alike((settings.edge.replicas + 1) * len(settings.edge.gateways), 200 + ANSWERS * answering),
        "prometheus": alike(room.prometheus.replicas, 1_500),
        "alertmanager": alike(room.alertmanager.replicas, 500),
        "alertmanager-record": alike(1, 500),
        "loki": alike(room.loki.replicas, 4_000),
        "tempo": alike(room.tempo.replicas, 3_000),
        "grafana": alike(room.grafana.replicas, 2_000),
        "log-agent": alike(len(machines) - len(compute.containers), 600),
        "blackbox-exporter": alike(1, 200),
        "blackbox-https": alike(names * 2 + len(settings.edge.gateways), 30),
        "blackbox-storage": alike(1, 30),
        "blackbox-dns": alike(names * 3 + 4, 20),
        "blackbox-outside": alike(docker_hosts * (len(settings.edge.gateways) + 1), 20),
        "blackbox-coolify": alike(0 if settings.delivery.coolify is None else 1, 30),
        "live-slot": alike(names * len(settings.edge.gateways), 20),
    }


def series(settings: Settings) -> Mapping[str, int]:
    """Series by job, those of recording rules under `rules`."""
    return {**{name: job.total for name, job in jobs(settings).items()}, "rules": recordings(settings)}


def sample_limit(settings: Settings, job: str) -> int:
    """Series that a target of `job` may have: the setting; for the platform's own jobs twice what is computed, if more.

    The setting bounds the services, whose developers can break it; kube-state-metrics, one target for the whole
    cluster, must not fall to the same bound.
    """
    configured = settings.observability.prometheus.sample_limit
    return configured if job == "services" else max(configured, 2 * jobs(settings)[job].per_target)
