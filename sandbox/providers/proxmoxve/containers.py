"""`ContainerLegacy`: an LXC container on a Proxmox node."""

from typing import Any

from sandbox.providers.base import UNKNOWN, Properties
from sandbox.providers.handlers import changed
from sandbox.providers.proxmoxve import checks, container_parts
from sandbox.providers.proxmoxve.guests import Guests
from sandbox.providers.proxmoxve.parts import child

_REPLACING = {
    "disk": ("datastoreId",),
    "operatingSystem": ("templateFileId", "type"),
}


class Containers(Guests):
    """Creates, reads, changes and removes containers."""

    kind = "lxc"
    parts = container_parts.PARTS
    rules = checks.CONTAINER
    needed = (
        *("vmId", "disk", "disk.datastoreId", "disk.size", "initialization", "initialization.hostname"),
        *("operatingSystem",),
    )

    def label(self, inputs: Properties) -> str:
        """Its host name."""
        return str(inputs["initialization"]["hostname"])

    def replaces(self, old: Properties, new: Properties) -> frozenset[str]:
        """Paths whose change makes another container of it."""
        paths = {name for name in ("nodeName", "unprivileged", "poolId", "vmId") if changed(old, new, name)}
        for name, fields in _REPLACING.items():
            paths |= {f"{name}.{field}" for field in fields if changed(child(old, name), child(new, name), field)}
        before, after = (child(inputs, "disk").get("size", 0) for inputs in (old, new))
        if after is not UNKNOWN and before > after:
            paths.add("disk.size")
        before, after = (child(child(inputs, "initialization"), "userAccount") for inputs in (old, new))
        if changed(before, after, "keys"):
            paths.add("initialization.userAccount.keys")
        return frozenset(paths)

    def values(self, inputs: Properties) -> dict[str, Any]:
        """Its config, and what it is made from."""
        return {**super().values(inputs), **container_parts.create_only(inputs)}

    def disks(self, inputs: Properties) -> dict[str, int]:
        """Its disk and the size, in GiB."""
        return {"rootfs": inputs["disk"]["size"]}
