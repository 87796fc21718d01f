"""The registry as it is deployed: who may do what, and what is left when something goes wrong (INF-6, REL-5)."""

import hashlib
import io
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from release import images
from release.docker import Docker
from settings.loading import check
from tests.e2e.delivery.room import USERS, PushError, Room, made
from tests.recording import ROOT
from tests.unit.settings.stacks import files_of
from tests.waiting import wait_for

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with made(tmp_path_factory.mktemp("registry")) as found:
        yield found


def layers(archive: bytes) -> list[str]:
    """SHA-256 of the layers in what was pulled, unpacked."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        names = [name for name in tar.getnames() if name.endswith(".tar.gz")]
        return [hashlib.sha256(tar.extractfile(name).read()).hexdigest() for name in names]  # type: ignore[union-attr]


@dataclass(frozen=True)
class Builder(Docker):
    """Docker whose images have one layer, and are pushed by crane: no build can be had here."""

    command: tuple[str, ...] = ()
    room: Room | None = None

    def run(self, *arguments: str) -> str:
        assert self.room is not None
        name = arguments[-1]
        if arguments[0] == "push":
            self.room.push(name, self.room.layer(1))
        return f"{name.rpartition(':')[0]}@{self.room.crane('digest', name, user='push-1').stdout.strip()}\n"


def objects(room: Room) -> set[str]:
    return room.store.names(room.bucket)


def test_what_ci_pushes_a_node_pulls_and_it_lies_encrypted(room: Room) -> None:
    layer = room.layer(12)
    digest = room.push(room.image("shop", "1"), layer)
    by_tag = room.pull(room.image("shop", "1"))
    by_digest = room.pull(f"{room.host}/aceh/shop@{digest}")
    assert len(layers(by_tag)) == 1
    assert layers(by_tag) == layers(by_digest)
    known = room.store.key(*room.keys["registry-pull"])
    for name in objects(room):
        assert known.encryption(room.bucket, name)[0] == "aws:kms", name
    # CI sees what it pushed; what is asked of the registry is counted.
    assert room.crane("digest", room.image("shop", "1"), user="push-1").stdout.strip() == digest
    for side in room.sides.values():
        assert "registry_http_requests_total{" in side.metrics


def test_the_images_of_this_repository_are_pulled_by_what_the_stack_file_then_says(room: Room, tmp_path: Path) -> None:
    stack = room.settings.environment.name
    for path in files_of(stack):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    images.publish(room.settings, tmp_path, "abc", Builder(room=room), print)
    pinned = check(stack, tmp_path)
    for image in (pinned.guard.image, str(pinned.backup.image)):
        assert layers(room.pull(image)) == layers(room.pull(f"{image.partition('@')[0]}:abc"))
        assert image not in (ROOT / f"Pulumi.{stack}.yaml").read_text()


@pytest.mark.parametrize(
    ("user", "password"), [("pull-1", ""), ("push-1", "wrong"), ("push-2", "a-password"), (None, "")]
)
def test_nobody_else_pushes(room: Room, user: str | None, password: str) -> None:
    before = objects(room)
    with pytest.raises(PushError, match=r"UNAUTHORIZED|401"):
        room.push(room.image("intruder", "1"), room.layer(0.1), user=user, password=password)
    assert objects(room) == before


@pytest.mark.parametrize(("user", "password"), [("pull-1", "wrong"), ("pull-0", "a-password"), (None, "")])
def test_nobody_pulls_without_a_login(room: Room, user: str | None, password: str) -> None:
    room.push(room.image("private", "1"), room.layer(0.1))
    with pytest.raises(PushError, match=r"UNAUTHORIZED|401"):
        room.pull(room.image("private", "1"), user=user, password=password)
    assert room.crane("catalog", room.host, user=user, password=password).returncode != 0


def test_the_side_that_reads_cannot_write_even_if_it_is_asked(room: Room) -> None:
    """Past the gateway, with the password of CI; and whoever has its key of the object storage cannot either."""
    answer = requests.post(
        f"{room.sides['pull'].url}/v2/aceh/shop/blobs/uploads/", auth=("push-1", USERS["push-1"]), timeout=30
    )
    assert answer.status_code == 405
    refused = room.store.key(*room.keys["registry-pull"]).denied(room.bucket, "docker/x")
    assert "AccessDenied" in refused
    # The other side knows nobody who pulls.
    assert (
        requests.get(f"{room.sides['push'].url}/v2/", auth=("pull-1", USERS["pull-1"]), timeout=30).status_code == 401
    )


def test_a_registry_that_dies_in_the_middle_of_a_push_shows_nothing_of_it_and_the_next_push_arrives(room: Room) -> None:
    layer, image = room.layer(24), room.image("shop", "interrupted")
    push = room.sides["push"]
    room.proxy.after(8 * 1024 * 1024, push.kill)
    with pytest.raises(PushError):
        room.push(image, layer)
    assert push.process is None, "it was not killed in the middle"
    assert "MANIFEST_UNKNOWN" in room.crane("digest", image, user="pull-1").stderr
    push.start()
    digest = room.push(image, layer)
    assert room.crane("digest", image, user="pull-1").stdout.strip() == digest
    assert len(layers(room.pull(image))) == 1


def test_what_is_collected_is_what_no_image_needs_and_pulls_go_on_meanwhile(room: Room) -> None:
    kept, gone = room.image("collected", "kept"), room.image("collected", "gone")
    shared = room.layer(1)
    room.push(kept, shared)
    before = layers(room.pull(kept))
    digest = room.push(gone, room.layer(2))
    ref = f"{room.host}/aceh/collected@{digest}"
    assert room.crane("delete", ref, user="pull-1").returncode != 0
    assert room.crane("delete", ref, user="push-1").returncode == 0
    full = objects(room)
    push = room.sides["push"]
    push.stop()
    try:
        with pytest.raises(PushError):
            room.push(room.image("collected", "late"), room.layer(0.1))
        push.collect()
        assert layers(room.pull(kept)) == before
    finally:
        push.start()
    assert any(digest.removeprefix("sha256:") in name for name in full - objects(room))
    assert "MANIFEST_UNKNOWN" in room.crane("digest", gone, user="pull-1").stderr
    # Nothing that the collection took is taken for being there.
    room.push(gone, room.layer(1))
    assert layers(room.pull(kept)) == before


def test_a_full_bucket_refuses_a_push_and_gives_what_is_there(room: Room) -> None:
    image = room.image("full", "1")
    room.push(image, room.layer(0.1))
    before = room.pull(image)
    room.store.limit(room.bucket, 1024 * 1024)
    try:
        with pytest.raises(PushError):
            room.push(room.image("full", "2"), room.layer(3))
        assert layers(room.pull(image)) == layers(before)
        assert "MANIFEST_UNKNOWN" in room.crane("digest", room.image("full", "2"), user="pull-1").stderr
        assert 'code="5' in room.sides["push"].metrics
    finally:
        room.store.limit(room.bucket, 1024**3)
    wait_for(lambda: room.push(room.image("full", "2"), room.layer(3)), "a push after the quota was raised")
