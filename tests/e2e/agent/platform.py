"""The platform's own objects of one service and its gateways, in a cluster in which the agent runs their pods."""

import base64
from typing import Any

from components.edge import Gateway, GatewayArgs
from components.images import TRAEFIK
from components.services import Service, ServiceArgs
from sandbox.controllers.api import ApiError
from settings import Settings
from settings.values import Slot
from tests.e2e.agent.cluster import Cluster, program, wait_for
from tests.e2e.edge.authority import Authority
from tests.recording import Declared, record
from tools import ensure

_PATHS = {
    "core/v1:ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "core/v1:Secret": "/api/v1/namespaces/{}/secrets",
    "core/v1:Service": "/api/v1/namespaces/{}/services",
    "core/v1:ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "apps/v1:Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "networking.k8s.io/v1:NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
    "policy/v1:PodDisruptionBudget": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
}


def traefik() -> dict[str, Any]:
    """The gateways' program as an entry of the image table: it listens at its pod's address, with the pod's ports."""
    return {
        "command": [str(ensure("traefik")["traefik"]), "{args}"],
        "rewrites": [[r"""(\baddress: )["']?:(\d+)["']?""", r'\1"{address}:\2"']],
    }


def images(service: str) -> dict[str, Any]:
    """An image table for the platform: gateways by the real Traefik, a service by the test service."""
    return {TRAEFIK: traefik(), service: program()}


def declared(settings: Settings, service: str, *slots: Slot) -> list[Declared]:
    """What the program declares for a service and the gateways of slots."""

    def run() -> None:
        for slot in slots:
            Gateway(f"edge-{slot}", GatewayArgs(settings, slot))
        release = settings.releases.services[service]
        callers = (settings.edge.namespace, settings.observability.namespace)
        url = f"https://{settings.service_fqdn(service)}"
        Service(
            service, ServiceArgs(service, settings.services[service], release, settings.environment.label, url, callers)
        )

    found = record(run, settings.environment.name).resources
    return [each for each in found if each.type.startswith("kubernetes:")]


def put(running: Cluster, resource: Declared) -> None:
    """Create an object, or bring it to what is declared."""
    kind = resource.type.removeprefix("kubernetes:")
    version, _, name = kind.partition(":")
    meta = resource.inputs["metadata"]
    path = _PATHS[kind].format(meta["namespace"])
    document = {"apiVersion": version.removeprefix("core/"), "kind": name, **resource.inputs}
    try:
        running.make(path, document)
    except ApiError as error:
        if error.status != 409:
            raise
        running.api.call("PATCH", f"{path}/{meta['name']}", document)


def certify(running: Cluster, settings: Settings, authority: Authority) -> None:
    """What cert-manager would do: a Secret for each zone."""
    for key, zone in zip(("public", "core"), settings.environment.zones, strict=False):
        certificate, private = authority.certificate(zone, f"*.{zone}")
        data = {"tls.crt": certificate, "tls.key": private}
        running.make(
            f"/api/v1/namespaces/{settings.edge.namespace}/secrets",
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "type": "kubernetes.io/tls",
                "metadata": {"name": f"edge-{key}"},
                "data": {name: base64.b64encode(value).decode() for name, value in data.items()},
            },
        )


def spaces(running: Cluster, *names: str) -> None:
    """Namespaces, as soon as pods can be made in them."""
    for name in names:
        running.make("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    for name in names:
        wait_for(lambda name=name: running.get(f"/api/v1/namespaces/{name}/serviceaccounts/default"))
