"""What the cluster has to have when a stack is up: namespaces, what observes, gateways, and the services' workloads."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from settings import Settings
from settings.storage_server import HOST
from settings.values import Slot
from tests.e2e.world.world import World

NAMESPACE: Final = "commerce"
SERVICE: Final = "storefront"


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
    expected = {f"{SERVICE}-{slot}" for slot in slots} | {f"{name}-{slot}" for name, slot in other_services(settings)}
    assert {item["metadata"]["name"] for item in deployments} == expected
    for deployment in deployments:
        _assert_workload(world, deployment)


def other_services(settings: Settings) -> Iterator[tuple[str, Slot]]:
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
