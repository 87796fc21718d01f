"""Who gets a canary, what is copied to a shadow, and when another place steps in, by the routing documents."""

import re
from typing import Any

import pytest

from components.edge import documents
from components.routing import canary
from settings.values import Slot
from tests.documents.edge.given import SLOTS, both, candidate, routing


def bucket(user: str) -> int | None:
    return int(user[-2:], 16) if re.search("[0-9a-fA-F]{2}$", user) else None


def test_a_percentage_is_as_many_buckets_and_no_other_user() -> None:
    users = [f"0f8fad5b-d9cb-469f-a165-70867728{number:04x}" for number in range(0x1C00, 0x1D00)]
    others = ("user_xyz", "7", "é", "0g", "a0 ")
    for percent in range(1, 101):
        count = canary.bucket_count(percent)
        assert abs(count / 256 - percent / 100) <= 0.5 / 256
        pattern = re.compile(canary.bucket_pattern(count))
        for user in (*users, *map(str.upper, users)):
            found = bucket(user)
            assert found is not None
            assert bool(pattern.search(user)) == (found < count), (percent, user)
        assert [user for user in others if pattern.search(user)] == ([] if percent < 100 else list(others))


def test_more_users_are_the_same_users_and_some_more() -> None:
    users = [f"user_{number:02x}" for number in range(256)]
    seen: set[str] = set()
    for percent in range(1, 101):
        pattern = canary.bucket_pattern(canary.bucket_count(percent))
        now = set(filter(re.compile(pattern).search, users))
        assert seen <= now
        seen = now
    assert len(seen) == 256


@pytest.mark.parametrize("count", [0, -1, 257])
def test_there_are_256_buckets(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 256"):
        canary.bucket_pattern(count)


CANARY = {"services.storefront.strategy": "canary"}


@pytest.mark.parametrize("of", SLOTS)
def test_a_canary_is_chosen_by_header_then_user_then_tenant_then_cookie(released: Any, of: Slot) -> None:
    http = routing(released({"storefront": both(canary=candidate(10))}, **CANARY), of)["http"]
    some, stable = "storefront-canary-or-stable", f"storefront-{of}"
    host = "(Host(`acehcommerce.id`)) && !PathRegexp(`(?i)^/metrics(/.*)?$`)"
    ordered = sorted(
        (router["priority"], router["rule"].removeprefix(host + " && "), router["service"])
        for name, router in http["routers"].items()
        if name.startswith("storefront-canary") or name == "storefront"
    )
    pattern = canary.bucket_pattern(26)
    assert ordered == [
        (100, host, stable),
        (400, host, "storefront-canary-by-cookie"),
        (500, "HeaderRegexp(`X-Tenant-ID`, `.`)", stable),
        (600, f"HeaderRegexp(`X-Tenant-ID`, `{pattern}`)", some),
        (700, "HeaderRegexp(`X-User-ID`, `.`)", stable),
        (800, f"HeaderRegexp(`X-User-ID`, `{pattern}`)", some),
        (900, "Header(`X-Canary`, `always`)", some),
        (900, "Header(`X-Canary`, `never`)", stable),
    ]
    cookie = http["services"]["storefront-canary-by-cookie"]["weighted"]
    assert cookie["services"] == [{"name": some, "weight": 10}, {"name": stable, "weight": 90}]
    assert cookie["sticky"]["cookie"].items() >= {"name": "luxima-canary", "secure": True, "httpOnly": True}.items()
    assert http["services"][some] == {"failover": {"service": "storefront-canary", "fallback": stable}}
    assert http["services"]["storefront-canary"]["loadBalancer"]["healthCheck"]["path"] == "/healthz"


@pytest.mark.parametrize("kind", ["canary", "shadow"])
def test_nobody_gets_a_candidate_of_zero_percent(released: Any, kind: str) -> None:
    strategy = {"services.storefront.strategy": kind}
    without = documents(released({"storefront": both()}, **strategy))
    assert documents(released({"storefront": both("blue", **{kind: candidate(0)})}, **strategy)) == without
    assert documents(released({"storefront": both("blue", **{kind: candidate(1)})}, **strategy)) != without


def test_only_what_changes_nothing_is_copied_to_a_shadow(released: Any) -> None:
    shadow = {"services.storefront.strategy": "shadow"}
    http = routing(released({"storefront": both(shadow=candidate(100))}, **shadow), "blue")["http"]
    router = http["routers"]["storefront-shadow"]
    assert "(Method(`GET`) || Method(`HEAD`))" in router["rule"]
    # A copy shares its context with the original: a retry would be of both.
    assert "retry" not in router["middlewares"]
    assert "retry" in http["routers"]["storefront"]["middlewares"]
    mirroring = http["services"]["storefront-mirrored"]["mirroring"]
    assert mirroring["mirrors"] == [{"name": "storefront-shadow", "percent": 100}]
    assert mirroring["service"] == "storefront-blue"
    limits = http["serversTransports"]["storefront-shadow"]["forwardingTimeouts"]
    assert limits["responseHeaderTimeout"] == "5s"
    assert http["services"]["storefront-shadow"]["loadBalancer"]["serversTransport"] == "storefront-shadow"


def test_a_shadow_that_writes_elsewhere_gets_writes_of_a_bounded_size(released: Any) -> None:
    shadow = {
        "services.storefront.strategy": "shadow",
        "services.storefront.shadow": {"writes_apart": True, "max_body_kib": 16},
    }
    http = routing(released({"storefront": both(shadow=candidate(50))}, **shadow), "blue")["http"]
    assert "HeaderRegexp(`Content-Length`" in http["routers"]["storefront-shadow"]["rule"]
    mirroring = http["services"]["storefront-mirrored"]["mirroring"]
    assert (mirroring["mirrorBody"], mirroring["maxBodySize"]) == (True, 16 * 1024)
