"""The object storage on three hosts, each with a real engine, as the platform declares it for prod.

One host is lost and everything is read and written; it comes back with an empty drive, which heals, and then another
may be lost. What an update waits for between two nodes is run as it is declared.
"""

import base64
import datetime
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pulumi_docker
import pytest

from components.login import Login
from components.storage import Node, Place, ServerArgs, nodes, servers
from components.storage.nodes import whole_script
from components.storage.server import CONTAINER, NODE_VOLUME
from sandbox import images, tls
from sandbox.servers import docker
from settings.storage_server import NODE_PORT, node_host
from tests.e2e.docker import declared, storage_client
from tests.e2e.docker.declared import Made
from tests.e2e.docker.hosts import Hosts, needs_root, running
from tests.recording import Declared, record
from tests.waiting import T, wait_for
from tools import ensure
from versions import SILO

pytestmark = [needs_root, pytest.mark.needs_tools, pytest.mark.long, pytest.mark.timeout(900)]

_A_WHILE = 5
"""Answers of all nodes, one after another."""
_DOCKER = """\
#!{python}
import os, sys
verb, container, *command = sys.argv[1:]
if verb == "logs":
    from docker import DockerClient
    sys.stdout.buffer.write(DockerClient(base_url="unix://{socket}").containers.get(container).logs())
else:
    # The image's curl stands in for one and shows no headers.
    os.execvp("{inside[0]}", {inside} + command + {resolved})
"""
"""What of Docker's client a script needs."""


@dataclass
class Room:
    """Three hosts with the server on them."""

    hosts: Hosts
    made: Mapping[str, Made]
    """Of each host, by name."""
    folder: Path
    root_password: str = field(default_factory=lambda: secrets.token_hex(32))
    kms_key: str = field(default_factory=lambda: base64.b64encode(secrets.token_bytes(32)).decode())
    declared: Mapping[str, Sequence[Declared]] = field(default_factory=dict[str, Sequence[Declared]])

    @property
    def name(self) -> str:
        return self.hosts.settings.environment.object_storage_host

    @property
    def nodes(self) -> list[Node]:
        fqdn = self.hosts.settings.environment.core_fqdn
        return [Node(vm, fqdn(node_host(vm)), made.address) for vm, made in self.made.items()]

    def declare(self) -> dict[str, list[Declared]]:
        """All that is on the hosts, with a new certificate."""
        settings, storage = self.hosts.settings, self.hosts.settings.storage
        signed = tls.issue(self.folder, [self.name, *(node.name for node in self.nodes)], datetime.timedelta(days=90))
        args = ServerArgs(
            memory_mib=storage.server.memory_mib,
            host=self.nodes[0].host,
            environment=settings.environment.label,
            address=self.nodes[0].address,
            region=storage.region,
            root_user=storage.root_user,
            root_password=self.root_password,
            kms_key=storage.kms_key,
            kms_secret=self.kms_key,
            certificate=signed.certificate.decode(),
            private_key=signed.key.decode(),
            authority=(self.folder / "ca.pem").read_text(),
        )

        def program() -> None:
            places = [
                Place(node, pulumi_docker.Provider(f"docker-{node.host}"), Login(node.address, "luxima", "k", "h"))
                for node in self.nodes
            ]
            servers("storage-server", args, places)

        wanted = declared.in_order(record(program))
        return {vm: [each for each in wanted if f"-{vm}-" in each.name] for vm in self.made}

    def remove(self, vm: str) -> None:
        for resource in reversed(self.declared[vm]):
            self.made[vm].remove(resource)

    def make(self, vm: str, wanted: Sequence[Declared]) -> None:
        for resource in wanted:
            self.made[vm].make(resource)
        self.declared = {**self.declared, vm: wanted}

    def ask(self, vm: str, *steps: Sequence[str]) -> list[str]:
        """What a client that reaches one of the hosts says to each step."""
        given = {
            "address": f"{self.made[vm].address}:443",
            "name": self.name,
            "authority": str(self.folder / "ca.pem"),
            "region": self.hosts.settings.storage.region,
            "user": self.hosts.settings.storage.root_user,
            "password": self.root_password,
            "steps": steps,
        }
        command = [*self.hosts.inside, sys.executable, storage_client.__file__]
        done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, timeout=90, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else [done.stderr]

    def whole(self, vm: str) -> str:
        """Wait as an update does after it changed a host; gives what it complains of."""
        program = self.folder / vm / "docker"
        program.parent.mkdir(exist_ok=True)
        resolved = [part for node in self.nodes for part in ("--resolve", f"{node.name}:{NODE_PORT}:{node.address}")]
        resolved += ["--cacert", str(self.folder / "ca.pem")]
        given = {"socket": docker.socket(self.hosts.site.layout, vm), "inside": list(self.hosts.inside)}
        program.write_text(_DOCKER.format(python=sys.executable, resolved=resolved, **given))
        program.chmod(0o755)
        environment = {"PATH": f"{program.parent}:{os.environ['PATH']}"}
        script = whole_script(vm, self.nodes)
        command = ["sh", "-c", script]
        done = subprocess.run(
            command, input=f"{CONTAINER}\n", env=environment, capture_output=True, text=True, timeout=200, check=False
        )
        assert done.returncode == (1 if done.stderr else 0)
        return done.stderr

    def borne(self) -> bool:
        """Whether each node says now that the loss of it would be borne."""
        told = ("--silent", "--max-time", "5", "--cacert", str(self.folder / "ca.pem"), "--write-out", "%{http_code} ")
        resolved = (part for each in self.nodes for part in ("--resolve", f"{each.name}:{NODE_PORT}:{each.address}"))
        urls = (f"https://{each.name}:{NODE_PORT}/minio/health/cluster?maintenance=true" for each in self.nodes)
        said = self.hosts.run("curl", *told, *resolved, *urls)
        return said.stdout.split() == ["200"] * len(self.nodes)

    def container(self, vm: str) -> Any:
        client: Any = self.made[vm].engine.containers
        return client.get(CONTAINER)

    def load(self, program: Path | None = None) -> None:
        """Have all hosts know the image; with another program in it, if one is given."""
        programs = dict(ensure(*images.programs([SILO.reference])))
        programs |= {} if program is None else {"minio": program}
        (image,) = images.make([SILO.reference], programs)
        for made in self.made.values():
            with image.archive.open("rb") as archive:
                made.engine.images.load(archive)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Generator[Room]:
    with running(tmp_path_factory.mktemp("checkout"), "prod") as hosts, pytest.MonkeyPatch.context() as monkeypatch:
        vms = hosts.settings.compute.vms
        made = {
            vm: Made(vm, vms[vm].address, hosts.engine(vm), declared.driver(hosts, vm, monkeypatch))
            for vm in hosts.settings.storage.server.hosts
        }
        room = Room(hosts, made, tmp_path_factory.mktemp("authority"))
        tls.ensure_authority(room.folder)
        room.load()
        for vm, wanted in room.declare().items():
            room.make(vm, wanted)
        # The last one was waited for, and so are all.
        assert room.ask("docker-1", ["make", "media"], ["put", "media", "first", "1"]) == ["done", "done"]
        yield room


def test_a_lost_host_is_borne_and_its_empty_drive_is_filled_before_the_next(room: Room) -> None:
    assert room.ask("docker-3", ["get", "media", "first"]) == ["1"]
    room.container("docker-2").stop(timeout=30)
    for vm in ("docker-1", "docker-3"):
        assert room.ask(vm, ["put", "media", vm, vm], ["get", "media", "first"]) == ["done", "1"]
    room.remove("docker-2")
    api: Any = room.made["docker-2"].engine.api
    api.remove_volume(NODE_VOLUME)
    room.make("docker-2", room.declare()["docker-2"])
    assert room.whole("docker-2") == ""
    drive = room.hosts.root("docker-2") / "var/lib/docker/volumes" / NODE_VOLUME / "_data/media"
    assert {path.parent.name for path in drive.rglob("xl.meta")} == {"first", "docker-1", "docker-3"}
    room.container("docker-1").stop(timeout=30)
    wanted = [["get", "media", name] for name in ("first", "docker-1", "docker-3")]
    assert room.ask("docker-2", *wanted, ["put", "media", "last", "4"]) == ["1", "docker-1", "docker-3", "done"]
    room.container("docker-1").start()
    assert room.whole("docker-1") == ""


def test_without_a_majority_nothing_is_lost_and_the_next_is_not_touched(room: Room, monkeypatch: Any) -> None:
    monkeypatch.setitem(nodes._LIMITS, "SECONDS", 10)  # pyright: ignore[reportPrivateUsage]
    room.container("docker-2").stop(timeout=30)
    assert room.whole("docker-1") == (
        "docker-1 is changed, and the object storage is not whole after 10 s; no other node was touched\n"
    )
    room.container("docker-3").stop(timeout=30)
    assert room.ask("docker-1", ["put", "media", "lone", "1"]) != ["done"]
    for vm in ("docker-2", "docker-3"):
        room.container(vm).start()
    monkeypatch.undo()
    assert room.whole("docker-2") == ""
    assert room.ask("docker-1", ["get", "media", "first"], ["put", "media", "lone", "1"]) == ["1", "done"]


def test_a_new_certificate_goes_from_node_to_node_and_nobody_notices(room: Room) -> None:
    """No two are away together: before each is taken, all have said for a while that its loss is borne."""
    before: dict[str, list[bool]] = {}
    with _again_and_again(lambda: _written(room)) as written, _again_and_again(room.borne) as borne:
        wait_for(lambda: borne[-_A_WHILE:] == [True] * _A_WHILE, "that any of them may go")
        made = 0
        for vm, wanted in room.declare().items():
            before[vm] = borne[made:][-_A_WHILE:]
            room.remove(vm)
            room.make(vm, wanted)
            made = len(borne)
            assert room.whole(vm) == ""
    assert before == dict.fromkeys(room.made, [True] * _A_WHILE)
    assert False in borne
    assert len(written) > 10
    assert [each for each in written if each != "done"] == []


def test_a_new_version_waits_for_a_second_node_that_has_it(room: Room, tmp_path: Path) -> None:
    program = tmp_path / "minio"
    program.write_bytes(ensure("minio")["minio"].read_bytes() + b"another")
    program.chmod(0o755)
    room.load(program)
    for vm, wanted in room.declare().items():
        room.remove(vm)
        room.make(vm, wanted)
        assert room.whole(vm) == ""
    assert "Expected MinIO binary checksum" in room.container("docker-1").logs().decode()
    assert room.ask("docker-2", ["get", "media", "first"]) == ["1"]


def _written(room: Room) -> str:
    """Write as clients of the common name do, who ask the next host when one takes nothing; gives the last answer."""
    name, answers = secrets.token_hex(8), list[str]()
    for vm in room.made:
        answers = room.ask(vm, ["put", "media", name, name])
        if answers == ["done"]:
            break
    return answers[0]


@contextmanager
def _again_and_again(what: Callable[[], T]) -> Generator[list[T]]:
    """Do it all the time, until the block ends; gives all that it gave."""
    ended, said = Event(), list[T]()

    def go_on() -> None:
        while not ended.is_set():
            said.append(what())

    thread = Thread(target=go_on)
    thread.start()
    try:
        yield said
    finally:
        ended.set()
        thread.join()
