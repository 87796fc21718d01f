# ruff: noqa: ARG002 - a hook's defaults do not need what it is given
"""Volumes."""

from collections.abc import Mapping
from typing import ClassVar

from docker.errors import APIError

from sandbox.providers.base import UNKNOWN, Properties
from sandbox.providers.docker.engine import Engine
from sandbox.providers.handlers import OnServer
from sandbox.providers.rules import Rule, not_empty


class Volumes(OnServer[Engine]):
    """`docker.Volume`; one that exists already is taken over, as the engine itself does it."""

    identity = "{name}"
    rules: ClassVar[Mapping[str, Rule]] = {"name": not_empty}
    needed = ("name",)
    replacing = ("name",)
    deletes_first = True

    def computed(self, inputs: Properties) -> Properties:
        """Where the engine puts it."""
        return {"mountpoint": UNKNOWN}

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make it."""
        with self.api.telling(f"volume {inputs['name']}") as api:
            made = api.create_volume(inputs["name"])
        return self.id(inputs), {**inputs, "mountpoint": made["Mountpoint"]}

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """Its place; nothing of a volume can change."""
        found = self.api.inspect("volume", resource_id)
        return None if found is None else (inputs, {**inputs, "mountpoint": found["Mountpoint"]})

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove it; refused by the engine while a container has it."""
        with self.api.telling(f"volume {resource_id}") as api:
            try:
                api.remove_volume(resource_id)
            except APIError as error:
                if error.status_code != 404:
                    raise
