"""What is rendered is deployed, and what is missed is sent by somebody; on a recording stand-in, without a server."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from typing import Any, cast

import pytest
import yaml

from components import edge
from components.observability import documents, loki
from components.text import to_yaml
from settings import Settings
from settings.coolify import COOLIFY_PORTS
from settings.database import REPLICATION_PORT
from settings.delivery import PULL_PORT, PUSH_PORT
from settings.storage_server import NODE_PORT
from settings.storage_server import PORT as STORAGE_PORT
from tests.recording import STACKS, Declared, Recorder, record_platform, stack_settings

DOCKER = "docker:index/container:Container"
COMMAND = "command:remote:Command"


@cache
def recorded(stack: str) -> Recorder:
    return record_platform(stack_settings(stack))


def deployed(recorder: Recorder) -> Iterator[str]:
    """Contents of all files that something running finds."""
    for each in (*recorder.of(":ConfigMap"), *recorder.of(":Secret")):
        yield from each.inputs.get("data", {}).values()
    for step in lxc_steps(recorder):
        yield from re.findall(r"<<'END-OF-FILE'\n(.*?)END-OF-FILE\n", _script(step), re.DOTALL)
    for container in recorder.of(DOCKER):
        yield from (upload["content"] for upload in container.inputs.get("uploads", ()))


def _script(step: Declared) -> str:
    """What a step gives a shell."""
    *_, script = shlex.split(step.inputs["create"])
    return script


def lxc_steps(recorder: Recorder) -> list[Declared]:
    """The steps that set LXCs up."""
    return [each for each in recorder.of(COMMAND) if each.name.endswith("-agents")]


@pytest.mark.parametrize("stack", STACKS)
def test_every_document_is_deployed(stack: str) -> None:
    """As it is rendered once more: the same settings give the same text."""
    settings = stack_settings(stack)
    found = {part for text in deployed(recorded(stack)) for part in parts(text)}
    rendered = {**documents(settings), **edge.documents(settings)}
    assert [name for name, text in rendered.items() if not found.issuperset(parts(text))] == []


def parts(text: str) -> list[str]:
    """The groups of rules, which are deployed in other files than they are written in; else the text itself."""
    if not text.startswith("groups:"):
        return [text]
    return [to_yaml(group) for group in yaml.load(text, yaml.CSafeLoader)["groups"]]


def senders(settings: Settings) -> set[str]:
    """Machines whose journal somebody reads: nodes of the cluster, hosts with a log agent in a container, LXCs."""
    recorder = recorded(settings.environment.name)
    agents = [each for each in recorder.of(":DaemonSet") if "log-agent" in each.name]
    nodes = {name for name, vm in settings.compute.vms.items() if vm.role != "docker_host"} if agents else set[str]()
    hosts = {
        label["value"]
        for each in recorder.of(DOCKER)
        if each.inputs["name"] == "log-agent"
        for label in each.inputs["labels"]
        if label["label"] == "luxima.id/host"
    }
    lxcs = {each.name.removeprefix("observability-").removesuffix("-agents") for each in lxc_steps(recorder)}
    return nodes | hosts | lxcs


@pytest.mark.parametrize("stack", STACKS)
def test_a_machine_is_missed_when_it_sends_and_only_then(stack: str) -> None:
    settings = stack_settings(stack)
    missed = {host for text in loki.documents(settings).values() for host in re.findall(r'host="([a-z0-9-]+)"', text)}
    assert missed == senders(settings)
    assert missed


@pytest.mark.parametrize("stack", STACKS)
def test_every_host_that_an_exporter_is_looked_for_on_has_it(stack: str) -> None:
    """Static targets are addresses of machines; something has to listen there, in a container or on every node."""
    recorder = recorded(stack)
    listening = {
        f"{port['ip']}:{port['external']}" for each in recorder.of(DOCKER) for port in each.inputs.get("ports", ())
    }
    listening |= {
        argument.removeprefix("--web.listen-address=")
        for each in recorder.of(DOCKER)
        if each.inputs.get("networkMode") == "host"
        for argument in each.inputs["command"]
        if argument.startswith("--web.listen-address=")
    }
    listening |= {
        found for each in lxc_steps(recorder) for found in re.findall(r"--web.listen-address=(\S+)", _script(each))
    }
    settings = stack_settings(stack)
    led_to = {f"{settings.registry_address}:{port}" for port in (PULL_PORT, PUSH_PORT)}
    if (database := settings.database_host) is not None:
        led_to.add(f"{database.address}:{settings.database.gateway_port}")
        led_to |= {f"{database.address}:{REPLICATION_PORT}"} if settings.database_replica is not None else set[str]()
    led_to |= {f"{settings.coolify_address}:{port}" for port in COOLIFY_PORTS if settings.coolify_address}
    storage = settings.storage_hosts
    ports = (STORAGE_PORT, NODE_PORT) if len(storage) > 1 else (STORAGE_PORT,)
    led_to |= {f"{host.address}:{port}" for host in storage.values() for port in ports}
    # What the gateways and programs lead to is no exporter.
    assert _scraped(recorder) == listening - led_to
    assert led_to <= listening


def _scraped(recorder: Recorder) -> set[str]:
    (text,) = [
        data["prometheus.yml"]
        for each in recorder.of(":ConfigMap")
        if "prometheus.yml" in (data := cast("dict[str, Any]", each.inputs.get("data", {})))
    ]
    jobs = yaml.load(text, yaml.CSafeLoader)["scrape_configs"]
    static = [(job, each) for job in jobs for each in job.get("static_configs", ())]
    # Of a probe, the target is what is asked for; the exporter that asks may be named beside it.
    targets = {each.get("labels", {}).get("__exporter", "") for _, each in static}
    targets |= {
        target
        for job, each in static
        if "__param_target" not in str(job["relabel_configs"])
        for target in each["targets"]
    }
    return {target for target in targets if re.fullmatch(r"[0-9.]+:[0-9]+", target)}
