"""All servers of one stack's sandbox."""

import json
from functools import cached_property
from typing import Any, cast

from settings import Settings
from settings.loading import check
from tests.e2e.checkout import Checkout
from tests.e2e.world.cluster import Cluster
from tests.e2e.world.machines import Machines
from tests.e2e.world.names import Names
from tests.e2e.world.store import Store


class World:
    """The servers, by the addresses and secrets that the sandbox has written down."""

    def __init__(self, checkout: Checkout, stack: str) -> None:
        self.checkout, self.stack = checkout, stack
        self.folder = checkout.sandbox(stack)

    @property
    def settings(self) -> Settings:
        """The stack's settings as they are now."""
        return check(self.stack, self.checkout.root)

    @property
    def ports(self) -> dict[str, int]:
        """Ports by the server's name."""
        return cast("dict[str, int]", json.loads((self.folder / "ports.json").read_text(encoding="utf-8")))

    @property
    def secrets(self) -> dict[str, str]:
        """What the sandbox made up."""
        return cast("dict[str, str]", json.loads((self.folder / "secrets.json").read_text(encoding="utf-8")))

    @cached_property
    def cluster(self) -> Cluster:
        """Kubernetes."""
        return Cluster(self.folder / "kubeconfig")

    @cached_property
    def store(self) -> Store:
        """MinIO."""
        storage = self.settings.storage
        password = self.secrets["minioRootPassword"]
        endpoint = f"127.0.0.1:{self.ports['minio']}"
        return Store(endpoint, storage.root_user, password, storage.region, self.folder / "tls" / "ca-bundle.pem")

    @cached_property
    def machines(self) -> Machines:
        """Proxmox."""
        address = f"127.0.0.2:{self.ports['proxmox']}"
        return Machines(address, self.secrets["proxmoxApiToken"], self.folder / "tls" / "ca-bundle.pem")

    @cached_property
    def names(self) -> Names:
        """DNS."""
        tsig = self.settings.dns.tsig
        return Names(self.ports["dns"], tsig.name, tsig.algorithm, self.secrets["dnsTsigSecret"])

    def state(self) -> list[dict[str, Any]]:
        """Resources in the engine's state file."""
        path = self.folder / "state" / ".pulumi" / "stacks" / "luxima" / f"{self.stack}.json"
        checkpoint = cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8"))["checkpoint"])
        latest = cast("dict[str, Any]", checkpoint.get("latest") or {})
        return cast("list[dict[str, Any]]", latest.get("resources") or [])

    def process(self, name: str) -> int:
        """Id of a server's process, as it was written down."""
        return int(json.loads((self.folder / "run" / f"{name}.json").read_text(encoding="utf-8"))["pid"])
