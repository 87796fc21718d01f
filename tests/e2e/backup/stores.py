"""The object storage with the buckets of a stack, set up as the platform sets them up, and what lies in them."""

import io
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from minio import Minio
from minio.commonconfig import ENABLED, GOVERNANCE
from minio.objectlockconfig import DAYS, ObjectLockConfig
from minio.sseconfig import Rule, SSEConfig
from minio.versioningconfig import VersioningConfig

from backup.rclone import Rclone
from tests.e2e.providers.minio_server import KMS_KEY, Running, running
from tools import ensure

LOCKED: Final = "copies"
"""The bucket whose versions nobody deletes before their time."""


@dataclass(frozen=True)
class Store:
    """A server and its administrator's client."""

    server: Running
    client: Minio
    folder: Path

    def make(self, bucket: str) -> None:
        """A bucket as the platform makes them: encrypted, and with versions."""
        self.client.make_bucket(bucket, object_lock=bucket == LOCKED)
        self.client.set_bucket_versioning(bucket, VersioningConfig(ENABLED))
        self.client.set_bucket_encryption(bucket, SSEConfig(Rule("aws:kms", KMS_KEY)))
        if bucket == LOCKED:
            self.client.set_object_lock_config(bucket, ObjectLockConfig(GOVERNANCE, 14, DAYS))

    def quota(self, bucket: str, size: int) -> None:
        """Give a bucket a hard quota, in bytes."""
        self.server.admin().bucket_quota_set(bucket, size)

    def put(self, bucket: str, objects: Mapping[str, bytes], headers: Mapping[str, str] | None = None) -> None:
        """Write objects by name."""
        for name, content in objects.items():
            self.client.put_object(bucket, name, io.BytesIO(content), len(content), metadata=dict(headers or {}))

    def content(self, bucket: str, prefix: str = "") -> dict[str, bytes]:
        """All objects under a prefix, by the rest of their names."""
        found: dict[str, bytes] = {}
        for item in self.client.list_objects(bucket, prefix, recursive=True):
            name = item.object_name or ""
            answer = self.client.get_object(bucket, name)
            found[name.removeprefix(prefix)] = answer.read()
            answer.release_conn()
        return found

    def rclone(self, source: tuple[str, str], target: tuple[str, str], deadline_seconds: float = 120) -> Rclone:
        """As the containers have it; each remote has its own key."""
        config = self.folder / "rclone.conf"
        config.write_text(rclone_conf(self.server.server, source, target), encoding="utf-8")
        return Rclone(config, self.server.bundle, deadline_seconds, str(ensure("rclone")["rclone"]))

    @property
    def root(self) -> tuple[str, str]:
        """The administrator's key."""
        return self.server.user, self.server.password


def rclone_conf(server: str, source: tuple[str, str], target: tuple[str, str]) -> str:
    """rclone.conf of a job."""
    remotes = {"source": source, "target": target}
    return "".join(
        f"[{name}]\ntype = s3\nprovider = Minio\nendpoint = https://{server}\nregion = us-east-1\n"
        f"access_key_id = {key[0]}\nsecret_access_key = {key[1]}\nno_check_bucket = true\n"
        "server_side_encryption = aws:kms\n\n"
        for name, key in remotes.items()
    )


@contextmanager
def store(folder: Path, buckets: Sequence[str]) -> Generator[Store]:
    """A server with these buckets, encrypted and with versions."""
    (folder / "minio").mkdir()
    with running(ensure("minio")["minio"], folder / "minio") as server:
        made = Store(server, server.client(), folder)
        for bucket in buckets:
            made.make(bucket)
        yield made
