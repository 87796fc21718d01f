"""What the containers of backups are told: pure functions of the settings; keys are put in by the room."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from components.programs import AUDIT_TENANT, LOG_TENANT
from settings import Settings
from settings.backup import COPIED, container

FOLDER: Final = "/etc/backup"
PLAN: Final = "plan.json"
REMOTES: Final = "rclone.conf"
AUTHORITY: Final = "authority.pem"
SERVER: Final = "target_server"
"""The remote under the one that encrypts."""
_RCLONES_OWN: Final = bytes.fromhex("9c935b48730a554d6bfd7c63c886a92bd390198eb8128afbf4de162b8b95f638")
"""What rclone obscures with; no secret."""
_HOUR: Final = 3600


@dataclass(frozen=True)
class Remote:
    """A server and a key of the object storage, as rclone knows them."""

    endpoint: str
    """host:port"""
    region: str
    """Region that requests are signed for."""
    user: str | None
    """User of this stack's own storage whose key it is; None for the other site's."""
    bucket: str = ""
    """Of the other site: its bucket, in which all is encrypted, names as well."""


@dataclass(frozen=True)
class Task:
    """One kind of backup."""

    kind: str
    """Value of the label `backup`."""
    plan: Mapping[str, Any]
    """What `backup.plan` reads."""
    source: Remote
    """Where it reads."""
    target: Remote
    """Where it writes."""

    @property
    def container(self) -> str:
        """Name of its container."""
        return container(self.kind)

    @property
    def plan_json(self) -> str:
        """The document."""
        return json.dumps(self.plan, indent=1) + "\n"


def backup_jobs(settings: Settings) -> list[Task]:
    """Every task that copies objects."""
    storage, backup = settings.storage, settings.backup
    own = {user: Remote(storage.endpoint, storage.region, user) for user in ("copy-source", "copy-target", "archive")}
    target, copies = own["copy-target"], storage.bucket_name("copies")
    if backup.off_site is not None:
        target = Remote(backup.off_site.endpoint, backup.off_site.region, None, backup.off_site.bucket)
        copies = None
    objects = {
        "kind": "object_storage",
        "buckets": [{"name": storage.bucket_name(name), "folder": name} for name in COPIED if name in storage.buckets],
        "copies": copies,
        "keep_days": settings.retention.backups.object_storage_days,
    }
    logs = {
        "kind": "logs",
        "source": storage.bucket_name("loki"),
        "archive": storage.bucket_name("logs-archive"),
        "tenants": [LOG_TENANT, AUDIT_TENANT],
    }
    return [
        Task("object_storage", _plan(backup.object_storage_interval_hours, objects), own["copy-source"], target),
        Task("logs", _plan(backup.log_archive_interval_hours, logs), own["archive"], own["archive"]),
    ]


def _plan(hours: int, job: Mapping[str, Any]) -> Mapping[str, Any]:
    # The next one is due then; a copy of everything may take as long, and no longer.
    return {"interval_seconds": hours * _HOUR, "deadline_seconds": hours * _HOUR, "job": job}


def rclone_conf(task: Task, keys: Mapping[str, tuple[str, str]], passphrase: str = "") -> str:
    """rclone.conf; secret.

    Args:
        task: What it is for.
        keys: Id and key by remote: `source`, `target`.
        passphrase: What all that leaves for the other site is encrypted with.
    """
    parts: list[Mapping[str, str]] = []
    for name, remote in (("source", task.source), ("target", task.target)):
        server = {
            "type": "s3",
            "provider": "Minio",
            "endpoint": f"https://{remote.endpoint}",
            "region": remote.region,
            "access_key_id": keys[name][0],
            "secret_access_key": keys[name][1],
            "no_check_bucket": "true",
        }
        if remote.user is not None:
            # What a bucket encrypts with its own key has no checksum that could be compared.
            parts.append({"": name, **server, "server_side_encryption": "aws:kms"})
            continue
        # The other site's server may have no KMS: it sees nothing but what is encrypted already.
        crypt = {
            "type": "crypt",
            "remote": f"{SERVER}:{remote.bucket}",
            "password": _obscured(passphrase),
            # Names in the server's listing are no longer than S3 takes.
            "filename_encoding": "base64",
        }
        parts += [{"": SERVER, **server}, {"": name, **crypt}]
    return "".join(
        "\n".join((f"[{part['']}]", *(f"{key} = {value}" for key, value in part.items() if key), "", ""))
        for part in parts
    )


def _obscured(passphrase: str) -> str:
    """As rclone reads passwords (its fs/config/obscure): so that nobody reads them by chance, which hides nothing.

    The same text always: another one would be another container.
    """
    start = hashlib.sha256(passphrase.encode()).digest()[:16]
    encryptor = Cipher(algorithms.AES(_RCLONES_OWN), modes.CTR(start)).encryptor()
    return base64.urlsafe_b64encode(start + encryptor.update(passphrase.encode())).decode().rstrip("=")
