"""What Coolify is made of: four containers in a network of their own, as its compose file has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import versions
from settings.coolify import HEALTH_PATH, REALTIME_PORT, TERMINAL_PORT, WEB_PORT, Coolify
from versions import Pinned

FOLDER: Final = "/run/luxima"
"""Folder of a container with what it is told in secret."""
KEYS: Final[Mapping[str, int]] = {
    "appKey": 32,
    "databasePassword": 40,
    "redisPassword": 40,
    "pusherId": 32,
    "pusherKey": 32,
    "pusherSecret": 40,
    "adminPassword": 40,
}
"""Length of each secret that is made once, kept in the state and told to the containers alone. What Coolify keeps is
encrypted with the first: it cannot be replaced."""
_DATA: Final = "/var/www/html/storage/app"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One container."""

    name: str
    """Its name, and what the others call it."""
    image: Pinned
    memory_share: int
    """Its part of all memory, in percent."""
    user: str
    """User and group that run it; files of the group root are the secrets."""
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    """Environment that everybody may see."""
    file: tuple[str, str]
    """Name and content of what it is told in secret, with the names of secrets in braces."""
    entrypoint: Sequence[str] | None = None
    command: Sequence[str] | None = None
    health: Sequence[str]
    """Command in the container that ends well when it serves."""
    ports: Mapping[int, int] = field(default_factory=dict[int, int])
    """Ports of the host by its own."""
    keeps: tuple[str, str]
    """Volume, and the folder that it is at."""
    writes: Sequence[str] = ()
    """Folders besides /tmp that it writes to and that are empty after each start."""
    read_only: bool = True
    """Whether it cannot write to its own image."""


def parts(settings: Coolify, url: str) -> Sequence[Part]:
    """All of them, in the order in which they start.

    Args:
        settings: Settings of Coolify.
        url: Where people find it.
    """
    realtime = "PUSHER_APP_ID={pusherId}\nPUSHER_APP_KEY={pusherKey}\nPUSHER_APP_SECRET={pusherSecret}\n"
    return (
        Part(
            name="coolify-db",
            image=versions.COOLIFY_POSTGRES,
            memory_share=20,
            user="70:0",
            env={"POSTGRES_USER": "coolify", "POSTGRES_DB": "coolify", "POSTGRES_PASSWORD_FILE": f"{FOLDER}/password"},
            file=("password", "{databasePassword}"),
            health=["CMD", "pg_isready", "--username=coolify", "--dbname=coolify"],
            keeps=("coolify-db", "/var/lib/postgresql/data"),
            writes=["/var/run/postgresql"],
        ),
        Part(
            name="coolify-redis",
            image=versions.COOLIFY_REDIS,
            memory_share=10,
            user="999:0",
            command=["valkey-server", f"{FOLDER}/valkey.conf"],
            file=("valkey.conf", "dir /data\nsave 20 1\nloglevel warning\nrequirepass {redisPassword}\n"),
            # Without the password it answers NOAUTH, which is an answer.
            health=["CMD", "valkey-cli", "ping"],
            keeps=("coolify-redis", "/data"),
        ),
        Part(
            name="coolify",
            image=versions.COOLIFY,
            memory_share=50,
            user="9999:0",
            env={
                "APP_NAME": "Coolify",
                "APP_ENV": "production",
                "APP_URL": url,
                # One table says which version runs.
                "AUTOUPDATE": "false",
                "DB_USERNAME": "coolify",
                "DB_DATABASE": "coolify",
                # Made at the first start, so that nobody else becomes the first user.
                "ROOT_USERNAME": "Platform",
                "ROOT_USER_EMAIL": settings.admin_email,
            },
            file=(
                "env",
                "APP_ID={pusherId}\nAPP_KEY=base64:{appKey}\nDB_PASSWORD={databasePassword}\n"
                f"REDIS_PASSWORD={{redisPassword}}\n{realtime}ROOT_USER_PASSWORD={{adminPassword}}\n",
            ),
            entrypoint=_through_shell("docker-php-serversideup-entrypoint", "/init"),
            health=["CMD", "curl", "--fail", "--silent", f"http://127.0.0.1:8080{HEALTH_PATH}"],
            ports={WEB_PORT: 8080},
            keeps=("coolify-data", _DATA),
            read_only=False,
        ),
        Part(
            name="coolify-realtime",
            image=versions.COOLIFY_REALTIME,
            memory_share=20,
            user="9999:0",
            env={"APP_NAME": "Coolify", "SOKETI_DEBUG": "false"},
            file=("env", realtime.replace("PUSHER_APP", "SOKETI_DEFAULT_APP")),
            entrypoint=_through_shell("/bin/sh", "/soketi-entrypoint.sh"),
            health=["CMD-SHELL", "wget -qO- http://127.0.0.1:6001/ready && wget -qO- http://127.0.0.1:6002/ready"],
            ports={REALTIME_PORT: REALTIME_PORT, TERMINAL_PORT: TERMINAL_PORT},
            # Keys of the servers that its terminals are on.
            keeps=("coolify-data", _DATA),
        ),
    )


def _through_shell(*program: str) -> Sequence[str]:
    """A program that gets its secrets from a file: the engine shows a container's environment to whoever may ask."""
    return ["/bin/sh", "-c", f'set -a; . {FOLDER}/env; set +a; exec "$@"', "sh", *program]
