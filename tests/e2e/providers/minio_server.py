"""A real MinIO on a free port of loopback, with TLS and one KMS key, for the tests that drive it."""

import base64
import os
import secrets
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import requests
import urllib3
from minio import Minio, MinioAdmin
from minio.credentials.providers import StaticProvider

from sandbox import tls
from sandbox.providers.minio.driver import MinioDriver
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
    secure: bool = True

    def _pool(self) -> urllib3.PoolManager:
        return urllib3.PoolManager(cert_reqs="CERT_REQUIRED", ca_certs=str(self.bundle))

    def client(self, user: str = "", password: str = "") -> Minio:
        """S3, as the administrator or as somebody else."""
        given = (user, password) if user else (self.user, self.password)
        return Minio(self.server, *given, secure=self.secure, region="us-east-1", http_client=self._pool())

    def admin(self, user: str = "", password: str = "") -> Any:
        """The admin API, as the administrator or as somebody else."""
        given = StaticProvider(*((user, password) if user else (self.user, self.password)))
        return MinioAdmin(endpoint=self.server, credentials=given, secure=self.secure, http_client=self._pool())

    @cached_property
    def driver(self) -> MinioDriver:
        """The provider, which was told where it is; SSL_CERT_FILE says whom it trusts."""
        made = MinioDriver()
        given = {"minioServer": self.server, "minioUser": self.user, "minioPassword": self.password}
        made.configure({**given, "minioSsl": self.secure})
        return made

    def make(self, kind: str, **inputs: Any) -> Mapping[str, Any]:
        """Make an object with the provider; its outputs."""
        return self.driver.handler(token(kind)).create(kind, inputs)[1]

    def make_key(self, user: str, password: str, policy: str) -> tuple[str, str]:
        """Make a user with a policy, and a key that has the same."""
        self.make("IamUser", name=user, secret=password)
        self.make("IamPolicy", name=user, policy=policy)
        self.make("IamUserPolicyAttachment", userName=user, policyName=user)
        key = self.make("IamServiceAccount", targetUser=user, policy=policy)
        return str(key["accessKey"]), str(key["secretKey"])


def token(kind: str) -> str:
    """The type token of a resource."""
    return f"minio:index/{kind[0].lower()}{kind[1:]}:{kind}"


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
        yield Running(f"127.0.0.1:{port}", "tests-root", password, bundle, secure)
    finally:
        end(process)
