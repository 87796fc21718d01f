"""Nothing passes the pack unseen: types that can hold what it judges, but that no rule reads, are not used."""

from __future__ import annotations

from collections.abc import Iterator

from ..judging import Resource, resource_rule
from ..values import Finding
from . import kinds

_JUDGED = (
    *kinds.WORKLOADS,
    kinds.CONFIG_MAP,
    kinds.INGRESS,
    kinds.NAMESPACE,
    kinds.NETWORK_POLICY,
    kinds.DISRUPTION_BUDGET,
    kinds.SERVICE,
)
UNSEEN: dict[str, str] = {
    **{f"{type_}Patch": type_ for type_ in _JUDGED},
    **{f"{type_}List": type_ for type_ in _JUDGED},
    "kubernetes:core/v1:ReplicationController": kinds.DEPLOYMENT,
    "docker:index/service:Service": kinds.DOCKER_CONTAINER,
    "proxmoxve:index/vm:Vm": kinds.VM,
    "proxmoxve:index/vm2Legacy:Vm2Legacy": kinds.VM,
}
"""The type that no rule reads, and the one that rules read."""


@resource_rule(
    "judged-type",
    requirements=("SEC-2", "SEC-3"),
    types=tuple(UNSEEN),
)
def judged_type(resource: Resource) -> Iterator[Finding]:
    """Workloads, machines and what opens them are declared by the types that this pack reads."""
    yield resource.props.wrong("no rule reads this type", f"declare it as {UNSEEN[resource.type]}")


RULES = (judged_type,)
