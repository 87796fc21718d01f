"""The docker provider before any engine is asked: checks, names, and records where there is no engine.

What an engine does is in tests/e2e/docker.
"""

import json
from typing import Any

import pytest

from sandbox.providers.base import UNKNOWN, ProviderError
from sandbox.providers.docker.driver import DockerDriver
from tests.recording import STACKS, record_platform, stack_settings
from tests.unit.sandbox.providers.docker_refusals import ENGINE_REFUSES

CONTAINER = "docker:index/container:Container"
IMAGE = "docker:index/remoteImage:RemoteImage"
VOLUME = "docker:index/volume:Volume"
NETWORK = "docker:index/network:Network"
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
    _, outputs = recording.handler(IMAGE).create("app", {"name": image})
    assert outputs["repoDigest"].startswith(start)
    assert recording.handler(IMAGE).create("again", {"name": image})[1]["repoDigest"] == outputs["repoDigest"]
    assert recording.handler(IMAGE).preview({"name": image})["imageId"] is UNKNOWN


def test_a_host_without_an_engine_is_recorded(recording: DockerDriver) -> None:
    inputs = {"name": "a", "image": "none"}
    ids = {recording.handler(CONTAINER).create(name, {**inputs, "name": name})[0] for name in ("a", "b")}
    assert len(ids) == 2
    assert all(len(one) == 64 for one in ids)
    assert recording.handler(CONTAINER).read("id", inputs, inputs) == (inputs, inputs)
    assert recording.handler(CONTAINER).update("id", inputs, {**inputs, "memory": 1}) == {**inputs, "memory": 1}
    recording.handler(CONTAINER).delete("id", inputs)


def test_an_engine_that_does_not_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUXIMA_DOCKER_HOSTS", json.dumps({"10.10.10.41": "unix:///none.sock"}))
    driver = DockerDriver()
    driver.configure(HOST)
    with pytest.raises(
        ProviderError, match=r"image a:1: the Docker engine of 10\.10\.10\.41 does not answer at unix:///n"
    ):
        driver.handler(IMAGE).create("a", {"name": "a:1"})


def test_another_image_replaces_a_container_and_its_name_is_free_first() -> None:
    """Official: a container is always deleted first, a volume because its name is given, an image never."""
    driver = DockerDriver()
    old, new = {"name": "a", "image": "a", "restart": "no"}, {"name": "b", "image": "b", "restart": "always"}
    assert driver.handler(CONTAINER).replaces(old, new) == {"image", "name"}
    assert driver.handler(IMAGE).replaces({"name": "a"}, {"name": "b"}) == {"name"}
    assert driver.handler(VOLUME).replaces({"name": "a"}, {"name": "b"}) == {"name"}
    assert driver.handler(NETWORK).replaces({"name": "a"}, {"name": "b"}) == {"name"}
    first = [driver.handler(token).deletes_first for token in (CONTAINER, NETWORK, VOLUME, IMAGE)]
    assert first == [True, True, True, False]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "restart": ({"restart": "never"}, "restart"),
    "command": ({"command": ["a", ""]}, "command[1]"),
    "type of a mount": ({"mounts": [{"type": "tmpfs", "target": "/a"}]}, "mounts[0].type"),
    "propagation": (
        {"mounts": [{"type": "bind", "target": "/a", "bindOptions": {"propagation": "both"}}]},
        "mounts[0].bindOptions.propagation",
    ),
    "permissions": ({"uploads": [{"file": "/a", "content": "b", "permissions": "440"}]}, "uploads[0].permissions"),
    "no content": ({"uploads": [{"file": "/a", "permissions": "0440"}]}, "uploads[0].content"),
    "another content": (
        {"uploads": [{"file": "/a", "content": "b", "permissions": "0440", "source": "c"}]},
        "uploads[0].source",
    ),
    "memory": ({"memory": -1}, "memory"),
    "no name": ({"name": None}, "name"),
    "unsupported": ({"gpus": "all"}, "gpus"),
    "a health that nothing tells": ({"healthcheck": {"interval": "30s"}}, "healthcheck.tests"),
    "an interval": ({"healthcheck": {"tests": ["CMD", "a"], "interval": "soon"}}, "healthcheck.interval"),
    "a network without a name": ({"networksAdvanced": [{"aliases": ["a"]}]}, "networksAdvanced[0].name"),
    "no seconds to wait": ({"wait": True, "waitTimeout": 0}, "waitTimeout"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_the_official_plugin_refuses_is_refused(case: str) -> None:
    inputs, path = WRONG[case]
    found = DockerDriver().handler(CONTAINER).check({"name": "some", "image": "b", **inputs})
    assert [at for at, _ in found] == [path]


@pytest.mark.parametrize("case", ENGINE_REFUSES)
def test_what_the_engine_refuses_is_refused_without_one(case: str) -> None:
    inputs, path, _ = ENGINE_REFUSES[case]
    assert path in [at for at, _ in DockerDriver().handler(CONTAINER).check({"name": "some", "image": "b", **inputs})]


@pytest.mark.parametrize("stack", STACKS)
def test_no_stack_declares_what_is_refused_or_would_not_stand_beside_the_others(stack: str) -> None:
    declared = [each for each in record_platform(stack_settings(stack)).resources if each.type == CONTAINER]
    assert [
        problem for each in declared for problem in DockerDriver().handler(CONTAINER).check(dict(each.inputs))
    ] == []
    taken: set[tuple[str, str]] = set()
    for each in declared:
        host = next(label["value"] for label in each.inputs["labels"] if label["label"] == "luxima.id/host")
        wanted = [f"name {each.inputs['name']}"]
        # One that does not run now takes the place of another: the registry's collector.
        if each.inputs.get("start", True):
            wanted += [f"{port['ip']}:{port['external']}" for port in each.inputs.get("ports", ())]
        wanted += [
            argument.partition("=")[2]
            for argument in each.inputs.get("command", ())
            if each.inputs.get("networkMode") == "host" and argument.startswith("--web.listen-address=")
        ]
        assert not {(host, one) for one in wanted} & taken, each.name
        taken |= {(host, one) for one in wanted}


@pytest.mark.parametrize(
    ("token", "inputs", "path"),
    [
        (IMAGE, {"name": "a"}, "keepLocally"),
        (IMAGE, {"name": "a", "keepLocally": False}, "keepLocally"),
        (IMAGE, {"name": "a", "keepLocally": True, "forceRemove": True}, "forceRemove"),
        (VOLUME, {}, "name"),
        (VOLUME, {"name": "a", "driver": "nfs"}, "driver"),
        (NETWORK, {"name": "a"}, "driver"),
        (NETWORK, {"name": "a", "driver": "host"}, "driver"),
        (NETWORK, {"name": "a", "driver": "bridge", "internal": True}, "internal"),
    ],
)
def test_what_no_stack_declares_is_refused(token: str, inputs: dict[str, Any], path: str) -> None:
    assert [at for at, _ in DockerDriver().handler(token).check(inputs)] == [path]


def test_what_is_not_known_yet_is_not_judged() -> None:
    uploads = [{"file": "/a", "content": UNKNOWN, "permissions": "0440"}]
    inputs = {"name": "some", "image": UNKNOWN, "uploads": uploads, "mounts": UNKNOWN, "restart": UNKNOWN}
    assert DockerDriver().handler(CONTAINER).check(inputs) == []


def test_other_types_are_refused() -> None:
    with pytest.raises(ProviderError, match="does not drive docker:index/secret:Secret; use the official plugin"):
        DockerDriver().handler("docker:index/secret:Secret")
