"""The docker provider against a real engine; what is asserted is asked of the engine with a client of its own."""

from collections.abc import Generator
from typing import Any

import pytest
from docker import DockerClient
from docker.errors import NotFound

from sandbox.engine.state import State
from sandbox.providers.base import InitError, Properties, ProviderError
from sandbox.providers.docker.driver import DockerDriver
from sandbox.servers import docker as docker_hosts
from sandbox.verbs import begun
from tests.e2e.docker import images
from tests.e2e.docker.declared import CONTAINER, IMAGE, NETWORK, VOLUME, Made, driver
from tests.e2e.docker.hosts import Hosts, needs_root, running
from tests.e2e.docker.reader import reader
from tests.unit.sandbox.providers.docker_refusals import ENGINE_REFUSES

pytestmark = [needs_root, pytest.mark.needs_tools, pytest.mark.timeout(300)]

VM = "docker-1"
PROGRAM = "quay.io/acme/program:v1.2.3"
QUIET = {"name": "quiet", "image": PROGRAM, "command": ["--port=8080"], "restart": "unless-stopped", "memory": 64}


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Generator[Hosts]:
    with running(tmp_path_factory.mktemp("checkout")) as found:
        images.load(found.engine(VM), [PROGRAM])
        yield found


@pytest.fixture
def engine(hosts: Hosts) -> Generator[DockerClient]:
    client = hosts.engine(VM)
    yield client
    for container in client.containers.list(all=True):
        container.remove(force=True)
    client.volumes.prune()
    client.close()


@pytest.fixture
def docker(hosts: Hosts, engine: DockerClient, monkeypatch: pytest.MonkeyPatch) -> DockerDriver:
    del engine  # what is made is removed with it
    return driver(hosts, VM, monkeypatch)


def inspected(engine: DockerClient, name: str) -> Any:
    api: Any = engine.api
    return api.inspect_container(name)


def made(docker: DockerDriver, **inputs: Any) -> tuple[str, Properties, Properties]:
    wanted = {**QUIET, **inputs}
    resource_id, outputs = docker.handler(CONTAINER).create("a", wanted)
    return resource_id, wanted, outputs


@pytest.mark.parametrize("case", ENGINE_REFUSES)
def test_the_engine_refuses_what_is_refused_without_one(docker: DockerDriver, case: str) -> None:
    inputs, _, reason = ENGINE_REFUSES[case]
    with pytest.raises((ProviderError, InitError), match=reason):
        docker.handler(CONTAINER).create("a", {**QUIET, **inputs})


def test_a_container_is_what_was_declared(docker: DockerDriver, engine: DockerClient) -> None:
    resource_id, inputs, outputs = made(
        docker,
        envs=["A=b"],
        labels=[{"label": "of", "value": "test"}],
        user="65534:0",
        readOnly=True,
        tmpfs={"/scratch": "size=1m"},
        capabilities={"drops": ["ALL"]},
        securityOpts=["no-new-privileges"],
        memorySwap=64,
        ports=[{"internal": 8080, "external": 8080, "ip": "10.10.10.41", "protocol": "tcp"}],
        mounts=[{"type": "bind", "source": "/var/log", "target": "/logs", "readOnly": True,
                 "bindOptions": {"propagation": "rslave"}}],
        logDriver="json-file",
        logOpts={"max-size": "1m", "max-file": "2", "tag": "{{.Name}}"},
    )  # fmt: skip
    found = inspected(engine, "quiet")
    config, host = found["Config"], found["HostConfig"]
    assert found["Id"] == resource_id
    assert (config["Env"][0], config["Labels"]["of"], config["User"]) == ("A=b", "test", "65534:0")
    assert (host["Memory"], host["MemorySwap"]) == (64 * 2**20, 64 * 2**20)
    assert (host["CapDrop"], host["SecurityOpt"], host["ReadonlyRootfs"]) == (["ALL"], ["no-new-privileges"], True)
    assert host["PortBindings"] == {"8080/tcp": [{"HostIp": "10.10.10.41", "HostPort": "8080"}]}
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert host["LogConfig"]["Config"]["max-size"] == "1m"
    assert found["Mounts"][0] | {"Propagation": "rslave", "RW": False} == found["Mounts"][0]
    assert docker.handler(CONTAINER).read(resource_id, inputs, outputs) == (inputs, outputs)
    docker.handler(CONTAINER).delete(resource_id, outputs)
    with pytest.raises(NotFound):
        inspected(engine, "quiet")
    assert docker.handler(CONTAINER).read(resource_id, inputs, outputs) is None
    docker.handler(CONTAINER).delete(resource_id, outputs)


def test_containers_of_a_network_find_each_other_by_name(docker: DockerDriver, engine: DockerClient) -> None:
    wanted = {"name": "parts", "driver": "bridge"}
    network, _ = docker.handler(NETWORK).create("parts", wanted)
    try:
        joined = {"networksAdvanced": [{"name": "parts", "aliases": ["other"]}], "entrypoints": ["/entry"]}
        health = {"tests": ["CMD", "/bin/busybox", "wget", "-q", "-O-", "http://other:8080/entry"], "interval": "1s"}
        made(docker, **joined, healthcheck=health, wait=True, waitTimeout=60)
        found = inspected(engine, "quiet")
        assert list(found["NetworkSettings"]["Networks"]) == ["parts"]
        assert found["State"]["Health"]["Status"] == "healthy"
        with pytest.raises(ProviderError, match="already exists"):
            docker.handler(NETWORK).create("again", wanted)
        with pytest.raises(ProviderError, match="has active endpoints"):
            docker.handler(NETWORK).delete(network, wanted)
    finally:
        for container in engine.containers.list(all=True):
            container.remove(force=True)
        docker.handler(NETWORK).delete(network, wanted)
    assert docker.handler(NETWORK).read(network, wanted, wanted) is None


def test_a_container_that_is_not_healthy_in_time_stays_in_the_state(docker: DockerDriver) -> None:
    with pytest.raises(InitError, match="it is not healthy after 2 s"):
        made(docker, healthcheck={"tests": ["CMD", "/none"], "interval": "1s"}, wait=True, waitTimeout=2)


REFUSED = {
    "image": ({"image": "quay.io/acme/none:v1"}, "manifest unknown: not found: quay.io/acme/none:v1"),
    "source": (
        {"mounts": [{"type": "bind", "source": "/var/lib/none", "target": "/none"}]},
        "bind source path does not exist: /var/lib/none",
    ),
    "capability": ({"capabilities": {"drops": ["NONE"]}}, "NONE"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_engine_refuses_is_told_and_nothing_is_left(
    case: str, docker: DockerDriver, engine: DockerClient
) -> None:
    inputs, reason = REFUSED[case]
    with pytest.raises(ProviderError, match=reason) as error:
        made(docker, **inputs)
    assert not isinstance(error.value, InitError)
    assert engine.containers.list(all=True) == []


STARTED = {
    "a root that is read-only": (
        {"readOnly": True, "uploads": [{"file": "/etc/a", "content": "b", "permissions": "0440"}]},
        "container rootfs is marked read-only",
    ),
    "a volume under such a root": (
        {
            "readOnly": True,
            "mounts": [{"type": "volume", "source": "files", "target": "/etc/files"}],
            "uploads": [{"file": "/etc/files/a", "content": "b", "permissions": "0440"}],
        },
        "container rootfs is marked read-only",
    ),
    "another's address": (
        {"ports": [{"internal": 8080, "external": 8080, "ip": "10.10.10.99", "protocol": "tcp"}]},
        "cannot assign requested address",
    ),
    "no such program": ({"user": "nobody-here"}, "nobody-here"),
}


@pytest.mark.parametrize("case", STARTED)
def test_a_container_that_was_made_but_does_not_run_stays_known(
    case: str, docker: DockerDriver, engine: DockerClient
) -> None:
    inputs, reason = STARTED[case]
    with pytest.raises(InitError, match=reason) as error:
        made(docker, **inputs)
    assert inspected(engine, "quiet")["Id"] == error.value.resource_id
    docker.handler(CONTAINER).delete(error.value.resource_id, error.value.outputs)
    assert engine.containers.list(all=True) == []


def test_a_second_container_of_a_name_is_refused(docker: DockerDriver, engine: DockerClient) -> None:
    first, _, _ = made(docker)
    with pytest.raises(ProviderError, match='The container name "/quiet" is already in use'):
        made(docker)
    assert inspected(engine, "quiet")["Id"] == first


def test_a_container_that_a_killed_run_was_making_is_removed(
    docker: DockerDriver, engine: DockerClient, hosts: Hosts
) -> None:
    provider = {"urn": "p", "id": "1", "type": "pulumi:providers:docker", "inputs": {"host": "ssh://l@10.10.10.41:22"}}
    _, inputs, _ = made(docker)
    resource = {"type": CONTAINER, "urn": "c", "provider": "p::1", "inputs": inputs}
    left = State([provider], [{"type": "creating", "resource": resource}])
    engines = docker_hosts.reachable(hosts.site.layout, hosts.settings)
    other = {**resource, "inputs": {**inputs, "labels": [{"label": "of", "value": "somebody else"}]}}
    assert begun.remove_containers(State([provider], [{"type": "creating", "resource": other}]), engines) == []
    assert begun.remove_containers(left, {"10.10.10.42": "unix:///none.sock"}) == []
    assert begun.remove_containers(left, engines) == ["quiet"]
    assert begun.remove_containers(left, engines) == []
    assert engine.containers.list(all=True) == []


def test_limits_and_restarts_change_in_place(docker: DockerDriver, engine: DockerClient) -> None:
    resource_id, old, _ = made(docker, memorySwap=64)
    new = {**old, "memory": 256, "memorySwap": 256, "restart": "on-failure"}
    docker.handler(CONTAINER).update(resource_id, old, new)
    host = inspected(engine, resource_id)["HostConfig"]
    assert (host["Memory"], host["MemorySwap"]) == (256 * 2**20, 256 * 2**20)
    assert host["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 0}


def test_a_limit_without_one_for_swap_cannot_be_raised(docker: DockerDriver) -> None:
    resource_id, old, _ = made(docker)
    with pytest.raises(ProviderError, match="Memory limit should be smaller than already set memoryswap limit"):
        docker.handler(CONTAINER).update(resource_id, old, {**old, "memory": 256})


def test_drift_is_seen_and_mended(docker: DockerDriver, engine: DockerClient) -> None:
    resource_id, inputs, outputs = made(docker)
    container: Any = engine.containers.get("quiet")
    container.update(restart_policy={"Name": "no", "MaximumRetryCount": 0}, mem_limit="32m")
    container.stop(timeout=0)
    found = docker.handler(CONTAINER).read(resource_id, inputs, outputs)
    assert found is not None
    assert found[0] == {**inputs, "restart": "no", "memory": 32, "mustRun": False}
    docker.handler(CONTAINER).update(resource_id, found[0], inputs)
    assert docker.handler(CONTAINER).read(resource_id, inputs, outputs) == (inputs, outputs)


def test_what_the_engine_adds_to_log_options_counts_as_a_change(docker: DockerDriver) -> None:
    resource_id, inputs, outputs = made(docker, logDriver="json-file", logOpts={"max-size": "1m"})
    found = docker.handler(CONTAINER).read(resource_id, inputs, outputs)
    assert found is not None
    assert found[0]["logOpts"] == {"max-size": "1m", "max-file": "5", "tag": "{{.Name}}"}
    assert "logOpts" in docker.handler(CONTAINER).replaces(found[0], inputs)


def test_an_image_has_the_engines_id_and_is_kept(docker: DockerDriver, engine: DockerClient) -> None:
    images.load(engine, ["quay.io/acme/other:v1"])
    inputs = {"name": "quay.io/acme/other:v1", "keepLocally": True}
    resource_id, outputs = docker.handler(IMAGE).create("other", inputs)
    content = engine.images.get("quay.io/acme/other:v1").id
    assert (resource_id, outputs["imageId"]) == (f"{content}{inputs['name']}", content)
    assert docker.handler(IMAGE).read(resource_id, inputs, outputs) == (inputs, outputs)
    docker.handler(IMAGE).delete(resource_id, outputs)
    assert engine.images.list("quay.io/acme/other")
    known: Any = engine.images
    known.remove("quay.io/acme/other:v1")
    assert docker.handler(IMAGE).read(resource_id, inputs, outputs) is None
    with pytest.raises(ProviderError, match="manifest unknown: not found: quay"):
        docker.handler(IMAGE).create("other", inputs)


def test_a_volume_in_use_is_not_removed(docker: DockerDriver, engine: DockerClient) -> None:
    inputs = {"name": "data"}
    volume, outputs = docker.handler(VOLUME).create("data", inputs)
    assert engine.volumes.get("data").id == volume
    assert docker.handler(VOLUME).read(volume, inputs, outputs) == (inputs, outputs)
    container, _, of_container = made(docker, mounts=[{"type": "volume", "source": "data", "target": "/data"}])
    with pytest.raises(ProviderError, match="volume is in use"):
        docker.handler(VOLUME).delete(volume, outputs)
    docker.handler(CONTAINER).delete(container, of_container)
    docker.handler(VOLUME).delete(volume, outputs)
    docker.handler(VOLUME).delete(volume, outputs)
    assert docker.handler(VOLUME).read(volume, inputs, outputs) is None


def test_a_container_is_replaced_with_its_files_and_reads_the_new_ones(
    docker: DockerDriver, engine: DockerClient
) -> None:
    host = Made(VM, "10.10.10.41", engine, docker)
    first, second = reader(PROGRAM, "one"), reader(PROGRAM, "two")
    for resource in first:
        host.make(resource)

    def read() -> str:
        container: Any = engine.containers.get("reader")
        return container.exec_run(["/bin/busybox", "cat", "/etc/reader/a.txt"]).output.decode()

    assert read() == "one"
    changed = [resource for old, resource in zip(first, second, strict=True) if old.inputs != resource.inputs]
    assert [resource.name for resource in changed] == [resource.name for resource in second]
    # In the engine's order: containers and volumes are deleted first, and what depends on them before.
    for resource in reversed(first):
        host.remove(resource)
    for resource in second:
        host.make(resource)
    assert read() == "two"
    volumes: Any = engine.volumes
    assert len(volumes.list()) == 1
    assert [container.name for container in engine.containers.list()] == ["reader"]
