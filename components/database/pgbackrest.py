"""What pgBackRest is told (BAK-1): pgbackrest.conf and the connection to PostgreSQL; both are secret."""

import json
from dataclasses import dataclass
from typing import Final

from components.database.model import PORT
from components.database.postgres import BACKUP, DATA, ROOT_KEY, SOCKET, SPOOL
from settings import Settings

CONF: Final = "pgbackrest.conf"
SERVICE: Final = "pg_service.conf"
FOLDER: Final = "/etc/backup"
"""Where they lie in the container, with the certificate of a private authority."""
PLAN: Final = "plan.json"
AUTHORITY: Final = "authority.pem"
PREFIX: Final = "database/"
"""Folder of the repository in its bucket."""


@dataclass(frozen=True)
class Repository:
    """Secrets of the repository."""

    access_key: str
    """Id of the key to its folder."""
    secret_key: str
    """The key itself."""
    passphrase: str
    """What all of it is encrypted with; without it nothing can be restored."""


def database_plan(settings: Settings) -> str:
    """plan.json of the database's backups."""
    seconds = settings.backup.database_interval_hours * 3600
    job = {"kind": "database", "spool": SPOOL, "root_key": ROOT_KEY}
    return json.dumps({"interval_seconds": seconds, "deadline_seconds": seconds, "job": job}, indent=1) + "\n"


def pgbackrest_conf(settings: Settings, repository: Repository, locks: str = "/tmp/pgbackrest") -> str:  # noqa: S108 - in the container
    """pgbackrest.conf; secret.

    Args:
        settings: The stack.
        repository: Keys.
        locks: Folder in which two runs see each other.
    """
    storage = settings.storage
    host, _, port = storage.endpoint.rpartition(":")
    repo: dict[str, str | int] = {
        "type": "s3",
        "path": f"/{PREFIX.rstrip('/')}",
        "s3-bucket": storage.bucket_name("backups"),
        "s3-endpoint": host,
        "storage-port": port,
        "s3-region": storage.region,
        "s3-uri-style": "path",
        "s3-kms-key-id": storage.kms_key,
        "s3-key": repository.access_key,
        "s3-key-secret": repository.secret_key,
        "cipher-type": "aes-256-cbc",
        "cipher-pass": repository.passphrase,
        # pgBackRest deletes what is older, and the WAL that nothing needs any more.
        "retention-full-type": "time",
        "retention-full": settings.retention.backups.database_days,
        # A bundle that was cut off makes the verification of 2.45 wait for ever; single files do not.
        "bundle": "n",
    }
    if settings.edge.certificates.authority_secret is not None:
        repo["storage-ca-file"] = f"{FOLDER}/{AUTHORITY}"
    rest = {
        "compress-type": "zst",
        "process-max": 2,
        "start-fast": "y",
        "archive-timeout": 120,
        "io-timeout": 60,
        "lock-path": locks,
        "log-level-file": "off",
        # Output is for who asked; what went wrong goes beside it.
        "log-level-console": "off",
        "log-level-stderr": "warn",
    }
    database = {"path": DATA, "socket-path": SOCKET, "port": PORT, "user": BACKUP}
    return "".join(
        (
            "[global]\n",
            *(f"repo1-{name}={value}\n" for name, value in repo.items()),
            *(f"{name}={value}\n" for name, value in rest.items()),
            "\n[main]\n",
            *(f"pg1-{name}={value}\n" for name, value in database.items()),
        )
    )


def pg_service_conf(password: str) -> str:
    """pg_service.conf with the password of the role; secret."""
    return f"[luxima]\npassword={password}\n"
