"""Which images a stack needs."""

from components import images
from sandbox.images.model import COREDNS, PAUSE
from settings import Settings


def wanted(settings: Settings) -> list[str]:
    """Every image that the stack of these settings runs in Kubernetes or on Docker hosts, and what holds pods.

    The guard's is among them, since a release may start one at any time. kube-vip's is not: k3s runs it, not the
    sandbox's node.
    """
    observed = settings.observability
    agent = images.ALLOY if observed.agent == "alloy" else images.PROMTAIL
    hosts = settings.compute.by_role("docker_host")
    found = [
        PAUSE,
        COREDNS,
        images.TRAEFIK,
        images.PROMETHEUS,
        images.ALERTMANAGER,
        images.LOKI,
        images.TEMPO,
        images.GRAFANA,
        images.BLACKBOX_EXPORTER,
        images.KUBE_STATE_METRICS,
        images.NODE_EXPORTER,
        agent,
        settings.guard.image,
    ]
    if hosts:
        found.append(images.CADVISOR)
    if observed.database.rpartition(":")[0] in {host.address for host in hosts.values()}:
        found.append(images.POSTGRES_EXPORTER)
    for service in settings.releases.services.values():
        places = (*service.slots.values(), service.canary, service.shadow)
        found += [content.image for content in places if content is not None]
    return sorted(set(found))
