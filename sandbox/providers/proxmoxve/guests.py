# ruff: noqa: ARG002 - hooks take what the protocol gives them, needed or not
"""What VMs and containers have in common: finding them, their config, pool and power state, update and removal."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, cast

from sandbox.providers.base import InitError, Properties, ProviderError
from sandbox.providers.drift import drifted
from sandbox.providers.handlers import without_order
from sandbox.providers.proxmoxve import options
from sandbox.providers.proxmoxve.guest import Guest, Kind, subject
from sandbox.providers.proxmoxve.on_api import OnApi
from sandbox.providers.proxmoxve.parts import Part, expected, items, mac_address, read_all, write_all

# Seconds that a guest has to shut down before it is switched off.
SHUTDOWN_TIMEOUT = 60


def differs(written: str, live: Any) -> bool:
    """Whether a config value to be written says anything else than the live one; a size is grown, never written."""
    new, old = (options.parse(text, "file") for text in (written, live))
    return new != {key: value for key, value in old.items() if key in new or key != "size"}


_BESIDES = ("nodeName", "poolId", "started")
"""Inputs that are read from the cluster's list, not from a config."""


def read_back(parts: Iterable[Part]) -> tuple[str, ...]:
    """The inputs that a guest with these parts is asked for."""
    return tuple(sorted({*_BESIDES, *(name for part in parts for name in part.names)}))


class Guests(OnApi):
    """Creates, reads, changes and removes the guests of one kind."""

    identity = "{vmId}"
    kind: ClassVar[Kind]
    parts: ClassVar[tuple[Part, ...]]
    cards: ClassVar[str]
    """Input with its network cards."""
    restarting: ClassVar[tuple[str, ...]] = ()
    """Inputs for which the official plugin restarts a guest that Proxmox VE could change in place."""
    removal: ClassVar[Mapping[str, Any]] = {"purge": 1}
    """Parameters of a removal."""

    # -------------------------------------------------- what a kind says of itself

    def label(self, inputs: Properties) -> str:
        """Its name on the server."""
        raise NotImplementedError

    def disks(self, inputs: Properties) -> dict[str, int]:
        """Its disks and their sizes, in GiB."""
        raise NotImplementedError

    def values(self, inputs: Properties) -> dict[str, Any]:
        """What a new one is made from."""
        return {**write_all(self.parts, inputs)}

    def place(self, guest: Guest, inputs: Properties) -> None:
        """Bring its disks to where they are declared."""

    # ------------------------------------------------------------------ read

    def defaults(self, inputs: Properties) -> Properties:
        """The order of tags means nothing."""
        return without_order(inputs, "tags")

    def find(self, vmid: int) -> Guest | None:
        """The guest with this id, of whatever kind, anywhere in the cluster."""
        for item in cast("list[dict[str, Any]]", self.api.get("cluster/resources", type="vm")):
            if int(item["vmid"]) == vmid:
                name, pool = str(item.get("name", "")), str(item.get("pool", ""))
                return Guest(vmid, item["type"], item["node"], name, item["status"], pool)
        return None

    def mine(self, vmid: int) -> Guest | None:
        """The guest with this id, if it is of this kind."""
        guest = self.find(vmid)
        return guest if guest and guest.kind == self.kind else None

    def present(self, vmid: int) -> Guest:
        """The guest with this id, which has to be there."""
        guest = self.mine(vmid)
        if guest is None:
            raise ProviderError(f"{self.kind} {vmid}: the Proxmox API does not have it")
        return guest

    def config(self, guest: Guest) -> dict[str, Any]:
        """The guest's config with its pending changes: what it will run with from its next start on."""
        config: dict[str, Any] = {}
        for item in self._changes(guest):
            if "pending" in item:
                config[item["key"]] = item["pending"]
            elif not item.get("delete") and "value" in item:
                config[item["key"]] = item["value"]
        return config

    def _changes(self, guest: Guest) -> list[dict[str, Any]]:
        return self.api.get(f"{guest.path}/pending")

    def import_id(self, inputs: Mapping[str, Any]) -> str:
        """As in `pulumi import`."""
        return f"{inputs['nodeName']}/{inputs['vmId']}"

    def imported(self, resource_id: str) -> str:
        """The number in `NODE/NUMBER`."""
        node, _, number = resource_id.partition("/")
        if not node or not number.isdecimal():
            raise ProviderError(f"{resource_id} is no id of a guest to take over; give its node and number: pve1/100")
        return number

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """The guest as it is now: the declared inputs, with what the server says differently."""
        guest = self.mine(int(resource_id))
        if guest is None:
            return None
        given = inputs or {"nodeName": guest.node, "vmId": guest.vmid}
        live = {
            **read_all(self.parts, self.config(guest)),
            "nodeName": guest.node,
            "poolId": guest.pool,
            "started": guest.status == "running",
        }
        should = expected(self.parts, given) | {
            "nodeName": given["nodeName"],
            "poolId": given.get("poolId"),
            "started": given.get("started", True),
        }
        result = dict(given)
        for name, value in should.items():
            item = drifted(given.get(name), value, live.get(name), "interface" if name == "disks" else "")
            if item is None:
                result.pop(name, None)
            else:
                result[name] = item
        return result, self._with_cards(guest, result)

    def _with_cards(self, guest: Guest, inputs: Properties) -> Properties:
        """Outputs: the inputs, and the addresses that Proxmox has given to the network cards."""
        config = self.config(guest)
        cards = [
            {**card, "macAddress": mac_address(config.get(f"net{index}", ""))}
            for index, card in enumerate(items(inputs, self.cards))
        ]
        return {**inputs, self.cards: cards} if cards else dict(inputs)

    def preview_update(self, inputs: Properties, outputs: Properties) -> Properties:
        """As any; network cards keep their addresses."""
        found = super().preview_update(inputs, outputs)
        known = [card.get("macAddress") for card in items(outputs, self.cards)]
        cards = [
            {**card, "macAddress": known[index]} if index < len(known) else card
            for index, card in enumerate(items(found, self.cards))
        ]
        return {**found, self.cards: cards} if cards else found

    # ------------------------------------------------------ create and update

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the guest, grow its disks, start it; one that was only half made stays in the state."""
        vmid, label, node = int(inputs["vmId"]), self.label(inputs), inputs["nodeName"]
        taken = self.find(vmid)
        if taken is not None:
            raise ProviderError(
                f"vmId {vmid} is taken: {taken.subject} already exists; choose another vmId, or remove that guest first"
            )
        pool = {"pool": inputs["poolId"]} if inputs.get("poolId") else {}
        values = {"vmid": vmid, **self.values(inputs), **pool}
        self.api.post(f"nodes/{node}/{self.kind}", subject(self.kind, vmid, label, node), **values)
        try:
            self._settle(self.present(vmid), inputs)
            self._verify(vmid, inputs)
        except ProviderError as error:
            raise InitError(str(error), self.id(inputs), dict(inputs)) from error
        return self.id(inputs), self._with_cards(self.present(vmid), inputs)

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change the guest; it is rebooted where Proxmox VE needs that."""
        guest = self.present(int(resource_id))
        self._grown(guest, new)
        self._write(guest, old, new)
        self._settle(guest, new, restart=any(old.get(name) != new.get(name) for name in self.restarting))
        self._verify(guest.vmid, new)
        return self._with_cards(self.present(guest.vmid), new)

    def _write(self, guest: Guest, old: Properties, new: Properties) -> None:
        """Bring the guest's config from the old inputs to the new; what did not change is left alone."""
        live = self.config(guest)
        values: dict[str, str] = {}
        deletes: list[str] = []
        for part in self.parts:
            if all(old.get(name) == new.get(name) for name in part.names):
                continue
            written = part.write(new, live)
            values |= {key: value for key, value in written.items() if key not in live or differs(value, live[key])}
            deletes += part.deletes(written, live)
        deletes = [key for key in deletes if key not in values]
        if values or deletes:
            removed = {"delete": ",".join(deletes)} if deletes else {}
            send = self.api.post if self.kind == "qemu" else self.api.put
            send(f"{guest.path}/config", guest.subject, **values, **removed)

    def _settle(self, guest: Guest, inputs: Properties, *, restart: bool = False) -> None:
        """Everything besides the config: pool, disks, power."""
        self._move_to_pool(guest, str(inputs.get("poolId") or ""))
        # Before disks grow: a pending change of a disk holds its old size.
        pending = any("pending" in item or item.get("delete") for item in self._changes(guest))
        if guest.status == "running" and (pending or restart):
            self.api.post(f"{guest.path}/status/reboot", guest.subject, timeout=SHUTDOWN_TIMEOUT)
        self.place(guest, inputs)
        for disk, size in self._grown(guest, inputs).items():
            self.api.put(f"{guest.path}/resize", guest.subject, disk=disk, size=f"{size}G")
        self._set_power(guest, running=inputs.get("started", True))

    def _grown(self, guest: Guest, inputs: Properties) -> dict[str, int]:
        """The disks that have to grow, and to which size; an error for one that would have to shrink."""
        config = self.config(guest)
        found: dict[str, int] = {}
        for disk, size in self.disks(inputs).items():
            now = options.gigabytes(options.parse(config.get(disk, ""), "file").get("size", "0"))
            if size < now:
                raise ProviderError(
                    f"{guest.subject}: disk {disk} has {now} GiB and cannot shrink to {size} GiB; give {now} or more"
                )
            if size > now:
                found[disk] = size
        return found

    def _move_to_pool(self, guest: Guest, pool: str) -> None:
        """Make the guest a member of this pool, or of none."""
        if guest.pool == pool:
            return
        if guest.pool:
            self.api.put(f"pools/{guest.pool}", guest.subject, vms=guest.vmid, delete=1)
        if pool:
            self.api.put(f"pools/{pool}", guest.subject, vms=guest.vmid)

    def _set_power(self, guest: Guest, *, running: bool) -> None:
        if running and guest.status != "running":
            self.api.post(f"{guest.path}/status/start", guest.subject)
        if not running and guest.status == "running":
            self.api.post(f"{guest.path}/status/shutdown", guest.subject, forceStop=1, timeout=SHUTDOWN_TIMEOUT)

    def _verify(self, vmid: int, inputs: Properties) -> None:
        """An error if the server took a change but did not keep it."""
        guest = self.present(vmid)
        live, _ = self.read(str(vmid), inputs, {}) or ({}, {})
        wrong = sorted(name for name in live.keys() | inputs.keys() if live.get(name) != inputs.get(name))
        if wrong:
            raise ProviderError(
                f"{guest.subject}: the Proxmox API took the change, but did not keep {', '.join(wrong)}"
            )

    # ---------------------------------------------------------------- delete

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Stop and destroy the guest with its disks."""
        guest = self.mine(int(resource_id))
        if guest is None:
            return
        if outputs.get("stopOnDestroy") and guest.status == "running":
            self.api.post(f"{guest.path}/status/stop", guest.subject)
        else:
            self._set_power(guest, running=False)
        self.api.delete(guest.path, guest.subject, **self.removal)
