"""`luxima:database`: PostgreSQL and what Supabase puts around it, on a Docker host (INF-4, SEC-3)."""

from datetime import date
from typing import Annotated, Final, Literal

from pydantic import Field

from settings.functions import EdgeFunction, EdgeFunctions
from settings.secrets import RotationKind
from settings.values import Area, Form, Label

HOST: Final = "supabase"
"""Label of its public name, under the stack's domain (ENV-2)."""
STORAGE_USER: Final = "supabase"
"""User of the object storage as whom its storage writes."""
REPLICATION_PORT: Final = 5433
"""TCP port of the database's host at which its replica alone reaches PostgreSQL."""
SERVER_NAME: Final = "supabase-db"
"""Container of PostgreSQL."""
REPLICA_NAME: Final = "supabase-db-replica"
"""Container of what follows it."""
PROMOTE: Final = "/etc/luxima/promote.sh"
"""Script in the latter that makes a database of it; with `--plan` it says how far it is."""
KEY_YEARS: Final = 5
"""How long the tokens of applications and the certificate are good for."""


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


Day = Annotated[str, Form("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", 'a day in quotes, such as "2026-11-26"', _is_day)]
Memory = Annotated[int, Field(ge=64, le=1_048_576)]


class Sizes(Area):
    """Memory of each container, in MiB: its limit, and none of it is swapped."""

    postgres: Annotated[int, Field(ge=512, le=1_048_576)] = Field(
        description="PostgreSQL; its buffers and what a query may take are computed from it"
    )
    gateway: Memory = Field(default=128, description="API gateway")
    auth: Memory = Field(default=128, description="Auth")
    rest: Memory = Field(default=192, description="PostgREST")
    realtime: Memory = Field(default=512, description="Realtime")
    storage: Memory = Field(default=320, description="Storage")
    imgproxy: Memory = Field(default=256, description="imgproxy, which scales pictures")
    meta: Memory = Field(default=192, description="postgres-meta, which Studio asks")
    functions: Memory = Field(default=384, description="Edge functions, all together")
    studio: Memory = Field(default=512, description="Studio")
    pooler: Memory = Field(default=384, description="Pooler")

    @property
    def together(self) -> int:
        """Of all of them, in MiB."""
        return sum(dict(self).values())


class Keys(Area):
    """The day on which each kind of generated secrets was made last. Another day makes new ones; one kind at a time."""

    jwt: Annotated[tuple[Day, ...], Field(min_length=1, max_length=2)] = Field(
        description="Signing key, anon key and service key. The first signs; a second one is still accepted, so that "
        "nobody is logged out: take it out when its tokens have expired"
    )
    passwords: Day = Field(description="Passwords of the database's roles; connections are made anew")
    internal: Day = Field(description="What Realtime, pooler, Studio and postgres-meta encrypt and sign with")
    certificate: Day = Field(description="Certificate of PostgreSQL and the API gateway, which their clients know")
    end_sessions: bool = Field(
        default=False, description="Whether the signing key may be replaced at once, which logs everybody out"
    )

    def days(self, kind: RotationKind) -> tuple[str, ...]:
        """Days of one kind, the current one first."""
        found: str | tuple[str, ...] = getattr(self, kind)
        return (found,) if isinstance(found, str) else found


class Database(Area):
    """PostgreSQL with Supabase."""

    mode: Literal["supabase", "existing"] = Field(
        description="`supabase`: the stack brings it; `existing`: it runs elsewhere, at `dns.hosts.public.supabase`"
    )
    host: Label = Field(default="docker-1", description="Docker host that it runs on; one of compute.vms")
    replica: Label | None = Field(
        default=None,
        description="Docker host on another Proxmox node that follows the database, and can take its place; prod needs "
        "one. A promotion (`release promote-database`) exchanges it with `host`",
    )
    user_id: Annotated[int, Field(ge=1, le=65_533)] = Field(
        default=105,
        description="Number of the user postgres in PostgreSQL's image, who owns its files and makes the backups: "
        "`docker exec supabase-db id -u postgres` says it",
    )
    gateway_port: Annotated[int, Field(ge=1024, le=65_535)] = Field(
        default=8443, description="TCP port of the API gateway on the host; the gateways of the cluster alone reach it"
    )
    memory_mib: Sizes = Field(default=Sizes(postgres=1024), description="Memory of each container, in MiB")
    max_connections: Annotated[int, Field(ge=60, le=5000)] = Field(
        default=100, description="Connections that PostgreSQL takes; Supabase's own parts need some 50"
    )
    pooler_connections: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=15, description="Connections that the pooler opens"
    )
    pooler_clients: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=200, description="Clients that the pooler takes"
    )
    schemas: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        default=("public", "graphql_public"), description="Schemas that PostgREST exposes; never `internal`"
    )
    max_rows: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=1000, description="Rows that one answer of PostgREST has at most"
    )
    token_seconds: Annotated[int, Field(ge=60, le=604_800)] = Field(
        default=3600, description="How long a user's access token is good for, in seconds"
    )
    signup: bool = Field(default=True, description="Whether people may register themselves")
    max_upload_mib: Annotated[int, Field(ge=1, le=10_240)] = Field(
        default=50, description="Size of an object of Storage at most, in MiB; `edge.max_body_mib` bounds it as well"
    )
    functions: EdgeFunctions = Field(
        default_factory=dict[str, EdgeFunction],
        description="What edge functions are given, by name; each is functions/<name>/index.ts",
    )
    keys: Keys = Field(
        default=Keys(jwt=("2026-11-26",), passwords="2026-11-26", internal="2026-11-26", certificate="2026-11-26"),
        description="When the generated secrets were made",
    )
