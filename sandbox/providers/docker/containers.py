# ruff: noqa: ARG002 - a hook's defaults do not need what it is given
"""Containers: made, given their files, started; in the order and with the refusals of the official plugin."""

from collections.abc import Mapping
from typing import Any, Final

from docker.errors import APIError
from docker.utils import version_lt

from sandbox.providers.base import InitError, Properties, ProviderError, wait_until
from sandbox.providers.docker.container_body import (
    UPDATABLE,
    archive,
    body,
    container_failures,
    endpoint,
    live_inputs,
    update_body,
)
from sandbox.providers.docker.engine import Engine
from sandbox.providers.docker.images import require
from sandbox.providers.handlers import Handler

__all__ = ["Containers", "container_failures"]

_CONFLICT: Final = 409
_NOT_FOUND: Final = 404
_VOLUME_OPTIONS: Final = "1.45"
"""API version below which the official plugin takes no options of a volume."""
_HEALTH_SECONDS: Final = 60
_GONE_SECONDS: Final = 30.0


class Containers(Handler):
    """`docker.Container`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the container, give it its files, start it."""
        what = f"container {inputs['name']}"
        require(self._engine, inputs["image"])
        with self._engine.telling(what) as api:
            if any(mount.get("volumeOptions") for mount in inputs.get("mounts") or ()):
                _require_volume_options(what, api)
            resource_id = str(api.create_container_from_config(body(inputs), inputs["name"])["Id"])
        try:
            with self._engine.telling(what) as api:
                for network in inputs.get("networksAdvanced") or ():
                    _connect(api, resource_id, network)
                for upload in inputs.get("uploads") or ():
                    api.put_archive(resource_id, "/", archive(upload))
                if inputs.get("start") is not False:
                    api.start(resource_id)
                    self._await_health(what, resource_id, inputs)
        except ProviderError as error:
            raise InitError(str(error), resource_id, inputs) from error
        return resource_id, self._outputs(resource_id, inputs)

    def _await_health(self, what: str, resource_id: str, inputs: Properties) -> None:
        if not inputs.get("wait"):
            return

        def healthy() -> bool:
            state = (self._engine.inspect("container", resource_id) or {}).get("State", {})
            if "Health" not in state:
                raise ProviderError(f"{what} has no health check that could be waited for: give one, or no wait")
            return state["Health"]["Status"] == "healthy"

        seconds = inputs.get("waitTimeout") or _HEALTH_SECONDS
        if not wait_until(healthy, seconds):
            raise ProviderError(f"{what} did not become healthy within {seconds} s")

    def _outputs(self, resource_id: str, inputs: Properties) -> Properties:
        found = self._engine.inspect("container", resource_id)
        return inputs if found is None else {**inputs, **_seen(found)}

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """What can have been changed since it was made, and whether it runs."""
        found = self._engine.inspect("container", resource_id)
        if found is None:
            return None
        # All that an import knows of it.
        known = inputs or {"name": "", "image": found["Config"]["Image"]}
        now = live_inputs(known, found)
        # As the official plugin says that it stands still.
        if now.get("mustRun") is not False and not found["State"]["Running"]:
            now["mustRun"] = False
        return now, {**now, **_seen(found)}

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Start what should run, and change what can be changed."""
        with self._engine.telling(f"container {new['name']}") as api:
            if any(old.get(key) != new.get(key) for key in UPDATABLE):
                # The client's own call has no way to say that nothing is limited any more.
                url = api._url("/containers/{0}/update", resource_id)
                api._result(api._post_json(url, update_body(new)), json=True)
            found = self._engine.inspect("container", resource_id)
            stands = found is not None and not found["State"]["Running"]
            if stands and new.get("mustRun") is not False and new.get("start") is not False:
                api.start(resource_id)
        return self._outputs(resource_id, new)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """End and remove it; without `destroyGraceSeconds` it gets no time to end."""
        with self._engine.telling(f"container {outputs.get('name', resource_id)}") as api:
            try:
                api.stop(resource_id, timeout=outputs.get("destroyGraceSeconds") or 0)
                api.remove_container(resource_id, v=outputs.get("removeVolumes") is not False, force=True)
            except APIError as error:
                if error.status_code not in (_NOT_FOUND, _CONFLICT):  # gone, or about to be
                    raise
        if not wait_until(lambda: self._engine.inspect("container", resource_id) is None, _GONE_SECONDS):
            raise ProviderError(f"container {outputs.get('name', resource_id)} is still there after it was removed")


def _require_volume_options(what: str, api: Any) -> None:
    if version_lt(str(api.api_version), _VOLUME_OPTIONS):
        raise ProviderError(
            f"{what}: Setting VolumeOptions.Subpath requires docker version {_VOLUME_OPTIONS} or higher; "
            "the official plugin says so for any volumeOptions: leave them out"
        )


def _connect(api: Any, resource_id: str, network: Mapping[str, Any]) -> None:
    """Put it into a network, and out of the default one."""
    try:
        api.disconnect_container_from_network(resource_id, "bridge")
    except APIError as error:
        if "is not connected to" not in str(error.explanation):
            raise
    url = api._url("/networks/{0}/connect", network["name"])
    data = {"Container": resource_id, "EndpointConfig": endpoint(network)}
    api._raise_for_status(api._post_json(url, data))


def _seen(found: Mapping[str, Any]) -> Properties:
    """What only the engine knows."""
    seen: Properties = {
        "networkDatas": [
            {
                "networkName": name,
                "ipAddress": network["IPAddress"],
                "ipPrefixLength": network["IPPrefixLen"],
                "gateway": network["Gateway"],
                "macAddress": network["MacAddress"],
            }
            for name, network in found["NetworkSettings"]["Networks"].items()
        ]
    }
    if not found["State"]["Running"]:
        seen["exitCode"] = found["State"]["ExitCode"]
    return seen
