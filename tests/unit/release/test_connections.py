"""Whom the release tool logs in to: the platform's own names, and nobody else's server."""

import base64
from pathlib import Path
from typing import Any

import pytest
import requests

from release.connections import Connections, Options
from release.web import Web
from tests.recording import stack_settings

PASSWORD = "planted-release-password-of-40-letters--"
LOGIN = f"Basic {base64.b64encode(f'release:{PASSWORD}'.encode()).decode()}"
GIVEN = {
    "prometheus_url": "https://prometheus.example.com",
    "loki_url": "https://loki.example.com",
    "alertmanager_url": "https://alertmanager.example.com",
}


def connections(**guard: str) -> Connections:
    """One whose engine nobody asks."""
    made = object.__new__(Connections)
    settings = stack_settings("prod")
    made.options = Options(stack="prod", who="me", project=Path())
    made.settings = settings.model_copy(update={"guard": settings.guard.model_copy(update=guard)})
    vars(made)["_secrets"] = {"luxima:releasePassword": PASSWORD, "luxima:minioRootPassword": "another"}
    return made


def asked(made: Connections) -> dict[str, tuple[str, Any]]:
    """By what is asked: where, and with which login."""
    found: dict[str, tuple[str, Any]] = {}
    for name, source in (("prometheus", made.metrics()), ("loki", made.logs())):
        web: Web = vars(source)["_web"]
        session: requests.Session = vars(web)["_session"]
        found[name] = (web.where, session.headers.get("Authorization"))
    tells = made.announcer()
    found["alertmanager"] = (tells.url, tells.headers.get("Authorization"))
    return found


def test_the_platform_s_own_programs_are_told_who_asks() -> None:
    names = ("prometheus", "loki", "alertmanager")
    assert asked(connections()) == {name: (f"https://{name}.luxima.id", LOGIN) for name in names}


@pytest.mark.parametrize("key", GIVEN)
def test_nobody_else_s_server_is_told(key: str) -> None:
    name = key.removesuffix("_url")
    found = asked(connections(**{key: GIVEN[key]}))
    assert found.pop(name) == (GIVEN[key], None)
    assert {login for _, login in found.values()} == {LOGIN}


def test_a_login_is_not_shown() -> None:
    assert LOGIN not in repr(connections().announcer())
