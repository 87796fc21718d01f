"""`VmLegacy`: a VM on a Proxmox node."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from sandbox.providers.base import UNKNOWN, Properties, ProviderError, adopting
from sandbox.providers.handlers import Handler, changed, generated_name, without_order
from sandbox.providers.proxmoxve import checks, options, vm_parts
from sandbox.providers.proxmoxve.guests import Guest, Guests
from sandbox.providers.proxmoxve.parts import child, items
from sandbox.providers.rules import Failures

if TYPE_CHECKING:
    from sandbox.providers.proxmoxve.client import Client

_REPLACING = {
    "initialization": ("metaDataFileId", "networkDataFileId", "type", "userDataFileId", "vendorDataFileId"),
    "clone": ("datastoreId", "full", "nodeName", "retries", "vmId"),
}


class Vms(Handler):
    """Creates, reads, changes and removes VMs."""

    def __init__(self, client: Callable[[], "Client"]) -> None:
        self._guests = Guests(client, "qemu", vm_parts.PARTS, vm_parts.ALIGNED)

    def defaults(self, name: str, inputs: Properties, old: Properties) -> Properties:
        """A VM without a name gets one, as with the official plugin; the order of tags means nothing."""
        return without_order(inputs | {"name": generated_name(name, inputs, old)}, "tags")

    def check(self, inputs: Properties) -> Failures:
        """As the official plugin at preview."""
        return checks.vm(inputs)

    def replaces(self, old: Properties, new: Properties) -> frozenset[str]:
        """Paths whose change makes another VM of it."""
        paths: set[str] = set()
        if changed(old, new, "nodeName") and not new.get("migrate"):
            paths.add("nodeName")
        if new.get("vmId") and changed(old, new, "vmId"):
            paths.add("vmId")
        if changed(old, new, "amdSev"):
            paths.add("amdSev")
        for name, fields in _REPLACING.items():
            paths |= {
                f"{name}.{f}" for f in fields if changed(child(old, name), child(new, name), f, added=name != "clone")
            }
        if changed(old, new, "clone") and not (old.get("clone") and new.get("clone")):
            paths.add("clone")
        for name, field in (("tpmState", "version"), ("efiDisk", "type")):
            if old.get(name) and new.get(name) and changed(child(old, name), child(new, name), field):
                paths.add(f"{name}.{field}")
        sources = {disk["interface"]: disk.get("fileId") for disk in items(old, "disks")}
        for disk in items(new, "disks"):
            given = child({"disk": disk}, "disk")
            interface = given.get("interface")
            if interface in sources and changed({"fileId": sources[interface]}, given, "fileId"):
                paths.add("disks.fileId")
        return frozenset(paths)

    def equal(self, path: str, old: Any, new: Any) -> bool:
        """An image is imported once: another one later changes nothing."""
        if path == "hotplug":
            return sorted(str(old).split(",")) == sorted(str(new).split(","))
        return path == "disks.importFrom"

    def computed(self, inputs: Properties) -> Properties:  # noqa: ARG002 - the protocol's
        """Outputs that only the server knows."""
        return dict.fromkeys(
            ("bootOrders", "ipv4Addresses", "ipv6Addresses", "macAddresses", "networkInterfaceNames", "vmId"), UNKNOWN
        )

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the VM, import and grow its disks, start it."""
        label = str(inputs.get("name") or name)
        guest = self._guests.existing(inputs, adopt=adopting(), name=label)
        if guest is not None:
            self._guests.write(guest, {}, inputs)
            vmid = guest.vmid
        else:
            vmid = self._guests.allocate(inputs, lambda vmid: self._make(vmid, label, inputs))
        try:
            self._settle(self._present(vmid), inputs)
            self._guests.verify(vmid, inputs)
        except ProviderError:
            if guest is None:
                self._guests.discard(vmid)
            raise
        return str(vmid), self._outputs(vmid, inputs)

    def _make(self, vmid: int, label: str, inputs: Properties) -> None:
        subject = f"VM {vmid} ({label}) on node {inputs['nodeName']}"
        pool = {"pool": inputs["poolId"]} if inputs.get("poolId") else {}
        if not inputs.get("clone"):
            path = f"nodes/{inputs['nodeName']}/qemu"
            self._guests.api.post(path, subject, vmid=vmid, **self._guests.whole(inputs), **pool)
            return
        clone = child(inputs, "clone")
        source = clone.get("nodeName") or inputs["nodeName"]
        more: dict[str, Any] = {"target": inputs["nodeName"]} if source != inputs["nodeName"] else {}
        if clone.get("datastoreId"):
            more["storage"] = clone["datastoreId"]
        full = 0 if clone.get("full") is False else 1
        path = f"nodes/{source}/qemu/{clone['vmId']}/clone"
        self._guests.api.post(path, subject, newid=vmid, name=label, full=full, **more, **pool)
        self._guests.write(self._present(vmid), {}, inputs)

    def _present(self, vmid: int) -> Guest:
        guest = self._guests.mine(vmid)
        if guest is None:
            raise ProviderError(f"VM {vmid}: the Proxmox API does not have it")
        return guest

    def _settle(self, guest: Guest, inputs: Properties) -> None:
        """Everything besides the config: disk sizes, pool, template, power."""
        self._guests.move_to_pool(guest, str(inputs.get("poolId") or ""))
        # Before disks grow: a pending change of a disk holds its old size.
        restart = guest.status == "running" and inputs.get("rebootAfterUpdate", True) and not inputs.get("template")
        if restart and self._guests.pending(guest):
            self._guests.reboot(guest)
        self._grow(guest, inputs)
        if inputs.get("template"):
            if not guest.template:
                self._guests.set_power(guest, running=False)
                self._guests.api.post(f"{guest.path}/template", guest.subject)
            return
        self._guests.set_power(guest, running=inputs.get("started", True))

    def _grow(self, guest: Guest, inputs: Properties) -> None:
        """Move disks to their datastore and bring them to their size; a smaller one is refused before any change."""
        config = self._guests.config(guest)
        sizes: dict[str, int] = {}
        for disk in items(inputs, "disks"):
            key, size = disk["interface"], disk.get("size") or 8
            given = options.parse(config.get(key, ""), "file")
            now = options.gigabytes(given.get("size", "0"))
            if size < now:
                raise ProviderError(
                    f"{guest.subject}: disk {key} has {now} GiB and cannot shrink to {size} GiB; give {now} or more"
                )
            datastore = disk.get("datastoreId") or "local-lvm"
            if given and given["file"].split(":")[0] != datastore:
                self._guests.api.post(f"{guest.path}/move_disk", guest.subject, disk=key, storage=datastore, delete=1)
            if size > now:
                sizes[key] = size
        for key, size in sizes.items():
            self._guests.api.put(f"{guest.path}/resize", guest.subject, disk=key, size=f"{size}G")

    def _outputs(self, vmid: int, inputs: Properties) -> Properties:
        guest = self._present(vmid)
        config = self._guests.config(guest)
        boot = options.parse(config.get("boot", "")).get("order", "")
        nics = vm_parts.vm_devices.NETWORK_DEVICES.read(config)["networkDevices"]
        given: Properties = {
            "bootOrders": [key for key in boot.split(";") if key],
            "macAddresses": [nic["macAddress"] for nic in nics],
        }
        return {**given, **self._addresses(guest, inputs), **inputs, "vmId": vmid}

    def _addresses(self, guest: Guest, inputs: Properties) -> Properties:
        """What the guest agent reports, interface by interface; empty without one."""
        found: Properties = {"ipv4Addresses": [], "ipv6Addresses": [], "networkInterfaceNames": []}
        if guest.status != "running" or not child(inputs, "agent").get("enabled"):
            return found
        answer = self._guests.api.get(f"{guest.path}/agent/network-get-interfaces")
        for interface in cast("list[dict[str, Any]]", answer["result"]):
            addresses = cast("list[dict[str, Any]]", interface.get("ip-addresses") or [])
            found["networkInterfaceNames"].append(interface["name"])
            for version in ("ipv4", "ipv6"):
                texts = [address["ip-address"] for address in addresses if address["ip-address-type"] == version]
                found[f"{version}Addresses"].append(texts)
        return found

    def read(
        self,
        resource_id: str,
        inputs: Properties,
        outputs: Properties,  # noqa: ARG002 - the protocol's
    ) -> tuple[Properties, Properties] | None:
        """The VM as it is now."""
        guest = self._guests.mine(int(resource_id))
        if guest is None:
            return None
        live = self._guests.live_inputs(guest, inputs or {"nodeName": guest.node, "vmId": guest.vmid})
        return live, self._outputs(guest.vmid, live)

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change the VM; it is rebooted where Proxmox VE needs that, unless `rebootAfterUpdate` is false."""
        guest = self._present(int(resource_id))
        self._refuse_shrinking(guest, old, new)
        if old.get("template") and not new.get("template"):
            raise ProviderError(f"{guest.subject}: a template cannot become a VM again")
        if new["nodeName"] != guest.node:
            online = 1 if guest.status == "running" else 0
            self._guests.api.post(f"{guest.path}/migrate", guest.subject, target=new["nodeName"], online=online)
            guest = self._present(guest.vmid)
        self._guests.write(guest, old, new)
        self._settle(guest, new)
        self._guests.verify(guest.vmid, new)
        return self._outputs(guest.vmid, new)

    def _refuse_shrinking(self, guest: Guest, old: Properties, new: Properties) -> None:
        before = {disk["interface"]: disk.get("size") or 8 for disk in items(old, "disks")}
        for disk in items(new, "disks"):
            key, size = disk["interface"], disk.get("size") or 8
            if size < before.get(key, size):
                raise ProviderError(
                    f"{guest.subject}: disk {key} cannot shrink from {before[key]} to {size} GiB; "
                    f"give {before[key]} or more"
                )

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Shut the VM down and destroy it with its disks."""
        unreferenced = outputs.get("deleteUnreferencedDisksOnDestroy", True)
        params = {
            "purge": 0 if outputs.get("purgeOnDestroy") is False else 1,
            "destroy-unreferenced-disks": 1 if unreferenced else 0,
        }
        self._guests.remove(int(resource_id), stop=bool(outputs.get("stopOnDestroy")), **params)
