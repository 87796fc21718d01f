"""`luxima:services`: the services that users reach (ENV-2), and how each of them is run and released."""

from typing import Annotated, Literal

from pydantic import Field

from settings.values import Area, Form, Label, UrlPath

Host = Annotated[
    str,
    Form(
        "^(@|[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)$",
        "@ for the domain itself, or one DNS label under it, such as admin",
    ),
]
ServiceName = Annotated[
    str,
    Form(
        "^[a-z]([a-z0-9-]{0,48}[a-z0-9])?$",
        "a lower-case letter first, then letters, digits and inner hyphens, at most 50 characters",
    ),
]
MemoryMib = Annotated[int, Field(ge=16, le=1_048_576)]


class Service(Area):
    """One service; each of its two slots is a Deployment of this shape."""

    host: Host = Field(description="Host under the stack's domain; @ is the domain itself")
    namespace: Label = Field(default="commerce", description="Namespace it runs in; one of kubernetes.namespaces")
    port: Annotated[int, Field(ge=1024, le=65_535)] = Field(
        description="TCP port that the container listens on; from 1024 on, as it does not run as root"
    )
    health_path: UrlPath = Field(default="/healthz", description="Path that answers 200 when the service is well")
    metrics_path: UrlPath = Field(default="/metrics", description="Path of the Prometheus metrics")
    replicas: Annotated[int, Field(ge=1, le=100)] = Field(description="Pods per slot")
    cpu_request_millicores: Annotated[int, Field(ge=1, le=256_000)] = Field(
        description="Processor request of a pod, in thousandths of a processor"
    )
    memory_request_mib: MemoryMib = Field(description="Memory request of a pod, in MiB")
    memory_limit_mib: MemoryMib = Field(description="Memory limit of a pod, in MiB")
    strategy: Literal["rolling", "blue_green"] = Field(
        description="`rolling`: the live slot gets the new image; `blue_green`: the idle slot gets it, DNS switches"
    )
    storage_user: Label | None = Field(
        default=None, description="User of the object storage whose key the service is given; one of storage.users"
    )

    @property
    def peak_pods(self) -> int:
        """Pods at most at the same time: both slots are up, and each rolls out with one pod more than `replicas`."""
        return 2 * (self.replicas + 1)
