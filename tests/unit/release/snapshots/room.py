"""The stack prod with two Docker hosts on the simulated Proxmox API; a run may be killed after any change."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from release.snapshots.hypervisor import Hypervisor
from release.snapshots.making import Making
from release.snapshots.plan import Snapshot
from release.web import Answer, Web
from settings import Settings
from settings.releases import Releases
from tests.recording import stack_settings
from tests.unit.sandbox.proxmox import TOKEN, Running, running
from tests.unit.sandbox.servers.test_proxmox_api import call

NOW = datetime(2026, 11, 27, 4, 0, tzinfo=UTC)
HOSTS = {"docker-1": 3131, "docker-2": 3132}
IDS = range(3900, 3950)
GIB = 1024**3


class Cut(Exception):  # noqa: N818 - not a fault
    """The run was killed."""


class Cutting(Web):
    """Ends the run after a change; what was asked for is done."""

    left: int = -1

    def _call(self, method: str, path: str, **more: Any) -> Answer:
        answer = super()._call(method, path, **more)
        if method != "GET" and not path.endswith("/agent/ping"):
            self.left -= 1
            if self.left == 0:
                raise Cut
        return answer


@dataclass
class Room:
    """The stack prod with its Docker hosts."""

    server: Running
    web: Cutting
    said: list[str] = field(default_factory=list[str])
    now: datetime = NOW
    releases: Releases = field(default_factory=lambda: stack_settings("prod").releases)
    slept: Callable[[float], None] = lambda _seconds: None

    def making(self) -> Making:
        api = Hypervisor(self.web, lambda seconds: self.slept(seconds))
        return Making(api, _two_hosts(), "prod", self.releases, self.said.append, lambda: self.now)

    def vm(self, number: int) -> Any:
        return self.server.cluster.vm(number)

    def taken(self) -> dict[int, Any]:
        """Guests with numbers of snapshots."""
        return {vm.vmid: vm for vm in self.server.cluster.vms if vm.vmid in IDS}

    def there(self) -> list[Snapshot]:
        making = self.making()
        return making.snapshots(making.guests())

    def changes(self) -> list[tuple[str, str]]:
        asked = [(method, path) for method, path, _ in self.server.cluster.requests]
        return [each for each in asked if each[0] != "GET" and not each[1].endswith("/agent/ping")]

    def released(self, digit: str) -> None:
        """Another image of the shop is live, by the next revision."""
        shop = self.releases.services["storefront"]
        live = shop.slots[shop.live]
        assert live is not None
        image = live.image[:-1] + digit
        slots = {**shop.slots, shop.live: live.model_copy(update={"image": image})}
        services = {**self.releases.services, "storefront": shop.model_copy(update={"slots": slots})}
        self.releases = self.releases.model_copy(update={"services": services, "revision": self.releases.revision + 1})


def _two_hosts() -> Settings:
    """Prod, with those Docker hosts alone that the room has."""
    settings = stack_settings("prod")
    vms = {name: vm for name, vm in settings.compute.vms.items() if vm.role != "docker_host" or name in HOSTS}
    return settings.model_copy(update={"compute": settings.compute.model_copy(update={"vms": vms})})


@contextmanager
def opened(folder: Path) -> Generator[Room]:
    folder.mkdir(exist_ok=True)
    with running(folder, nodes=("pve1", "pve2", "pve3")) as server:
        download = {"content": "import", "filename": "a.qcow2", "url": "https://images.example.org/a.qcow2"}
        call(server, "POST", "pools", poolid="luxima-prod")
        for node, (host, number) in zip(("pve1", "pve2"), HOSTS.items(), strict=True):
            call(server, "POST", f"nodes/{node}/storage/local/download-url", **download)
            call(
                server, "POST", f"nodes/{node}/qemu", vmid=number, name=host, pool="luxima-prod", onboot=1,
                agent="enabled=1,fstrim_cloned_disks=1", net0="virtio,bridge=vmbr0,firewall=1",
                scsi0="file=local-lvm:0,import-from=local:import/a.qcow2,discard=on", ide2="file=local-lvm:cloudinit",
                ipconfig0="ip=10.10.30.41/24", boot="order=scsi0", tags="docker-host;luxima;prod",
            )  # fmt: skip
            call(server, "POST", f"nodes/{node}/qemu/{number}/firewall/rules", type="in", action="DROP", enable=1)
            call(server, "POST", f"nodes/{node}/qemu/{number}/status/start")
        server.cluster.requests.clear()
        web = Cutting(server.endpoint, str(server.certificate), {"Authorization": f"PVEAPIToken={TOKEN}"})
        yield Room(server, web)
