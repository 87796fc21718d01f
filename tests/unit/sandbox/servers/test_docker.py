"""Docker hosts before they run: the user's own engine, and that they are like the platform's machines."""

import json
import socket
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from components.cloud_init import DOCKER_HOST, TEXTFILES
from sandbox import credentials
from sandbox.faults import SandboxError
from sandbox.layout import Layout
from sandbox.servers import docker, docker_engine
from sandbox.servers.base import Site
from tests.recording import stack_settings


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    # Where a socket's path is too long, its folder is a temporary one.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made = Layout("dev", tmp_path)
    made.prepare()
    return made


@pytest.fixture
def listening(tmp_path: Path) -> Generator[Path]:
    path = tmp_path / "s.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        yield path


def test_a_host_is_configured_as_the_platforms_machines_are() -> None:
    files = {file.path: file.content for file in DOCKER_HOST.files}
    assert json.loads(files["/etc/docker/daemon.json"]) == docker.DAEMON
    assert docker.FOLDERS == (TEXTFILES,)


def test_a_host_is_described_by_the_settings(layout: Layout) -> None:
    settings = stack_settings("dev")
    site = Site(layout, settings, credentials.make(), {}, {"docker-engine": Path("/cache/docker-engine/docker-engine")})
    program = docker.daemon(site, "docker-1", "br-dev")
    assert program.name == "dockerd-docker-1"
    machine = json.loads(Path(program.command[-1]).read_text())
    assert (machine["bridge"], machine["address"], machine["gateway"]) == ("br-dev", "10.10.10.41/24", "10.10.10.1")
    assert len(machine["port"]) <= 15
    assert machine["mounts"]["/opt/docker"] == "/cache/docker-engine"
    assert program.environment["LUXIMA_SANDBOX_DIR"] == str(layout.base)
    assert program.fingerprint() == docker.daemon(site, "docker-1", "br-dev").fingerprint()
    assert program.fingerprint() != docker.daemon(site, "docker-1", "br-other").fingerprint()


def test_without_any_engine_everything_is_recorded(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(docker.OWN_SOCKET, raising=False)
    assert docker.reachable(layout, stack_settings("dev")) == {}
    assert docker.absent(layout, stack_settings("dev")) == {
        "docker": "no Docker engine is here; NODE=real as root, or LUXIMA_DOCKER_SOCKET, has one"
    }


def test_the_users_own_engine_has_to_answer(layout: Layout, listening: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(docker.OWN_SOCKET, str(layout.base))
    with pytest.raises(SandboxError, match="which is no socket: give its path, or unset it"):
        docker.reachable(layout, stack_settings("dev"))
    monkeypatch.setenv(docker.OWN_SOCKET, f"unix://{listening}")
    with pytest.raises(SandboxError, match=f"no Docker engine answers at {listening}"):
        docker.reachable(layout, stack_settings("dev"))
    monkeypatch.setattr(docker_engine, "answers", listening.__eq__)
    assert docker.reachable(layout, stack_settings("dev")) == {"10.10.10.41": f"unix://{listening}"}


def test_containers_are_not_looked_for_in_another_engine(listening: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(docker.OWN_SOCKET, raising=False)
    settings = stack_settings("dev")
    made = {docker.kind(settings, real=real) for real in (True, False)}
    assert made == {"on the sandbox's own engines", "only recorded"}
    monkeypatch.setenv(docker.OWN_SOCKET, str(listening))
    now = docker.kind(settings, real=True)
    docker.require_same("dev", now, now)
    docker.require_same("dev", now, None)
    for before in made:
        with pytest.raises(
            SandboxError, match=rf"dev are {before}, and now .* on the engine at {listening}: set or un"
        ):
            docker.require_same("dev", now, before)


def test_one_engine_cannot_be_two_hosts(layout: Layout, listening: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(docker.OWN_SOCKET, str(listening))
    with pytest.raises(
        SandboxError, match=r"has 3 Docker hosts \(docker-1, docker-2, docker-3\), whose containers have the same"
    ):
        docker.reachable(layout, stack_settings("prod"))
