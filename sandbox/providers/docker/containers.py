# ruff: noqa: ARG002 - a hook's defaults do not need what it is given
"""Containers: made, given their files, started; in the order and with the refusals of the official plugin."""

from typing import Final

from docker.errors import APIError

from sandbox.providers.base import InitError, Properties, ProviderError, wait_until
from sandbox.providers.docker import container_body
from sandbox.providers.docker.container_body import UPDATABLE, archive, body, live_inputs, update_body
from sandbox.providers.docker.engine import Engine
from sandbox.providers.docker.images import known, require
from sandbox.providers.docker.refused import refused
from sandbox.providers.handlers import OnServer
from sandbox.providers.rules import Failures

_CONFLICT: Final = 409
_NOT_FOUND: Final = 404
_GONE_SECONDS: Final = 30.0
_HEALTHY_SECONDS: Final = 60.0
"""As the official plugin waits when it is not told how long."""


class Containers(OnServer[Engine]):
    """`docker.Container`."""

    rules = container_body.RULES
    needed = container_body.NEEDED
    replacing = container_body.REPLACING
    deletes_first = True
    read_back = container_body.READ_BACK

    def check(self, inputs: Properties) -> Failures:
        """What neither the official plugin nor the engine would take."""
        return [*super().check(inputs), *refused(inputs)]

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the container, give it its files, start it; one that does not run stays in the state."""
        what = f"container {inputs['name']}"
        found = require(self.api, inputs["image"])
        image = found["Id"] if "@" in inputs["image"] else inputs["image"]
        with self.api.telling(what) as api:
            made = api.create_container_from_config(body({**inputs, "image": image}), inputs["name"])
            resource_id = str(made["Id"])
        try:
            with self.api.telling(what) as api:
                for upload in inputs.get("uploads") or ():
                    api.put_archive(resource_id, "/", archive(upload))
                if inputs.get("start") is not False:
                    api.start(resource_id)
            if inputs.get("wait"):
                self._healthy(what, resource_id, float(inputs.get("waitTimeout") or _HEALTHY_SECONDS))
        except ProviderError as error:
            raise InitError(str(error), resource_id, inputs) from error
        return resource_id, dict(inputs)

    def _healthy(self, what: str, resource_id: str, seconds: float) -> None:
        """Wait until the engine says so.

        Raises:
            ProviderError: When it does not in time.
        """

        def healthy() -> bool:
            found = self.api.inspect("container", resource_id) or {"State": {}}
            return found["State"].get("Health", {}).get("Status") == "healthy"

        if not wait_until(healthy, seconds):
            raise ProviderError(f"{what}: it is not healthy after {seconds:.0f} s")

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """What can have been changed since it was made, and whether it runs."""
        found = self.api.inspect("container", resource_id)
        if found is None:
            return None
        now = live_inputs(inputs, found)
        image = known(self.api, inputs["image"])
        if image is not None and image["Id"] == now["image"]:
            now["image"] = inputs["image"]
        return now, dict(now)

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Start what should run, and change what can be changed."""
        with self.api.telling(f"container {new['name']}") as api:
            if any(old.get(key) != new.get(key) for key in UPDATABLE):
                # The client's own call has no way to say that nothing is limited any more.
                url = api._url("/containers/{0}/update", resource_id)
                api._result(api._post_json(url, update_body(new)), json=True)
            found = self.api.inspect("container", resource_id)
            stands = found is not None and not found["State"]["Running"]
            if stands and new.get("mustRun") is not False and new.get("start") is not False:
                api.start(resource_id)
        return dict(new)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """End and remove it with its own volumes; without `destroyGraceSeconds` it gets no time to end."""
        what = f"container {outputs.get('name', resource_id)}"
        with self.api.telling(what) as api:
            try:
                api.stop(resource_id, timeout=outputs.get("destroyGraceSeconds") or 0)
                api.remove_container(resource_id, v=True, force=True)
            except APIError as error:
                if error.status_code not in (_NOT_FOUND, _CONFLICT):  # gone, or about to be
                    raise
        if not wait_until(lambda: self.api.inspect("container", resource_id) is None, _GONE_SECONDS):
            raise ProviderError(f"{what} is still there after it was removed")
