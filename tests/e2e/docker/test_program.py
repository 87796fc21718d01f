"""What observes a Docker host, brought up by the real engine with the sandbox's provider: changed, drifted, removed."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pulumi
import pytest
from pulumi.automation import Stack

from components.compute.docker_host import DockerHost, DockerHostArgs, RegistryLogin
from components.observability import DockerAgents, DockerAgentsArgs, NodeExporter, NodeExporterArgs, log_agent
from sandbox import plugins
from sandbox.layout import EngineFolder
from sandbox.servers import docker
from tests.e2e.docker import images
from tests.e2e.docker.declared import IMAGE, of_stack
from tests.e2e.docker.hosts import Hosts, needs_root, running
from tests.engine import changes, engine_in
from tests.recording import AUTHORITY
from tests.waiting import wait_for
from versions import Pinned

pytestmark = [needs_root, pytest.mark.needs_tools, pytest.mark.timeout(600)]

VM: Final = "docker-1"
NAMES: Final = {"blackbox-exporter", "cadvisor", "log-agent", "node-exporter", "postgres-exporter"}


@dataclass
class Trial:
    """A stack with one Docker host."""

    hosts: Hosts
    stack: Stack
    folder: EngineFolder
    password: str = "the first password"

    def program(self) -> None:
        """As the platform has it."""
        settings = self.hosts.settings
        host = DockerHost(
            "host",
            DockerHostArgs(
                VM,
                settings.compute.vms[VM].address,
                "luxima",
                RegistryLogin(settings.environment.registry_host, "pull-1", pulumi.Output.secret("of this test")),
                pulumi.ComponentResource("test:a:Vm", "vm"),
            ),
        )
        there = pulumi.ResourceOptions(providers={"docker": host.provider})
        monitor, agent = (pulumi.Output.secret(each) for each in (self.password, "log-agent-of-this-test"))
        agents = DockerAgentsArgs(
            observability=settings.observability,
            environment=settings.environment.label,
            hostname=VM,
            address=host.address,
            monitor_password=monitor,
            log_agent_password=agent,
            pipeline=log_agent.documents(settings)[f"{VM}/promtail.yaml"],
            authority=AUTHORITY,
            database=None,
        )
        DockerAgents("agents", agents, there)
        args = NodeExporterArgs(VM, host.address, settings.observability.node_exporter_port, "dev")
        NodeExporter("node-exporter", args, there)

    def changes(self, verb: Callable[..., Any]) -> dict[str, int]:
        """Numbers of operations of a run that changed anything."""
        return {operation: count for operation, count in changes(verb).items() if operation != "same"}

    def containers(self) -> dict[str, Any]:
        """What runs."""
        return {container.name or "": container for container in self.hosts.engine(VM).containers.list()}


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Generator[Trial]:
    with running(tmp_path_factory.mktemp("checkout")) as hosts:
        images.load(hosts.engine(VM), [each.inputs["name"] for each in of_stack(hosts.settings) if each.type == IMAGE])
        folder = hosts.site.layout.engine
        reachable = docker.reachable(hosts.site.layout, hosts.settings)
        stack = engine_in(folder, plugins.Plugins({}, (), None), docker_hosts=reachable)
        made: list[Trial] = []
        made.append(Trial(hosts, stack(lambda: made[0].program()), folder))
        yield made[0]


def test_it_comes_up_and_stays_as_it_is(trial: Trial) -> None:
    assert set(trial.changes(trial.stack.up)) == {"create"}
    assert set(trial.containers()) == NAMES
    assert trial.changes(trial.stack.up) == {}
    assert trial.changes(trial.stack.refresh) == {}


def test_another_password_replaces_who_reads_it_and_nobody_else(trial: Trial) -> None:
    before = {name: container.id for name, container in trial.containers().items()}
    trial.password = "the second password"
    # The volume, the container that fills it, and the exporter.
    assert trial.changes(trial.stack.up) == {"replace": 3}
    after = trial.containers()
    assert {name for name in NAMES if after[name].id != before[name]} == {"postgres-exporter"}
    port = trial.hosts.settings.observability.postgres_exporter_port
    url = f"http://10.10.10.41:{port}/etc/postgres-exporter/password"
    wait_for(lambda: trial.hosts.fetch(url).strip() == "the second password", "the exporter with it")
    everything = trial.hosts.engine(VM)
    assert (
        len([each for each in everything.containers.list(all=True) if "postgres-exporter-files" in (each.name or "")])
        == 1
    )
    state = Path(trial.folder.checkpoint).read_text()
    assert "password" in state
    assert not any(f"the {which} password" in state for which in ("first", "second"))


def test_what_was_changed_by_hand_is_seen_and_mended(trial: Trial) -> None:
    running = trial.containers()
    running["cadvisor"].stop(timeout=0)
    running["log-agent"].remove(force=True)
    running["node-exporter"].update(mem_limit="64m", memswap_limit="64m")
    assert trial.changes(trial.stack.refresh) == {"update": 2, "delete": 1}
    assert trial.changes(trial.stack.up) == {"update": 2, "create": 1}
    after = trial.containers()
    assert set(after) == NAMES
    assert after["cadvisor"].id == running["cadvisor"].id
    assert after["node-exporter"].attrs["HostConfig"]["Memory"] == 128 * 2**20
    assert trial.changes(trial.stack.up) == {}


def test_an_image_that_nobody_has_is_told(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    nobodys = Pinned("gcr.io/cadvisor/cadvisor:v0.0.1", "Apache-2.0")
    monkeypatch.setattr("components.observability.docker_agents.CADVISOR", nobodys)
    with pytest.raises(Exception, match=r"manifest unknown: not found: gcr\.io/cadvisor/cadvisor:v0\.0\.1"):
        trial.stack.up(color="never")
    assert set(trial.containers()) == NAMES


def test_nothing_is_left(trial: Trial) -> None:
    assert set(trial.changes(trial.stack.destroy)) == {"delete"}
    client: Any = trial.hosts.engine(VM)
    assert client.containers.list(all=True) == []
    # What the log agent has read so far is no resource of its own.
    assert [volume.name for volume in client.volumes.list()] == ["log-agent"]
