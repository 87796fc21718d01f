"""The stack's own database: its secrets are made once, replaced one kind at a time, and its door knows who asks."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
import yaml

from components.database.certificate import CertificateProvider
from components.database.gateway import OPEN, routes, static
from components.database.keys import DatabaseKeys, DatabaseKeysArgs, RotationProvider
from components.database.tokens import key_list, token
from components.routing import routing_yaml
from components.routing.database import transport_yaml
from settings.database import Keys
from tests.recording import record, stack_settings

DAYS: dict[str, Any] = {
    "jwt": ["2026-11-26"],
    "passwords": ["2026-11-26"],
    "internal": ["2026-11-26"],
    "certificate": ["2026-11-26"],
    "endSessions": False,
}


def _claims(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims, _ = text.split(".")
    decoded = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in (header, claims))
    first, second = (json.loads(part) for part in decoded)
    return first, second


def test_a_token_is_the_same_each_time_and_signed() -> None:
    made = token("secret", "2026-11-26", "anon")
    assert made == token("secret", "2026-11-26", "anon")
    header, claims = _claims(made)
    assert header == {"alg": "HS256", "typ": "JWT", "kid": "2026-11-26"}
    assert claims == {"role": "anon", "iss": "supabase", "iat": 1795651200, "exp": 1953417600}
    signed, _, signature = made.rpartition(".")
    wanted = hmac.digest(b"secret", signed.encode(), hashlib.sha256)
    assert base64.urlsafe_b64decode(signature + "=") == wanted


def test_a_leap_day_has_an_end() -> None:
    assert _claims(token("secret", "2028-02-29", "anon"))[1]["exp"] == 1993161600


def test_the_first_key_signs_and_an_older_one_is_accepted() -> None:
    new, old = key_list({"2026-11-26": "new", "2026-01-01": "old"})
    assert (new["kid"], new["key_ops"]) == ("2026-11-26", ["sign", "verify"])
    assert (old["kid"], old["key_ops"]) == ("2026-01-01", ["verify"])
    assert base64.urlsafe_b64decode(old["k"] + "=" * (-len(old["k"]) % 4)) == b"old"


def _failures(**changed: Any) -> list[str]:
    return [failure.reason for failure in RotationProvider().check(DAYS, {**DAYS, **changed}).failures]


def test_two_kinds_at_once_are_refused() -> None:
    (reason,) = _failures(passwords=["2026-12-01"], internal=["2026-12-01"])
    assert (
        "passwords and internal have another day than the stack has. Replace one kind at a time: leave internal"
        in reason
    )
    assert _failures(passwords=["2026-12-01"]) == []


def test_a_signing_key_that_ends_sessions_is_refused_unless_that_is_meant() -> None:
    (reason,) = _failures(jwt=["2026-12-01"])
    assert "without 2026-11-26, which signs now, everybody is logged out" in reason
    assert "Give [2026-12-01, 2026-11-26]" in reason
    assert _failures(jwt=["2026-12-01", "2026-11-26"]) == []
    assert _failures(jwt=["2026-12-01"], endSessions=True) == []


def test_the_first_days_are_taken_and_an_older_key_may_go() -> None:
    assert RotationProvider().check({}, DAYS).failures == []
    both = {**DAYS, "jwt": ["2026-12-01", "2026-11-26"]}
    assert RotationProvider().check(both, {**DAYS, "jwt": ["2026-12-01"]}).failures == []


def _passwords(keys: Keys) -> set[str]:
    made = record(lambda: DatabaseKeys("database-keys", DatabaseKeysArgs(keys)))
    return {each.name for each in made.of("random:index/randomPassword:RandomPassword")}


def test_a_new_day_makes_new_secrets_of_its_kind_and_no_other() -> None:
    day = "2026-11-26"
    keys = Keys(jwt=(day,), passwords=day, internal=day, certificate=day)
    before = _passwords(keys)
    after = _passwords(keys.model_copy(update={"jwt": ("2026-12-01", day)}))
    assert after - before == {"database-keys-jwtSecret-2026-12-01"}
    assert before - after == set()


@pytest.mark.parametrize("key", ["names", "address", "day"])
def test_another_name_or_day_is_another_certificate(key: str) -> None:
    props = {"names": ["gateway"], "address": "10.10.10.41", "day": "2026-11-26"}
    olds = {**props, "certificate": "a", "key": "b"}
    assert CertificateProvider().diff("", olds, {**props, "certificate": None, "key": None}).changes is False
    assert CertificateProvider().diff("", olds, {**props, key: "other"}).replaces == [key]


def _routes() -> dict[str, Any]:
    return yaml.safe_load(routes(stack_settings("dev"), ["anon-2", "anon-1"], ["service-1"]))


def test_the_door_asks_for_a_key_and_accepts_old_ones() -> None:
    routers = _routes()["http"]["routers"]
    for name in ("auth", "rest", "graphql", "realtime", "realtime-api"):
        for key in ("anon-2", "anon-1", "service-1"):
            assert f"Header(`apikey`, `{key}`) || Query(`apikey`, `{key}`)" in routers[name]["rule"], name
    assert "anon" not in routers["rest-described"]["rule"]
    opened = [each for each in routers.values() if each["service"] != "studio" and "apikey" not in each["rule"]]
    assert len(opened) == len(OPEN)


def test_no_path_leads_to_postgres_meta_and_none_is_left_to_studio_without_a_key() -> None:
    document = _routes()["http"]
    assert not any("meta:" in str(each) for each in document["services"].values())
    refused = document["routers"]["no-key"]
    assert refused["middlewares"] == ["refused"]
    assert refused["priority"] > document["routers"]["studio"]["priority"]
    assert document["middlewares"]["refused"]["ipAllowList"]["rejectStatusCode"] == 401


def test_every_middleware_that_is_named_is_there() -> None:
    document = _routes()["http"]
    named = {name for each in document["routers"].values() for name in each.get("middlewares", ())}
    assert named <= set(document["middlewares"])
    assert {each["service"] for each in document["routers"].values()} <= set(document["services"])
    assert yaml.safe_load(static(stack_settings("dev")))["entryPoints"]["api"]["address"] == ":8443"


def test_the_gateways_lead_users_to_the_api_and_trusted_people_to_studio() -> None:
    settings = stack_settings("prod")
    document = yaml.safe_load(routing_yaml(settings, "blue"))["http"]
    users, studio = document["routers"]["supabase"], document["routers"]["supabase-studio"]
    assert "trusted" not in users["middlewares"]
    assert {"trusted", "login-operator"} <= set(studio["middlewares"])
    assert users["rule"].startswith("Host(`supabase.acehcommerce.id`) && (PathPrefix(`/auth/v1/`)")
    assert document["services"]["supabase"]["loadBalancer"]["servers"] == [{"url": "https://10.10.30.41:8443"}]
    told = yaml.safe_load(transport_yaml("a certificate"))["http"]
    assert told["serversTransports"] == {"supabase": {"serverName": "gateway", "rootCAs": ["a certificate"]}}
