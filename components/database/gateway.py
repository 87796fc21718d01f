"""The API gateway: the one door of the host, which asks for a key, and its documents (SEC-1, SEC-3).

It is Traefik, as the cluster's gateways are: upstream's are Envoy and Kong. What is public there is public here, and no
path leads to postgres-meta.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import versions
from components.database.model import SECRETS, Part
from components.database.supabase_api import parts
from components.routing.database import path_rule
from components.text import to_yaml
from settings import Settings

STATIC_FILE: Final = "traefik.yaml"
ROUTES_FILE: Final = "routes.yaml"
OPEN: Final = (
    "/auth/v1/verify",
    "/auth/v1/callback",
    "/auth/v1/authorize",
    "/auth/v1/.well-known/jwks.json",
    "/auth/v1/sso/saml/acs",
    "/auth/v1/sso/saml/metadata",
    "/functions/v1/",
    "/storage/v1/",
)
"""Paths that ask for no key: browsers are led there, or the part asks by itself."""
_PING: Final = 8082
_INSIDE: Final = 8000
_REFUSED: Final = "refused"


def gateway(settings: Settings) -> Part:
    """The record of the API gateway."""
    memory = settings.database.memory_mib.gateway
    return Part(
        name="supabase-gateway",
        aliases=["gateway"],
        image=versions.TRAEFIK,
        port=settings.database.gateway_port,
        memory_mib=memory,
        user="65534:0",
        callers=["studio", "functions"],
        env={"GOMEMLIMIT": f"{memory * 9 // 10}MiB"},
        told_by="files",
        command=[f"--configFile={SECRETS}/{STATIC_FILE}"],
        health=["CMD", "traefik", "healthcheck", f"--configFile={SECRETS}/{STATIC_FILE}"],
    )


def static(settings: Settings) -> str:
    """What it needs to know when it starts."""
    timeouts = {"respondingTimeouts": {"readTimeout": "60s", "writeTimeout": "0s", "idleTimeout": "180s"}}
    document: dict[str, Any] = {
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "entryPoints": {
            "ping": {"address": f":{_PING}"},
            # For Studio and functions, in their own network.
            "inside": {"address": f":{_INSIDE}", "transport": timeouts},
            "api": {
                "address": f":{settings.database.gateway_port}",
                "transport": timeouts,
                "http": {"tls": {}},
                # Only the cluster's gateways come this way.
                "forwardedHeaders": {"trustedIPs": [settings.compute.network.cidr]},
            },
        },
        "providers": {"file": {"filename": f"{SECRETS}/{ROUTES_FILE}", "watch": False}},
        "ping": {"entryPoint": "ping"},
        "log": {"level": "INFO", "format": "json"},
        # A key may be among the parameters of a request.
        "accessLog": {
            "format": "json",
            "fields": {"queryParameters": {"defaultMode": "drop"}, "headers": {"defaultMode": "drop"}},
        },
    }
    return to_yaml(document)


def routes(settings: Settings, anon: Sequence[str], service_role: Sequence[str]) -> str:
    """Which path leads to which part, and with which keys; it is secret.

    Args:
        settings: Settings of the stack.
        anon: Keys of whoever has not logged in that are accepted.
        service_role: Keys of the platform's own that are accepted.
    """
    any_key = _keyed([*anon, *service_role])
    routers: dict[str, Any] = {}
    for index, path in enumerate(OPEN):
        part = path.split("/")[1]
        whole = path.endswith("/")
        rule = f"PathPrefix(`{path}`)" if whole else f"(Path(`{path}`) || PathPrefix(`{path}/`))"
        routers[f"open-{index}"] = _router(rule, part, 300)
    routers["auth"] = _router(f"PathPrefix(`/auth/v1/`) && {any_key}", "auth", 200)
    routers["rest"] = _router(f"PathPrefix(`/rest/v1/`) && !Path(`/rest/v1/`) && {any_key}", "rest", 200)
    # Its first page describes every table.
    routers["rest-described"] = _router(f"Path(`/rest/v1/`) && {_keyed(service_role)}", "rest", 200)
    routers["graphql"] = _router(f"Path(`/graphql/v1`) && {any_key}", "rest", 200, ["graphql"])
    routers["realtime"] = _router(f"PathPrefix(`/realtime/v1/`) && {any_key}", "realtime", 200, ["sockets"])
    routers["realtime-api"] = _router(f"PathPrefix(`/realtime/v1/api/`) && {any_key}", "realtime", 250)
    routers["no-key"] = _router(path_rule(), "studio", 100, [_REFUSED])
    routers["studio"] = _router("PathPrefix(`/`)", "studio", 1, [])
    called = {name: part for name, part in parts(settings).items() if "gateway" in part.callers}
    prefixes = {"auth": "/auth/v1", "rest": "/rest/v1", "storage": "/storage/v1", "functions": "/functions/v1"}
    middlewares: dict[str, Any] = {
        **{f"to-{name}": {"stripPrefix": {"prefixes": [prefix]}} for name, prefix in prefixes.items()},
        "to-realtime": {"stripPrefix": {"prefixes": ["/realtime/v1"]}},
        "sockets": {"replacePathRegex": {"regex": "^/realtime/v1/(.*)", "replacement": "/socket/$1"}},
        "graphql": {"replacePath": {"path": "/rpc/graphql"}},
        # Nobody has this address.
        _REFUSED: {"ipAllowList": {"sourceRange": ["255.255.255.255/32"], "rejectStatusCode": 401}},
    }
    services = {
        name: {
            "loadBalancer": {
                "servers": [{"url": f"http://{part.aliases[-1]}:{part.port}"}],
                # Realtime looks for its tenant in the name that it is asked under.
                "passHostHeader": name != "realtime",
            }
        }
        for name, part in called.items()
    }
    store = {"defaultCertificate": {"certFile": f"{SECRETS}/server.crt", "keyFile": f"{SECRETS}/server.key"}}
    options = {"default": {"minVersion": "VersionTLS13"}}
    http = {"routers": routers, "services": services, "middlewares": middlewares}
    return to_yaml({"http": http, "tls": {"stores": {"default": store}, "options": options}})


def _router(rule: str, part: str, priority: int, middlewares: Sequence[str] | None = None) -> Mapping[str, Any]:
    chain = [f"to-{part}"] if middlewares is None else list(middlewares)
    made = {"entryPoints": ["api", "inside"], "rule": rule, "priority": priority, "service": part}
    return {**made, "middlewares": chain} if chain else made


def _keyed(keys: Sequence[str]) -> str:
    """Requests with one of these keys: in a header, or among the parameters, as WebSockets of browsers have it."""
    return "(" + " || ".join(f"Header(`apikey`, `{key}`) || Query(`apikey`, `{key}`)" for key in keys) + ")"
