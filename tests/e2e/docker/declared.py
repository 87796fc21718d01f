"""What a stack declares on its Docker hosts, made on real engines by the sandbox's provider."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from docker import DockerClient

from sandbox.providers.base import Properties
from sandbox.providers.docker.driver import DockerDriver
from sandbox.servers import docker
from settings import Settings
from tests.e2e.docker import images
from tests.e2e.docker.hosts import Hosts
from tests.recording import Declared, Recorder, record_platform

IMAGE = "docker:index/remoteImage:RemoteImage"
NETWORK = "docker:index/network:Network"
VOLUME = "docker:index/volume:Volume"
CONTAINER = "docker:index/container:Container"


@dataclass
class Made:
    """A host with what is declared on it."""

    vm: str
    address: str
    engine: DockerClient
    driver: DockerDriver
    ids: dict[str, str] = field(default_factory=dict[str, str])
    """Ids by logical name."""
    types: dict[str, str] = field(default_factory=dict[str, str])
    inputs: dict[str, Properties] = field(default_factory=dict[str, Properties])

    def container(self, name: str | None) -> Any:
        """What the engine knows of a container."""
        api: Any = self.engine.api
        return api.inspect_container(name)

    def make(self, resource: Declared) -> None:
        """Make one resource as `up` does it."""
        inputs = dict(resource.inputs)
        assert self.driver.handler(resource.type).check(inputs) == []
        self.ids[resource.name], _ = self.driver.handler(resource.type).create(resource.name, inputs)
        self.inputs[resource.name], self.types[resource.name] = inputs, resource.type

    def remove(self, resource: Declared) -> None:
        """Remove one resource as `destroy` does it."""
        self.driver.handler(resource.type).delete(self.ids.pop(resource.name), self.inputs.pop(resource.name))


def driver(hosts: Hosts, vm: str, monkeypatch: pytest.MonkeyPatch) -> DockerDriver:
    """The provider of a host as the program configures it."""
    monkeypatch.setenv("LUXIMA_DOCKER_HOSTS", json.dumps(docker.reachable(hosts.site.layout, hosts.settings)))
    made = DockerDriver()
    made.configure({"host": f"ssh://luxima@{hosts.settings.compute.vms[vm].address}:22"})
    return made


def of_stack(settings: Settings) -> list[Declared]:
    """What is declared on Docker hosts, in an order in which it can be made."""
    return in_order(record_platform(settings))


def in_order(recorder: Recorder) -> list[Declared]:
    """Docker's resources in an order in which they can be made."""
    order = [IMAGE, NETWORK, VOLUME, CONTAINER]
    found = [each for each in recorder.resources if each.type in order]
    # A container of files comes before the one that reads them.
    return sorted(found, key=lambda each: (order.index(each.type), "-files-" not in each.name))


def make_all(hosts: Hosts, vm: str, stack: Sequence[Declared], monkeypatch: pytest.MonkeyPatch) -> Made:
    """Everything of a host, with images of the right names."""
    # The exporter is in the database's network; what else is there is made by the stack's own run alone, and the
    # object storage by tests of its own.
    own = [each for each in stack if not each.name.startswith("storage-")]
    declared = [each for each in own if f"-{vm}-" in each.name or each.type == NETWORK]
    engine = hosts.engine(vm)
    images.load(engine, [each.inputs["name"] for each in declared if each.type == IMAGE])
    made = Made(vm, hosts.settings.compute.vms[vm].address, engine, driver(hosts, vm, monkeypatch))
    for resource in declared:
        made.make(resource)
    return made
