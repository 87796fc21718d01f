# ruff: noqa: ARG002 - a hook's defaults do not need what it is given
"""Networks of a host's containers."""

from collections.abc import Mapping
from typing import ClassVar

from docker.errors import APIError

from sandbox.providers.base import Properties
from sandbox.providers.docker.engine import Engine
from sandbox.providers.handlers import OnServer
from sandbox.providers.rules import Rule, not_empty, one_of


class Networks(OnServer[Engine]):
    """`docker.Network`; the engine would make a second one of the same name, which nobody could tell apart."""

    rules: ClassVar[Mapping[str, Rule]] = {"driver": one_of("bridge"), "name": not_empty}
    needed = ("driver", "name")
    replacing = ("driver", "name")
    deletes_first = True

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make it; refused when there is one of that name."""
        with self.api.telling(f"network {inputs['name']}") as api:
            made = api.create_network(inputs["name"], driver=inputs["driver"], check_duplicate=True)
        return str(made["Id"]), dict(inputs)

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """Whether it is there; nothing of a network can change."""
        found = self.api.inspect("network", resource_id)
        return None if found is None else (inputs, dict(inputs))

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove it; refused by the engine while a container is in it."""
        with self.api.telling(f"network {outputs.get('name', resource_id)}") as api:
            try:
                api.remove_network(resource_id)
            except APIError as error:
                if error.status_code != 404:
                    raise
