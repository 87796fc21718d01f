"""The Proxmox API by proxmoxer; its `Any` stays here."""

from pathlib import Path
from typing import Any, cast

from proxmoxer import ProxmoxAPI  # pyright: ignore[reportMissingTypeStubs]

Object = dict[str, Any]


class Machines:
    """The hypervisors."""

    def __init__(self, address: str, token: str, bundle: Path) -> None:
        identity, secret = token.split("=", 1)
        user, name = identity.split("!", 1)
        api: Any = ProxmoxAPI
        self._api: Any = api(
            address, user=user, token_name=name, token_value=secret, verify_ssl=str(bundle), timeout=30
        )

    def pools(self) -> set[str]:
        """Names of the pools."""
        return {pool["poolid"] for pool in self._api.pools.get()}

    def members(self, pool: str) -> set[int]:
        """Ids of a pool's guests."""
        return {int(member["vmid"]) for member in self._api.pools(pool).get()["members"] if "vmid" in member}

    def guests(self) -> dict[int, Object]:
        """All VMs (`type` is qemu) and containers (lxc), by id."""
        found = cast("list[Object]", self._api.cluster.resources.get(type="vm"))
        return {int(guest["vmid"]): guest for guest in found}

    def config(self, guest: int) -> Object:
        """A guest's configuration; numbers may come as texts."""
        about = self.guests()[guest]
        return cast("Object", getattr(self._api.nodes(about["node"]), about["type"])(guest).config.get())

    def configs(self) -> dict[int, Object]:
        """The configuration of every guest."""
        return {guest: self.config(guest) for guest in self.guests()}

    def change(self, guest: int, **values: Any) -> None:
        """What somebody does in the web interface."""
        about = self.guests()[guest]
        getattr(self._api.nodes(about["node"]), about["type"])(guest).config.put(**values)

    def files(self, storage: str) -> set[str]:
        """Volume ids of what lies in a storage on any node."""
        return {
            item["volid"]
            for node in self._api.nodes.get()
            for item in self._api.nodes(node["node"]).storage(storage).content.get()
        }
