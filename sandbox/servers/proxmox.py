"""The Proxmox API's process; what it serves is in `proxmox_api`."""

from collections.abc import Mapping, Sequence

from sandbox import tls
from sandbox.layout import Layout
from sandbox.ports import Wanted
from sandbox.servers.base import Single, Site, begin_world, https_status

HOST = "127.0.0.2"
"""A loopback address of its own: Proxmox clients print only the host, so it is not mistaken for another server."""


class Proxmox(Single):
    """The Proxmox VE API."""

    name = "proxmox"
    programs: Sequence[str] = ()
    holds_data = True

    def ports(self) -> list[Wanted]:
        """The API."""
        return [Wanted("proxmox", HOST)]

    def start(self, site: Site) -> None:
        """Run it with the stack's nodes and storages."""
        layout, compute = site.layout, site.settings.compute
        folder = begin_world(layout, self.name)
        certificate, key = tls.ensure_server(layout.tls, self.name, [HOST])
        token = layout.run / "proxmox.token"
        tls.write_private(token, site.credentials.stack["proxmoxApiToken"].encode())
        command = [
            *("sandbox.servers.proxmox_api", "--host", HOST, "--port", str(site.ports["proxmox"])),
            *("--cert", str(certificate), "--key", str(key), "--nodes", ",".join(compute.nodes)),
            *("--disks", compute.storage.disks, "--files", compute.storage.files),
            *("--state", str(folder / "cluster.json"), "--token-file", str(token)),
        ]
        self.keep_running(site, folder, command, [token])

    def address(self, ports: Mapping[str, int]) -> str:
        """URL of the API, as `luxima:compute.endpoint` wants it."""
        return f"https://{HOST}:{ports['proxmox']}/"

    def answers(self, layout: Layout, ports: Mapping[str, int]) -> bool:
        """Whether it answers at all: without a token it refuses, which is an answer."""
        return https_status(f"{self.address(ports)}api2/json/version", layout.ca_bundle) in {200, 401}
