"""What the pods of a stack ask the cluster for: quotas and nodes have to have it (INF-2, ENV-4)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from settings.capacity.series import cluster_nodes
from settings.services import Service
from settings.shape import whole
from settings.stack import Settings


@dataclass(frozen=True)
class Size:
    """What one pod asks for."""

    cpu_request_millicores: int
    """Processor request, in thousandths of a processor."""
    memory_request_mib: int
    """Memory request, in MiB."""
    memory_limit_mib: int
    """Memory limit, in MiB."""


BLACKBOX_EXPORTER: Final = Size(20, 32, 64)
KUBE_STATE_METRICS: Final = Size(20, 64, 256)
PVE_EXPORTER: Final = Size(20, 96, 160)
NODE_EXPORTER: Final = Size(20, 32, 128)
LOG_AGENT: Final = Size(50, 128, 256)
RELEASE_GUARD: Final = Size(20, 128, 128)


@dataclass(frozen=True)
class Pods:
    """Pods that are alike."""

    of: str
    """Whose they are."""
    namespace: str
    """Where they are."""
    size: Size
    """What each of them asks for."""
    steady: int
    """How many there are as long as nothing is changed."""
    peak: int
    """How many there are at most, while they are replaced."""
    on_every_node: bool = False
    """Whether each node has one, the control plane's too."""


def pods(settings: Settings) -> Iterator[Pods]:
    """All pods of a stack, as if each service had both slots filled and a guard."""
    for name, service in whole(settings.services):
        yield Pods(name, service.namespace, _of_service(service), service.steady_pods, service.peak_pods)
    yield from _edge(settings)
    yield from _servers(settings)
    # Nobody knows how many nodes a cluster elsewhere has, but that it has one.
    nodes = cluster_nodes(settings) if settings.kubernetes.mode == "k3s" else 1
    namespace = settings.observability.agents_namespace
    for name, size in (("node-exporter", NODE_EXPORTER), ("log-agent", LOG_AGENT)):
        yield Pods(name, namespace, size, nodes, nodes, on_every_node=True)


def _of_service(service: Service) -> Size:
    return Size(service.cpu_request_millicores, service.memory_request_mib, service.memory_limit_mib)


def _edge(settings: Settings) -> Iterator[Pods]:
    edge, gateways = settings.edge, len(settings.edge.gateways)
    size = Size(edge.cpu_request_millicores, edge.memory_mib, edge.memory_mib)
    # One pod more than wanted is there while a gateway rolls out.
    yield Pods("gateways", edge.namespace, size, gateways * edge.replicas, gateways * (edge.replicas + 1))
    yield Pods("release guards", edge.namespace, RELEASE_GUARD, 0, len(settings.services))


def _servers(settings: Settings) -> Iterator[Pods]:
    room = settings.observability
    programs = {
        "prometheus": room.prometheus,
        "alertmanager": room.alertmanager,
        "alertmanager-record": room.alertmanager.model_copy(update={"replicas": 1}),
        "loki": room.loki,
        "tempo": room.tempo,
        "grafana": room.grafana,
    }
    for name, program in programs.items():
        size = Size(program.cpu_request_millicores, program.memory_mib // 2, program.memory_mib)
        yield Pods(name, room.namespace, size, program.replicas, program.replicas)
    yield Pods("blackbox-exporter", room.namespace, BLACKBOX_EXPORTER, 1, 2)
    yield Pods("kube-state-metrics", room.namespace, KUBE_STATE_METRICS, 1, 2)
    yield Pods("pve-exporter", room.namespace, PVE_EXPORTER, 1, 2)
