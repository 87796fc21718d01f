"""The platform's own objects as processes: a real Traefik with the generated documents, in front of a service."""

import http.client
import socket
import ssl
from collections.abc import Iterator

import pytest

from tests.e2e.agent.cluster import Cluster, cluster, ready, wait_for
from tests.e2e.agent.platform import certify, declared, images, put, spaces
from tests.e2e.edge.authority import Authority
from tests.recording import stack_settings

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(1800)]

SERVICE = "storefront"
IMAGE = "registry.dev.luxima.local/aceh/storefront"
"""Its repository."""


@pytest.fixture
def running() -> Iterator[Cluster]:
    with cluster(images(IMAGE)) as made:
        yield made


class Https(http.client.HTTPSConnection):
    """A client of a name whose address is on loopback."""

    def __init__(self, name: str, target: tuple[str, int], context: ssl.SSLContext) -> None:
        super().__init__(name, 443, context=context, timeout=30)
        self._target, self._trust = target, context

    def connect(self) -> None:
        raw = socket.create_connection(self._target, self.timeout, ("127.0.0.9", 0))
        self.sock = self._trust.wrap_socket(raw, server_hostname=self.host)


def ask(name: str, target: tuple[str, int], context: ssl.SSLContext) -> dict[int, dict[str, str]]:
    """Headers by status; nothing when nobody answers."""
    connection = Https(name, target, context)
    try:
        connection.request("GET", "/work")
        answer = connection.getresponse()
        answer.read()
        return {answer.status: {key.lower(): value for key, value in answer.getheaders()}}
    except (OSError, http.client.HTTPException):
        return {}
    finally:
        connection.close()


def test_users_reach_a_service_through_its_gateway(running: Cluster) -> None:
    settings, authority = stack_settings("dev"), Authority()
    live, edge = settings.releases.services[SERVICE].live, settings.edge
    context = ssl.create_default_context(cadata=authority.pem.decode())
    spaces(running, edge.namespace, settings.services[SERVICE].namespace)
    found = declared(settings, SERVICE, live)
    for resource in found:
        put(running, resource)

    def all_ready() -> bool:
        there = running.pods(edge.namespace) + running.pods(settings.services[SERVICE].namespace)
        return sum(map(ready, there)) == edge.replicas + settings.services[SERVICE].replicas

    wait_for(all_ready, 60, "gateway and service are ready")
    target = running.address(f"{edge.gateways[live].address}:443")
    name = settings.service_fqdn(SERVICE)
    assert ask(name, target, context) == {}, "no certificate, no connection"
    certify(running, settings, authority)
    headers = wait_for(lambda: ask(name, target, context).get(200), 60, "the certificate is taken")
    assert headers["x-slot"] == live
    assert headers["x-image"].partition("@")[0] == IMAGE
    assert headers["x-request-id"]
    pods = running.pods(edge.namespace)

    # A release changes the one routing object: the running gateway follows, its pods stay.
    routing = next(each for each in found if each.inputs["metadata"]["name"] == f"gateway-{live}-routing")
    closed = routing.inputs["data"]["routing.yaml"].replace(f"Host(`{name}`)", "Host(`nobody.example`)")
    where = f"/api/v1/namespaces/{edge.namespace}/configmaps/gateway-{live}-routing"
    running.api.call("PATCH", where, {"data": {"routing.yaml": closed}})
    wait_for(lambda: ask(name, target, context).keys() == {404}, 60, "the route is gone")
    put(running, routing)
    wait_for(lambda: ask(name, target, context).keys() == {200}, 60, "the route is back")
    assert [pod["metadata"]["uid"] for pod in running.pods(edge.namespace)] == [pod["metadata"]["uid"] for pod in pods]
