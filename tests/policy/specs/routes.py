"""Specs of policy/rules/routes.py."""

from __future__ import annotations

import base64
import json
from typing import Any

import yaml

from policy.rules import kinds

from ..spec import UNKNOWN, Spec, declared, wrong

_ROUTING = """\
http:
  routers:
    shop: {entryPoints: [websecure], middlewares: [headers], service: shop}
    grafana: {entryPoints: [websecure], middlewares: [headers, trusted], service: grafana}
    pages: {entryPoints: [websecure], middlewares: [headers, trusted, login], service: prometheus}
    inside: {entryPoints: [metrics], service: api@internal}
    version: {entryPoints: [websecure], middlewares: [trusted], service: ping@internal}
  middlewares:
    trusted: {ipAllowList: {sourceRange: [10.0.0.0/24]}}
  services:
    shop: {loadBalancer: {servers: [{url: 'http://shop-blue.commerce.svc:3000'}]}}
    grafana: {loadBalancer: {servers: [{url: 'http://grafana.observability.svc:3000'}]}}
    prometheus: {loadBalancer: {servers: [{url: 'http://prometheus.observability.svc:9090'}]}}
    either: {failover: {service: shop, fallback: prometheus}}
    some: {weighted: {services: [{name: shop, weight: 1}, {name: either, weight: 1}]}}
    round: {failover: {service: round, fallback: shop}}
"""
_LOGIN = "http: {middlewares: {login: {basicAuth: {users: ['a:{SHA}planted=']}}}}\n"
_PATH = 'data["routing.yaml"]'


def _routing(*changes: tuple[str, str]) -> Any:
    text = _ROUTING
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return declared(kinds.CONFIG_MAP, {"data": {"routing.yaml": text}}, "routing")


def _access(text: str = _LOGIN) -> Any:
    return declared(kinds.SECRET, {"stringData": {"access.yaml": text, "key": "planted"}}, "access")


def _encoded(text: str) -> Any:
    """As the plugin has it when it knows its cluster."""
    data = {"access.yaml": base64.b64encode(text.encode()).decode(), "binary": "/w=="}
    return declared(kinds.SECRET, {"data": data}, "access")


def _in_toml() -> Any:
    return declared(kinds.CONFIG_MAP, {"data": {"routing.toml": "[http.routers]"}}, "routing")


def _in_json() -> Any:
    text = json.dumps(yaml.load(_ROUTING, yaml.CSafeLoader))
    return declared(kinds.CONFIG_MAP, {"data": {"routing.yaml": text}}, "routing")


def _streamed() -> Any:
    text = """\
tcp:
  routers: {any: {rule: HostSNI(`*`), service: loki}}
  services: {loki: {loadBalancer: {servers: [{address: 'loki.observability.svc:3100'}]}}}
"""
    return declared(kinds.CONFIG_MAP, {"data": {"routing.yaml": text}}, "routing")


_ALL = "headers, trusted, login"

SPECS = (
    Spec(
        "published-login",
        passes=(
            (_routing(), _access()),
            (_access(),),
            (_routing(), _encoded(_LOGIN)),
            (_routing(), _access(), declared(kinds.SECRET, {"stringData": UNKNOWN}, "other")),
            (_routing(), _access(_LOGIN.replace("basicAuth", "forwardAuth"))),
            (_routing(("trusted: {ip", "login: {digestAuth: {users: [x]}}\n    trusted: {ip")),),
            (_routing(("service: shop}", "service: round}")), _access()),
            (declared(kinds.CONFIG_MAP, {"data": {"routing.yaml": "routers: ["}}, "other"),),
            (declared(kinds.CONFIG_MAP, {"data": {"rules.yaml": "routers: [http]"}}, "other"),),
        ),
        fails=(
            # Nobody says what the login is, or it is none.
            wrong((_routing(),), _PATH),
            wrong((_routing(), _access(_LOGIN.replace("login:", "other:"))), _PATH, never=("planted",)),
            wrong((_routing(), _access("http: {middlewares: {login: {basicAuth: {}}}}")), _PATH),
            wrong((_routing(), _encoded(_LOGIN.replace("login:", "other:"))), _PATH),
            # In other forms.
            wrong((_in_toml(),), 'data["routing.toml"]'),
            wrong((_in_json(),), _PATH),
            wrong((_streamed(),), _PATH),
            # What is not known is no login.
            wrong((_routing(), _access(UNKNOWN)), _PATH),
            wrong((_routing(), declared(kinds.SECRET, {"stringData": UNKNOWN}, "access")), _PATH),
            # A network is no login.
            wrong((_routing((_ALL, "headers, trusted")), _access()), _PATH),
            wrong((_routing((f"[{_ALL}]", "")), _access()), _PATH),
            # By way of other services.
            wrong((_routing(("service: shop}", "service: some}")), _access()), _PATH),
            wrong((_routing(("service: shop}", "service: prometheus@file}")), _access()), _PATH),
            # Without a list, a router is at every entry point.
            wrong((_routing(("{entryPoints: [metrics], service", "{service")), _access()), _PATH),
            wrong((_routing(("[metrics]", "[metrics, websecure]")), _access()), _PATH),
            wrong(
                (_routing(("http://shop-blue.commerce", "http://loki-0.loki-headless.observability")), _access()), _PATH
            ),
        ),
        unknown=(
            wrong((declared(kinds.CONFIG_MAP, {"data": {"routing.yaml": UNKNOWN}}, "routing"), _access()), _PATH),
        ),
    ),
)
