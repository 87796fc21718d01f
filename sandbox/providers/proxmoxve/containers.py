"""`ContainerLegacy`: an LXC container on a Proxmox node."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from sandbox.providers.base import UNKNOWN, Properties, ProviderError, adopting
from sandbox.providers.handlers import Handler, changed, without_order
from sandbox.providers.proxmoxve import checks, container_parts, options
from sandbox.providers.proxmoxve.guests import Guest, Guests
from sandbox.providers.proxmoxve.parts import child
from sandbox.providers.rules import Failures

if TYPE_CHECKING:
    from sandbox.providers.proxmoxve.client import Client

_REPLACING = {
    "clone": ("datastoreId", "full", "nodeName", "vmId"),
    "disk": ("datastoreId",),
    "operatingSystem": ("templateFileId", "type"),
}


class Containers(Handler):
    """Creates, reads, changes and removes containers."""

    def __init__(self, client: Callable[[], "Client"]) -> None:
        self._guests = Guests(client, "lxc", container_parts.PARTS, container_parts.ALIGNED)

    def defaults(self, name: str, inputs: Properties, old: Properties) -> Properties:  # noqa: ARG002 - the protocol's
        """The order of tags means nothing."""
        return without_order(inputs, "tags")

    def check(self, inputs: Properties) -> Failures:
        """As the official plugin at preview."""
        return checks.container(inputs)

    def replaces(self, old: Properties, new: Properties) -> frozenset[str]:
        """Paths whose change makes another container of it."""
        paths = {
            name
            for name in ("nodeName", "template", "unprivileged", "poolId", "mountPoints")
            if changed(old, new, name)
        }
        if new.get("vmId") and changed(old, new, "vmId"):
            paths.add("vmId")
        for name, fields in _REPLACING.items():
            paths |= {f"{name}.{field}" for field in fields if changed(child(old, name), child(new, name), field)}
        if _size(new) is not UNKNOWN and _size(old) > _size(new):
            paths.add("disk.size")
        users = (child(child(inputs, "initialization"), "userAccount") for inputs in (old, new))
        before, after = users
        paths |= {
            f"initialization.userAccount.{field}" for field in ("keys", "password") if changed(before, after, field)
        }
        return frozenset(paths)

    def computed(self, inputs: Properties) -> Properties:  # noqa: ARG002 - the protocol's
        """Outputs that only the server knows."""
        return dict.fromkeys(("ipv4", "ipv6", "vmId"), UNKNOWN)

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the container from its template, start it."""
        label = str(child(inputs, "initialization").get("hostname") or name)
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
        subject = f"container {vmid} ({label}) on node {inputs['nodeName']}"
        pool = {"pool": inputs["poolId"]} if inputs.get("poolId") else {}
        if inputs.get("clone"):
            clone = child(inputs, "clone")
            source = clone.get("nodeName") or inputs["nodeName"]
            path = f"nodes/{source}/lxc/{clone['vmId']}/clone"
            full = 0 if clone.get("full") is False else 1
            self._guests.api.post(path, subject, newid=vmid, hostname=label, full=full, **pool)
            self._guests.write(self._present(vmid), {}, inputs)
            return
        system = child(inputs, "operatingSystem")
        storage = child(inputs, "disk").get("datastoreId") or "local"
        values: dict[str, Any] = {**self._guests.whole(inputs), **container_parts.create_only(inputs), **pool}
        self._guests.api.post(
            f"nodes/{inputs['nodeName']}/lxc",
            subject,
            vmid=vmid,
            ostemplate=system["templateFileId"],
            ostype=system.get("type") or "unmanaged",
            storage=storage,
            unprivileged=1 if inputs.get("unprivileged") else 0,
            **values,
        )

    def _present(self, vmid: int) -> Guest:
        guest = self._guests.mine(vmid)
        if guest is None:
            raise ProviderError(f"container {vmid}: the Proxmox API does not have it")
        return guest

    def _settle(self, guest: Guest, inputs: Properties) -> None:
        self._guests.move_to_pool(guest, str(inputs.get("poolId") or ""))
        if inputs.get("template"):
            if not guest.template:
                self._guests.set_power(guest, running=False)
                self._guests.api.post(f"{guest.path}/template", guest.subject)
            return
        if guest.status == "running" and self._guests.pending(guest):
            self._guests.reboot(guest)
        self._guests.set_power(guest, running=inputs.get("started", True))

    def _outputs(self, vmid: int, inputs: Properties) -> Properties:
        guest = self._present(vmid)
        found: Properties = {"ipv4": {}, "ipv6": {}}
        if guest.status == "running":
            for interface in cast("list[dict[str, Any]]", self._guests.api.get(f"{guest.path}/interfaces")):
                for output, key in (("ipv4", "inet"), ("ipv6", "inet6")):
                    if interface.get(key) and interface["name"] != "lo":
                        found[output][interface["name"]] = str(interface[key]).split("/")[0]
        return {**found, **inputs, "vmId": vmid}

    def read(
        self,
        resource_id: str,
        inputs: Properties,
        outputs: Properties,  # noqa: ARG002 - the protocol's
    ) -> tuple[Properties, Properties] | None:
        """The container as it is now."""
        guest = self._guests.mine(int(resource_id))
        if guest is None:
            return None
        live = self._guests.live_inputs(guest, inputs or {"nodeName": guest.node, "vmId": guest.vmid})
        return live, self._outputs(guest.vmid, live)

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change the container; it is rebooted where Proxmox VE needs that."""
        guest = self._present(int(resource_id))
        size = _size(new)
        now = options.gigabytes(options.parse(self._guests.config(guest)["rootfs"], "volume").get("size", "0"))
        if size > now:
            self._guests.api.put(f"{guest.path}/resize", guest.subject, disk="rootfs", size=f"{size}G")
        self._guests.write(guest, old, new)
        self._settle(guest, new)
        self._guests.verify(guest.vmid, new)
        return self._outputs(guest.vmid, new)

    def delete(self, resource_id: str, outputs: Properties) -> None:  # noqa: ARG002 - the protocol's
        """Shut the container down and destroy it."""
        self._guests.remove(int(resource_id), stop=False, purge=1)


def _size(inputs: Properties) -> Any:
    """GiB of the root disk."""
    size = child(inputs, "disk").get("size")
    return 4 if size is None else size
