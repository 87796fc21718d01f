"""`ContainerLegacy`: an LXC container on a Proxmox node."""

from typing import Any

from sandbox.providers.base import UNKNOWN, Properties
from sandbox.providers.handlers import value_at
from sandbox.providers.proxmoxve import checks, container_parts, guests
from sandbox.providers.proxmoxve.guests import Guests


class Containers(Guests):
    """Creates, reads, changes and removes containers."""

    kind = "lxc"
    cards = "networkInterfaces"
    parts = container_parts.PARTS
    rules = checks.CONTAINER
    needed = (
        *("vmId", "disk", "disk.datastoreId", "disk.size", "initialization", "initialization.hostname"),
        *("operatingSystem.templateFileId", "operatingSystem.type"),
    )
    replacing = (
        *("disk.datastoreId", "initialization.userAccount.keys", "nodeName", "operatingSystem.templateFileId"),
        *("operatingSystem.type", "poolId", "unprivileged", "vmId"),
    )

    # Proxmox `container.go`: each of them sets `rebootRequired`.
    restarting = ("cpu", "initialization", "memory", "networkInterfaces")
    read_back = guests.read_back(parts)

    def label(self, inputs: Properties) -> str:
        """Its host name."""
        return str(inputs["initialization"]["hostname"])

    def replaces(self, old: Properties, new: Properties) -> frozenset[str]:
        """A disk that shrinks makes another container too."""
        before, after = (value_at(inputs, "disk.size") or 0 for inputs in (old, new))
        shrinks = after is not UNKNOWN and before > after
        return super().replaces(old, new) | frozenset({"disk.size"} if shrinks else ())

    def values(self, inputs: Properties) -> dict[str, Any]:
        """Its config, and what it is made from."""
        return {**super().values(inputs), **container_parts.create_only(inputs)}

    def disks(self, inputs: Properties) -> dict[str, int]:
        """Its disk and the size, in GiB."""
        return {"rootfs": inputs["disk"]["size"]}
