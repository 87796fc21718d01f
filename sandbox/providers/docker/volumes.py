# ruff: noqa: ARG002 - a hook's defaults do not need what it is given
"""Volumes."""

from docker.errors import APIError

from sandbox.providers.base import Properties
from sandbox.providers.docker.engine import Engine
from sandbox.providers.handlers import Handler


class Volumes(Handler):
    """`docker.Volume`; one that exists already is taken over, as the engine itself does it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make it."""
        labels = {label["label"]: label["value"] for label in inputs.get("labels") or ()}
        with self._engine.telling(f"volume {inputs['name']}") as api:
            made = api.create_volume(inputs["name"], inputs.get("driver"), inputs.get("driverOpts"), labels or None)
        return made["Name"], {**inputs, "mountpoint": made["Mountpoint"]}

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """Its place; nothing of a volume can change."""
        found = self._engine.inspect("volume", resource_id)
        if found is None:
            return None
        inputs = inputs or {"name": found["Name"]}
        return inputs, {**inputs, "mountpoint": found["Mountpoint"]}

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Nothing of a volume can be changed."""
        return new

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove it; refused by the engine while a container has it."""
        with self._engine.telling(f"volume {resource_id}") as api:
            try:
                api.remove_volume(resource_id)
            except APIError as error:
                if error.status_code != 404:
                    raise
