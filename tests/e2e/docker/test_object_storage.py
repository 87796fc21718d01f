"""The object storage's own server on a real engine, as the platform declares it; its image has MinIO's last version."""

import base64
import datetime
import json
import secrets
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from components.storage import Server, ServerArgs
from components.storage.server import CONTAINER, VOLUME
from sandbox import images, tls
from settings import Settings
from tests.e2e.docker import declared, storage_client
from tests.e2e.docker.declared import Made
from tests.e2e.docker.hosts import Hosts, needs_root, running
from tests.recording import Declared, record
from tools import ensure
from versions import SILO

pytestmark = [needs_root, pytest.mark.needs_tools, pytest.mark.timeout(300)]

_PLANTED = "planted-text-of-a-customer"


@dataclass
class Room:
    """A host with the server on it."""

    hosts: Hosts
    made: Made
    folder: Path
    root_password: str = field(default_factory=lambda: secrets.token_hex(32))
    kms_key: str = field(default_factory=lambda: base64.b64encode(secrets.token_bytes(32)).decode())
    private_keys: list[str] = field(default_factory=list[str])
    declared: Sequence[Declared] = ()

    @property
    def settings(self) -> Settings:
        return self.hosts.settings

    @property
    def name(self) -> str:
        return self.settings.storage.endpoint.rpartition(":")[0]

    def up(self, **changes: str) -> None:
        """Make it as `up` does, with a new certificate; what it was before is replaced."""
        signed = tls.issue(self.folder, [self.name], datetime.timedelta(days=90))
        self.private_keys.append(signed.key.decode())
        settings, storage = self.settings, self.settings.storage
        given: dict[str, Any] = {
            "memory_mib": storage.server.memory_mib,
            "host": self.made.vm,
            "environment": settings.environment.label,
            "address": self.made.address,
            "region": storage.region,
            "root_user": storage.root_user,
            "root_password": self.root_password,
            "kms_key": storage.kms_key,
            "kms_secret": self.kms_key,
            "certificate": signed.certificate.decode(),
            "private_key": signed.key.decode(),
            **changes,
        }
        wanted = declared.in_order(record(lambda: Server("storage-server", ServerArgs(**given))))
        wanted = [_asked_often(each) for each in wanted]
        for resource in reversed(self.declared):
            self.made.remove(resource)
        self.declared = wanted
        for resource in wanted:
            self.made.make(resource)

    def ask(self, *steps: Sequence[str], **changes: str) -> list[str]:
        """What a client says to each step."""
        given = {
            "address": f"{self.made.address}:443",
            "name": self.name,
            "authority": str(self.folder / "ca.pem"),
            "region": self.settings.storage.region,
            "user": self.settings.storage.root_user,
            "password": self.root_password,
            "steps": steps,
            **changes,
        }
        command = [*self.hosts.inside, sys.executable, storage_client.__file__]
        done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @property
    def container(self) -> Mapping[str, Any]:
        return self.made.container(CONTAINER)


def _asked_often(each: Declared) -> Declared:
    """A container that is healthy a moment after it serves, where an engine would ask ten seconds later."""
    check = each.inputs.get("healthcheck")
    return each if check is None else replace(each, inputs={**each.inputs, "healthcheck": {**check, "interval": "1s"}})


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Generator[Room]:
    with running(tmp_path_factory.mktemp("checkout")) as hosts, pytest.MonkeyPatch.context() as monkeypatch:
        (vm,) = hosts.settings.storage.server.hosts
        engine = hosts.engine(vm)
        (image,) = images.make([SILO.reference], ensure(*images.programs([SILO.reference])))
        with image.archive.open("rb") as archive:
            engine.images.load(archive)
        folder = tmp_path_factory.mktemp("authority")
        tls.ensure_authority(folder)
        driver = declared.driver(hosts, vm, monkeypatch)
        made = Room(hosts, Made(vm, hosts.settings.compute.vms[vm].address, engine, driver), folder)
        made.up()
        assert made.ask(["make", "media"]) == ["done"]
        yield made


def test_it_is_healthy_as_nobody_and_answers_by_its_name_alone(room: Room) -> None:
    state, config = room.container["State"], room.container["HostConfig"]
    assert state["Health"]["Status"] == "healthy"
    assert room.container["Config"]["User"] == "65534:0"
    assert (config["ReadonlyRootfs"], config["CapDrop"]) == (True, ["ALL"])
    assert room.ask(["put", "media", "a", "1"], ["get", "media", "a"]) == ["done", "1"]
    (said,) = room.ask(["get", "media", "a"], name="object-storage.luxima.id")
    assert "certificate" in said.lower()
    stranger = room.folder / "stranger"
    stranger.mkdir()
    tls.ensure_authority(stranger)
    (said,) = room.ask(["get", "media", "a"], authority=str(stranger / "ca.pem"))
    assert "CERTIFICATE_VERIFY_FAILED" in said


def test_it_has_no_console_and_takes_neither_plain_http_nor_another_password(room: Room) -> None:
    address, gateway = room.made.address, room.settings.compute.network.gateway
    plain = room.hosts.run("curl", "--silent", "--max-time", "5", f"http://{address}:443/minio/health/live")
    assert "HTTP request to an HTTPS server" in plain.stdout
    page = ("curl", "--silent", "--insecure", "--max-time", "5", "--user-agent", "Mozilla/5.0", "--include")
    seen = room.hosts.run(*page, f"https://{address}:443/")
    assert "AccessDenied" in seen.stdout
    assert "location" not in seen.stdout.lower()
    assert room.hosts.run(*page, f"https://{gateway}:443/").returncode != 0
    assert list(room.container["NetworkSettings"]["Ports"]) == ["9000/tcp"]
    assert room.ask(["get", "media", "a"], password="another-password") == ["SignatureDoesNotMatch"]


def test_what_is_written_is_encrypted_though_its_bucket_does_not_say_so(room: Room) -> None:
    assert room.ask(["put", "media", "b", _PLANTED], ["encryption", "media", "b"]) == ["done", "aws:kms"]
    drive = _drive(room)
    assert any((drive / "media").rglob("xl.meta"))
    assert not [file for file in drive.rglob("*") if file.is_file() and _PLANTED.encode() in file.read_bytes()]


def test_objects_outlive_a_restart_and_a_new_certificate_but_no_other_key(room: Room) -> None:
    assert room.ask(["put", "media", "c", _PLANTED]) == ["done"]
    room.made.engine.containers.get(CONTAINER).restart(timeout=30)
    room.up()
    assert room.ask(["get", "media", "c"]) == [_PLANTED]
    room.up(kms_secret=base64.b64encode(bytes(32)).decode())
    assert room.ask(["get", "media", "c"]) != [_PLANTED]
    room.up()
    assert room.ask(["get", "media", "c"]) == [_PLANTED]


def test_the_engine_and_the_host_show_no_secret(room: Room) -> None:
    process = _process(str(room.container["Id"]))
    client: Any = room.made.engine.containers
    shown = [
        json.dumps([room.made.container(each.id) for each in client.list(all=True)]),
        *((process / file).read_text() for file in ("environ", "cmdline")),
        client.get(CONTAINER).logs().decode(),
    ]
    for secret in (room.root_password, room.kms_key, *(key.splitlines()[1] for key in room.private_keys)):
        assert not [text for text in shown if secret in text]
    for file in _drive(room).parent.parent.glob(f"{CONTAINER}-files-*/_data/*"):
        assert (file.stat().st_mode & 0o777, file.stat().st_uid, file.stat().st_gid) == (0o440, 0, 0)


def _process(container: str) -> Path:
    """What this computer says of a container's one process, which has another number in its host."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if container in (folder / "cgroup").read_text():
                return folder
    raise AssertionError(f"no process of {container}")


def _drive(room: Room) -> Path:
    mount = next(mount for mount in room.container["Mounts"] if mount.get("Name") == VOLUME)
    return room.hosts.root(room.made.vm) / mount["Source"].lstrip("/")
