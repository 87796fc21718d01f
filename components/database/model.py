"""One record per container of the database: what it runs, what it is told, and how it is seen to serve."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from versions import Pinned

SECRETS: Final = "/run/luxima"
"""Folder of a container with what it is told in secret."""
ENV_FILE: Final = "env"
"""File there that its shell reads."""

AUTHORITY_FILE: Final = "authority.crt"
"""File there with the private CA's certificate, where there is one."""

DATABASE: Final = "db"
"""Name of PostgreSQL in the network of the parts."""
PORT: Final = 5432
NOBODY: Final = "65534:0"
"""Users that parts run as, in root's group: nobody, and the one that Node.js' and auth's images have."""
NODE: Final = "1000:0"


def uri(role: str, scheme: str = "postgres", database: str = "postgres", query: str = "?sslmode=require") -> str:
    """Where a role finds its database, with the name of the password."""
    return f"{scheme}://{role}:{{databasePassword}}@{DATABASE}:{PORT}/{database}{query}"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One container."""

    name: str
    """Its name; log lines and rules know it by that."""
    aliases: Sequence[str]
    """What the others call it in their network."""
    image: Pinned
    port: int
    """TCP port on which the others reach it; the host publishes none of them."""
    memory_mib: int
    user: str
    """User that runs it, with root's group, whose files it reads."""
    callers: Sequence[str] = ()
    """Parts that connect to it."""
    env: Mapping[str, str]
    """Environment that everybody may see."""
    secrets: Mapping[str, str] = field(default_factory=dict[str, str])
    """Environment that nobody may see: texts with the names of secrets in braces."""
    told_by: Literal["shell", "files"] = "shell"
    """How it gets the secret environment: a shell reads a file before it; or the program reads a file for each, by a
    value that begins with @."""
    command: Sequence[str] = ()
    """Program and arguments; those of the image when empty, for what needs no shell."""
    unless: str = ""
    """File that keeps it from starting, and after a colon the reason."""
    health: Sequence[str]
    """Command in the container that ends well when it serves; CMD or CMD-SHELL first."""
    writes: Sequence[str] = ()
    """Folders that it writes to and that are empty after each start."""
    keeps: Mapping[str, str] = field(default_factory=dict[str, str])
    """Folders that it keeps, by volume."""

    @property
    def trusts(self) -> bool:
        """Whether it is told to believe what the private CA signs."""
        return f"{SECRETS}/{AUTHORITY_FILE}" in self.env.values()

    @property
    def seen_env(self) -> list[str]:
        """The environment as the engine shows it."""
        known = {**self.env, **{name: f"@{SECRETS}/{name}" for name in self.secrets if self.told_by == "files"}}
        return [f"{name}={value}" for name, value in known.items()]
