"""What runs is kept running: probes that mean it, quotas, what every node and every service has (ENV-4, LOG-7, MON)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..judging import Resource, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .availability import amount
from .documents import LOKI, ROUTING, TEMPO, of_stack

_NAME = "app.kubernetes.io/name"
IN_CLUSTER = re.compile(r"[a-z]+://([a-z0-9-]+)\.([a-z0-9-]+)\.svc\b")
"""A Service's name and namespace, in an address of the cluster."""
_MEMBER = re.compile(r"(?:dns(?:srv)?\+)?([a-z0-9-]+)\.([a-z0-9-]+)\.svc\b")
_SERVICES, _WATCHING = "luxima-services", "luxima-watching"
_WATCHERS = frozenset({"observability", "node-agents", "?"})
_MOST_HELD_SECONDS = 600
_LEAST_START_SECONDS, _MOST_START_SECONDS = 20, 1800
_LONGEST = {"initialDelaySeconds": 600, "timeoutSeconds": 60, "successThreshold": 3}
_NAMED = frozenset({"cpu", "memory", "ephemeral-storage"})
_MOST_GRACE_SECONDS, _MOST_READY_SECONDS = 900, 600
_LEAST_PROGRESS_SECONDS = 60
_MOST_OVER = 4
"""A container's memory at most, as a multiple of what is kept for it."""
_MOST_AWAY = 25
_PODS_PER_NODE = 110
_AGENTS = {"log-agent": "LOG-7", "node-exporter": "MON-2"}


@resource_rule("workload-lives", requirements=("ENV-4",), types=kinds.LONG_RUNNING)
def workload_lives(resource: Resource) -> Iterator[Finding]:
    """A pod that serves is started again for good, by probes of its own ports, with the time and memory to start."""
    spec, pod = resource.props.at("spec"), kinds.pod_spec(resource)
    if pod.at("restartPolicy").text not in {"", "Always"}:
        yield pod.at("restartPolicy").wrong(f"is {pod.at('restartPolicy').text}", "remove it")
    if pod.at("activeDeadlineSeconds").present:
        yield pod.at("activeDeadlineSeconds").wrong("ends the pod at some time", "remove it")
    if pod.at("preemptionPolicy").text == "Never":
        yield pod.at("preemptionPolicy").wrong("is Never: it waits behind what matters less", "remove it")
    deadline = spec.at("progressDeadlineSeconds")
    if deadline.present and (deadline.number or 0) < _LEAST_PROGRESS_SECONDS:
        yield deadline.wrong(f"is {deadline.text}: no rollout is as fast", f"give at least {_LEAST_PROGRESS_SECONDS}")
    yield from _in_time(resource, spec, pod)
    labels = {name: value.text for name, value in kinds.pod_template(resource).at("metadata", "labels").entries()}
    selected = spec.at("selector", "matchLabels")
    if any(labels.get(name) != value.text for name, value in selected.entries()):
        yield selected.wrong("selects other pods", "give labels of the pods")
    for container in pod.at("containers").items():
        ports = {port.at(name).text for port in container.at("ports").items() for name in ("name", "containerPort")}
        for name in ("readinessProbe", "livenessProbe", "startupProbe"):
            for way in ("httpGet", "tcpSocket"):
                port = container.at(name, way, "port")
                if port.text and port.text not in ports:
                    yield port.wrong(f"is {port.text}, which the container does not open", "name one of its ports")
        yield from _paces(container)
        yield from _amounts(container.at("resources"))


def _in_time(resource: Resource, spec: Value, pod: Value) -> Iterator[Finding]:
    for place, most in (
        (pod.at("terminationGracePeriodSeconds"), _MOST_GRACE_SECONDS),
        (spec.at("minReadySeconds"), _MOST_READY_SECONDS),
    ):
        if (place.number or 0) > most:
            yield place.wrong(f"is {place.text}: no rollout ends", f"give at most {most}")
    if resource.props.at("metadata", "annotations", "pulumi.com/skipAwait").text == "true":
        yield resource.props.at("metadata", "annotations").wrong("waits for no rollout", "remove pulumi.com/skipAwait")


def _seconds(probe: Value) -> float:
    period, failures = probe.at("periodSeconds").number, probe.at("failureThreshold").number
    return (10 if period is None else period) * (3 if failures is None else failures)


def _paces(container: Value) -> Iterator[Finding]:
    live, start = container.at("livenessProbe"), container.at("startupProbe")
    if live.present and _seconds(live) > _MOST_HELD_SECONDS:
        yield live.at("failureThreshold").wrong(
            f"and periodSeconds leave a pod that hangs for more than {_MOST_HELD_SECONDS} s", "give less"
        )
    for probe in (container.at("readinessProbe"), live, start):
        for name, most in _LONGEST.items():
            if (probe.at(name).number or 0) > most:
                yield probe.at(name).wrong(f"is {probe.at(name).text}", f"give at most {most}")
    if start.present and _seconds(start) > _MOST_START_SECONDS:
        yield start.at("failureThreshold").wrong(
            f"and periodSeconds wait for more than {_MOST_START_SECONDS} s for a pod that hangs", "give less"
        )
    if live.at("terminationGracePeriodSeconds").present:
        yield live.at("terminationGracePeriodSeconds").wrong("ends the pod in another time", "remove it")
    if start.present and _seconds(start) < _LEAST_START_SECONDS:
        yield start.at("failureThreshold").wrong(
            f"and periodSeconds end a pod that takes {_LEAST_START_SECONDS} s to start", "give more"
        )


def _amounts(resources: Value) -> Iterator[Finding]:
    for kind in ("limits", "requests"):
        for name in resources.at(kind).names():
            if name not in _NAMED:
                yield resources.at(kind, name).wrong("is what no node has", "remove it")
    for name in sorted(_NAMED):
        limit, request = resources.at("limits", name), resources.at("requests", name)
        if limit.text and request.text and amount(limit.text) < amount(request.text):
            yield limit.wrong(f"is {limit.text}, less than the request", "give at least that")
    limit, request = resources.at("limits", "memory"), resources.at("requests", "memory")
    if request.text and amount(limit.text) > _MOST_OVER * amount(request.text):
        yield request.wrong(f"is {request.text}, less than a {_MOST_OVER}th of the limit", "keep what it needs")


@resource_rule("workload-rank", requirements=("ENV-4",), types=(*kinds.LONG_RUNNING, kinds.PRIORITY_CLASS))
def workload_rank(resource: Resource) -> Iterator[Finding]:
    """What serves users is not taken for what watches it, nor for a part of Kubernetes, and need not wait for room."""
    if resource.type == kinds.PRIORITY_CLASS:
        if resource.props.at("preemptionPolicy").text == "Never":
            yield resource.props.at("preemptionPolicy").wrong(
                "is Never: it waits behind what matters less", "remove it"
            )
        return
    name, namespace = kinds.pod_spec(resource).at("priorityClassName"), kinds.namespace_of(resource)
    if name.text == _WATCHING and namespace not in _WATCHERS:
        yield name.wrong(f"is {name.text} in {namespace}, where nothing watches", f"give {_SERVICES}")
    if name.text.startswith("system-") and namespace != "kube-system":
        yield name.wrong(f"is {name.text}, which parts of Kubernetes have", "name a class of the stack")


@resource_rule("service-measured", requirements=("MON-1",), types=(kinds.DEPLOYMENT, kinds.STATEFUL_SET))
def service_measured(resource: Resource) -> Iterator[Finding]:
    """Prometheus finds every service's pods, at a port that they open."""
    pod = kinds.pod_spec(resource)
    if pod.at("priorityClassName").text != _SERVICES:
        return
    notes = kinds.pod_template(resource).at("metadata", "annotations")
    if notes.at("prometheus.io/scrape").text != "true":
        yield notes.at("prometheus.io/scrape").wrong("is not true: nobody measures it", "give 'true'")
    ports = {
        port.at("containerPort").text for each in pod.at("containers").items() for port in each.at("ports").items()
    }
    path = notes.at("prometheus.io/path")
    if path.text and not kinds.FIGURES.search(path.text):
        yield path.wrong(f"is {path.text}, no page of figures", "give /metrics")
    port = notes.at("prometheus.io/port")
    if port.text not in ports:
        yield port.wrong(f"is {port.text or 'missing'}, which the pods do not open", "give one of theirs")


@stack_rule(
    "agents-everywhere", requirements=("LOG-7", "MON-2"), types=(kinds.DAEMON_SET, kinds.STATEFUL_SET, kinds.VM)
)
def agents_everywhere(stack: Stack) -> Iterator[Finding]:
    """On every node runs who sends its logs and who measures it, and a new version does not stop them together."""
    agents = {each.props.at("metadata", "name").text: each for each in stack.of(kinds.DAEMON_SET)}
    nodes = [each for each in stack.of(kinds.VM) if "k3s-agent" in each.props.at("tags").texts()]
    # Nothing is missing where nothing is watched.
    for name, requirement in _AGENTS.items() if nodes and stack.of(kinds.STATEFUL_SET) else ():
        if name not in agents:
            yield nodes[0].props.at("tags").wrong(f"are those of a node without {name}", f"declare it ({requirement})")
    for agent in agents.values():
        pod = kinds.pod_spec(agent)
        for key in ("nodeName", "nodeSelector", "affinity"):
            if pod.at(key).present:
                yield pod.at(key).wrong("leaves nodes out", "remove it")
        if not any(each.at("operator").text == "Exists" for each in pod.at("tolerations").items()):
            yield pod.at("tolerations").wrong("leaves the cluster's servers out", "give operator Exists")
        away = agent.props.at("spec", "updateStrategy", "rollingUpdate", "maxUnavailable")
        if (float(away.text[:-1]) if away.text.endswith("%") else (away.number or 1) * 10) > _MOST_AWAY:
            yield away.wrong(f"is {away.text}", f"give at most {_MOST_AWAY}%")


@stack_rule("stateful-names", requirements=("ENV-4",), types=(kinds.STATEFUL_SET, kinds.SERVICE))
def stateful_names(stack: Stack) -> Iterator[Finding]:
    """The Service that names a StatefulSet's pods is declared, and they change one at a time."""
    known = {(kinds.namespace_of(each), each.props.at("metadata", "name").text) for each in stack.of(kinds.SERVICE)}
    for each in stack.of(kinds.STATEFUL_SET):
        name = each.props.at("spec", "serviceName")
        if name.text and (kinds.namespace_of(each), name.text) not in known:
            yield name.wrong(f"{name.text} is not declared: the pods have no names", "declare the Service")
        away = each.props.at("spec", "updateStrategy", "rollingUpdate", "maxUnavailable")
        if away.present and away.text != "1":
            yield away.wrong(f"is {away.text}", "remove it")


@stack_rule(
    "backend-declared",
    requirements=("ENV-4", "ENV-2"),
    types=(kinds.CONFIG_MAP, kinds.SERVICE, kinds.DEPLOYMENT, kinds.STATEFUL_SET),
)
def backend_declared(stack: Stack) -> Iterator[Finding]:
    """Where a gateway leads to in the cluster is declared, and whom replicas of Loki and Tempo join is their own."""
    known = {(each.props.at("metadata", "name").text, kinds.namespace_of(each)) for each in stack.of(kinds.SERVICE)}
    spaces = {kinds.namespace_of(each) for each in stack.of(kinds.SERVICE, kinds.DEPLOYMENT, kinds.STATEFUL_SET)}
    for program in (LOKI, TEMPO) if known else ():
        for document in of_stack(stack, program):
            for member in document.content.at("memberlist", "join_members").items():
                found = _MEMBER.match(member.text)
                if not found or ("?" not in spaces and found.groups() not in known) or program not in found[1]:
                    yield member.wrong(
                        f"is {member.text}, which is none of {program}", f"name the Service of {program}"
                    )
    for document in of_stack(stack, ROUTING) if known else ():
        for _, service in document.content.at("http", "services").entries():
            for server in service.at("loadBalancer", "servers").items():
                found = IN_CLUSTER.match(server.at("url").text)
                if found and found[2] in spaces and (found[1], found[2]) not in known:
                    yield server.at("url").wrong(f"leads to {found[1]}, which is not declared", "declare the Service")


@stack_rule("namespace-quota", requirements=("ENV-4", "INF-1"), types=(kinds.NAMESPACE, kinds.QUOTA, kinds.VM))
def namespace_quota(stack: Stack) -> Iterator[Finding]:
    """No namespace can take all the room of the nodes: each has a quota of pods and memory."""
    quotas = {kinds.namespace_of(each): each.props.at("spec", "hard") for each in stack.of(kinds.QUOTA)}
    nodes = len([each for each in stack.of(kinds.VM) if "k3s-agent" in each.props.at("tags").texts()])
    for namespace in stack.of(kinds.NAMESPACE) if nodes and "?" not in quotas else ():
        name = namespace.props.at("metadata", "name")
        hard = quotas.get(name.text)
        if hard is None:
            yield name.wrong(f"{name.text} has no ResourceQuota", "declare one")
            continue
        for key in ("pods", "requests.memory", "limits.memory"):
            if not hard.at(key).text:
                yield hard.at(key).wrong("is missing", "give an amount")
        if (hard.at("pods").number or 0) > nodes * _PODS_PER_NODE:
            yield hard.at("pods").wrong(f"is {hard.at('pods').text}, more than the nodes hold", "give less")


@resource_rule("budget-counted", requirements=("ENV-4",), types=(kinds.DISRUPTION_BUDGET,))
def budget_counted(resource: Resource) -> Iterator[Finding]:
    """A budget says in pods how many may be away: a share is rounded up."""
    away = resource.props.at("spec", "maxUnavailable")
    if away.text.endswith("%"):
        yield away.wrong(f"is {away.text}", "give 1")
