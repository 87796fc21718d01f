"""How large the programs are that take in metrics, logs and traces, and how many of each run."""

from typing import Annotated, Literal

from pydantic import Field

from settings.values import Area, HttpsUrl

Replicas = Annotated[int, Field(ge=1, le=9)]
VolumeGib = Annotated[int, Field(ge=1, le=16_384)]
MemoryMib = Annotated[int, Field(ge=64, le=262_144)]
Millicores = Annotated[int, Field(ge=10, le=64_000)]


class Program(Area):
    """Size of a program's pods."""

    replicas: Replicas = Field(description="Number of pods")
    volume_gib: VolumeGib = Field(description="Volume of each pod, in GiB; it cannot be changed later on")
    cpu_request_millicores: Millicores = Field(description="Processor request of a pod, in thousandths of a processor")
    memory_mib: MemoryMib = Field(description="Memory limit of a pod, and half of it its request, in MiB")


class Prometheus(Program):
    """Prometheus; every replica scrapes everything."""

    sample_limit: Annotated[int, Field(ge=100, le=1_000_000)] = Field(
        default=5_000, description="Series that one target may have; a target with more is not scraped, and alerted on"
    )
    remote_write_url: HttpsUrl | None = Field(
        default=None, description="Where every sample is sent on to, for who outgrows one machine; none by default"
    )


class Loki(Program):
    """Loki, on the object storage."""

    mode: Literal["monolithic", "ha"] = Field(
        description="`monolithic`: one pod; `ha`: three or more with a replication factor of 3"
    )
