"""Nothing that a plugin or a dynamic resource connects to is outside loopback (no server: what the program declares).

The stack files name real machines. What of them reaches a plugin as a place to connect to is another one in the
sandbox, whichever plugin runs: an official one dialled a Proxmox host over SSH, with the sandbox's key.
"""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import urlsplit

import pytest

from sandbox import overlay
from sandbox.layout import Layout
from sandbox.verbs import session
from settings import Settings, load
from tests.recording import ROOT, STACKS, Declared, record_platform

PORTS = {"proxmox": 15_001, "minio": 15_002, "dns": 15_003, "coolify": 15_004}

_PLACES: Mapping[str, tuple[str, ...] | None] = {
    "pulumi:providers:": None,
    "pulumi-python:dynamic/coolify:": ("endpoint",),
    "pulumi-python:dynamic/dns:Record": ("server",),
    "pulumi-python:dynamic/kubernetes:ClusterVersion": (),
    "pulumi-python:dynamic/kubernetes:Renewal": (),
    "pulumi-python:dynamic/kubernetes:VolumeSize": (),
    "pulumi-python:dynamic/services:Ledger": (),
    "pulumi-python:dynamic/storage:BucketLock": ("endpoint",),
    "pulumi-python:dynamic/database:": (),
    "command:": ("connection",),
    "kubernetes:helm.sh": ("chart", "repositoryOpts"),
    # By their provider alone. A download's URL is for the Proxmox host to ask; the sandbox's makes an empty file.
    **dict.fromkeys(("docker:", "kubernetes:", "minio:", "proxmoxve:", "random:", "luxima:"), ()),
}
"""Inputs with places to connect to, by the beginning of the type; None for all of them. The first that fits counts."""

_RECORDED = ("command:", "pulumi:providers:docker")
"""Driven by local providers only, which connect to nothing (sandbox/plugins.py)."""

_ASKED_LATER = (
    "pulumi:providers:minio.minioServer",
    "pulumi:providers:proxmoxve.endpoint",
    "pulumi-python:dynamic/coolify",
    "pulumi-python:dynamic/dns",
    "pulumi-python:dynamic/storage",
)
"""Connected to when something is made or read, which no preview from nothing does; what is shown is the real place."""


def _settings(config: overlay.Config, stack: str) -> Settings:
    """As the program reads them, with every rule on settings."""
    secrets = session.stand_ins(config)
    return load(overlay.flat(config, secrets), list(secrets), stack, ROOT)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, each in cast("Mapping[str, Any]", value).items():
            yield from _leaves(each, f"{path}.{key}")
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from _leaves(each, path)
    elif isinstance(value, str):
        yield path, value


def _host(text: str) -> str | None:
    """The host that a text names; None where it names none."""
    if "://" in text:
        return urlsplit(text).hostname
    found = re.fullmatch(r"((?:[a-z0-9-]+\.)+(?:[a-z][a-z0-9-]*|\d{1,3})|localhost)(?::\d+)?", text)
    return found[1] if found and (found[1].count(".") == 3 or not found[1][-1].isdigit()) else None


def _outside(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def _places(declared: Declared) -> Iterator[tuple[str, str]]:
    """Places that a resource connects to, by the input."""
    names = [names for prefix, names in _PLACES.items() if declared.type.startswith(prefix)]
    assert names, f"say in _PLACES what {declared.type} connects to"
    chosen = declared.inputs if names[0] is None else {name: declared.inputs.get(name) for name in names[0]}
    for path, text in _leaves(chosen, declared.type):
        if host := _host(text):
            yield path, host


def _found(settings: Settings) -> list[tuple[str, str]]:
    recorder = record_platform(settings)
    return [
        place
        for declared in recorder.resources
        if not declared.type.startswith(_RECORDED)
        for place in _places(declared)
    ]


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_of_up_connects_to_another_place_than_loopback(stack: str) -> None:
    config = session.here(overlay.read_config(Layout(stack)), PORTS)
    places = _found(_settings(config, stack))
    assert [place for place in places if _outside(place[1])] == []
    # What is looked at is what there is.
    assert {path.rpartition(".")[2] for path, _ in places} == {"address", "endpoint", "minioServer", "server"}


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_of_preview_connects_to_another_place_than_loopback(stack: str) -> None:
    config = session.without_servers(overlay.read_config(Layout(stack)))
    places = [place for place in _found(_settings(config, stack)) if not place[0].startswith(_ASKED_LATER)]
    assert [place for place in places if _outside(place[1])] == []


@pytest.mark.parametrize("stack", STACKS)
def test_only_addresses_of_hosts_change_for_a_plugin_that_logs_in_to_them(stack: str) -> None:
    config = overlay.read_config(Layout(stack))
    nodes = config["luxima:compute"]["nodes"]
    changed = overlay.with_nodes(config, "127.0.0.2")
    assert [node["address"] for node in changed["luxima:compute"]["nodes"].values()] == [
        f"127.0.0.{2 + index}" for index in range(len(nodes))
    ]
    addresses = {name: {"address": node["address"]} for name, node in nodes.items()}
    restored = {name: {**node, **addresses[name]} for name, node in changed["luxima:compute"]["nodes"].items()}
    assert overlay.with_endpoints(changed, {"compute": {"nodes": restored}}) == config
