"""Loki's own document with a real MinIO behind it: TLS, the key from the environment, AES-256, a prefix per tenant.

The archive that the platform's job makes of its bucket is read by a fresh Loki.
"""

import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from minio import Minio
from minio.sseconfig import Rule, SSEConfig

from components.backup import backup_jobs
from components.observability import loki
from components.text import to_yaml
from settings import Settings
from tests.documents.loki.server import Loki, write
from tests.e2e.backup.job import made
from tests.e2e.backup.stores import Store
from tests.e2e.observability.log_room import program
from tests.e2e.providers.minio_server import KMS_KEY, Running, running
from tests.programs import free_port
from tests.recording import stack_settings
from tests.waiting import wait_for
from tools import ensure

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(600)]

TENANTS = ("luxima", "audit")


def _document(settings: Settings, folder: Path, server: Running, bucket: str) -> dict[str, Any]:
    """loki.yaml with other ports, folders and the address of the object storage; all else as it is deployed."""
    text = loki.documents(settings)["loki.yaml"].replace(settings.storage.bucket_name("loki"), bucket)
    document: dict[str, Any] = yaml.load(
        text.replace(f"https://{settings.storage.endpoint}", f"https://{server.server}")
        .replace("/etc/loki", str(folder))
        .replace(": /loki", f": {folder}/data")
        .replace("/etc/private-ca/ca.crt", str(server.bundle)),
        yaml.CSafeLoader,
    )
    listen = {"http_listen_address": "127.0.0.1", "grpc_listen_address": "127.0.0.1"}
    document["server"] |= {**listen, "http_listen_port": free_port(), "grpc_listen_port": free_port()}
    document["common"]["instance_addr"] = "127.0.0.1"
    document["ruler"]["alertmanager_url"] = ""
    document["ingester"]["lifecycler"] = {"min_ready_duration": "0s", "final_sleep": "0s"}
    # What was never written is asked for ten times by a first start.
    document["common"]["storage"]["s3"]["backoff_config"]["max_period"] = "500ms"
    return document


@contextmanager
def loki_on(settings: Settings, folder: Path, server: Running, bucket: str) -> Generator[Loki]:
    """A ready Loki with these documents, on a bucket of a real server."""
    folder.mkdir()
    document = _document(settings, folder, server, bucket)
    write({**loki.documents(settings), "loki.yaml": to_yaml(document)}, folder)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AWS_ACCESS_KEY_ID": server.user,
        "AWS_SECRET_ACCESS_KEY": server.password,
    }
    url = f"http://127.0.0.1:{document['server']['http_listen_port']}"
    file = f"-config.file={folder / 'loki.yaml'}"
    with program("loki", file, log=folder / "loki.log", environment=environment):
        wait_for(lambda: _answers(url), "a ready Loki")
        yield Loki(url)


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/ready", timeout=2).ok
    except requests.RequestException:
        return False


def test_lines_are_stored_encrypted_under_their_tenants_prefix_and_read_from_the_archive(tmp_path: Path) -> None:
    settings = stack_settings("dev")
    bucket, archive = (settings.storage.bucket_name(name) for name in ("loki", "logs-archive"))
    with ExitStack() as stack:
        server = stack.enter_context(running(ensure("minio")["minio"], _made(tmp_path / "minio")))
        store = server.client()
        for name in (bucket, archive):
            store.make_bucket(name)
            store.set_bucket_encryption(name, SSEConfig(Rule("aws:kms", KMS_KEY)))
        with loki_on(settings, tmp_path / "first", server, bucket) as first:
            for tenant in TENANTS:
                first.push(tenant, {"service": "api", "class": "api"}, [(60, f"a line of {tenant}")])
            assert requests.post(f"{first.url}/flush", timeout=30).ok
            wait_for(lambda: _prefixes(store, bucket) >= set(TENANTS), "chunks of both tenants in the bucket")
        # The index is shipped at the end at the latest; nothing of the first one's volume is left to the second.
        wait_for(lambda: "index" in _prefixes(store, bucket), "the index in the bucket")
        objects = [item.object_name or "" for item in store.list_objects(bucket, recursive=True)]
        for name in objects:
            headers = store.stat_object(bucket, name).metadata or {}
            assert headers["x-amz-server-side-encryption"] == "AES256", name
        assert any(name.startswith("luxima/") for name in objects)
        (task,) = [task for task in backup_jobs(settings) if task.kind == "logs"]
        key = (server.user, server.password)
        job = made(tmp_path / "job", Store(server, store, tmp_path), task.plan["job"], key, key)
        ran = job.run("run")
        assert ran.returncode == 0, ran.stderr
        assert job.figures("logs")["backup_objects"] == len(objects)
        with loki_on(settings, tmp_path / "second", server, archive) as second:
            for tenant in TENANTS:
                wait_for(
                    lambda name=tenant: second.lines(name, '{service="api"}') == [f"a line of {name}"],
                    f"the line of {tenant}, read from the archive",
                )


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _prefixes(store: Minio, bucket: str) -> set[str]:
    names = [item.object_name or "" for item in store.list_objects(bucket, recursive=True)]
    return {name.split("/")[0] for name in names}
