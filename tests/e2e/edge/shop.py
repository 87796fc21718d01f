"""The shop that the tests' gateways lead to: its domain, what is released of it, and who is trusted."""

from typing import Any

from tests.e2e.edge.gateway import MACHINES

DOMAIN = "acehcommerce.id"
TRUSTED, STRANGER = "127.0.0.2", "127.0.0.1"


def image(service: str, digit: str) -> str:
    return f"registry.luxima.id/aceh/{service}@sha256:{digit * 64}"


def verified(service: str, digit: str) -> dict[str, str]:
    return {"image": image(service, digit), "standing": "verified"}


EDITS: dict[str, Any] = {
    "edge.trusted_networks": [f"{TRUSTED}/32", MACHINES],
    "edge.max_body_mib": 1,
    "edge.drain_seconds": 5,
    "releases.services": {
        "storefront": {"live": "blue", "slots": {"blue": verified("storefront", "a"), "green": None}},
        "admin": {"live": "blue", "slots": {"blue": verified("admin", "b"), "green": None}},
    },
}
