"""Which requests are users': somebody waits for their answers, and gets one of each."""

from collections.abc import Iterable
from typing import Final

USERS: Final = 'slot!="shadow"'
"""Of what services count and log: what a shadow answers, nobody sees."""
_ROUTERS: Final = (
    "canary(-always|-never|-other-users|-tenants|-other-tenants|-browsers)?",
    "shadow",
)
"""Routers of a service's public name, after that of its own name: while it has a canary or a shadow."""


def routers(services: Iterable[str]) -> str:
    """Of what gateways count by router: users' requests to these services.

    A router counts a request once, whatever became of its attempts, and also one that no backend was left for. The
    names of single slots, of the platform's programs and the probe's own router are left out.
    """
    return f'router=~"({"|".join(services)})(-{"|-".join(_ROUTERS)})?@file"'
