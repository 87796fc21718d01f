"""What rules count as users' requests: nobody's attempt, nobody's copy, nobody's probe."""

import re
from collections.abc import Iterator
from pathlib import Path

import promql_parser
import pytest
import yaml
from promql_parser import Expr, VectorSelector

from components.edge import documents
from components.observability import rules
from components.observability.rules.model import Alert
from components.observability.rules.users import routers
from settings.values import Slot
from tests.recording import STACKS, stack_settings
from tests.unit.settings.stacks import Checkout

SLOTS: tuple[Slot, ...] = ("blue", "green")
IMAGES = {each: f"registry.luxima.id/aceh/{each}@sha256:{'a' * 64}" for each in ("storefront", "admin", "api", "auth")}

JUDGED = {"http_requests_total", "http_request_duration_seconds_bucket", "logins_total", "jwt_validation_errors_total"}
"""What services count of users' requests; of rights that were changed or refused, a shadow's count as anybody's."""
BY_SLOT = {"slot:release_signal:value", "ReleaseErrorRateHigh", "ReleaseInconclusive", "ReleaseBaselineExceeded"}
"""Rules that judge each slot, and so a shadow, by itself."""


def counted(expression: str) -> Iterator[tuple[str, bool]]:
    """Every metric of `JUDGED` in an expression, and whether a shadow's is left out."""
    found: list[VectorSelector] = []

    def visit(each: Expr) -> None:
        if isinstance(each, VectorSelector):
            found.append(each)

    promql_parser.walk(promql_parser.parse(expression), visit)
    for each in found:
        if each.name in JUDGED:
            yield each.name, any((one.name, one.value) == ("slot", "shadow") for one in each.matchers.matchers)


@pytest.mark.parametrize("stack", STACKS)
def test_a_shadow_counts_as_production_nowhere(stack: str) -> None:
    seen: set[str] = set()
    for group in rules.groups(stack_settings(stack)):
        for rule in group.rules:
            name = rule.name if isinstance(rule, Alert) else rule.record
            found = dict(counted(rule.expr))
            seen |= found.keys()
            assert name in BY_SLOT or all(found.values()), f"{name}: {rule.expr}"
    assert seen == JUDGED


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
