"""What the containers of backups are told: pure functions of the settings; keys are put in by the room."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from components.programs import AUDIT_TENANT, LOG_TENANT
from settings import Settings
from settings.backup import COPIED, container

FOLDER: Final = "/etc/backup"
PLAN: Final = "plan.json"
REMOTES: Final = "rclone.conf"
AUTHORITY: Final = "authority.pem"
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
        target = Remote(backup.off_site.endpoint, backup.off_site.region, None)
        copies = backup.off_site.bucket
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


def rclone_conf(task: Task, keys: Mapping[str, tuple[str, str]]) -> str:
    """rclone.conf; secret.

    Args:
        task: What it is for.
        keys: Id and key by remote: `source`, `target`.
    """
    return "".join(
        f"[{name}]\ntype = s3\nprovider = Minio\nendpoint = https://{remote.endpoint}\nregion = {remote.region}\n"
        f"access_key_id = {keys[name][0]}\nsecret_access_key = {keys[name][1]}\nno_check_bucket = true\n"
        # What a bucket encrypts with its own key has no checksum that could be compared.
        "server_side_encryption = aws:kms\n\n"
        for name, remote in (("source", task.source), ("target", task.target))
    )
