"""`PoolLegacy`: a pool of guests."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.providers.base import Properties
from sandbox.providers.handlers import Handler
from sandbox.providers.proxmoxve.settings import ApiError
from sandbox.providers.rules import Rule, anything, matching

if TYPE_CHECKING:
    from sandbox.providers.proxmoxve.client import Client


class Pools(Handler):
    """Creates, reads, changes and removes pools; the server refuses one that already exists."""

    identity = "{poolId}"
    rules: ClassVar[Mapping[str, Rule]] = {
        "comment": anything,
        "poolId": matching(r"[A-Za-z][\w.-]*(/[A-Za-z][\w.-]*){0,2}", "a pool name (it begins with a letter)"),
    }
    replacing = ("poolId",)
    read_back = ("comment",)

    def __init__(self, client: Callable[[], "Client"]) -> None:
        self._client = client

    def _find(self, pool: str) -> Mapping[str, Any] | None:
        return self._client().find(f"pools/{pool}")

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:  # noqa: ARG002 - the protocol's
        """Make the pool."""
        pool = self.id(inputs)
        self._client().post("pools", f"pool {pool}", poolid=pool, comment=inputs.get("comment") or "")
        return pool, dict(inputs)

    def read(
        self,
        resource_id: str,
        inputs: Properties,
        outputs: Properties,  # noqa: ARG002 - the protocol's
    ) -> tuple[Properties, Properties] | None:
        """The pool as it is now."""
        live = self._find(resource_id)
        if live is None:
            return None
        found = {"poolId": resource_id, **inputs}
        if (comment := str(live.get("comment") or "")) != (inputs.get("comment") or ""):
            found["comment"] = comment
        return found, dict(found)

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:  # noqa: ARG002 - the protocol's
        """Change its comment."""
        self._client().put(f"pools/{resource_id}", f"pool {resource_id}", comment=new.get("comment") or "")
        return dict(new)

    def delete(self, resource_id: str, outputs: Properties) -> None:  # noqa: ARG002 - the protocol's
        """Remove the pool; one that is gone is fine."""
        try:
            self._client().delete(f"pools/{resource_id}", f"pool {resource_id}")
        except ApiError as error:
            if not error.missing:
                raise
