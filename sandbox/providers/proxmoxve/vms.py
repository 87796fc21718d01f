"""`VmLegacy`: a VM on a Proxmox node."""

from collections.abc import Mapping
from typing import Any, ClassVar

from sandbox.providers.base import Properties
from sandbox.providers.proxmoxve import checks, guests, options, vm_parts
from sandbox.providers.proxmoxve.guest import Guest
from sandbox.providers.proxmoxve.guests import Guests
from sandbox.providers.proxmoxve.parts import items


class Vms(Guests):
    """Creates, reads, changes and removes VMs."""

    kind = "qemu"
    cards = "networkDevices"
    parts = vm_parts.PARTS
    rules = checks.VM
    needed = (
        *("name", "vmId", "disks", "disks[].datastoreId", "disks[].importFrom", "disks[].size", "initialization"),
        *("initialization.datastoreId", "initialization.interface", "serialDevices[].device"),
    )
    replacing = ("initialization.userDataFileId", "nodeName", "vmId")
    read_back = guests.read_back(parts)
    removal: ClassVar[Mapping[str, Any]] = {"purge": 1, "destroy-unreferenced-disks": 1}

    def label(self, inputs: Properties) -> str:
        """Its name."""
        return str(inputs["name"])

    def replaces(self, old: Properties, new: Properties) -> frozenset[str]:
        """Another node is a move, where the program says so."""
        return super().replaces(old, new) - ({"nodeName"} if new.get("migrate") is True else set())

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """As any guest; before that it is moved to its node."""
        guest = self.present(int(resource_id))
        if guest.node != new["nodeName"]:
            moved = {"target": new["nodeName"], "online": 1, "with-local-disks": 1}
            self.api.post(f"{guest.path}/migrate", guest.subject, **moved)
        return super().update(resource_id, old, new)

    def equal(self, path: str, old: Any, new: Any) -> bool:  # noqa: ARG002 - the protocol's
        """An image is imported once: another one later changes nothing."""
        return path == "disks.importFrom"

    def disks(self, inputs: Properties) -> dict[str, int]:
        """Its disks and their sizes, in GiB."""
        return {disk["interface"]: disk["size"] for disk in items(inputs, "disks")}

    def place(self, guest: Guest, inputs: Properties) -> None:
        """Move its disks to their datastores."""
        config = self.config(guest)
        for disk in items(inputs, "disks"):
            key, datastore = disk["interface"], disk["datastoreId"]
            volume = options.parse(config.get(key, ""), "file").get("file", "")
            if vm_parts.datastore_of(volume) != datastore:
                self.api.post(f"{guest.path}/move_disk", guest.subject, disk=key, storage=datastore, delete=1)
