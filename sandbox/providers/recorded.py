# ruff: noqa: ARG002 - the protocol's signatures
"""A driver without a server: what it is given is kept in the stack's state, and nothing else happens."""

import hashlib
import json
from typing import Any

from sandbox.providers.base import UNKNOWN, Driver, Properties


class Recorded(Driver):
    """Takes and gives back inputs; subclasses add the outputs that a program may need to go on."""

    def computed(self, token: str, name: str, inputs: Properties) -> Properties:
        """Outputs that are no inputs, e.g. `{"imageId": digest(inputs)}`; the same for the same arguments."""
        return {}

    def preview_outputs(self, token: str, inputs: Properties) -> Properties:
        """Inputs are known, what would be computed is not."""
        return dict.fromkeys(self.computed(token, "", inputs), UNKNOWN) | inputs

    def create(self, token: str, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Keep the inputs under an id of their own."""
        return f"recorded-{name}", {**self.computed(token, name, inputs), **inputs}

    def read(
        self,
        token: str,
        resource_id: str,
        inputs: Properties,
        outputs: Properties,
    ) -> tuple[Properties, Properties] | None:
        """What was kept; nothing can have changed it."""
        return (inputs, outputs) if outputs else None

    def update(self, token: str, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Keep the new inputs."""
        return {**self.computed(token, resource_id.removeprefix("recorded-"), new), **new}

    def delete(self, token: str, resource_id: str, outputs: Properties) -> None:
        """Nothing was made."""


def digest(*values: Any) -> str:
    """64 hexadecimal digits that depend on `values` only."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()
