"""Secrets that nobody sets: made once for each day that `database.keys` names, and kept in the state.

What is derived from another one needs no row of its own in the state: the same key gives the same token.
"""

from dataclasses import dataclass
from typing import Final, Literal

RotationKind = Literal["jwt", "passwords", "internal", "certificate"]
"""What is replaced together; a field of `database.keys`."""


@dataclass(frozen=True)
class Generated:
    """One secret that is made."""

    key: str
    """Its name."""
    purpose: str
    """What it is."""
    kind: RotationKind
    """With what it is replaced."""
    length: int
    """Letters and digits in it; 0 for what is derived from others."""
    readers: tuple[str, ...]
    """Who is told it."""


GENERATED: Final = (
    Generated(
        "jwtSecret",
        "key that signs the tokens of users, and the two below",
        "jwt",
        48,
        ("auth", "rest", "realtime", "storage", "functions", "studio", "pooler"),
    ),
    Generated(
        "anonKey",
        "token of whoever has not logged in; it is in every page",
        "jwt",
        0,
        ("gateway", "realtime", "storage", "functions", "studio"),
    ),
    Generated(
        "serviceRoleKey",
        "token that passes by row level security",
        "jwt",
        0,
        ("gateway", "storage", "studio", "guard", "alertmanager-record", "release"),
    ),
    Generated("databasePassword", "password of Supabase's roles in PostgreSQL", "passwords", 40, ("database",)),
    Generated(
        "databaseMonitorPassword", "password of the role luxima_monitor", "passwords", 40, ("postgres-exporter",)
    ),
    Generated("databaseBackupPassword", "password of the role luxima_backup", "passwords", 40, ("backup-database",)),
    Generated("databaseReplicaPassword", "password of the role luxima_replica", "passwords", 40, ("database",)),
    Generated("secretKeyBase", "what Realtime and pooler sign with", "internal", 64, ("realtime", "pooler")),
    Generated("realtimeKey", "what Realtime encrypts its tenants with", "internal", 16, ("realtime",)),
    Generated("vaultKey", "what the pooler encrypts its tenants with", "internal", 32, ("pooler",)),
    Generated("metaKey", "what Studio encrypts for postgres-meta with", "internal", 32, ("meta", "studio")),
)
"""In the order of `database.keys`; the certificate's key is made by the resource that signs it."""

CONSEQUENCE: Final[dict[RotationKind, str]] = {
    "jwt": "give the new day before the old one, run up; take the old one out when the longest token has expired "
    "(database.token_seconds). The old day alone replaced logs everybody out, and asks for keys.end_sessions",
    "passwords": "give another day, run up: the roles get it first, then the containers start anew with it; requests "
    "fail for some seconds",
    "internal": "give another day, run up: open connections of Realtime and the pooler end",
    "certificate": "give another day, run up: PostgreSQL, API gateway and the cluster's gateways get it in one run; "
    "requests fail until the last of them has it",
}
"""What a person does to replace a kind, and what happens meanwhile."""
