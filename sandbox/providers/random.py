# ruff: noqa: ARG002 - the protocol's signatures
"""The local random provider: makes passwords once, and keeps them in the stack's state.

    python -m sandbox.providers.random ENGINE_ADDRESS

As with the official plugin (terraform-provider-random 3), nothing changes in place: another length makes another
password. The randomness is that of the operating system.
"""

import secrets
import string
from collections.abc import Mapping

from sandbox.providers.base import UNKNOWN, Driver, Properties, ProviderError, sdk_version, serve
from sandbox.providers.rules import Failures, Rule, anything, between, driven

SERVER = "nothing outside; values are made and kept in the state"
SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
DRIVEN = frozenset({"random:index/randomPassword:RandomPassword"})
_RULES: Mapping[str, Rule] = {"length": between(1), "special": anything}


class RandomDriver(Driver):
    """Makes passwords at creation; afterwards they are only kept."""

    def check(self, token: str, name: str, inputs: Properties) -> Failures:
        """A password with a length."""
        if token not in DRIVEN:
            raise ProviderError(f"the local random provider does not make {token}; use the official plugin")
        return driven(_RULES, inputs)

    def replaces(self, token: str, old: Properties, new: Properties) -> frozenset[str]:
        """Everything makes another value."""
        return frozenset(old.keys() | new.keys())

    def delete_first(self, token: str, old: Properties, new: Properties) -> bool:
        """Two values do not get in each other's way."""
        return False

    def secrets(self, token: str) -> frozenset[str]:
        """The password."""
        return frozenset({"result"})

    def preview_outputs(self, token: str, inputs: Properties) -> Properties:
        """A value is known once it is made."""
        return {"result": UNKNOWN, **inputs}

    def create(self, token: str, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the value."""
        characters = string.ascii_letters + string.digits + ("" if inputs.get("special") is False else SPECIAL)
        result = "".join(secrets.choice(characters) for _ in range(int(inputs["length"])))
        return "none", {**inputs, "result": result}

    def read(
        self, token: str, resource_id: str, inputs: Properties, outputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """What was made."""
        if not outputs:
            raise ProviderError(f"{token} {resource_id} cannot be imported: only the state has its value")
        return inputs, outputs

    def update(self, token: str, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Nothing changes in place."""
        raise ProviderError(f"{token} {resource_id} cannot change from {sorted(old)} to {sorted(new)} in place")

    def delete(self, token: str, resource_id: str, outputs: Properties) -> None:
        """The state forgets it."""


if __name__ == "__main__":
    serve("random", sdk_version("random"), RandomDriver())
