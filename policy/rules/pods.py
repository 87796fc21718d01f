"""Pods that serve are asked in earnest, run anywhere, end in time and have room (ENV-4, REL-1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from ..judging import Resource, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .availability import amount

_UNREADY_SECONDS = 60
"""Within this a pod that fails gets no more requests."""
_HOSTNAME = "kubernetes.io/hostname"
_EVERY_NODE = frozenset({"kubernetes.io/os", "kubernetes.io/arch"})
"""Labels that are the same on all nodes."""
_AWAY = frozenset({"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"})
_MOST_AWAY_SECONDS = 300
"""Kubernetes' own: how long pods stay on a node that is lost."""
_ASKING = ("httpGet", "tcpSocket", "grpc")
_TRIVIAL = re.compile(r"(?:(?:/bin/)?(?:ba)?sh -c )?(?:(?:/bin/)?true|:|echo\b.*|exit 0)")
_ORDER = ("luxima-services", "luxima-watching", "luxima-gateways")
"""Who goes first when there is no room: services scale, what watches them says so, and gateways carry all."""


@resource_rule("workload-asked", requirements=("ENV-4", "REL-1"), types=kinds.LONG_RUNNING)
def workload_asked(resource: Resource) -> Iterator[Finding]:
    """A probe asks the program itself, soon enough that a pod that fails gets no more requests."""
    for container in kinds.pod_spec(resource).at("containers").items():
        for name in ("readinessProbe", "livenessProbe"):
            probe = container.at(name)
            if probe.present and not any(probe.at(each).present for each in _ASKING):
                command = probe.at("exec", "command")
                words = " ".join(command.texts())
                if not words or _TRIVIAL.fullmatch(words):
                    yield probe.wrong("asks nobody", f"give one of {', '.join(_ASKING)}")
        ready, live = container.at("readinessProbe"), container.at("livenessProbe")
        waits = ready.at("initialDelaySeconds").number or 0
        period, failures = ready.at("periodSeconds").number, ready.at("failureThreshold").number
        if (10 if period is None else period) * (3 if failures is None else failures) > _UNREADY_SECONDS:
            yield ready.at("failureThreshold").wrong(
                f"and periodSeconds let a pod that fails serve for more than {_UNREADY_SECONDS} s", "give less"
            )
        if waits > _UNREADY_SECONDS:
            yield ready.at("initialDelaySeconds").wrong(f"is more than {_UNREADY_SECONDS}", "use a startupProbe")
        once = live.at("failureThreshold").number
        if once is not None and once < 2:
            yield live.at("failureThreshold").wrong("is 1: one slow answer ends the pod", "give at least 3")


@resource_rule("workload-anywhere", requirements=("ENV-4",), types=(kinds.DEPLOYMENT, kinds.STATEFUL_SET))
def workload_anywhere(resource: Resource) -> Iterator[Finding]:
    """Pods are bound to no one node, and run on none that is not for them."""
    pod = kinds.pod_spec(resource)
    if pod.at("nodeName").text:
        yield pod.at("nodeName").wrong("binds the pods to one node", "remove it")
    for name, value in pod.at("nodeSelector").entries():
        if name not in _EVERY_NODE:
            yield value.wrong("binds the pods to some nodes", "remove it")
    affinity = pod.at("affinity")
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    for term in affinity.at("nodeAffinity", required, "nodeSelectorTerms").items():
        for kind in ("matchExpressions", "matchFields"):
            for each in term.at(kind).items():
                if each.at("key").text not in _EVERY_NODE:
                    yield each.wrong("binds the pods to some nodes", "remove it")
    preferred = affinity.at("podAffinity", "preferredDuringSchedulingIgnoredDuringExecution").items()
    terms = [*affinity.at("podAffinity", required).items(), *(each.at("podAffinityTerm") for each in preferred)]
    for term in terms:
        if term.at("topologyKey").text == _HOSTNAME:
            yield term.wrong("puts the pods on one node", "remove it")
    yield from _scheduled(pod)


def _scheduled(pod: Value) -> Iterator[Finding]:
    for each in pod.at("tolerations").items():
        waits = each.at("tolerationSeconds").number
        if each.at("key").text not in _AWAY or waits is None or waits > _MOST_AWAY_SECONDS:
            yield each.wrong("keeps the pods on nodes that are lost, or not for them", "remove it")
    for name in ("schedulingGates", "readinessGates"):
        if list(pod.at(name).items()):
            yield pod.at(name).wrong("waits for what nobody says", "remove it")
    if pod.at("os", "name").text not in {"", "linux"}:
        yield pod.at("os", "name").wrong(f"is {pod.at('os', 'name').text}, which no node runs", "remove it")


@resource_rule("workload-moves-on", requirements=("REL-1", "REL-2"), types=kinds.LONG_RUNNING)
def workload_moves_on(resource: Resource) -> Iterator[Finding]:
    """A new version comes to all pods, and the one before can be had back."""
    spec = resource.props.at("spec")
    if spec.at("paused").flag:
        yield spec.at("paused").wrong("is true: no new version comes", "remove it")
    if spec.at("revisionHistoryLimit").number == 0:
        yield spec.at("revisionHistoryLimit").wrong("is 0: nothing is left to go back to", "give at least 2")
    partition = spec.at("updateStrategy", "rollingUpdate", "partition")
    if partition.number:
        yield partition.wrong(f"is {partition.text}: pods below keep the old version", "remove it")
    for container in kinds.pod_spec(resource).at("containers").items():
        sleep = container.at("lifecycle", "preStop", "sleep", "seconds")
        if sleep.present and (sleep.number or 0) < 1:
            yield sleep.wrong(f"is {sleep.text}: requests still come when it ends", "give 5")
        command = container.at("lifecycle", "preStop", "exec", "command").texts()
        if command and command[0] in {"true", "/bin/true"}:
            yield container.at("lifecycle", "preStop", "exec", "command").wrong("waits for nothing", "give a sleep")


@stack_rule("priority-order", requirements=("ENV-4",), types=(kinds.PRIORITY_CLASS,))
def priority_order(stack: Stack) -> Iterator[Finding]:
    """Services give way first, then what watches them, and gateways last; nobody is below what has no priority."""
    values = {each.props.at("metadata", "name").text: each.props.at("value") for each in stack.of(kinds.PRIORITY_CLASS)}
    for value in values.values():
        if (value.number or 0) <= 0:
            yield value.wrong(f"is {value.text or 'missing'}", "give more than 0")
    ordered = [values[name] for name in _ORDER if name in values]
    for name, value in values.items():
        if ordered and name not in _ORDER:
            yield value.wrong(f"is of {name}, which is none of {', '.join(_ORDER)}", "use one of them")
    for lower, higher in pairwise(ordered):
        if (lower.number or 0) >= (higher.number or 0):
            yield higher.wrong(f"is {higher.text}, not more than {lower.text}", f"keep the order {', '.join(_ORDER)}")


def _pods(workload: Resource, nodes: int) -> float:
    if workload.type == kinds.DAEMON_SET:
        return nodes
    replicas = workload.props.at("spec", "replicas").number
    return 1 if replicas is None else replicas


@stack_rule("quota-fits", requirements=("ENV-4",), types=(kinds.QUOTA, *kinds.LONG_RUNNING, kinds.VM))
def quota_fits(stack: Stack) -> Iterator[Finding]:
    """A namespace's quota has room for all its pods, so that each of them can come back."""
    nodes = len([each for each in stack.of(kinds.VM) if "k3s-agent" in each.props.at("tags").texts()])
    needed: dict[str, dict[str, float]] = {}
    for workload in stack.of(*kinds.LONG_RUNNING):
        room = needed.setdefault(kinds.namespace_of(workload), {})
        copies = _pods(workload, nodes)
        room["pods"] = room.get("pods", 0) + copies
        for container in kinds.pod_spec(workload).at("containers").items():
            for kind, name in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
                asked = amount(container.at("resources", kind, name).text)
                room[f"{kind}.{name}"] = room.get(f"{kind}.{name}", 0) + copies * asked
    for quota in stack.of(kinds.QUOTA):
        for name in ("scopes", "scopeSelector"):
            if quota.props.at("spec", name).present:
                yield quota.props.at("spec", name).wrong("counts some pods only", "remove it")
        for name in quota.props.at("spec", "hard").names():
            if name not in _COUNTED:
                yield quota.props.at("spec", "hard", name).wrong("bounds what no rule counts", "remove it")
        for name, least in needed.get(kinds.namespace_of(quota), {}).items():
            most = quota.props.at("spec", "hard", name)
            if most.present and _amount(most) < least:
                yield most.wrong(f"is {most.text}, less than the namespace's pods need", "give more")


_COUNTED = frozenset({"pods", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"})


def _amount(value: Value) -> float:
    return amount(value.text)


@resource_rule("autoscaler-least", requirements=("ENV-4",), types=(kinds.AUTOSCALER,))
def autoscaler_least(resource: Resource) -> Iterator[Finding]:
    """What scales by itself never goes below two."""
    for name in ("minReplicas", "maxReplicas"):
        value = resource.props.at("spec", name)
        if (value.number or 1) < 2:
            yield value.wrong(f"is {value.text or 'missing'}", "give at least 2")
