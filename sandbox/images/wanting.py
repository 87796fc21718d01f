"""Which images a stack needs."""

from typing import Final

import versions
from sandbox.images.model import COREDNS, PAUSE
from settings import Settings

_DATABASE: Final = (
    versions.SUPABASE_POSTGRES,
    versions.SUPABASE_AUTH,
    versions.POSTGREST,
    versions.SUPABASE_REALTIME,
    versions.SUPABASE_STORAGE,
    versions.IMGPROXY,
    versions.POSTGRES_META,
    versions.EDGE_RUNTIME,
    versions.SUPABASE_STUDIO,
    versions.SUPAVISOR,
    versions.TRAEFIK,
)
"""What the stack's own database is made of."""
_COOLIFY: Final = (
    versions.COOLIFY,
    versions.COOLIFY_REALTIME,
    versions.COOLIFY_POSTGRES,
    versions.COOLIFY_REDIS,
)


def wanted(settings: Settings) -> list[str]:
    """Every image that the stack of these settings runs in Kubernetes or on Docker hosts, and what holds pods.

    The guard's is among them, since a release may start one at any time. kube-vip's is not: k3s runs it, not the
    sandbox's node.
    """
    found = [
        PAUSE,
        COREDNS,
        versions.TRAEFIK.reference,
        versions.PROMETHEUS.reference,
        versions.ALERTMANAGER.reference,
        versions.LOKI.reference,
        versions.TEMPO.reference,
        versions.GRAFANA.reference,
        versions.BLACKBOX_EXPORTER.reference,
        versions.KUBE_STATE_METRICS.reference,
        versions.PVE_EXPORTER.reference,
        versions.NODE_EXPORTER.reference,
        _agent(settings),
        settings.guard.image,
        *on_hosts(settings),
    ]
    for service in settings.releases.services.values():
        places = (*service.slots.values(), service.canary, service.shadow)
        found += [content.image for content in places if content is not None]
    return sorted(set(found))


def on_hosts(settings: Settings) -> list[str]:
    """Those that its Docker hosts run."""
    hosts = settings.compute.by_role("docker_host")
    if not hosts:
        return []
    found = [
        versions.BLACKBOX_EXPORTER.reference,
        versions.CADVISOR.reference,
        versions.NODE_EXPORTER.reference,
        versions.REGISTRY.reference,
        *([settings.backup.image] if settings.backup.image else []),
        _agent(settings),
    ]
    if settings.observability.database.rpartition(":")[0] in {host.address for host in hosts.values()}:
        found.append(versions.POSTGRES_EXPORTER.reference)
    if settings.storage.server.brought:
        found.append(versions.SILO.reference)
    if settings.database_host is not None:
        found += [each.reference for each in _DATABASE]
    if settings.delivery.coolify is not None:
        found += [each.reference for each in _COOLIFY]
    return sorted(set(found))


def _agent(settings: Settings) -> str:
    return versions.ALLOY.reference if settings.observability.agent == "alloy" else versions.PROMTAIL.reference
