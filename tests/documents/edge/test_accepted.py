"""A real Traefik takes the documents of every stack, with everything in them that a release can put there."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from settings.values import Slot
from tests.e2e.edge.gateway import Gateway, stack_with
from tests.programs import free_port
from tests.waiting import wait_for

pytestmark = pytest.mark.needs_tools

SERVICES = ("admin", "api", "auth", "storefront")


def releases(registry: str) -> dict[str, Any]:
    """All services in both slots, one with a canary, one with a shadow."""

    def image(service: str, digit: str) -> str:
        return f"{registry}/aceh/{service}@sha256:{digit * 64}"

    def slots(service: str) -> dict[str, Any]:
        return {
            slot: {"image": image(service, digit), "standing": "verified"}
            for slot, digit in (("blue", "a"), ("green", "b"))
        }

    found: dict[str, Any] = {service: {"live": "blue", "slots": slots(service)} for service in SERVICES}
    found["storefront"]["canary"] = {"image": image("storefront", "c"), "percent": 10}
    found["api"]["shadow"] = {"image": image("api", "d"), "percent": 50}
    return found


def edits(stack: str) -> dict[str, Any]:
    registry = {
        "dev": "registry.dev.luxima.local",
        "staging": "registry.staging.luxima.id",
        "prod": "registry.luxima.id",
    }
    quota = {"cpu_requests_millicores": 64_000, "memory_requests_mib": 96_000, "memory_limits_mib": 96_000, "pods": 300}
    return {
        "services.storefront.strategy": "canary",
        "services.storefront.failover": {"url": "https://storefront.fly.dev/"},
        "services.api.strategy": "shadow",
        "services.api.shadow": {"writes_apart": True},
        "services.auth.failover": {"url": "https://auth.fly.dev/"},
        "kubernetes.namespaces.commerce.quota": quota,
        "releases.services": releases(registry[stack]),
    }


@pytest.mark.parametrize(("stack", "slot"), [("dev", "blue"), ("staging", "green"), ("prod", "blue")])
def test_every_route_is_in_use_and_nothing_is_complained_about(stack: str, slot: Slot, tmp_path: Path) -> None:
    settings = stack_with(tmp_path / "settings", edits(stack), stack)
    port = free_port()

    def with_api(text: str) -> str:
        point = f"entryPoints:\n  traefik:\n    address: 127.0.0.1:{port}\n"
        return text.replace("entryPoints:\n", point, 1) + "api:\n  insecure: true\n  dashboard: false\n"

    # The other places of services are on the internet; nothing is sent there.
    urls = {"https://storefront.fly.dev/": "http://127.0.0.1:1/", "https://auth.fly.dev/": "http://127.0.0.1:1/"}
    with Gateway(settings, tmp_path / "gateway", slot=slot, edit=with_api, urls=urls) as gateway:

        def found(kind: str) -> dict[str, dict[str, Any]]:
            url = f"http://127.0.0.1:{port}/api/http/{kind}?per_page=1000"
            with urllib.request.urlopen(url, timeout=10) as answer:
                return {each["name"]: each for each in json.load(answer) if each["provider"] == "file"}

        # The entry points take a new configuration one after the other.
        wait_for(lambda: "api-shadow@file" in found("routers"), "the API shows the routes")
        for kind in ("routers", "services", "middlewares"):
            all_of_it = found(kind)
            assert {name: each["status"] for name, each in all_of_it.items()} == dict.fromkeys(all_of_it, "enabled")
            assert not [each for each in all_of_it.values() if "error" in each]
        assert {"storefront-canary@file", "api-shadow@file", f"auth-{slot}@file"} <= found("routers").keys()
        errors = [line for line in gateway.lines() if line["level"] in ("error", "fatal", "panic")]
        # There is no Tempo here.
        assert not [line for line in errors if "traces export" not in str(line)]
