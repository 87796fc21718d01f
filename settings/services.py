"""`services/<stack>.yaml`: the services that users reach (ENV-2), and how each of them is run and released."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from settings.observability.objectives import AVAILABILITY, ObjectiveName, Promise
from settings.values import Area, Form, HttpsUrl, Label, Network, Port, UrlPath

Host = Annotated[
    str,
    Form(
        "^(@|[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)$",
        "@ for the domain itself, or one DNS label under it, such as admin",
    ),
]
SERVICE_NAME: Final = Form(
    "^[a-z]([a-z0-9-]{0,48}[a-z0-9])?$",
    "a lower-case letter first, then letters, digits and inner hyphens, at most 50 characters",
)
ServiceName = Annotated[str, SERVICE_NAME]
MetricsPath = Annotated[
    str,
    Form(
        r"^/([A-Za-z0-9._~-]+/)*[A-Za-z0-9._~-]*(metrics|prometheus)[A-Za-z0-9._~-]*$",
        "an absolute URL path whose last part names metrics or prometheus, by which policies know it",
    ),
]
MemoryMib = Annotated[int, Field(ge=16, le=1_048_576)]


EnvName = Annotated[
    str,
    Form("^[A-Z][A-Z0-9_]{0,63}$", "an environment variable: capital letters, digits and underscores, a letter first"),
]


class Rolling(Area):
    """How the pods of a slot are replaced (REL-2); also within a slot of the other strategies."""

    max_surge: Annotated[int, Field(ge=0, le=100)] = Field(default=1, description="Pods more than `replicas` at most")
    max_unavailable: Annotated[int, Field(ge=0, le=100)] = Field(
        default=0, description="Pods fewer than `replicas` that are ready at least"
    )
    min_ready_seconds: Annotated[int, Field(ge=1, le=3600)] = Field(
        default=10, description="How long a new pod has to be ready before the next one is replaced, in seconds"
    )


class Shadow(Area):
    """How live traffic is copied to a candidate (REL-4)."""

    max_body_kib: Annotated[int, Field(ge=0, le=10_240)] = Field(
        default=64, description="Requests with a larger body are not copied, in KiB"
    )
    timeout_seconds: Annotated[int, Field(ge=1, le=60)] = Field(
        default=5, description="Time the candidate has for an answer, which nobody sees, in seconds"
    )
    writes_apart: bool = Field(
        default=False,
        description="Whether the candidate writes to a schema of its own; only then requests other than GET and HEAD "
        "are copied",
    )


class Autoscaling(Area):
    """Pods by load, from `replicas` on."""

    max_replicas: Annotated[int, Field(ge=2, le=200)] = Field(description="Pods per slot at most")
    cpu_percent: Annotated[int, Field(ge=10, le=95)] = Field(
        default=70, description="Use of the processor request that is aimed at, in percent"
    )


class Outside(Area):
    """Somewhere outside of the platform that a service calls."""

    why: Annotated[str, Field(min_length=3, max_length=100)] = Field(
        description="What for, such as the payment provider's API"
    )
    network: Network | None = Field(
        default=None, description="Network it is in; without it, everything but the cluster and the platform's machines"
    )
    port: Port = Field(default=443, description="TCP port there")


class Failover(Area):
    """Where a service is served from while none of its own pods is well (INF-4)."""

    url: HttpsUrl = Field(description="The other place, such as an application at Fly.io")
    health_path: UrlPath = Field(default="/healthz", description="Path that answers 200 there when it is well")
    interval_milliseconds: Annotated[int, Field(ge=100, le=1000)] = Field(
        default=500, description="Time between two health checks, in milliseconds"
    )
    timeout_milliseconds: Annotated[int, Field(ge=100, le=1000)] = Field(
        default=500, description="Time a health check may take, in milliseconds; with the interval at most 2 s in all"
    )


class Service(Area):
    """One service; each of its two slots is a Deployment of this shape."""

    host: Host = Field(description="Host under the stack's domain; @ is the domain itself")
    namespace: Label = Field(default="commerce", description="Namespace it runs in; one of kubernetes.namespaces")
    port: Annotated[int, Field(ge=1024, le=65_535)] = Field(
        description="TCP port that the container listens on; from 1024 on, as it does not run as root"
    )
    health_path: UrlPath = Field(default="/healthz", description="Path that answers 200 when the service is well")
    metrics_path: MetricsPath = Field(default="/metrics", description="Path of the Prometheus metrics")
    replicas: Annotated[int, Field(ge=1, le=100)] = Field(description="Pods per slot")
    cpu_request_millicores: Annotated[int, Field(ge=1, le=256_000)] = Field(
        description="Processor request of a pod, in thousandths of a processor"
    )
    memory_request_mib: MemoryMib = Field(description="Memory request of a pod, in MiB")
    memory_limit_mib: MemoryMib = Field(description="Memory limit of a pod, in MiB")
    strategy: Literal["rolling", "blue_green", "canary", "shadow"] = Field(
        description="`rolling`: the live slot gets the new image; `blue_green`: the idle slot gets it, DNS switches; "
        "`canary`: a share of the users of the live slot gets it first; `shadow`: it gets copies of the live traffic "
        "first"
    )
    rolling: Rolling = Field(default=Rolling(), description="How the pods of a slot are replaced")
    shadow: Shadow = Field(default=Shadow(), description="How traffic is copied, with strategy shadow")
    autoscaling: Autoscaling | None = Field(default=None, description="Pods by load; `replicas` is then the least")
    environment: Mapping[EnvName, str] = Field(
        default_factory=dict, description="Plain environment variables of the pods; secrets are not for here"
    )
    smoke_paths: tuple[UrlPath, ...] = Field(
        default=(), description="Paths besides health_path that have to answer 200 before a slot may become live"
    )
    outside: tuple[Outside, ...] = Field(
        default=(),
        description="What it calls outside of the platform, such as payment or mail; the network lets nothing else out",
    )
    trusted_only: bool = Field(
        default=False, description="Whether only edge.trusted_networks may reach it under its public name"
    )
    failover: Failover | None = Field(default=None, description="Another place to be served from")
    storage_user: Label | None = Field(
        default=None, description="User of the object storage whose key the service is given; one of storage.users"
    )

    objectives: Mapping[ObjectiveName, Promise] = Field(
        default_factory=dict,
        description="What is promised of its requests, by name; without one of indicator availability, "
        "environment.uptime_objective_percent of them is",
    )

    def promises(self, uptime_percent: float) -> Mapping[str, Promise]:
        """Its objectives by name; one on availability, in percent, when the file gives none (ENV-4)."""
        if any(each.indicator == "availability" for each in self.objectives.values()):
            return self.objectives
        return {AVAILABILITY: Promise(indicator="availability", objective_percent=uptime_percent), **self.objectives}

    @property
    def steady_pods(self) -> int:
        """Pods as long as nothing is changed: both slots are up, and a candidate beside the live one."""
        return self._places * self.replicas

    @property
    def peak_pods(self) -> int:
        """Pods at most at the same time: all of these, scaled up and rolling out."""
        most = self.replicas if self.autoscaling is None else self.autoscaling.max_replicas
        return self._places * (most + self.rolling.max_surge)

    @property
    def _places(self) -> int:
        return 3 if self.strategy in ("canary", "shadow") else 2
