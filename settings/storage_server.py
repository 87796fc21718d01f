"""`luxima:storage.server`: the object storage's own server (INF-5)."""

from typing import Annotated, Final, Literal

from pydantic import Field

from settings.values import Area, Label

HOST: Final = "object-storage"
"""Label of its name, under the core domain (ENV-3)."""
PORT: Final = 443
"""TCP port of the S3 API on its Docker host."""


class Server(Area):
    """Who brings the server that the buckets are on."""

    mode: Literal["deployed", "beside", "existing"] = Field(
        description="`deployed`: the stack brings it; `existing`: it is there, at `endpoint`; `beside`: the stack "
        "brings one that nobody is led to yet, while `endpoint` leads to another one, which its buckets are copied from"
    )
    host: Label = Field(default="docker-1", description="Docker host that it runs on; one of compute.vms")
    memory_mib: Annotated[int, Field(ge=512, le=1_048_576)] = Field(
        default=1024, description="Memory of the server, in MiB: its limit, and none of it is swapped"
    )

    @property
    def brought(self) -> bool:
        """Whether the stack brings it."""
        return self.mode != "existing"
