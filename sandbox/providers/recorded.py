# ruff: noqa: ARG002 - the protocol's signatures
"""Resources without a server: what is given is kept in the stack's state, and nothing else happens."""

import hashlib
import json
from typing import Any

from sandbox.providers.base import Properties
from sandbox.providers.handlers import Handler


class Recorded(Handler):
    """Takes and gives back inputs; subclasses add the outputs that a program may need to go on."""

    def made_up(self, name: str, inputs: Properties) -> Properties:
        """Outputs that are no inputs, e.g. `{"imageId": digest(inputs)}`; the same for the same arguments."""
        return {}

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Keep the inputs under an id of their own."""
        return f"recorded-{name}", {**self.made_up(name, inputs), **inputs}

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """What was kept; nothing can have changed it."""
        return (inputs, outputs) if outputs else None

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Keep the new inputs."""
        return {**self.made_up(resource_id.removeprefix("recorded-"), new), **new}

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Nothing was made."""


def digest(*values: Any) -> str:
    """64 hexadecimal digits that depend on `values` only."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()
