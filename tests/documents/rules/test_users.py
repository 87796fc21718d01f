"""What rules count as users' requests: nobody's attempt, nobody's copy, nobody's probe."""

import re
from pathlib import Path

import yaml

from components.edge import documents
from components.observability.rules.users import routers
from settings.values import Slot
from tests.unit.settings.stacks import Checkout

SLOTS: tuple[Slot, ...] = ("blue", "green")
IMAGES = {each: f"registry.luxima.id/aceh/{each}@sha256:{'a' * 64}" for each in ("storefront", "admin", "api", "auth")}


def test_users_requests_pass_these_routers_and_nobody_else_s(tmp_path: Path) -> None:
    slots = {name: {slot: {"image": image, "standing": "verified"} for slot in SLOTS} for name, image in IMAGES.items()}
    releases: dict[str, dict[str, object]] = {name: {"live": "blue", "slots": slots[name]} for name in IMAGES}
    tracks = {"storefront": "canary", "auth": "canary", "api": "shadow"}
    for name, track in tracks.items():
        releases[name][track] = {"image": IMAGES[name].replace("a" * 64, "c" * 64), "percent": 5}
    settings = Checkout(tmp_path, "prod").load(
        {"releases.services": releases, **{f"services.{name}.strategy": track for name, track in tracks.items()}}
    )
    chosen = ["storefront", "admin", "api"]
    pattern = routers(chosen).removeprefix('router=~"').removesuffix('"')
    for slot in SLOTS:
        found = yaml.safe_load(documents(settings)[f"{slot}/routing.yaml"])["http"]["routers"]
        names = {f"Host(`{settings.service_fqdn(service)}`)" for service in chosen}
        users = {
            name
            for name, router in found.items()
            if any(host in router["rule"] for host in names) and "ClientIP" not in router["rule"]
        }
        assert {name for name in found if re.fullmatch(pattern, f"{name}@file")} == users
        assert {"storefront", "storefront-canary-browsers", "api-shadow", "admin"} <= users
