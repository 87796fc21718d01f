"""What VMs and containers have in common: finding them, their config, pool and power state, update and removal."""

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from sandbox.providers.base import Properties, ProviderError
from sandbox.providers.drift import drifted
from sandbox.providers.proxmoxve import options
from sandbox.providers.proxmoxve.parts import Part, expected, read_all, write_all
from sandbox.providers.proxmoxve.settings import ApiError

if TYPE_CHECKING:
    from sandbox.providers.proxmoxve.client import Client

Kind = Literal["qemu", "lxc"]
# Seconds that a guest has to shut down before it is switched off.
SHUTDOWN_TIMEOUT = 60


class Guest(NamedTuple):
    """A guest as the cluster lists it."""

    vmid: int
    kind: Kind
    node: str
    name: str
    status: str
    pool: str
    template: bool

    @property
    def path(self) -> str:
        """Its place in the API."""
        return f"nodes/{self.node}/{self.kind}/{self.vmid}"

    @property
    def subject(self) -> str:
        """What errors call it."""
        return f"{'VM' if self.kind == 'qemu' else 'container'} {self.vmid} ({self.name}) on node {self.node}"


def differs(written: str, live: Any) -> bool:
    """Whether a config value to be written says anything else than the live one; a size is grown, never written."""
    new, old = (options.parse(text, "file") for text in (written, live))
    return new != {key: value for key, value in old.items() if key in new or key != "size"}


class Guests:
    """The guests of one kind on a server, and the inputs that their configs keep."""

    def __init__(
        self, client: Callable[[], "Client"], kind: Kind, parts: tuple[Part, ...], align: Mapping[str, str]
    ) -> None:
        self._client = client
        self.kind: Kind = kind
        self.parts = parts
        self._align = align
        self._ids = threading.Lock()

    @property
    def api(self) -> "Client":
        """The server's client, made at its first use."""
        return self._client()

    # ------------------------------------------------------------------ read

    def find(self, vmid: int) -> Guest | None:
        """The guest with this id, of whatever kind, anywhere in the cluster."""
        for item in cast("list[dict[str, Any]]", self.api.get("cluster/resources", type="vm")):
            if int(item["vmid"]) == vmid:
                return Guest(
                    vmid,
                    item["type"],
                    item["node"],
                    str(item.get("name", "")),
                    item["status"],
                    str(item.get("pool", "")),
                    bool(int(item.get("template", 0))),
                )
        return None

    def mine(self, vmid: int) -> Guest | None:
        """The guest with this id, if it is of this kind."""
        guest = self.find(vmid)
        return guest if guest and guest.kind == self.kind else None

    def config(self, guest: Guest) -> dict[str, Any]:
        """The guest's config with its pending changes: what it will run with from its next start on."""
        config: dict[str, Any] = {}
        for item in cast("list[dict[str, Any]]", self.api.get(f"{guest.path}/pending")):
            if "pending" in item:
                config[item["key"]] = item["pending"]
            elif not item.get("delete") and "value" in item:
                config[item["key"]] = item["value"]
        return config

    def pending(self, guest: Guest) -> list[str]:
        """Config keys whose change waits for the guest's next start."""
        items = cast("list[dict[str, Any]]", self.api.get(f"{guest.path}/pending"))
        return sorted(item["key"] for item in items if "pending" in item or item.get("delete"))

    def live_inputs(self, guest: Guest, inputs: Properties) -> Properties:
        """The declared inputs, with what the server says differently."""
        live = read_all(self.parts, self.config(guest)) | self._outside(guest)
        should = expected(self.parts, inputs) | {
            "nodeName": inputs.get("nodeName"),
            "poolId": inputs.get("poolId"),
            "started": inputs.get("started", True) if not inputs.get("template") else None,
            "template": inputs.get("template", False),
        }
        result = dict(inputs)
        for name, value in should.items():
            item = drifted(inputs.get(name), value, live.get(name), self._align.get(name, ""))
            if item is None:
                result.pop(name, None)
            else:
                result[name] = item
        return result

    def _outside(self, guest: Guest) -> dict[str, Any]:
        return {
            "nodeName": guest.node,
            "poolId": guest.pool,
            "started": guest.status == "running",
            "template": guest.template,
        }

    # ---------------------------------------------------------------- create

    def allocate(self, inputs: Properties, make: Callable[[int], None]) -> int:
        """Run `make` with the declared id, or with the next free one; nobody else takes that meanwhile."""
        if inputs.get("vmId"):
            make(int(inputs["vmId"]))
            return int(inputs["vmId"])
        with self._ids:
            vmid = int(self.api.get("cluster/nextid"))
            make(vmid)
            return vmid

    def existing(self, inputs: Properties, *, adopt: bool, name: str) -> Guest | None:
        """The guest that has the declared id already, if it may be adopted; else an error that names it."""
        guest = self.find(int(inputs["vmId"])) if inputs.get("vmId") else None
        if guest is None:
            return None
        if adopt and guest.kind == self.kind and guest.name == name:
            return guest
        raise ProviderError(
            f"vmId {guest.vmid} is taken by {guest.subject}; choose another vmId, or remove that guest first"
        )

    # ---------------------------------------------------------------- update

    def write(self, guest: Guest, old: Properties, new: Properties) -> None:
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

    def move_to_pool(self, guest: Guest, pool: str) -> None:
        """Make the guest a member of this pool, or of none."""
        if guest.pool == pool:
            return
        if guest.pool:
            self.api.put(f"pools/{guest.pool}", guest.subject, vms=guest.vmid, delete=1)
        if pool:
            self.api.put(f"pools/{pool}", guest.subject, vms=guest.vmid)

    def verify(self, vmid: int, inputs: Properties) -> None:
        """An error if the server took a change but did not keep it."""
        guest = self.mine(vmid)
        if guest is None:
            raise ProviderError(f"{self.kind} {vmid}: the Proxmox API took the change, but the guest is not there")
        live = self.live_inputs(guest, inputs)
        wrong = sorted(name for name in live.keys() | inputs.keys() if live.get(name) != inputs.get(name))
        if wrong:
            raise ProviderError(
                f"{guest.subject}: the Proxmox API took the change, but did not keep {', '.join(wrong)}"
            )

    # ----------------------------------------------------------------- power

    def set_power(self, guest: Guest, running: bool) -> None:
        """Start or shut down."""
        if running and guest.status != "running":
            self.api.post(f"{guest.path}/status/start", guest.subject)
        if not running and guest.status == "running":
            self.api.post(f"{guest.path}/status/shutdown", guest.subject, forceStop=1, timeout=SHUTDOWN_TIMEOUT)

    def reboot(self, guest: Guest) -> None:
        """Start anew, with what was pending."""
        self.api.post(f"{guest.path}/status/reboot", guest.subject, timeout=SHUTDOWN_TIMEOUT)

    # ---------------------------------------------------------------- delete

    def remove(self, vmid: int, *, stop: bool, **params: Any) -> None:
        """Stop and destroy the guest; one that is gone is fine."""
        guest = self.mine(vmid)
        if guest is None:
            return
        try:
            if guest.status == "running":
                if stop:
                    self.api.post(f"{guest.path}/status/stop", guest.subject)
                else:
                    self.set_power(guest, running=False)
            self.api.delete(guest.path, guest.subject, **params)
        except ApiError as error:
            if not error.missing:
                raise

    def discard(self, vmid: int) -> None:
        """Remove what a failed creation left behind, as far as possible: the first error is the one to tell."""
        try:
            self.remove(vmid, stop=True, purge=1)
        except ProviderError:
            return

    def whole(self, inputs: Properties) -> dict[str, str]:
        """The config of a new guest."""
        return write_all(self.parts, inputs)
