"""What of the database runs, with its documents, as the settings of a stack say it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from components.database import gateway as api
from components.database.model import Part
from components.database.postgres import postgres
from components.database.supabase_api import parts
from settings import Settings


@dataclass(frozen=True)
class Plan:
    """Records and documents of the containers; none of it is secret."""

    postgres: Part
    behind: Mapping[str, Part]
    """What runs around PostgreSQL, by its field in `database.memory_mib`."""
    gateway: Part
    static: str
    """What the API gateway needs to know when it starts."""
    routes: Callable[[Sequence[str], Sequence[str]], str]
    """Its routes, made of the keys that it accepts: of applications, and the platform's own."""

    @property
    def names(self) -> list[str]:
        """Names of the containers that run."""
        return [self.postgres.name, *(part.name for part in self.behind.values()), self.gateway.name]


def plan(settings: Settings) -> Plan:
    """The plan of a stack."""
    return Plan(
        postgres(settings.database),
        parts(settings),
        api.gateway(settings),
        api.static(settings),
        partial(api.routes, settings),
    )
