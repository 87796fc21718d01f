"""Programs that have no login of their own are published with one (SEC-6)."""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Callable, Iterator
from typing import cast
from urllib.parse import urlsplit

import yaml

from ..judging import Severity, Stack, stack_rule
from ..values import Finding, UnevaluableError, Value
from . import kinds
from .documents import INSIDE

LOGINS = frozenset({"basicAuth", "digestAuth", "forwardAuth"})
"""Middlewares of Traefik that ask who somebody is; a list of networks does not."""
_OPEN = re.compile(
    r"(prometheus|alertmanager|loki|tempo|mimir|thanos|pyroscope|pushgateway|promtail|alloy|log-agent|blackbox-exporter|"
    r"kube-state-metrics|pve-exporter|node-exporter|postgres-exporter|cadvisor|traefik|etcd)([-.].*)?"
)
"""Names of programs that answer whoever reaches them."""
_STUDIO = "!(PathPrefix(`/auth/v1/`)"
"""What is left of Supabase's name without its API."""
_OWN = re.compile(r"(api|dashboard|rest|prometheus)@internal")
"""What Traefik shows of itself."""


def _object(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _texts(value: object) -> list[str]:
    return [str(each) for each in cast("list[object]", value)] if isinstance(value, list) else []


def _routed(stack: Stack) -> Iterator[tuple[Value, dict[str, object]]]:
    """Documents with routes, and what Traefik would read of them; nothing of those in another format."""
    for resource in stack.of(kinds.CONFIG_MAP):
        yield from _documents(resource.props.at("data"), "routers")


def _logins(stack: Stack) -> Iterator[dict[str, object]]:
    """What Traefik would read of secret documents. What is not known yet is no login: routes that need it fail.

    The plugin makes `data` of `stringData` as soon as it knows its cluster.
    """
    for resource in stack.of(kinds.SECRET):
        for field, read in (("stringData", str), ("data", _decoded)):
            with contextlib.suppress(UnevaluableError):
                for _, document in _documents(resource.props.at(field), "middlewares", read):
                    yield _object(document.get("http"))


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return ""


def _documents(data: Value, part: str, read: Callable[[str], str] = str) -> Iterator[tuple[Value, dict[str, object]]]:
    """Documents of Traefik's that have such a part."""
    for key, value in data.entries():
        if key.endswith(".toml") and part in read(value.text):
            yield value, {}
        if key.endswith((".yaml", ".yml")) and part in (text := read(value.text)):
            try:
                document: object = yaml.load(text, yaml.CSafeLoader)
            except yaml.YAMLError:
                continue
            yield value, _object(document)


def _streams(document: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Routers of other protocols, which know no login, and the hosts that they lead to."""
    for protocol in ("tcp", "udp"):
        part = _object(document.get(protocol))
        services = _object(part.get("services"))
        for name, content in _object(part.get("routers")).items():
            service = _object(services.get(str(_object(content).get("service", "")).removesuffix("@file")))
            for server in cast("list[object]", _object(service.get("loadBalancer")).get("servers") or []):
                yield name, str(_object(server).get("address", "")).rpartition(":")[0]


def _hosts(name: str, services: dict[str, object], seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """Hosts that a service of Traefik leads to, by way of others; its own name when it is Traefik's own."""
    if name.endswith("@internal"):
        yield name
    if name in seen:
        return
    for kind in _object(services.get(name)).values():
        content = _object(kind)
        for server in cast("list[object]", content.get("servers") or []):
            yield urlsplit(str(_object(server).get("url", ""))).hostname or ""
        further = [content.get("service"), content.get("fallback")]
        for key in ("services", "mirrors"):
            further += [_object(each).get("name") for each in cast("list[object]", content.get(key) or [])]
        for each in further:
            if isinstance(each, str):
                yield from _hosts(each, services, seen | {name})


@stack_rule(
    "published-login", requirements=("SEC-6",), types=(kinds.CONFIG_MAP, kinds.SECRET), severity=Severity.CRITICAL
)
def published_login(stack: Stack) -> Iterator[Finding]:
    """A gateway's route to a program without a login of its own asks for one."""
    routed = list(_routed(stack))
    if not routed:
        return
    said = [*(_object(document.get("http")) for _, document in routed), *_logins(stack)]
    logins = {
        name
        for http in said
        for name, content in _object(http.get("middlewares")).items()
        if any(_object(_object(content).get(kind)) for kind in LOGINS)
    }
    for value, document in routed:
        if not document:
            yield value.wrong("has routes that this rule cannot read", "give them as YAML")
        for name, host in _streams(document):
            if _OPEN.fullmatch(host):
                yield value.wrong(
                    f"leads to {host} by the router {name}, which knows no login", "publish it by a router of http"
                )
        http = _object(document.get("http"))
        services = _object(http.get("services"))
        for name, content in _object(http.get("routers")).items():
            router = _object(content)
            if router.get("entryPoints") == INSIDE or logins.intersection(_texts(router.get("middlewares"))):
                continue
            for host in _hosts(str(router.get("service", "")).removesuffix("@file"), services):
                if _OPEN.fullmatch(host) or _OWN.fullmatch(host) or _STUDIO in str(router.get("rule")):
                    yield value.wrong(
                        f"leads to {host} by the router {name} without a login",
                        f"give the router a middleware with one of {', '.join(sorted(LOGINS))}",
                    )
