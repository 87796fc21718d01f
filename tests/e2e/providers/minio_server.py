"""A real MinIO on a free port of loopback, with TLS and one KMS key, for the tests that drive it."""

import base64
import os
import secrets
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from sandbox import tls
from tests.programs import end, free_port

KMS_KEY = "tests-key"


@dataclass(frozen=True)
class Running:
    """A server that takes writes."""

    server: str
    """host:port"""
    user: str
    password: str
    bundle: Path
    """Certificate authorities that its certificate is accepted with."""


def _ready(url: str, bundle: Path) -> bool:
    try:
        return requests.get(f"{url}/minio/health/cluster", verify=str(bundle), timeout=5).ok
    except requests.exceptions.RequestException:
        return False


@contextmanager
def running(
    program: Path, folder: Path, *, secure: bool = True, more: Mapping[str, str] | None = None
) -> Generator[Running]:
    """Serve until the block ends, with TLS unless told otherwise; the server is ended by its own process handle.

    Args:
        program: MinIO.
        folder: Where its drive, its certificate and its log are.
        secure: Whether it speaks TLS.
        more: Further settings, as variables.
    """
    bundle = tls.ensure_authority(folder)
    certificate, _ = tls.ensure_server(folder, "minio", ["127.0.0.1"])
    (folder / "drive").mkdir()
    port, password = free_port(), secrets.token_urlsafe(20)
    environment = {
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        "MINIO_ROOT_USER": "tests-root",
        "MINIO_ROOT_PASSWORD": password,
        "MINIO_KMS_SECRET_KEY": f"{KMS_KEY}:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "MINIO_BROWSER": "off",
        "MINIO_UPDATE": "off",
        **(more or {}),
    }
    command = [
        str(program), "server", "--quiet", f"--address=127.0.0.1:{port}",
        f"--certs-dir={certificate.parent if secure else folder / 'drive'}", str(folder / "drive"),
    ]  # fmt: skip
    with (folder / "minio.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        latest = time.monotonic() + 180
        while not _ready(f"{'https' if secure else 'http'}://127.0.0.1:{port}", bundle):
            if process.poll() is not None or time.monotonic() > latest:
                raise RuntimeError(f"MinIO did not start: {(folder / 'minio.log').read_text()[-500:]}")
            time.sleep(0.1)
        yield Running(f"127.0.0.1:{port}", "tests-root", password, bundle)
    finally:
        end(process)
