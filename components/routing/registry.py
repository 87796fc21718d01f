"""The image registry behind the gateways: who reads is led to the side that cannot write (INF-6).

Each side asks for a login itself, and knows other users: distribution has no roles.
"""

from typing import Any, Final

from components.routing import names
from components.routing.middlewares import UNBOUNDED, chain
from settings import Settings
from settings.delivery import PULL_PORT, PUSH_PORT

_READ: Final = "(Method(`GET`) || Method(`HEAD`)) && !PathRegexp(`^/v2/.+/blobs/uploads/`)"
"""An upload that is under way is asked for where it is."""
_WRITE: Final = (
    "(Method(`GET`) || Method(`HEAD`) || Method(`POST`) || Method(`PUT`) || Method(`PATCH`) || Method(`DELETE`))"
)
_API: Final = "(Path(`/v2`) || PathPrefix(`/v2/`))"
ROUTES: Final = (("registry-pull", _READ, 200, PULL_PORT), ("registry-push", _WRITE, 100, PUSH_PORT))
"""Name, requests, priority and port at the registry's host."""


def router(settings: Settings, name: str, rule: str, priority: int) -> dict[str, Any]:
    """The router of one side."""
    host = names.host_rule(settings.environment.registry_host)
    return {
        "entryPoints": ["websecure"],
        "rule": f"({host}) && {_API} && {rule}",
        "priority": priority,
        # What was sent once may have been written: nothing is sent again.
        "middlewares": chain(trusted=True, retried=False, correlation=UNBOUNDED),
        "service": name,
    }
