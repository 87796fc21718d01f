"""The cleaning with a real registry, a real object storage and a Docker engine that is played (INF-6)."""

import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from release.docker import Docker as Command
from release.errors import ReleaseError
from release.registry import Access, clean
from release.registry.clean import ACCEPT
from release.registry.objects import Bucket
from release.web import Web, login
from settings.delivery import Registry
from tests.e2e.delivery.room import USERS, PushError, Room, made

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(600)]

KEPT = Registry(host="docker-1", kept_images=3)
LATER = datetime.now(UTC) + timedelta(days=31)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with made(tmp_path_factory.mktemp("registry")) as found:
        yield found


class Docker:
    """Does to the room's processes what an engine would do to containers: one of two that want the same port runs."""

    def __init__(self, room: Room, folder: Path) -> None:
        docker, push = self, room.sides["push"]
        self.refused = list[str]()
        """What was said of pushes while it collected."""

        def told(line: str) -> str:
            if line.startswith("stop") and line.endswith("registry-push"):
                push.stop()
            elif line == "start registry-push":
                push.start()
            elif line == "start --attach registry-collect":
                assert push.process is None, "port is already allocated"
                try:
                    room.push(room.image("late", "1"), room.layer(0.1))
                except PushError as error:
                    docker.refused.append(str(error))
                return push.collect()
            return ""

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                line = self.rfile.read(int(self.headers["Content-Length"])).decode()
                answer = told(line).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class' signature
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        script = folder / "docker.py"
        url = f"http://127.0.0.1:{self._server.server_port}"
        script.write_text(
            "import sys, urllib.request\n"
            f"print(urllib.request.urlopen({url!r}, ' '.join(sys.argv[1:]).encode()).read().decode())\n"
        )
        self.command = Command((sys.executable, str(script)))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def docker(room: Room, tmp_path: Path) -> Iterator[Docker]:
    made = Docker(room, tmp_path)
    yield made
    made.close()


class Through(Web):
    """Asks the registry's sides as the gateway leads there, which this client could not find by name."""

    def __init__(self, room: Room) -> None:
        super().__init__(room.sides["pull"].url, None, {**login("push-1", USERS["push-1"]), **ACCEPT})
        self._push = Web(room.sides["push"].url, None, {**login("push-1", USERS["push-1"]), **ACCEPT})

    def delete(self, path: str) -> Any:
        return self._push.delete(path)


def access(room: Room, docker: Docker) -> Access:
    storage = room.settings.storage
    key = room.keys["registry-pull"]
    bucket = Bucket(room.minio.server, storage.region, room.bucket, *key, str(room.minio.bundle))
    return Access(bucket, Through(room), docker.command)


def test_what_nobody_needs_goes_and_what_is_named_stays(room: Room, docker: Docker, tmp_path: Path) -> None:
    digests = [room.push(room.image("shop", str(number)), room.layer(0.2)) for number in range(5)]
    (tmp_path / "releases").mkdir()
    (tmp_path / "releases" / "prod.yaml").write_text(f"image: {room.host}/aceh/shop@{digests[0]}\n")
    said = list[str]()

    # Young ones stay; whoever only asks changes nothing.
    clean(access(room, docker), KEPT, tmp_path, said.append, datetime.now(UTC), dry_run=True)
    assert said == ["5 of 5 images stay"]
    said.clear()
    clean(access(room, docker), KEPT, tmp_path, said.append, LATER, dry_run=True)
    assert said[-1] == "4 of 5 images stay"
    assert f"would remove aceh/shop@{digests[1][:19]}" in said[0]
    assert room.crane("digest", room.image("shop", "1"), user="pull-1").stdout.strip() == digests[1]

    before = room.store.names(room.bucket)
    clean(access(room, docker), KEPT, tmp_path, said.append, LATER, dry_run=False)
    assert docker.refused, "a push was taken while it collected"
    for number in (0, 2, 3, 4):
        assert room.pull(room.image("shop", str(number)))
    assert "MANIFEST_UNKNOWN" in room.crane("digest", room.image("shop", "1"), user="pull-1").stderr
    removed = [name for name in before - room.store.names(room.bucket) if name.endswith("/data")]
    assert len(removed) == 3, "manifest, configuration and layer of one image"
    room.push(room.image("shop", "6"), room.layer(0.1))


def test_without_a_file_that_names_an_image_nothing_goes(room: Room, docker: Docker, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="names an image"):
        clean(access(room, docker), KEPT, tmp_path, lambda _: None, LATER, dry_run=False)


def test_a_key_that_is_wrong_is_told_before_anything_goes(room: Room, docker: Docker, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text("sha256:" + "0" * 64)
    known = access(room, docker)
    wrong = Bucket(known.bucket.endpoint, known.bucket.region, room.bucket, "nobody", "x", known.bucket.authorities)
    with pytest.raises(ReleaseError, match=r"refuses to list bucket .* \(status 403\)"):
        clean(Access(wrong, known.registry, docker.command), KEPT, tmp_path, lambda _: None, LATER, dry_run=False)
