"""The docker provider before any engine is asked: checks, names, and records where there is no engine.

What an engine does is in tests/e2e/docker.
"""

import json
from typing import Any

import pytest

from sandbox.providers.base import UNKNOWN, ProviderError
from sandbox.providers.docker.driver import DockerDriver

CONTAINER = "docker:index/container:Container"
IMAGE = "docker:index/remoteImage:RemoteImage"
VOLUME = "docker:index/volume:Volume"
HOST = {"host": "ssh://luxima@10.10.10.41:22"}


@pytest.fixture
def recording(monkeypatch: pytest.MonkeyPatch) -> DockerDriver:
    monkeypatch.setenv("LUXIMA_DOCKER_HOSTS", json.dumps({"10.10.10.42": "unix:///none.sock"}))
    driver = DockerDriver()
    driver.configure(HOST)
    return driver


@pytest.mark.parametrize(
    ("image", "start"),
    [
        ("registry:5000/app:1.2", "registry:5000/app@sha256:"),
        ("registry:5000/app", "registry:5000/app@sha256:"),
        ("app@sha256:abc", "app@sha256:abc"),
    ],
)
def test_a_recorded_image_has_a_digest_that_depends_on_its_name_only(
    recording: DockerDriver, image: str, start: str
) -> None:
    _, outputs = recording.create(IMAGE, "app", {"name": image})
    assert outputs["repoDigest"].startswith(start)
    assert recording.create(IMAGE, "again", {"name": image})[1]["repoDigest"] == outputs["repoDigest"]
    assert recording.preview_outputs(IMAGE, {"name": image})["imageId"] is UNKNOWN


def test_a_host_without_an_engine_is_recorded(recording: DockerDriver) -> None:
    inputs = {"name": "a", "image": "none"}
    ids = {recording.create(CONTAINER, name, {**inputs, "name": name})[0] for name in ("a", "b")}
    assert len(ids) == 2
    assert all(len(one) == 64 for one in ids)
    assert recording.read(CONTAINER, "id", inputs, inputs) == (inputs, inputs)
    assert recording.update(CONTAINER, "id", inputs, {**inputs, "memory": 1}) == {**inputs, "memory": 1}
    recording.delete(CONTAINER, "id", inputs)


def test_an_engine_that_does_not_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUXIMA_DOCKER_HOSTS", json.dumps({"10.10.10.41": "unix:///none.sock"}))
    driver = DockerDriver()
    driver.configure(HOST)
    with pytest.raises(
        ProviderError, match=r"image a:1: the Docker engine of 10\.10\.10\.41 does not answer at unix:///n"
    ):
        driver.create(IMAGE, "a", {"name": "a:1"})


def test_a_container_gets_a_name_and_keeps_it() -> None:
    driver = DockerDriver()
    first = driver.defaults(CONTAINER, "web", {"image": "a"}, {})
    assert first["name"].startswith("web-")
    assert driver.defaults(CONTAINER, "web", {"image": "b"}, first) == {"image": "b", "name": first["name"]}
    assert driver.defaults(CONTAINER, "web", {"name": "given"}, first) == {"name": "given"}


def test_another_image_replaces_a_container_and_its_name_is_free_first() -> None:
    driver = DockerDriver()
    assert "image" in driver.replace_on(CONTAINER)
    assert "restart" not in driver.replace_on(CONTAINER)
    assert driver.delete_first(CONTAINER, {"name": "a"}, {"name": "a", "image": "b"})
    assert not driver.delete_first(CONTAINER, {"name": "a"}, {"name": "b"})
    assert not driver.delete_first(VOLUME, {"name": "a"}, {"name": "b"})


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "restart": ({"restart": "never"}, "restart"),
    "command": ({"command": ["a", ""]}, "command[1]"),
    "type of a mount": ({"mounts": [{"type": "nfs", "target": "/a"}]}, "mounts[0].type"),
    "propagation": (
        {"mounts": [{"type": "bind", "target": "/a", "bindOptions": {"propagation": "both"}}]},
        "mounts[0].bindOptions.propagation",
    ),
    "permissions": ({"uploads": [{"file": "/a", "content": "b", "permissions": "440"}]}, "uploads[0].permissions"),
    "no content": ({"uploads": [{"file": "/a"}]}, "uploads[0]"),
    "two contents": ({"uploads": [{"file": "/a", "content": "b", "source": "c"}]}, "uploads[0]"),
    "duration": ({"healthcheck": {"tests": ["CMD", "a"], "interval": "30"}}, "healthcheck.interval"),
    "memory": ({"memory": -1}, "memory"),
    "unsupported": ({"gpus": "all"}, "gpus"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_the_official_plugin_refuses_is_refused(case: str) -> None:
    inputs, path = WRONG[case]
    found = DockerDriver().check(CONTAINER, "a", {"name": "a", "image": "b", **inputs})
    assert [at for at, _ in found] == [path]


def test_what_is_not_known_yet_is_not_judged() -> None:
    inputs = {"image": UNKNOWN, "uploads": [{"file": "/a", "content": UNKNOWN}], "mounts": UNKNOWN, "restart": UNKNOWN}
    assert DockerDriver().check(CONTAINER, "a", inputs) == []


def test_other_types_are_refused() -> None:
    (failure,) = DockerDriver().check("docker:index/network:Network", "net", {})
    assert failure == (
        "",
        "the local docker provider does not drive docker:index/network:Network; use the official plugin",
    )
