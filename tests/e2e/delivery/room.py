"""Both sides of a real registry on a real MinIO, behind a real gateway, with crane as client: all on loopback.

What differs from the deployed documents: ports, folders, and the address of the object storage. crane finds the
registry's name by a proxy, since no name server knows it here.
"""

import json
import os
import secrets
import socket
import subprocess
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from components.delivery import SIDES, config_yaml
from components.delivery.documents import CONFIG, CREDENTIALS, FOLDER, HTPASSWD, Side, credentials_file
from components.storage.access import key_policy
from sandbox.providers.random import bcrypt
from settings import Settings
from tests.e2e.edge.gateway import MACHINES, Gateway, stack_with
from tests.e2e.providers.minio_server import KMS_KEY, Running, running
from tests.e2e.world.store import Store
from tests.programs import end, free_port
from tests.waiting import wait_for
from tools import ensure

USERS = {"push-1": "a-password-to-push", "pull-1": "a-password-to-pull"}


class Proxy:
    """Leads every name to one port of loopback, and counts what clients send; it sees no plain text."""

    def __init__(self, port: int) -> None:
        proxy = self
        self.sent = 0
        """Bytes from clients so far."""
        self.at: tuple[int, Callable[[], None]] | None = None
        """What is done once, when clients have sent so much more."""

        class Handler(BaseHTTPRequestHandler):
            def do_CONNECT(self) -> None:
                with socket.create_connection(("127.0.0.1", port)) as server:
                    self.send_response(200)
                    self.end_headers()
                    back = threading.Thread(target=_copy, args=(server, self.connection, None), daemon=True)
                    back.start()
                    _copy(self.connection, server, proxy.count)
                    back.join(30)
                self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class' signature
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def count(self, size: int) -> None:
        """Note what a client sent."""
        self.sent += size
        if self.at is not None and self.sent >= self.at[0]:
            action, self.at = self.at[1], None
            action()

    def after(self, size: int, action: Callable[[], None]) -> None:
        """Do something in the middle of what comes next."""
        self.at = (self.sent + size, action)

    def close(self) -> None:
        """Take no more clients."""
        self._server.shutdown()
        self._server.server_close()


def _copy(source: socket.socket, target: socket.socket, count: Callable[[int], None] | None) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            if count is not None:
                count(len(data))
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@dataclass
class Registry:
    """One side."""

    side: Side
    folder: Path
    environment: Mapping[str, str]
    ports: Mapping[int, int]
    """Real ports by those of the document."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports[self.side.port]}"

    @property
    def metrics(self) -> str:
        return requests.get(f"http://127.0.0.1:{self.ports[self.side.metrics_port]}/metrics", timeout=10).text

    @property
    def log(self) -> str:
        return (self.folder / "registry.log").read_text()

    def start(self) -> None:
        """Run it, and wait until it asks for a login."""
        program, config = ensure("registry")["registry"], self.folder / CONFIG
        with (self.folder / "registry.log").open("ab") as log:
            self.process = subprocess.Popen(
                [program, "serve", config], env=dict(self.environment), stdout=log, stderr=log
            )
        wait_for(lambda: requests.get(f"{self.url}/v2/", timeout=5).status_code == 401, f"{self.side.name}")

    def kill(self) -> None:
        """End it at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def stop(self) -> None:
        """End it in order."""
        assert self.process is not None
        end(self.process)
        self.process = None

    def collect(self) -> str:
        """What the collector's container does."""
        command = [ensure("registry")["registry"], "garbage-collect", self.folder / CONFIG]
        done = subprocess.run(command, env=dict(self.environment), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


@dataclass
class Room:
    """Everything."""

    settings: Settings
    folder: Path
    minio: Running
    store: Store
    gateway: Gateway
    proxy: Proxy
    sides: Mapping[str, Registry]
    keys: Mapping[str, tuple[str, str]]
    _numbers: list[int] = field(default_factory=list[int])

    @property
    def host(self) -> str:
        return self.settings.environment.registry_host

    @property
    def bucket(self) -> str:
        return self.settings.storage.bucket_name("registry")

    def image(self, repository: str, tag: str) -> str:
        return f"{self.host}/aceh/{repository}:{tag}"

    def layer(self, mib: float) -> Path:
        """A file of random bytes, as a layer."""
        self._numbers.append(1)
        path = self.folder / f"layer-{len(self._numbers)}.bin"
        path.write_bytes(secrets.token_bytes(int(mib * 1024 * 1024)))
        archive = path.with_suffix(".tar")
        subprocess.run(["tar", "-cf", archive, "-C", path.parent, path.name], check=True)
        return archive

    def crane(self, *arguments: str | Path, user: str | None, password: str = "") -> subprocess.CompletedProcess[str]:
        """What crane says and how it ends."""
        config = self.folder / f"docker-{user}-{secrets.token_hex(4)}"
        config.mkdir()
        auths = {} if user is None else {self.host: {"username": user, "password": password or USERS[user]}}
        (config / "config.json").write_text(json.dumps({"auths": auths}))
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "DOCKER_CONFIG": str(config),
            "HTTPS_PROXY": self.proxy.url,
            "SSL_CERT_FILE": str(self.gateway.ca),
        }
        command = [ensure("crane")["crane"], *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)

    def push(self, image: str, layer: Path, *, user: str | None = "push-1", password: str = "") -> str:
        """Make and push an image of one layer; gives its digest."""
        done = self.crane("append", "--new_layer", layer, "--new_tag", image, user=user, password=password)
        if done.returncode != 0:
            raise PushError(done.stderr)
        return done.stdout.strip().rpartition("@")[2]

    def pull(self, image: str, *, user: str | None = "pull-1", password: str = "") -> bytes:
        """What is pulled of an image: the archive that `docker load` reads."""
        target = self.folder / f"pulled-{secrets.token_hex(4)}.tar"
        done = self.crane("pull", image, target, user=user, password=password)
        if done.returncode != 0:
            raise PushError(done.stderr)
        return target.read_bytes()


class PushError(Exception):
    """What crane said when it was refused."""


@contextmanager
def made(folder: Path) -> Generator[Room]:
    """The room, until the block ends."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        settings = stack_with(folder / "settings", {"edge.trusted_networks": ["127.0.0.1/32", MACHINES]}, "dev")
        (folder / "minio").mkdir()
        minio = stack.enter_context(running(ensure("minio")["minio"], folder / "minio"))
        patch.setenv("SSL_CERT_FILE", str(minio.bundle))
        keys = _storage(settings, minio)
        sides: dict[str, Registry] = {}
        for side in SIDES:
            sides[side.use] = _side(settings, folder / side.name, side, minio, keys[side.storage_user])
            sides[side.use].start()
            stack.callback(sides[side.use].kill)
        address = f"http://{settings.registry_address}"
        urls = {f"{address}:{each.side.port}": each.url for each in sides.values()}
        gateway = stack.enter_context(Gateway(settings, folder / "gateway", urls=urls))
        proxy = Proxy(gateway.ports["websecure"])
        stack.callback(proxy.close)
        store = Store(minio.server, minio.user, minio.password, settings.storage.region, minio.bundle)
        yield Room(settings, folder, minio, store, gateway, proxy, sides, keys)


def _storage(settings: Settings, minio: Running) -> dict[str, tuple[str, str]]:
    """The bucket, encrypted, and the users' keys, with the policies that the platform gives them."""
    bucket = settings.storage.bucket_name("registry")
    minio.make("S3Bucket", bucket=bucket, quota=1024**3)
    minio.make("S3BucketVersioning", bucket=bucket, versioningConfiguration={"status": "Enabled"})
    minio.make("S3BucketServerSideEncryption", bucket=bucket, encryptionType="aws:kms", kmsKeyId=KMS_KEY)
    keys: dict[str, tuple[str, str]] = {}
    for side in SIDES:
        user, given = side.storage_user, settings.storage.users[side.storage_user]
        keys[user] = minio.make_key(user, secrets.token_hex(16), key_policy(given, settings.storage))
    return keys


def _side(settings: Settings, folder: Path, side: Side, minio: Running, key: tuple[str, str]) -> Registry:
    folder.mkdir()
    ports = {port: free_port() for port in (side.port, side.metrics_port)}
    text = config_yaml(settings, side).replace(FOLDER, str(folder)).replace(settings.storage.endpoint, minio.server)
    for port, real in ports.items():
        text = text.replace(f"addr: :{port}\n", f"addr: 127.0.0.1:{real}\n")
    (folder / CONFIG).write_text(text)
    (folder / CREDENTIALS).write_text(credentials_file(*key))
    known = [user for user in USERS if user.partition("-")[0] in side.users]
    (folder / HTPASSWD).write_text("".join(f"{user}:{bcrypt(USERS[user])}\n" for user in known))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / CREDENTIALS),
        "OTEL_TRACES_EXPORTER": "none",
        "SSL_CERT_FILE": str(minio.bundle),
    }
    return Registry(side, folder, environment, ports)
