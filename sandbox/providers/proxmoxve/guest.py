"""A guest as the cluster lists it."""

from typing import Literal, NamedTuple

Kind = Literal["qemu", "lxc"]


class Guest(NamedTuple):
    """A guest as the cluster lists it."""

    vmid: int
    kind: Kind
    node: str
    name: str
    status: str
    pool: str

    @property
    def path(self) -> str:
        """Its place in the API."""
        return f"nodes/{self.node}/{self.kind}/{self.vmid}"

    @property
    def subject(self) -> str:
        """What errors call it."""
        return subject(self.kind, self.vmid, self.name, self.node)


def subject(kind: Kind, vmid: int, name: str, node: str) -> str:
    """What errors call a guest."""
    return f"{'VM' if kind == 'qemu' else 'container'} {vmid} ({name}) on node {node}"
