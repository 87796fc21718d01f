"""What the program declares on Docker hosts, on real engines: it runs, reads its files, and gives nothing away."""

import re
from collections.abc import Generator, Mapping
from typing import Any

import pytest
from docker.errors import APIError

from components.delivery import SIDES
from components.delivery.documents import COLLECTOR, PUSH
from sandbox.servers import docker
from settings.backup import KINDS, container
from tests.e2e.docker import declared
from tests.e2e.docker.declared import Made
from tests.e2e.docker.hosts import Hosts, needs_root, running
from tests.recording import AUTHORITY
from tests.waiting import wait_for

WITH_FILES = ("blackbox-exporter", "log-agent", "postgres-exporter", *(side.name for side in SIDES))
pytestmark = [needs_root, pytest.mark.needs_tools, pytest.mark.timeout(300)]


@pytest.fixture(scope="module", params=["dev", "prod"])
def hosts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Hosts]:
    with running(tmp_path_factory.mktemp("checkout"), request.param) as found:
        yield found


@pytest.fixture(scope="module")
def made(hosts: Hosts) -> Generator[dict[str, Made]]:
    stack = declared.of_stack(hosts.settings)
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield {vm: declared.make_all(hosts, vm, stack, monkeypatch) for vm in docker.hosts(hosts.settings)}


def agents(hosts: Hosts, host: Made) -> dict[str, int]:
    """Port by name of the containers that run on a host."""
    observed = hosts.settings.observability
    ports = {
        "node-exporter": observed.node_exporter_port,
        "cadvisor": observed.cadvisor_port,
        "log-agent": observed.agent_port,
        "blackbox-exporter": observed.probe_port,
    }
    if observed.database.startswith(f"{host.address}:") or host.vm == hosts.settings.database.replica:
        ports["postgres-exporter"] = observed.postgres_exporter_port
    if host.address == hosts.settings.registry_address:
        ports |= {side.name: side.port for side in SIDES}
    return ports


def healthy(host: Made) -> set[str]:
    """Names of the containers of a host of which their own check says that they serve."""
    client: Any = host.engine.containers
    return {each.name for each in client.list(filters={"health": "healthy"})}


def test_every_container_runs_and_answers_at_the_hosts_address_only(hosts: Hosts, made: Mapping[str, Made]) -> None:
    assert set(made) == set(docker.hosts(hosts.settings))
    gateway = hosts.settings.compute.network.gateway
    for host in made.values():
        wanted = agents(hosts, host)
        up = {each.name for each in host.engine.containers.list()}
        # What makes backups listens to nobody; its own check asks Python, which is not in these images.
        silent = {container(kind) for kind in KINDS} if host.vm == hosts.settings.backup.host else set[str]()
        assert up == {*wanted, *silent}
        wait_for(lambda host=host, asked=set(wanted): healthy(host) == asked, f"everything on {host.vm} is healthy")
        for name, port in wanted.items():
            url = f"{host.address}:{port}/entry"
            wait_for(lambda url=url: "busybox" in hosts.fetch(f"http://{url}"), f"{name} of {host.vm} at {url}")
            assert host.container(name)["RestartCount"] == 0
        assert not any("busybox" in hosts.fetch(f"http://{gateway}:{port}/entry") for port in wanted.values())


def test_nothing_is_other_than_declared(made: Mapping[str, Made]) -> None:
    for host in made.values():
        for name, inputs in host.inputs.items():
            found = host.driver.handler(host.types[name]).read(host.ids[name], inputs, inputs)
            assert found is not None, name
            assert found[0] == inputs, name


def test_each_reads_its_files_and_can_write_none(hosts: Hosts, made: Mapping[str, Made]) -> None:
    for host in made.values():
        pipeline = hosts.fetch(
            f"http://{host.address}:{hosts.settings.observability.agent_port}/etc/log-agent/promtail.yaml"
        )
        assert f"host: {host.vm}" in pipeline
        # Whom the agent is told to trust is there.
        for path in re.findall(r"ca_file: (\S+)", pipeline):
            url = f"http://{host.address}:{hosts.settings.observability.agent_port}{path}"
            assert hosts.fetch(url).strip() == AUTHORITY.strip()
        for name in agents(hosts, host):
            found = host.container(name)
            assert found["HostConfig"]["ReadonlyRootfs"]
            files = [mount for mount in found["Mounts"] if "-files-" in (mount.get("Name") or "")]
            assert not any(mount["RW"] for mount in files)
            assert bool(files) == (name in WITH_FILES)


def test_the_databases_password_is_read_by_its_exporter_and_by_nobody_else(
    hosts: Hosts, made: Mapping[str, Made]
) -> None:
    host = made["docker-1"]
    port = hosts.settings.observability.postgres_exporter_port
    assert hosts.fetch(f"http://{host.address}:{port}/etc/postgres-exporter/password").strip() == "generated-password"
    volume = next(mount for mount in host.container("postgres-exporter")["Mounts"] if mount["Type"] == "volume")
    file = hosts.root("docker-1") / volume["Source"].lstrip("/") / "password"
    assert (file.stat().st_mode & 0o777, file.stat().st_uid, file.stat().st_gid) == (0o440, 0, 0)
    # The node exporter has the whole host mounted, but is nobody.
    node = hosts.settings.observability.node_exporter_port
    assert "/host" in str(host.container("node-exporter")["HostConfig"]["Mounts"])
    assert hosts.fetch(f"http://{host.address}:{node}/host{volume['Source']}/password") == ""
    assert f"{host.vm}\n" in hosts.fetch(f"http://{host.address}:{node}/host/etc/hostname")
    assert "generated-password" not in str([host.container(c.id) for c in host.engine.containers.list(all=True)])


def test_the_registry_does_not_take_pushes_while_it_is_collected_nor_the_other_way_round(
    hosts: Hosts, made: Mapping[str, Made]
) -> None:
    host = made[hosts.settings.delivery.registry.host]
    collects, pushes = (host.engine.containers.get(name) for name in (COLLECTOR, PUSH.name))
    assert collects.status == "created"
    with pytest.raises(APIError, match="port is already allocated"):
        collects.start()
    pushes.stop(timeout=5)
    collects.start()
    with pytest.raises(APIError, match="port is already allocated"):
        pushes.start()
    collects.stop(timeout=5)
    pushes.start()
    url = f"{host.address}:{PUSH.port}/entry"
    wait_for(lambda: "busybox" in hosts.fetch(f"http://{url}"), "the side of pushes at its port again")
