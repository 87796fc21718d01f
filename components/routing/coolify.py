"""Coolify behind the gateways: GitHub may tell of pushes, a probe asks for its health, trusted networks have the rest.

Each part asks who comes: GitHub signs what it sends, people log in, programs have a token.
"""

from typing import Any, Final

from components.routing import names
from components.routing.middlewares import chain
from settings import Settings
from settings.coolify import HEALTH_PATH, REALTIME_PORT, TERMINAL_PORT, WEB_PORT, WEBHOOK_PATH

_ROUTES: Final = (
    ("coolify", "PathPrefix(`/`)", 100, WEB_PORT, True),
    ("coolify-webhook", f"Method(`POST`) && Path(`{WEBHOOK_PATH}`)", 300, WEB_PORT, False),
    # It says that it is well, and nothing else.
    ("coolify-health", f"Method(`GET`) && Path(`{HEALTH_PATH}`)", 300, WEB_PORT, False),
    ("coolify-realtime", "PathPrefix(`/app/`)", 200, REALTIME_PORT, True),
    ("coolify-terminal", "PathPrefix(`/terminal/ws`)", 200, TERMINAL_PORT, True),
)
"""Name, requests, priority, port at its host, and whether only trusted networks may come."""


def routers(settings: Settings) -> dict[str, dict[str, Any]]:
    """Its routers by name; none where there is no Coolify."""
    if settings.delivery.coolify is None:
        return {}
    host = names.host_rule(settings.coolify_fqdn)
    return {
        name: {
            "entryPoints": ["websecure"],
            "rule": f"({host}) && {rule}",
            "priority": priority,
            # What was sent once may have been done: nothing is sent again.
            "middlewares": chain(trusted=trusted, retried=False),
            "service": name,
        }
        for name, rule, priority, _, trusted in _ROUTES
    }


def backends(settings: Settings) -> dict[str, dict[str, Any]]:
    """Where it runs."""
    address = settings.coolify_address
    if address is None:
        return {}
    return {
        name: {"loadBalancer": {"servers": [{"url": f"http://{address}:{port}"}]}} for name, _, _, port, _ in _ROUTES
    }
