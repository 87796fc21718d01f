"""What the servers have to have when a stack is up, from its settings and from the requirements.

The numbers of the retention table are the requirements' own, written down once more: a wrong setting must be seen.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from settings import Settings
from settings.compute import Container, Vm
from settings.storage_server import HOST
from settings.values import Slot
from tests.e2e.world.cluster import Refused
from tests.e2e.world.store import Rule
from tests.e2e.world.world import World

NAMESPACE: Final = "commerce"
SERVICE: Final = "storefront"
_SETTLED_SECONDS: Final = 60

_BUILT_IN_POLICIES: Final = frozenset({"consoleAdmin", "diagnostics", "readonly", "readwrite", "writeonly"})

_OLD_VERSIONS: Final = (Rule("old-versions", "", None, 14, True),)
_MARKS: Final = Rule("delete-markers", "", None, None, True)
_LIFECYCLES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "media": _OLD_VERSIONS,
    "vendor-media": _OLD_VERSIONS,
    "loki": (Rule("audit-logs", "audit/", 90, None), Rule("luxima-logs", "luxima/", 90, None)),
    "tempo": (Rule("traces", "single-tenant/", 14, None),),
    "logs-archive": (
        Rule("archived-audit-logs", "audit/", 90, 90),
        Rule("archived-logs", "luxima/", 60, 14),
        _MARKS,
    ),
    "registry": _OLD_VERSIONS,
    "copies": (Rule("old-versions", "", None, 15, True),),
    "backups": (
        Rule("database-backups", "database/", None, 14, True),
        _MARKS,
        Rule("deployment-snapshots", "deployment/", 7, 7),
    ),
}


def parts(text: str) -> dict[str, str]:
    """A Proxmox option, `a=1,b=2`, as a mapping; what has no name is under the empty one."""
    pairs = (part.partition("=") for part in text.split(","))
    return {name if equals else "": value if equals else name for name, equals, value in pairs}


def assert_machines(world: World) -> None:
    """The pool, its VMs and containers, as large and where the settings say."""
    compute, machines = world.settings.compute, world.machines
    guests: dict[int, tuple[str, Vm | Container]] = {
        guest.id: (name, guest) for name, guest in {**compute.vms, **compute.containers}.items()
    }
    assert machines.pools() == {compute.pool}
    assert machines.members(compute.pool) == set(guests)
    found = machines.guests()
    assert set(found) == set(guests)
    for number, (name, guest) in guests.items():
        about, config = found[number], machines.config(number)
        virtual = isinstance(guest, Vm)
        network = parts(str(config["net0"]))
        address = parts(str(config["ipconfig0"]) if virtual else str(config["net0"]))
        assert about["type"] == ("qemu" if virtual else "lxc"), name
        assert (about["node"], about["status"], about["name"]) == (guest.node, "running", name)
        assert (int(config["cores"]), int(config["memory"])) == (guest.cpus, guest.memory_mib), name
        assert parts(str(config["scsi0" if virtual else "rootfs"]))["size"] == f"{guest.disk_gib}G", name
        assert (network["bridge"], int(network["tag"])) == (compute.network.bridge, compute.network.vlan), name
        assert (address["ip"], address["gw"]) == (
            f"{guest.address}/{compute.network.prefix_length}",
            compute.network.gateway,
        ), name
        if virtual:
            assert config["cicustom"] == f"user={compute.storage.files}:snippets/{name}-user-data.yaml"
        else:
            assert int(config["unprivileged"]) == 1, name


def assert_cluster(world: World, *slots: str) -> None:
    """Every namespace with its guards, the workload of each of the slots, and what observes them."""
    settings, cluster = world.settings, world.cluster
    nodes = {item["metadata"]["name"] for item in cluster.items("/api/v1/nodes")}
    assert nodes == {name for name, vm in settings.compute.vms.items() if vm.role != "docker_host"}
    namespaces = settings.kubernetes.namespaces
    assert cluster.namespaces() == set(namespaces)
    for namespace, wanted in namespaces.items():
        labels = cluster.get(f"/api/v1/namespaces/{namespace}")["metadata"]["labels"]
        for mode in ("enforce", "audit", "warn"):
            assert labels[f"pod-security.kubernetes.io/{mode}"] == wanted.pod_security
        (found,) = cluster.items(f"/api/v1/namespaces/{namespace}/resourcequotas")
        assert amounts(found["status"]["hard"]) == {
            "requests.cpu": wanted.quota.cpu_requests_millicores / 1000,
            "requests.memory": wanted.quota.memory_requests_mib * 2**20,
            "limits.memory": wanted.quota.memory_limits_mib * 2**20,
            "pods": wanted.quota.pods,
        }
        policies = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies"
        deny = cluster.get(f"{policies}/default-deny")["spec"]
        assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert_observers(world)
    assert_gateways(world)
    deployments = cluster.items(f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments")
    expected = {f"{SERVICE}-{slot}" for slot in slots} | {f"{name}-{slot}" for name, slot in _others(settings)}
    assert {item["metadata"]["name"] for item in deployments} == expected
    for deployment in deployments:
        _assert_workload(world, deployment)


def _others(settings: Settings) -> Iterator[tuple[str, Slot]]:
    """Each other service that is released, and its live slot, the only one that is filled."""
    for name, release in settings.releases.services.items():
        if name != SERVICE:
            yield name, release.live


def assert_observers(world: World) -> None:
    """All programs that observe, ready, in as many pods as the settings say, with their documents mounted."""
    observed, cluster = world.settings.observability, world.cluster
    sets = {
        "prometheus": observed.prometheus.replicas,
        "alertmanager": observed.alertmanager.replicas,
        "alertmanager-record": 1,
        "loki": observed.loki.replicas,
        "tempo": observed.tempo.replicas,
        "grafana": observed.grafana.replicas,
    }
    found = cluster.items(f"/apis/apps/v1/namespaces/{observed.namespace}/statefulsets")
    assert {item["metadata"]["name"]: item["status"]["readyReplicas"] for item in found} == sets
    config_maps = cluster.items(f"/api/v1/namespaces/{observed.namespace}/configmaps")
    documents = {item["metadata"]["name"] for item in config_maps}
    for item in found:
        volumes = item["spec"]["template"]["spec"]["volumes"]
        (config,) = [volume["projected"] for volume in volumes if volume["name"] == "config"]
        assert {source["configMap"]["name"] for source in config["sources"] if "configMap" in source} <= documents
    deployments = cluster.items(f"/apis/apps/v1/namespaces/{observed.namespace}/deployments")
    assert {item["metadata"]["name"] for item in deployments} == {
        "blackbox-exporter",
        "kube-state-metrics",
        "pve-exporter",
    }
    agents = cluster.items(f"/apis/apps/v1/namespaces/{observed.agents_namespace}/daemonsets")
    assert {item["metadata"]["name"] for item in agents} == {"log-agent", "node-exporter"}
    for item in agents:
        assert item["status"]["numberReady"] == len(cluster.items("/api/v1/nodes"))


def assert_gateways(world: World) -> None:
    """A gateway for each slot: at its address, ready, with its routing and the certificates of both zones."""
    edge, cluster = world.settings.edge, world.cluster
    for slot, gateway in edge.gateways.items():
        name = f"gateway-{slot}"
        service = cluster.get(f"/api/v1/namespaces/{edge.namespace}/services/{name}")
        assert service["spec"]["externalTrafficPolicy"] == "Local"
        assert [each["ip"] for each in service["status"]["loadBalancer"]["ingress"]] == list(gateway.addresses)
        assert {port["port"] for port in service["spec"]["ports"]} == {80, 443}
        deployment = cluster.get(f"/apis/apps/v1/namespaces/{edge.namespace}/deployments/{name}")
        assert deployment["status"]["readyReplicas"] == edge.replicas
        routing = cluster.get(f"/api/v1/namespaces/{edge.namespace}/configmaps/{name}-routing")["data"]["routing.yaml"]
        assert (
            f"http://{SERVICE}-{slot}.{NAMESPACE}.svc:" in routing
            or world.settings.releases.services[SERVICE].slots[slot] is None
        )
    certificates = cluster.items(f"/apis/cert-manager.io/v1/namespaces/{edge.namespace}/certificates")
    others = {edge.certificates.authority_secret, HOST if world.settings.storage.server.brought else None} - {None}
    assert {item["metadata"]["name"] for item in certificates} == {"edge-public", "edge-core"} | others
    for item in certificates:
        secret = cluster.get(f"/api/v1/namespaces/{edge.namespace}/secrets/{item['spec']['secretName']}")
        assert secret["type"] == "kubernetes.io/tls"


def _assert_workload(world: World, deployment: dict[str, Any]) -> None:
    name = deployment["metadata"]["name"]
    slot = deployment["metadata"]["labels"]["luxima.id/slot"]
    of = deployment["metadata"]["labels"]["app.kubernetes.io/name"]
    service = world.settings.services[of]
    release = world.settings.releases.services[of].slots[slot]
    assert release is not None
    spec, status = deployment["spec"], deployment["status"]
    assert (spec["replicas"], status["readyReplicas"], status["updatedReplicas"]) == (service.replicas,) * 3
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == release.image
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    pods = [
        item
        for item in world.cluster.items(f"/api/v1/namespaces/{NAMESPACE}/pods")
        if (labels := item["metadata"]["labels"]).get("luxima.id/slot") == slot
        and labels["app.kubernetes.io/name"] == of
        and not item["metadata"].get("deletionTimestamp")
    ]
    assert len(pods) == service.replicas
    for item in pods:
        assert item["spec"]["containers"][0]["image"] == release.image
        # The private CA, where there is one, and no token.
        mounted = [volume["name"] for volume in item["spec"]["volumes"] if "projected" in volume or "secret" in volume]
        assert mounted == [name for name in (world.settings.edge.certificates.authority_secret,) if name is not None]
    budgets = world.cluster.items(f"/apis/policy/v1/namespaces/{NAMESPACE}/poddisruptionbudgets")
    own = [budget for budget in budgets if budget["metadata"]["name"] == name]
    # One that has a single pod would keep its node from ever being drained.
    assert [budget["spec"]["maxUnavailable"] for budget in own] == [1] * (service.replicas > 1)
    assert all(budget["status"]["expectedPods"] == service.replicas for budget in own)
    account = world.cluster.get(f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{name}")
    assert account["automountServiceAccountToken"] is False
    ports = world.cluster.get(f"/api/v1/namespaces/{NAMESPACE}/services/{name}")["spec"]["ports"]
    assert [port["port"] for port in ports] == [service.port]


def amounts(quantities: Mapping[str, str]) -> dict[str, float]:
    """Kubernetes quantities as numbers."""
    factors = {"m": 1e-3, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}

    def number(text: str) -> float:
        for suffix, factor in factors.items():
            if text.endswith(suffix):
                return float(text.removesuffix(suffix)) * factor
        return float(text)

    return {name: number(text) for name, text in quantities.items()}


def assert_store(world: World) -> None:
    """Every bucket: versions, encryption, quota and lifecycle; the user and its policy."""
    storage, store = world.settings.storage, world.store
    assert store.buckets() == {storage.bucket_name(name) for name in storage.buckets}
    for name, settings in storage.buckets.items():
        bucket = storage.bucket_name(name)
        assert store.versioned(bucket) is settings.versioning, bucket
        assert store.encryption(bucket) == ("aws:kms", storage.kms_key), bucket
        assert store.quota(bucket) == settings.quota_gib * 2**30, bucket
        assert tuple(store.lifecycle(bucket)) == _LIFECYCLES[name], bucket
    assert store.users() == set(storage.users)
    policies = {f"{name}-{storage.bucket_name(user.bucket)}" for name, user in storage.users.items()}
    assert store.policies() - _BUILT_IN_POLICIES == policies


def assert_key(world: World) -> None:
    """The storefront's key, as its pods get it, reaches its bucket and no other; what it writes is encrypted."""
    secret = world.cluster.secret(NAMESPACE, f"{SERVICE}-storage")
    key = world.store.key(secret["S3_ACCESS_KEY_ID"], secret["S3_SECRET_ACCESS_KEY"])
    storage = world.settings.storage
    own = storage.bucket_name("media")
    key.put(own, "photo.txt", b"a photo")
    try:
        assert key.get(own, "photo.txt") == b"a photo"
        algorithm, used = key.encryption(own, "photo.txt")
        assert algorithm == "aws:kms"
        assert used.removeprefix("arn:aws:kms:") == storage.kms_key
        assert key.denied(own, "photo.txt") == {"allowed"}
        for other in set(storage.buckets) - {"media"}:
            assert key.denied(storage.bucket_name(other), "photo.txt") == {"AccessDenied"}, other
    finally:
        world.store.empty(own)


def assert_snapshots(world: World) -> None:
    """The key that k3s gets writes into the folder it is told, and reads nothing of other backups."""
    told = world.cluster.secret("kube-system", "k3s-etcd-snapshot-s3-config")
    key, bucket = world.store.key(told["etcd-s3-access-key"], told["etcd-s3-secret-key"]), told["etcd-s3-bucket"]
    snapshot, other = f"{told['etcd-s3-folder']}/snapshot", "database/dump"
    try:
        key.put(bucket, snapshot, b"etcd")
        assert key.get(bucket, snapshot) == b"etcd"
        # It may see the names.
        assert key.denied(bucket, other) == {"AccessDenied", "allowed"}
    finally:
        world.store.empty(bucket)


def records(settings: Settings, live: str, *slots: str) -> Iterator[tuple[str, tuple[int, tuple[str, ...]]]]:
    """Every record set of the stack when these slots have an image."""
    compute, environment, dns = settings.compute, settings.environment, settings.dns
    gateways = {slot: gateway.address for slot, gateway in settings.edge.gateways.items()}
    public = {slot: gateway.addresses[-1] for slot, gateway in settings.edge.gateways.items()}
    servers = {f"ns{number}" for number in (1, 2)}
    for name, guest in {**compute.vms, **compute.containers}.items():
        if name not in servers:
            yield f"{name}.{environment.core_domain} A", (dns.ttl_seconds, (guest.address,))
    for name in ("grafana", "prometheus", "loki", "alertmanager", "alertmanager-record", "registry"):
        yield f"{name}.{environment.core_domain} A", (dns.ttl_seconds, tuple(sorted(gateways.values())))
    stores = sorted(compute.vms[host].address for host in settings.storage.server.hosts)
    yield f"object-storage.{environment.core_domain} A", (dns.ttl_seconds, tuple(stores))
    if settings.delivery.coolify is not None:
        yield f"coolify.{environment.core_domain} A", (dns.ttl_seconds, tuple(sorted(gateways.values())))
    yield f"supabase.{environment.domain} A", (dns.ttl_seconds, tuple(sorted(public.values())))
    if not environment.domain.endswith(".local"):
        issuers = (
            '0 iodef "mailto:alerts@luxima.id"',
            '0 issue "letsencrypt.org; validationmethods=dns-01"',
            '0 issuewild "letsencrypt.org; validationmethods=dns-01"',
        )
        for zone in environment.zones:
            yield f"{zone} CAA", (dns.ttl_seconds, issuers)
    yield f"{environment.domain} A", (dns.switch_ttl_seconds, (public[live],))
    for slot in slots:
        yield f"{SERVICE}-{slot}.{environment.domain} A", (dns.switch_ttl_seconds, (gateways[slot],))
    for name, slot in _others(settings):
        service = settings.services[name]
        address = (gateways if service.trusted_only else public)[slot]
        yield f"{service.host}.{environment.domain} A", (dns.switch_ttl_seconds, (address,))
        yield f"{name}-{slot}.{environment.domain} A", (dns.switch_ttl_seconds, (gateways[slot],))


def assert_names(world: World, live: str, *slots: str) -> None:
    """Every record, and no other; resolvers are led to the gateway of the live slot."""
    settings = world.settings
    found = {name: record for zone in settings.environment.zones for name, record in world.names.records(zone).items()}
    assert found == dict(records(settings, live, *slots))
    gateway = {slot: gateway.addresses[-1] for slot, gateway in settings.edge.gateways.items()}[live]
    assert world.names.ask(settings.environment.domain) == [(settings.dns.switch_ttl_seconds, gateway)]


def assert_up(world: World, live: str, *slots: str) -> None:
    """All of it. What controllers write of their objects may come a moment after the engine has ended."""
    assert_machines(world)
    end = time.monotonic() + _SETTLED_SECONDS
    while True:
        try:
            assert_cluster(world, *slots)
            break
        except (AssertionError, LookupError, ValueError, Refused):
            if time.monotonic() > end:
                raise
        time.sleep(0.5)
    assert_store(world)
    assert_key(world)
    assert_snapshots(world)
    assert_names(world, live, *slots)


def assert_nothing(world: World) -> None:
    """Nothing of the stack is on any server."""
    settings = world.settings
    assert world.cluster.namespaces() == set()
    assert world.store.buckets() == set()
    assert world.store.users() == set()
    assert world.store.policies() == _BUILT_IN_POLICIES
    assert world.machines.guests() == {}
    assert world.machines.pools() == set()
    assert world.machines.files(settings.compute.storage.files) == set()
    assert {zone: world.names.records(zone) for zone in settings.environment.zones} == {
        zone: {} for zone in settings.environment.zones
    }
