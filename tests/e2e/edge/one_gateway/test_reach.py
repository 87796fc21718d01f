"""What is reached through a gateway, by whom: the public's part, and what is for trusted networks only."""

import pytest

from components.routing.document import VERSION_PATH, version
from tests.e2e.edge.clients import ask
from tests.e2e.edge.one_gateway.place import Place
from tests.e2e.edge.shop import DOMAIN, STRANGER, TRUSTED

pytestmark = pytest.mark.needs_tools

INSIDE_HOSTS = [
    f"admin.{DOMAIN}",
    f"storefront-blue.{DOMAIN}",
    "grafana.luxima.id",
    "prometheus.luxima.id",
    "loki.luxima.id",
    "alertmanager.luxima.id",
]


@pytest.mark.parametrize("host", INSIDE_HOSTS)
def test_what_is_not_for_the_public_is_for_trusted_networks_only(place: Place, host: str) -> None:
    before = place.admin.total + place.storefront.total
    for headers in ({}, {"X-Forwarded-For": TRUSTED, "X-Real-IP": TRUSTED}):
        # Of Loki there are no pages: 404.
        assert ask(place.gateway, host, source=STRANGER, headers=headers).status == (404 if host[:4] == "loki" else 403)
    assert place.admin.total + place.storefront.total == before
    # Programs without a login of their own ask for one, or have no such page; Grafana's stand-in only knows upgrades.
    if host != "grafana.luxima.id":
        assert ask(place.gateway, host, source=TRUSTED).status in ((200,) if DOMAIN in host else (401, 404))


def test_a_slot_is_reached_under_its_own_name_on_its_own_gateway_only(place: Place) -> None:
    assert ask(place.gateway, f"storefront-blue.{DOMAIN}", source=TRUSTED).slot == "blue"
    assert ask(place.gateway, f"storefront-green.{DOMAIN}", source=TRUSTED).status == 404


def test_nothing_of_traefik_itself_is_reached_from_outside(place: Place) -> None:
    found = place.gateway.settings
    inside = f"{VERSION_PATH}{version(found, 'blue')}"
    for path in ("/ping", "/api/rawdata", "/dashboard/", inside):
        answer = ask(place.gateway, DOMAIN, path, source=TRUSTED)
        assert answer.slot == "blue", path
    assert ask(place.gateway, f"storefront-blue.{DOMAIN}", inside, source=TRUSTED).body == b"OK"
    assert ask(place.gateway, f"storefront-blue.{DOMAIN}", inside, source=STRANGER).status == 403
    assert place.gateway.status("/api/rawdata") == 404


@pytest.mark.parametrize(
    "path", ["/metrics", "/metrics/", "/metrics/x", "/Metrics", "/%6detrics", "//metrics", "/x/../metrics"]
)
def test_the_metrics_of_a_service_are_not_for_its_users(place: Place, path: str) -> None:
    before = place.storefront.total
    for host in (DOMAIN, f"storefront-blue.{DOMAIN}"):
        assert ask(place.gateway, host, path, source=TRUSTED).slot == ""
    assert place.storefront.total == before
