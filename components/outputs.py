"""The stack's outputs."""

from collections.abc import Mapping
from typing import Any

from components.platform import Platform
from settings import Settings
from settings.coolify import WEBHOOK_PATH


def outputs(settings: Settings, platform: Platform) -> Mapping[str, Any]:
    """URLs and names that a person needs next, by the name of the stack output."""
    services = settings.releases.services
    return {
        "urls": {service: f"https://{settings.service_fqdn(service)}" for service in services},
        "slotUrls": {
            f"{service}-{slot}": f"https://{settings.environment.fqdn(f'{service}-{slot}')}"
            for service, made in platform.services.items()
            for slot in made.slots
        },
        "gateways": {slot: gateway.address for slot, gateway in platform.gateways.items()},
        "liveSlots": {service: release.live for service, release in services.items()},
        "proxmox": settings.compute.endpoint,
        "vms": {name: vm.address for name, vm in platform.compute.vms.items()},
        "containers": {name: container.address for name, container in platform.compute.containers.items()},
        "kubernetesApi": f"https://{settings.kubernetes.api_address}:6443",
        "kubeconfig": platform.kubernetes.kubeconfig,
        "namespaces": [namespace.name for namespace in platform.namespaces.values()],
        "objectStorage": f"https://{settings.storage.endpoint}",
        "buckets": {name: bucket.bucket for name, bucket in platform.storage.buckets.items()},
        "nameServers": [f"{server.address}:{server.port}" for server in settings.dns.servers],
        "grafana": f"https://{settings.environment.grafana_host}/",
        "grafanaPassword": platform.observability.grafana_password,
        "database": f"https://{settings.database_fqdn}",
        **({} if platform.docker.database is None else {"serviceRoleKey": platform.docker.database.service_role_key}),
        **_coolify(settings, platform),
        "registry": f"https://{settings.environment.registry_host}",
        "registryPushUser": platform.registry_users.current["push"].user,
        "registryPushPassword": platform.registry_users.current["push"].password,
        "registryReadKey": {
            "accessKey": platform.storage.keys["registry-pull"].access_key,
            "secretKey": platform.storage.keys["registry-pull"].secret_key,
        },
        "nodeExporters": {
            host: f"http://{exporter.endpoint}/metrics" for host, exporter in platform.docker.exporters.items()
        },
    }


def _coolify(settings: Settings, platform: Platform) -> Mapping[str, Any]:
    """How people log in to Coolify, and what GitHub has to be told; nothing where there is no Coolify."""
    coolify, applications = platform.docker.coolify, platform.docker.applications
    if coolify is None:
        return {}
    url = f"https://{settings.coolify_fqdn}"
    secrets = dict[str, Any]() if applications is None else dict(applications.webhook_secrets)
    return {
        "coolify": url,
        "coolifyPassword": coolify.admin_password,
        "coolifyWebhook": f"{url}{WEBHOOK_PATH}",
        "coolifyWebhookSecrets": secrets,
    }
