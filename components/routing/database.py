"""How the gateways lead to the stack's own database: its API for everybody, Studio for trusted people (SEC-3)."""

from typing import Any, Final

from components.programs import OPERATOR_CLIENT
from components.routing import names
from components.text import to_yaml
from settings import Settings
from settings.database import HOST

DATABASE_DOOR: Final = "gateway"
"""Name in the certificate of the database's API gateway."""
TRANSPORT_FILE: Final = "routes/database.yaml"
"""Path of the document that tells how it is connected to, below the folder that a gateway watches."""
DATABASE: Final = HOST
"""Name of its router, its service and its way of being connected to; its objective counts by it."""
PATHS: Final = ("/auth/v1/", "/rest/v1/", "/graphql/v1", "/realtime/v1/", "/storage/v1/", "/functions/v1/")
"""Beginnings of the paths that users may ask for; every other one is Studio's."""
PROBED: Final = ("/auth/v1/.well-known/jwks.json", "/storage/v1/status")
"""Open pages that a part itself answers: whoever gets them has come through every door on the way (ALR-2)."""
_LOGIN: Final = f"login-{OPERATOR_CLIENT}"


def path_rule() -> str:
    """Matches what is for users, in Traefik's words."""
    return "(" + " || ".join(f"PathPrefix(`{path}`)" for path in PATHS) + ")"


def rules(settings: Settings) -> dict[str, tuple[str, list[str] | None]]:
    """Rule by router; with what a request has to pass through to reach Studio, None for what is for everybody."""
    if settings.database.mode == "existing":
        return {}
    host = names.host_rule(settings.database_fqdn)
    return {
        DATABASE: (f"{host} && {path_rule()}", None),
        f"{DATABASE}-studio": (f"{host} && !{path_rule()}", [_LOGIN]),
    }


def backends(settings: Settings) -> dict[str, dict[str, Any]]:
    """The door of the host that it runs on."""
    host = settings.database_host
    if host is None:
        return {}
    url = f"https://{host.address}:{settings.database.gateway_port}"
    return {DATABASE: {"loadBalancer": {"servers": [{"url": url}], "serversTransport": DATABASE}}}


def transport_yaml(certificate: str) -> str:
    """The document of how it is connected to: its door may show one certificate, which is known after an update only.

    Args:
        certificate: In PEM.
    """
    known = {DATABASE: {"serverName": DATABASE_DOOR, "rootCAs": [certificate]}}
    return to_yaml({"http": {"serversTransports": known}})
