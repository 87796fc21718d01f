"""`luxima:storage.server`: the object storage's own server (INF-5)."""

from typing import Annotated, Final, Literal

from pydantic import Field

from settings.values import Area, Label

HOST: Final = "object-storage"
"""Label of its name, under the core domain (ENV-3)."""
PORT: Final = 443
"""TCP port of the S3 API on its Docker host."""
NODE_PORT: Final = 9000
"""TCP port at which the nodes of a server of several hosts reach each other's drives; the same API listens there."""


class Server(Area):
    """Who brings the server that the buckets are on."""

    mode: Literal["deployed", "beside", "existing"] = Field(
        description="`deployed`: the stack brings it; `existing`: it is there, at `endpoint`; `beside`: the stack "
        "brings one that nobody is led to yet, while `endpoint` leads to another one, which its buckets are copied from"
    )
    hosts: Annotated[tuple[Label, ...], Field(min_length=1, max_length=16)] = Field(
        default=("docker-1",),
        description="Docker hosts that it runs on, of compute.vms, with a drive on each: one, or 3 to 16 that bear the "
        "loss of some. A host that takes another one's place takes it in this list, too",
    )
    memory_mib: Annotated[int, Field(ge=512, le=1_048_576)] = Field(
        default=1024, description="Memory of the server on each host, in MiB: its limit, and none of it is swapped"
    )

    @property
    def brought(self) -> bool:
        """Whether the stack brings it."""
        return self.mode != "existing"

    @property
    def parity(self) -> int:
        """Hosts whose loss loses no object, as MinIO chooses by the number of drives (`DefaultParityBlocks`)."""
        return min(len(self.hosts) // 2, 4)

    @property
    def borne(self) -> int:
        """Hosts that may be away while everything is still read and written."""
        data = len(self.hosts) - self.parity
        return len(self.hosts) - data - (1 if data == self.parity else 0)


def node_host(machine: str) -> str:
    """Label under the core domain of what one host of several is called among them."""
    return f"{HOST}-{machine}"
