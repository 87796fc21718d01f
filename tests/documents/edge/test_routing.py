"""The routing documents, by their content; tests/e2e/edge gives them to a real Traefik."""

import re
from typing import Any

import pytest
import yaml

from components.edge import documents
from components.routing.access import access_yaml
from components.routing.database import DATABASE, transport_yaml
from components.routing.document import VERSION_PATH, version
from settings.rules.services import names
from settings.values import Slot
from tests.documents.edge.given import SLOTS, both, candidate, routers, routing, slot
from tests.e2e.edge.gateway import PASSWORDS
from tests.recording import STACKS, stack_settings

OTHER: dict[Slot, Slot] = {"blue": "green", "green": "blue"}
PUBLIC_SERVICES = ("admin", "api", "auth", "storefront")


@pytest.mark.parametrize("stack", STACKS)
def test_documents_hold_no_template(stack: str) -> None:
    found = documents(stack_settings(stack))
    # Traefik expands templates in the files that it watches.
    assert not [name for name, text in found.items() if name.endswith("routing.yaml") and "{{" in text]


@pytest.mark.parametrize("of", SLOTS)
def test_every_released_service_is_reached_through_both_gateways(released: Any, of: Slot) -> None:
    settings = released(dict.fromkeys(PUBLIC_SERVICES, both()))
    found = routing(settings, of)["http"]
    for service in PUBLIC_SERVICES:
        router = found["routers"][service]
        users = "!PathRegexp(`(?i)^/metrics(/.*)?$`)"
        assert router["rule"] == f"(Host(`{settings.service_fqdn(service)}`)) && {users}"
        assert router["service"] == f"{service}-{of}"
        assert ("trusted" in router["middlewares"]) == (service == "admin")
        own = found["routers"][f"{service}-{of}"]
        assert own["rule"] == f"(Host(`{service}-{of}.acehcommerce.id`)) && {users}"
        assert "trusted" in own["middlewares"]
        assert f"{service}-{OTHER[of]}" not in found["routers"]
        (server,) = found["services"][f"{service}-{of}"]["loadBalancer"]["servers"]
        assert server["url"] == f"http://{service}-{of}.commerce.svc:3000"


@pytest.mark.parametrize("of", SLOTS)
def test_every_name_that_a_router_uses_is_there(released: Any, of: Slot) -> None:
    settings = released(
        {
            "storefront": both(canary=candidate(10)),
            "api": both("green", shadow=candidate(100)),
            "auth": {"live": "green", "slots": {"blue": None, "green": slot("b")}},
        },
        **{
            "services.storefront.strategy": "canary",
            "services.storefront.failover": {"url": "https://storefront.fly.dev/"},
            "services.api.strategy": "shadow",
            "kubernetes.namespaces.commerce.quota.cpu_requests_millicores": 64_000,
        },
    )
    http = routing(settings, of)["http"]
    logins = yaml.load(access_yaml(PASSWORDS), yaml.CSafeLoader)["http"]["middlewares"]
    database = yaml.load(transport_yaml("PEM"), yaml.CSafeLoader)["http"]["serversTransports"]
    for name, router in http["routers"].items():
        assert router["service"] in {*http["services"], "ping@internal"}, name
        assert set(router.get("middlewares", [])) <= {*http["middlewares"], *logins}, name
    for name, service in http["services"].items():
        (kind,) = service
        inner = service[kind]
        named: set[str] = {inner[key] for key in ("service", "fallback") if key in inner}
        named |= {each["name"] for key in ("mirrors", "services") for each in inner.get(key, [])}
        assert named <= http["services"].keys(), name
        if "serversTransport" in inner:
            assert inner["serversTransport"] in {*http["serversTransports"], *database}


def test_a_service_that_is_not_released_has_no_route(released: Any) -> None:
    found = routers(released({"storefront": both()}), "blue")
    assert not [name for name in found if name.startswith(("admin", "api", "auth"))]


def test_a_switch_between_two_verified_slots_is_no_change_of_any_route(released: Any) -> None:
    """DNS alone moves the users, so the gateway of the old slot serves those who come late as before."""
    assert documents(released({"storefront": both("blue")})) == documents(released({"storefront": both("green")}))


@pytest.mark.parametrize(
    "idle", [None, slot("b", "candidate"), "rejected"], ids=["empty", "not verified", "taken back"]
)
def test_an_idle_gateway_sends_users_to_the_live_slot_unless_its_own_was_verified(released: Any, idle: Any) -> None:
    rejected = [slot("b")["image"]] if idle == "rejected" else []
    green = slot("b") if idle == "rejected" else idle
    rejected = [image.replace("/any@", "/storefront@") for image in rejected]
    release = {"live": "blue", "slots": {"blue": slot("a"), "green": green}, "rejected": rejected}
    found = routers(released({"storefront": release}), "green")
    assert found["storefront"]["service"] == "storefront-blue"
    assert ("storefront-green" in found) == (green is not None)


@pytest.mark.parametrize("stack", STACKS)
def test_core_hosts_are_for_trusted_networks(stack: str) -> None:
    settings = stack_settings(stack)
    found = routing(settings, "blue")["http"]
    for host, port in {"grafana": 3000, "prometheus": 9090, "loki": 3100, "alertmanager": 9093}.items():
        leading = [router for router in found["routers"].values() if router["service"] == host]
        assert leading
        for router in leading:
            assert f"Host(`{host}.{settings.environment.core_domain}`)" in router["rule"]
            assert "trusted" in router["middlewares"]
        assert found["services"][host]["loadBalancer"]["servers"] == [
            {"url": f"http://{host}.observability.svc:{port}"}
        ]
    assert found["middlewares"]["trusted"]["ipAllowList"] == {"sourceRange": list(settings.edge.trusted_networks)}


WITHOUT_LOGIN = {
    "grafana": "asks for a login itself",
    "registry-pull": "asks for a login itself; tests/e2e/delivery",
    "registry-push": "asks for a login itself; tests/e2e/delivery",
    "ping@internal": "says OK to a trusted network that asks for the version of the routing",
}
"""What is published without a login at the gateway, besides the services, which know their users themselves."""


def test_no_service_takes_the_name_of_what_the_gateways_route_to_besides() -> None:
    settings = stack_settings("prod")
    http = routing(settings, "blue")["http"]
    others = {name for name in (*http["routers"], *http["services"]) if not name.startswith((*settings.services,))}
    assert {"supabase", "supabase-studio", "prometheus-query", "routing-ready"} <= others
    same = settings.services["auth"]
    refused = names(settings.model_copy(update={"services": dict.fromkeys(others, same)}))
    assert {problem.path[-1] for problem in refused} == others


@pytest.mark.parametrize("of", SLOTS)
@pytest.mark.parametrize("stack", STACKS)
def test_whatever_is_published_asks_for_a_login(stack: str, of: Slot) -> None:
    settings = stack_settings(stack)
    http = routing(settings, of)["http"]
    logins = yaml.load(access_yaml(PASSWORDS), yaml.CSafeLoader)["http"]["middlewares"]
    published = {name: router for name, router in http["routers"].items() if router["entryPoints"] != ["metrics"]}
    # The database's own door asks for a key.
    known = {
        *WITHOUT_LOGIN,
        DATABASE,
        # Coolify's pages ask for a login themselves; its webhook is signed.
        *(name for name in http["services"] if name.startswith((*settings.services, "coolify"))),
    }
    open_ones = {router["service"] for router in published.values() if not logins.keys() & {*router["middlewares"]}}
    assert open_ones <= known
    assert all(
        "trusted" in router["middlewares"] for router in published.values() if router["service"] in WITHOUT_LOGIN
    )
    asked = {name for router in published.values() for name in router["middlewares"] if name.startswith("login-")}
    assert asked == logins.keys()
    for each in logins.values():
        assert each["basicAuth"]["users"]


@pytest.mark.parametrize("of", SLOTS)
@pytest.mark.parametrize("stack", STACKS)
def test_every_route_removes_what_strangers_say_about_themselves(stack: str, of: Slot) -> None:
    http = routing(stack_settings(stack), of)["http"]
    removed = http["middlewares"]["headers"]["headers"]["customRequestHeaders"]
    assert {"X-Tenant-Id", "X-Scope-OrgID"} <= {name for name, to in removed.items() if not to}
    for name, router in http["routers"].items():
        if router["entryPoints"] == ["metrics"]:
            continue
        assert router["entryPoints"] == ["websecure"], name
        assert router["middlewares"][0] == "headers", name
        if router["service"] != "ping@internal":
            # The plugin comes right behind: it takes names with underscores.
            unbounded = "-unbounded" if name.startswith("registry-") else ""
            assert router["middlewares"][1] == f"correlation{unbounded}", name
            assert "rate-limit" in router["middlewares"], name
        # Nobody but the gateway says a tenant, and it does so for Loki only.
        told = [each for each in router["middlewares"] if each.startswith("tenant-")]
        assert len(told) == (router["service"] == "loki"), name


@pytest.mark.parametrize("stack", STACKS)
def test_certificates_of_both_zones_and_no_old_tls(stack: str) -> None:
    tls = routing(stack_settings(stack), "blue")["tls"]
    folder = "/etc/traefik/dynamic/tls"
    assert tls["certificates"] == [
        {"certFile": f"{folder}/{zone}/tls.crt", "keyFile": f"{folder}/{zone}/tls.key"} for zone in ("public", "core")
    ]
    options = tls["options"]["default"]
    assert (options["minVersion"], options["sniStrict"]) == ("VersionTLS12", True)
    assert all("_ECDHE_" in cipher and not cipher.endswith("_SHA") for cipher in options["cipherSuites"])


def test_the_version_tells_documents_apart_and_is_in_the_document(released: Any) -> None:
    one, other = released({"storefront": both()}), released({"storefront": both(), "api": both()})
    assert re.fullmatch("[0-9a-f]{12}", version(one, "blue"))
    assert len({version(settings, of) for settings in (one, other) for of in SLOTS}) == 4
    assert version(one, "blue") == version(one, "blue")
    router = routers(one, "blue")["routing-version"]
    assert router["rule"] == f"Path(`{VERSION_PATH}{version(one, 'blue')}`)"
    assert (router["entryPoints"], router["service"]) == (["metrics"], "ping@internal")
    assert "trusted" in routers(one, "blue")["routing-version-outside"]["middlewares"]


def test_a_service_with_another_place_is_asked_for_its_health_often_enough(released: Any) -> None:
    edits = {"services.api.failover": {"url": "https://api.fly.dev/", "interval_milliseconds": 400}}
    http = routing(released({"api": both()}, **edits), "green")["http"]
    assert http["routers"]["api"]["service"] == "api-green-or-elsewhere"
    assert http["services"]["api-green-or-elsewhere"]["failover"] == {
        "service": "api-green",
        "fallback": "api-elsewhere",
    }
    check = http["services"]["api-green"]["loadBalancer"]["healthCheck"]
    assert check == {"path": "/healthz", "interval": "400ms", "timeout": "500ms"}
    elsewhere = http["services"]["api-elsewhere"]["loadBalancer"]
    assert elsewhere["servers"] == [{"url": "https://api.fly.dev/"}]
    assert elsewhere["passHostHeader"] is False
    # A slot under its own name is that slot or nothing.
    assert http["routers"]["api-green"]["service"] == "api-green"
