"""Rules on the cluster: namespaces that are there, room for all pods in them and on the nodes (INF-2, ENV-4)."""

import ipaddress
from collections.abc import Callable, Iterable, Iterator
from math import ceil, log2

from settings.capacity.pods import Pods, Size, pods
from settings.capacity.series import SYSTEM_PODS, cluster_nodes
from settings.kubernetes import QUOTA_RATIO
from settings.report import Path, Problem, show, suggest
from settings.shape import whole
from settings.stack import Settings

NODE_BITS = 8
"""Bits of a node's own network in the pods' one: k3s gives each node a /24."""
PODS_PER_NODE = 110
"""Pods that a kubelet starts at most, unless it is told another number."""
SYSTEM_MILLICORES, SYSTEM_MIB = 300, 512
"""What a node keeps for itself and for the cluster's own pods."""
SERVICE_PREFIXES = range(12, 25)
"""Prefixes of the services' network: the API server takes no wider one, and a narrower one has too few addresses."""
SYSTEM_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_ASKED: dict[str, Callable[[Size], int]] = {
    "cpu_requests_millicores": lambda size: size.cpu_request_millicores,
    "memory_requests_mib": lambda size: size.memory_request_mib,
    "memory_limits_mib": lambda size: size.memory_limit_mib,
    "pods": lambda _: 1,
}
"""What of a pod counts for which key of a quota."""
_SHOWN = 4


def namespaces(settings: Settings) -> Iterator[Problem]:
    """Whatever names a namespace names one of `kubernetes.namespaces`."""
    known = settings.kubernetes.namespaces
    areas: list[tuple[Path, str]] = [
        *((("services", name, "namespace"), service.namespace) for name, service in whole(settings.services)),
        (("edge", "namespace"), settings.edge.namespace),
        (("observability", "namespace"), settings.observability.namespace),
        (("observability", "agents_namespace"), settings.observability.agents_namespace),
    ]
    for path, name in areas:
        if name not in known:
            yield Problem(path, f"{show(name)} is not a namespace; {suggest(name, known, 'namespaces')}")


def reserved_namespaces(settings: Settings) -> Iterator[Problem]:
    """The platform makes its namespaces: none of them is one that the cluster or cert-manager brings."""
    for name in settings.kubernetes.namespaces:
        if name in (*SYSTEM_NAMESPACES, "cert-manager"):
            text = f"{name} already exists in the cluster; give the namespace another name"
            yield Problem(("kubernetes", "namespaces", name), text)


def platform_namespaces(settings: Settings) -> Iterator[Problem]:
    """A service is in no namespace of the platform: its pods could pass there for a program that may do more."""
    observed = settings.observability
    taken = {settings.edge.namespace, observed.namespace, observed.agents_namespace}
    free = ", ".join(name for name in settings.kubernetes.namespaces if name not in taken) or "another one"
    for name, service in whole(settings.services):
        if service.namespace in taken:
            text = f"{show(service.namespace)} is for the platform's own programs; give {free}"
            yield Problem(("services", name, "namespace"), text)


def privileged_agents(settings: Settings) -> Iterator[Problem]:
    """The API server lets pods read the node's files and use its network under one standard only."""
    name = settings.observability.agents_namespace
    for known, namespace in whole(settings.kubernetes.namespaces):
        if known == name and namespace.pod_security != "privileged":
            text = f"{show(namespace.pod_security)} does not let the agents read their node; give privileged"
            yield Problem(("kubernetes", "namespaces", name, "pod_security"), text)


def quotas(settings: Settings) -> Iterator[Problem]:
    """No rollout is stopped by a quota: all pods of a namespace fit in while all of them are replaced.

    And those that are always there leave so much of it that `QuotaAlmostUsed` does not tell of them for good.
    """
    found = list(pods(settings))
    for name, namespace in whole(settings.kubernetes.namespaces):
        here = [each for each in found if each.namespace == name]
        for key, of in _ASKED.items():
            given = getattr(namespace.quota, key)
            peak = {each.of: each.peak * of(each.size) for each in here}
            steady = {each.of: each.steady * of(each.size) for each in here}
            room = ceil(sum(steady.values()) / QUOTA_RATIO)
            needed, asked, when = max(
                (sum(peak.values()), peak, "while they roll out"),
                (room, steady, f"within {QUOTA_RATIO:.0%} of it"),
                key=lambda each: each[0],
            )
            if given < needed:
                text = f"{given} is too little for its pods {when} ({_largest(asked)})"
                path = ("kubernetes", "namespaces", name, "quota", key)
                yield Problem(path, f"{text}; give at least {needed}")


def room(settings: Settings) -> Iterator[Problem]:
    """The nodes have what all pods ask for, and one of them what the largest asks for; else pods stay Pending.

    Of several nodes, those without the largest have it too: `ClusterOvercommitted` tells of a cluster that cannot lose
    one.
    """
    workers = list(settings.compute.workers.values())
    if settings.kubernetes.mode != "k3s" or not workers:
        return
    found, path = list(pods(settings)), ("compute", "vms")
    cpus = [worker.cpus * 1000 - SYSTEM_MILLICORES for worker in workers]
    memory = [worker.memory_mib - SYSTEM_MIB for worker in workers]
    for what, there, of in (
        ("thousandths of a processor", cpus, _ASKED["cpu_requests_millicores"]),
        ("MiB of memory", memory, _ASKED["memory_requests_mib"]),
        ("pods", [PODS_PER_NODE - SYSTEM_PODS] * len(workers), _ASKED["pods"]),
    ):
        asked = {each.of: _counted(each, len(workers)) * of(each.size) for each in found}
        left, without = sum(there), ""
        if len(there) > 1:
            left, without = left - max(there), ", without the largest,"
        if sum(asked.values()) > left:
            text = f"the machines that pods run on have{without} {left} {what} for them, which ask for"
            yield Problem(
                path, f"{text} {sum(asked.values())} ({_largest(asked)}); give them larger machines, or one more"
            )
        largest = max(found, key=lambda each: of(each.size))
        if of(largest.size) > max(there):
            text = f"no machine has the {of(largest.size)} {what} that a pod of {largest.of} asks for"
            yield Problem(path, f"{text}; the largest has {max(there)} left for pods: give a larger one")


def _counted(each: Pods, nodes: int) -> int:
    return nodes if each.on_every_node else each.steady


def _largest(asked: dict[str, int]) -> str:
    """Who asks for most of it."""
    first: Iterable[str] = sorted(asked, key=lambda name: -asked[name])
    shown = [f"{name} {asked[name]}" for name in first]
    more = [f"{len(shown) - _SHOWN} more"] if len(shown) > _SHOWN else []
    return ", ".join([*shown[:_SHOWN], *more])


def pod_network(settings: Settings) -> Iterator[Problem]:
    """Each node gets a network of its own from the pods' one; the services' network is of a size that is taken."""
    if settings.kubernetes.mode != "k3s":
        return
    pods_prefix = ipaddress.IPv4Network(settings.kubernetes.pod_cidr).prefixlen
    most = 32 - NODE_BITS - ceil(log2(max(1, cluster_nodes(settings))))
    if pods_prefix > most:
        text = f"{settings.kubernetes.pod_cidr} has no /24 for each of {cluster_nodes(settings)} nodes"
        yield Problem(("kubernetes", "pod_cidr"), f"{text}; give a /{most} or a wider one")
    prefix = ipaddress.IPv4Network(settings.kubernetes.service_cidr).prefixlen
    if prefix not in SERVICE_PREFIXES:
        text = f"{settings.kubernetes.service_cidr} has a size that Kubernetes does not take"
        first, last = SERVICE_PREFIXES[0], SERVICE_PREFIXES[-1]
        yield Problem(("kubernetes", "service_cidr"), f"{text}; give one from /{first} to /{last}")


RULES = (namespaces, reserved_namespaces, platform_namespaces, privileged_agents, quotas, room, pod_network)
