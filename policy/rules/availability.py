"""No release and no lost node takes a service down (ENV-4, REL-1, REL-2)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from ..judging import Resource, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .documents import LOKI, of_stack

_SERVING = ("luxima-services", "luxima-gateways")
"""Priority classes of what users ask."""
REPLICAS = {"production": 2, "staging": 2}
"""ENV-4, REL-2: how many of what users ask there are at least, by environment."""
WATCHING = {"prometheus": 2, "alertmanager": 2, "loki": 2}
"""In production: what must not be blind when one node is."""
ENVIRONMENTS = frozenset({"production", "staging", "dev"})
_HOSTNAME = "kubernetes.io/hostname"


def _environment(resource: Resource) -> Value:
    return kinds.pod_template(resource).at("metadata", "labels", "environment")


@resource_rule("workload-environment", requirements=("MON-1",), types=kinds.LONG_RUNNING)
def workload_environment(resource: Resource) -> Iterator[Finding]:
    """Pods say which environment they are of: what else is asked of them depends on it."""
    environment = _environment(resource)
    if environment.text not in ENVIRONMENTS:
        yield environment.wrong(f"is {environment.text or 'missing'}", f"give one of {', '.join(sorted(ENVIRONMENTS))}")


@resource_rule("workload-replicas", requirements=("ENV-4",), types=(kinds.DEPLOYMENT, kinds.STATEFUL_SET))
def workload_replicas(resource: Resource) -> Iterator[Finding]:
    """What users ask runs twice at least outside of dev, and in production what watches it as well."""
    replicas = resource.props.at("spec", "replicas")
    environment = _environment(resource).text
    least = 1
    if kinds.pod_spec(resource).at("priorityClassName").text in _SERVING:
        least = REPLICAS.get(environment, 1)
    elif environment == "production":
        least = WATCHING.get(kinds.pod_template(resource).at("metadata", "labels", "app.kubernetes.io/name").text, 1)
    count = replicas.number
    if (1 if count is None else count) < least:
        yield replicas.wrong(f"is {replicas.text or 'missing'}", f"give at least {least}")


@resource_rule("workload-rollout", requirements=("ENV-4", "REL-2"), types=kinds.LONG_RUNNING)
def workload_rollout(resource: Resource) -> Iterator[Finding]:
    """A new version comes gradually: the old one serves until the new one does."""
    spec = resource.props.at("spec")
    ready = spec.at("minReadySeconds")
    if not ready.number:
        yield ready.wrong("is missing", "give the seconds that a pod has to stay ready")
    if resource.type != kinds.DEPLOYMENT:
        kind = spec.at("updateStrategy", "type")
        if kind.text not in {"", "RollingUpdate"}:
            yield kind.wrong(f"is {kind.text}", "give RollingUpdate")
        away = spec.at("updateStrategy", "rollingUpdate", "maxUnavailable")
        if away.text in {"100%"}:
            yield away.wrong("is all of them", "give 25%")
        return
    kind = spec.at("strategy", "type")
    if kind.text != "RollingUpdate":
        yield kind.wrong(f"is {kind.text or 'missing'}", "give RollingUpdate")
    away = spec.at("strategy", "rollingUpdate", "maxUnavailable")
    if away.text not in {"0", "0%"}:
        yield away.wrong(f"is {away.text or 'missing'}", "give 0: the old pod stays until the new one is ready")
    surge = spec.at("strategy", "rollingUpdate", "maxSurge")
    if surge.text in {"0", "0%"}:
        yield surge.wrong("is 0: no new pod could come", "give 1")


@resource_rule("workload-ends-in-order", requirements=("ENV-4",), types=kinds.LONG_RUNNING)
def workload_ends_in_order(resource: Resource) -> Iterator[Finding]:
    """A pod that ends first waits until nobody is led to it, and has the time to finish what it began."""
    pod = kinds.pod_spec(resource)
    waits = 0.0
    for container in pod.at("containers").items():
        hook = container.at("lifecycle", "preStop")
        if not hook.present:
            yield hook.wrong("is missing", "give a sleep of 5 seconds")
        waits = max(waits, hook.at("sleep", "seconds").number or 0)
    grace = pod.at("terminationGracePeriodSeconds")
    seconds = grace.number
    if (30 if seconds is None else seconds) < waits + 10:
        yield grace.wrong(f"is {grace.text}", f"give at least {math.ceil(waits + 10)}")


@resource_rule("workload-spread", requirements=("ENV-4",), types=(kinds.DEPLOYMENT, kinds.STATEFUL_SET))
def workload_spread(resource: Resource) -> Iterator[Finding]:
    """What runs more than once is spread over the nodes."""
    pod = kinds.pod_spec(resource)
    if (resource.props.at("spec", "replicas").number or 1) < 2:
        return
    labels = {name: value.text for name, value in kinds.pod_template(resource).at("metadata", "labels").entries()}
    constraints = pod.at("topologySpreadConstraints")
    for each in constraints.items():
        selected = {name: value.text for name, value in each.at("labelSelector", "matchLabels").entries()}
        if (
            each.at("topologyKey").text == _HOSTNAME
            and each.at("maxSkew").number == 1
            and selected
            and selected.items() <= labels.items()
        ):
            return
    yield constraints.wrong(
        "spreads the pods over no nodes", f"give one over {_HOSTNAME} with maxSkew 1 and the pods' labels"
    )


@stack_rule("workload-priority-known", requirements=("ENV-4",), types=(*kinds.WORKLOADS, kinds.PRIORITY_CLASS))
def workload_priority_known(stack: Stack) -> Iterator[Finding]:
    """The priority of a pod is one that is declared, and none is everybody's."""
    classes = stack.of(kinds.PRIORITY_CLASS)
    known = {each.props.at("metadata", "name").text for each in classes}
    for each in classes:
        if each.props.at("globalDefault").flag:
            yield each.props.at("globalDefault").wrong("is true", "remove it")
    for workload in stack.of(*kinds.WORKLOADS):
        name = kinds.pod_spec(workload).at("priorityClassName")
        if name.text and name.text not in known and not name.text.startswith("system-"):
            yield name.wrong(f"{name.text} is no PriorityClass of the stack", "name one that is declared")


@stack_rule(
    "members-suffice",
    requirements=("ENV-4", "ALR-10", "LOG-6"),
    types=(kinds.CONFIG_MAP, kinds.STATEFUL_SET, kinds.DISRUPTION_BUDGET),
)
def members_suffice(stack: Stack) -> Iterator[Finding]:
    """Loki has a member for each copy of a line, and enough while one is away; Alertmanagers know each other."""
    copies = max(
        (each.content.at("common", "replication_factor").number or 0 for each in of_stack(stack, LOKI)), default=0
    )
    for workload in stack.of(kinds.STATEFUL_SET):
        replicas, name = workload.props.at("spec", "replicas"), _program(kinds.pod_template(workload).at("metadata"))
        number = replicas.number or 1
        for container in kinds.pod_spec(workload).at("containers").items():
            peers = {each for each in container.at("args").texts() if each.startswith("--cluster.peer=")}
            if peers and len(peers) < number:
                yield container.at("args").wrong(
                    f"name {len(peers)} of {number:g} peers: each alert comes more than once", "name all of them"
                )
        if name == "loki" and number < copies:
            yield replicas.wrong(f"is {replicas.text or 'missing'} for {copies:g} copies", f"give at least {copies:g}")
    for budget in stack.of(kinds.DISRUPTION_BUDGET) if copies else ():
        away = budget.props.at("spec", "maxUnavailable")
        if _program(budget.props.at("metadata")) == "loki" and (away.number or 0) > (copies - 1) // 2:
            yield away.wrong(f"is {away.text}: the rest takes no lines", f"give {(copies - 1) // 2:g}")


def _program(metadata: Value) -> str:
    return metadata.at("labels", "app.kubernetes.io/name").text


_DECIMAL = {"": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_SUFFIX = _DECIMAL | {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?")


def amount(text: str) -> float:
    """A quantity of Kubernetes' as a number (cores, or bytes); 0 when it is none."""
    found = _AMOUNT.fullmatch(text)
    return float(found[1]) * _SUFFIX[found[2] or ""] if found else 0.0


@stack_rule("workload-fits", requirements=("ENV-4", "INF-1"), types=(*kinds.LONG_RUNNING, kinds.VM))
def workload_fits(stack: Stack) -> Iterator[Finding]:
    """The pods' requests fit on the nodes: each on one, all together on all but one in production."""
    nodes = [each for each in stack.of(kinds.VM) if "k3s-agent" in each.props.at("tags").texts()]
    if not nodes:
        return
    cores = [each.props.at("cpu", "cores").number or 1 for each in nodes]
    memory = [(each.props.at("memory", "dedicated").number or 0) * 2**20 for each in nodes]
    asked = {"cpu": 0.0, "memory": 0.0}
    production = False
    for workload in stack.of(*kinds.LONG_RUNNING):
        production = production or _environment(workload).text == "production"
        copies = len(nodes)
        if workload.type != kinds.DAEMON_SET:
            replicas = workload.props.at("spec", "replicas").number
            copies = 1 if replicas is None else int(replicas)
        for container in kinds.pod_spec(workload).at("containers").items():
            for name, most in (("cpu", max(cores)), ("memory", max(memory))):
                request = container.at("resources", "requests", name)
                if amount(request.text) > most * 0.9:
                    yield request.wrong(f"is {request.text}, which no node has", "give what a node has")
                else:
                    asked[name] += copies * amount(request.text)
    for name, there in (("cpu", cores), ("memory", memory)):
        rest = sum(there) - (max(there) if production and len(there) > 1 else 0)
        if asked[name] > rest:
            key = nodes[0].props.at(*(("cpu", "cores") if name == "cpu" else ("memory", "dedicated")))
            yield key.wrong(f"and those of the other nodes are less than the pods' {name} requests", "give more")
