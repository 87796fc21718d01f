"""How every workload in Kubernetes is run: watched, bounded, with nothing of its own to write to (ENV-4, SEC)."""

from __future__ import annotations

from collections.abc import Iterator

from ..judging import Resource, resource_rule
from ..values import Finding
from . import kinds

HARDENING = ("SEC-2", "SEC-3")
"""A container that breaks out reads every secret and reaches the database: what keeps it in serves these rows."""


@resource_rule("workload-probes", requirements=("ENV-4",), types=kinds.LONG_RUNNING)
def workload_probes(resource: Resource) -> Iterator[Finding]:
    """Containers that run for long have a readiness and a liveness probe."""
    for container in kinds.pod_spec(resource).at("containers").items():
        for name in ("readinessProbe", "livenessProbe"):
            probe = container.at(name)
            if not probe.present:
                yield probe.wrong("is missing", "give one")


@resource_rule("workload-resources", requirements=("ENV-4",), types=kinds.WORKLOADS)
def workload_resources(resource: Resource) -> Iterator[Finding]:
    """Every container says what it needs (CPU, memory) and how much memory it may take at most."""
    for container in kinds.all_containers(kinds.pod_spec(resource)):
        for keys in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
            amount = container.at("resources", *keys)
            if not amount.text:
                yield amount.wrong("is missing", "give an amount")


@resource_rule("workload-priority", requirements=("ENV-4",), types=kinds.WORKLOADS)
def workload_priority(resource: Resource) -> Iterator[Finding]:
    """Every pod says by a PriorityClass who is evicted before it."""
    priority = kinds.pod_spec(resource).at("priorityClassName")
    if not priority.text:
        yield priority.wrong("is missing", "name a PriorityClass of the cluster")


@resource_rule("workload-read-only-root", requirements=HARDENING, types=kinds.WORKLOADS)
def workload_read_only_root(resource: Resource) -> Iterator[Finding]:
    """No container can write to its own image."""
    for container in kinds.all_containers(kinds.pod_spec(resource)):
        read_only = container.at("securityContext", "readOnlyRootFilesystem")
        if read_only.flag is not True:
            yield read_only.wrong("is not true", "set it, and mount an emptyDir where the program writes")


@resource_rule("workload-service-account-token", requirements=HARDENING, types=kinds.WORKLOADS)
def workload_service_account_token(resource: Resource) -> Iterator[Finding]:
    """No pod gets a token for the Kubernetes API that it does not need."""
    automount = kinds.pod_spec(resource).at("automountServiceAccountToken")
    if automount.flag is not False:
        yield automount.wrong("is not false", "set it to false")
