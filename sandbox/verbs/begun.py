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
from docker.errors import DockerException, NotFound
from requests import RequestException

from sandbox.engine.state import State
from sandbox.faults import SandboxError

_CONTAINER = "docker:index/container:Container"
_ANSWER_SECONDS = 60


def identities(state: State) -> dict[str, str]:
    """The id by URN of what was being made, where it follows from the inputs."""
    from sandbox.providers.minio.driver import MinioDriver
    from sandbox.providers.proxmoxve.driver import ProxmoxDriver

    handlers = {**MinioDriver().handlers, **ProxmoxDriver().handlers}
    begun = (item for item in _creating(state) if item["type"] in handlers)
    found = ((item, handlers[item["type"]].import_id(item["inputs"])) for item in begun)
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
        try:
            if _remove(url, name, item["inputs"]):
                removed.append(name)
        except (DockerException, RequestException) as error:
            raise SandboxError(
                f"container {name}, which was not finished, cannot be removed: {error}; see that the engine at {url} "
                f"answers, and run it again"
            ) from error
    return removed


def _remove(url: str, name: str, inputs: Mapping[str, Any]) -> bool:
    """Remove a container that is as declared; somebody else's of this name stays, and is refused when it is made."""
    with APIClient(base_url=url, version="auto", timeout=_ANSWER_SECONDS) as untyped, suppress(NotFound):
        engine: Any = untyped
        config = engine.inspect_container(name)["Config"]
        labels = {each["label"]: each["value"] for each in inputs.get("labels") or ()}
        if config["Image"] == inputs["image"] and labels.items() <= (config["Labels"] or {}).items():
            engine.remove_container(name, v=True, force=True)
            return True
    return False


def _creating(state: State) -> Iterator[dict[str, Any]]:
    return (operation["resource"] for operation in state.pending if operation["type"] == "creating")
