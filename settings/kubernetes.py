"""`luxima:kubernetes`: the cluster and its namespaces (INF-2)."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from settings.values import Address, Area, Form, Label, Network

Version = Annotated[
    str,
    Form(
        r"^v[0-9]+\.[0-9]+\.[0-9]+([+-][0-9A-Za-z.-]+)?$",
        "a release of Kubernetes or k3s with all three numbers, such as v1.36.5+k3s1",
    ),
]

QUOTA_RATIO: Final = 0.9
"""Share of a quota up to which all is well: a rollout needs one pod more than usual."""


class Quota(Area):
    """Upper bounds for everything in a namespace together."""

    cpu_requests_millicores: Annotated[int, Field(ge=100, le=1_000_000)] = Field(
        description="Sum of the processor requests, in thousandths of a processor"
    )
    memory_requests_mib: Annotated[int, Field(ge=64, le=16_777_216)] = Field(
        description="Sum of the memory requests, in MiB"
    )
    memory_limits_mib: Annotated[int, Field(ge=64, le=16_777_216)] = Field(
        description="Sum of the memory limits, in MiB"
    )
    pods: Annotated[int, Field(ge=1, le=10_000)] = Field(description="Number of pods")


class Namespace(Area):
    """A namespace of the cluster."""

    pod_security: Literal["restricted", "baseline", "privileged"] = Field(
        description="Pod Security Standard that the API server enforces"
    )
    quota: Quota = Field(description="Upper bounds for everything in the namespace together")


class Kubernetes(Area):
    """The cluster that the services run on."""

    mode: Literal["k3s", "existing"] = Field(
        description="`k3s`: set up on VMs of this stack; `existing`: reached by the secret luxima:kubeconfig"
    )
    cluster: Label = Field(description="Name of the cluster")
    version: Version = Field(description="Release that the cluster runs; installed in mode k3s")
    api_address: Address = Field(description="Virtual address of the API server, held by kube-vip in mode k3s")
    pod_cidr: Network = Field(description="Network that pods get addresses from")
    service_cidr: Network = Field(description="Network that cluster-internal service addresses are from")
    namespaces: Annotated[Mapping[Label, Namespace], Field(min_length=1)] = Field(description="Namespaces by name")
