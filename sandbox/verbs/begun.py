"""What a run that was killed had begun to make: the servers may have it, and the state has no id for it.

The plugins adopt nothing, so the state is told first, as an operator would do it for a real deployment: what the engine
calls a pending operation becomes a resource with its id (`pulumi stack export`, `import`), which a refresh looks for.
A container, of which nobody knows whether it has its files, is removed.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from docker import APIClient
from docker.errors import NotFound

from sandbox.engine.state import State

_CONTAINER = "docker:index/container:Container"
_ANSWER_SECONDS = 60


def identities(state: State) -> dict[str, str]:
    """The id by URN of what was being made, where it follows from the inputs."""
    from sandbox.providers.minio.driver import MinioDriver
    from sandbox.providers.proxmoxve.driver import ProxmoxDriver

    handlers = {**MinioDriver().handlers, **ProxmoxDriver().handlers}
    found = ((item, handlers[item["type"]].id(item["inputs"])) for item in _creating(state) if item["type"] in handlers)
    return {str(item["urn"]): name for item, name in found if name}


def remove_containers(state: State, engines: Mapping[str, str]) -> list[str]:
    """Remove the containers that were being made; their names.

    Args:
        state: The state that the run left.
        engines: URL of the engine's socket by address of the Docker host.
    """
    addresses = {
        f"{item['urn']}::{item['id']}": urlsplit(str(item["inputs"].get("host", ""))).hostname
        for item in state.resources
        if str(item["type"]).startswith("pulumi:providers:")
    }
    removed: list[str] = []
    for item in _creating(state):
        url = engines.get(addresses.get(item.get("provider", "")) or "")
        if item["type"] != _CONTAINER or url is None:
            continue
        name = str(item["inputs"]["name"])
        with APIClient(base_url=url, version="auto", timeout=_ANSWER_SECONDS) as engine, suppress(NotFound):
            engine.remove_container(name, v=True, force=True)  # pyright: ignore[reportUnknownMemberType] - untyped
            removed.append(name)
    return removed


def _creating(state: State) -> Iterator[dict[str, Any]]:
    return (operation["resource"] for operation in state.pending if operation["type"] == "creating")
