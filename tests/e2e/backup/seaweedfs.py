"""SeaweedFS on free ports of loopback, with TLS and one key: an S3 server that shares no code with MinIO."""

import json
import os
import secrets
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import urllib3
from minio import Minio
from minio.error import MinioException
from urllib3.exceptions import HTTPError

from sandbox import tls
from tests.e2e.providers.minio_server import Running
from tests.programs import end, free_port
from tests.waiting import wait_for
from tools import ensure


@contextmanager
def running(folder: Path, authority: Path) -> Generator[tuple[Running, Minio]]:
    """Serve until the block ends.

    Args:
        folder: Where its data and its log are.
        authority: Folder of the authority that signs its certificate.
    """
    bundle = tls.ensure_authority(authority)
    certificate, key = tls.ensure_server(authority, "seaweedfs", ["127.0.0.1"])
    port, user, password = free_port(), "copies", secrets.token_urlsafe(20)
    identity = {"name": user, "credentials": [{"accessKey": user, "secretKey": password}], "actions": ["Admin"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}), encoding="utf-8")
    (folder / "data").mkdir()
    ports = [f"-{part}.port{kind}={free_port()}" for part in ("master", "volume", "filer") for kind in ("", ".grpc")]
    command = [
        str(ensure("weed")["weed"]), "-logtostderr=true", "server", "-ip=127.0.0.1", f"-dir={folder / 'data'}",
        "-volume.max=8", "-s3", f"-s3.port={port}", f"-s3.port.grpc={free_port()}", f"-s3.config={folder / 's3.json'}",
        f"-s3.cert.file={certificate}", f"-s3.key.file={key}", f"-s3.localSocket={folder / 's3.sock'}",
        "-s3.port.iceberg=0", "-s3.port.lance=0", *ports,
    ]  # fmt: skip
    pool = urllib3.PoolManager(cert_reqs="CERT_REQUIRED", ca_certs=str(bundle), retries=False)
    client = Minio(f"127.0.0.1:{port}", user, password, region="us-east-1", http_client=pool)

    def answers() -> bool:
        try:
            client.make_bucket("first")
        except (MinioException, HTTPError) as error:
            raise AssertionError(f"{error}; {(folder / 'log').read_text()[-500:]}") from None
        return True

    with (folder / "log").open("wb") as log:
        environment = {"HOME": str(folder), "PATH": os.environ["PATH"]}
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        wait_for(answers, "that SeaweedFS takes a bucket")
        yield Running(f"127.0.0.1:{port}", user, password, bundle), client
    finally:
        # It waits long for nobody; what it holds is not needed.
        end(process, 1)
