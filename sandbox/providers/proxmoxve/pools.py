# ruff: noqa: ARG002 - hooks take what the protocol gives them, needed or not
"""`PoolLegacy`: a pool of guests."""

from collections.abc import Mapping
from typing import ClassVar

from sandbox.providers.base import Properties
from sandbox.providers.proxmoxve.on_api import OnApi
from sandbox.providers.rules import Rule, anything, matching


class Pools(OnApi):
    """Creates, reads, changes and removes pools; the server refuses one that already exists."""

    identity = "{poolId}"
    rules: ClassVar[Mapping[str, Rule]] = {
        "comment": anything,
        "poolId": matching(r"[A-Za-z][\w.-]*(/[A-Za-z][\w.-]*){0,2}", "a pool name (it begins with a letter)"),
    }
    replacing = ("poolId",)
    read_back = ("comment",)

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the pool."""
        pool = self.id(inputs)
        self.api.post("pools", f"pool {pool}", poolid=pool, comment=inputs.get("comment") or "")
        return pool, dict(inputs)

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """The pool as it is now."""
        live = self.api.find(f"pools/{resource_id}")
        if live is None:
            return None
        found = {"poolId": resource_id, **inputs}
        if (comment := str(live.get("comment") or "")) != (inputs.get("comment") or ""):
            found["comment"] = comment
        return found, dict(found)

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change its comment."""
        self.api.put(f"pools/{resource_id}", f"pool {resource_id}", comment=new.get("comment") or "")
        return dict(new)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove the pool."""
        self.api.delete(f"pools/{resource_id}", f"pool {resource_id}")
