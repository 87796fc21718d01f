"""What pods, containers and machines are told is what rules of this pack read; nothing beside it is said."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from ..judging import Resource, resource_rule
from ..values import Finding, UnevaluableError, Value
from . import kinds

Words = Mapping[str, frozenset[str]]
"""Where (lists have the place of what holds them), and what may be said there; deeper places are not looked at."""


def _words(**places: str) -> Words:
    return {
        "" if place == "_" else place.replace("__", "/"): frozenset(words.split()) for place, words in places.items()
    }


_PROBE = (
    "httpGet tcpSocket grpc exec initialDelaySeconds periodSeconds timeoutSeconds successThreshold failureThreshold"
)
_POD = _words(
    _="automountServiceAccountToken containers initContainers enableServiceLinks hostNetwork hostPID hostIPC "
    "imagePullSecrets priorityClassName securityContext serviceAccountName terminationGracePeriodSeconds tolerations "
    "topologySpreadConstraints volumes nodeSelector affinity restartPolicy dnsPolicy",
    securityContext="fsGroup runAsGroup runAsNonRoot runAsUser seccompProfile supplementalGroups",
    topologySpreadConstraints="labelSelector maxSkew topologyKey whenUnsatisfiable matchLabelKeys",
    **{
        f"{each}{place}": words
        for each in ("containers", "initContainers")
        for place, words in {
            "": "args env image imagePullPolicy lifecycle livenessProbe name ports readinessProbe resources "
            "securityContext startupProbe volumeMounts",
            "__lifecycle": "preStop",
            "__lifecycle__preStop": "sleep",
            "__livenessProbe": _PROBE,
            "__readinessProbe": _PROBE,
            "__startupProbe": _PROBE,
            "__ports": "containerPort name protocol hostPort",
            "__volumeMounts": "mountPath mountPropagation name readOnly subPath",
            "__env": "name value valueFrom",
        }.items()
    },
)
_CONTAINER = _words(
    _="capabilities command containerReadRefreshTimeoutMilliseconds destroyGraceSeconds entrypoints envs healthcheck "
    "hostname hosts image labels logDriver logOpts memory memorySwap mounts mustRun name networkMode networksAdvanced "
    "ports readOnly restart securityOpts start tmpfs uploads user wait waitTimeout",
    healthcheck="interval retries startPeriod tests timeout",
    logOpts="max-file max-size tag",
    mounts="bindOptions readOnly source target type volumeOptions",
    networksAdvanced="aliases name",
    ports="external internal ip protocol",
    uploads="content file permissions",
)
_VM = _words(
    _="agent cpu description disks initialization machine memory migrate name networkDevices nodeName onBoot "
    "operatingSystem poolId scsiHardware serialDevices started startup stopOnDestroy tags vmId protection",
    agent="enabled timeout trim",
    cpu="cores sockets type",
    disks="datastoreId discard importFrom interface iothread size ssd",
    initialization="datastoreId dns interface ipConfigs userAccount userDataFileId",
    initialization__ipConfigs="ipv4",
    memory="dedicated",
    networkDevices="bridge firewall model vlanId",
)
_LXC = _words(
    _="cpu description disk initialization memory networkInterfaces nodeName operatingSystem poolId startOnBoot "
    "started startup tags unprivileged vmId protection features",
    cpu="cores",
    disk="datastoreId size",
    initialization="dns hostname ipConfigs userAccount",
    initialization__ipConfigs="ipv4",
    memory="dedicated swap",
    networkInterfaces="bridge firewall name vlanId",
)
_SERVICE = _words(
    _="allocateLoadBalancerNodePorts clusterIP externalTrafficPolicy ports publishNotReadyAddresses selector type "
    "externalIPs internalTrafficPolicy loadBalancerSourceRanges",
    ports="name port protocol targetPort nodePort",
)
_CHART = _words(
    _="automountServiceAccountToken cainjector crds global podDisruptionBudget replicaCount resources startupapicheck "
    "volumeMounts volumes webhook",
    crds="enabled keep",
    **{
        "global": "commonLabels leaderElection priorityClassName",
        **dict.fromkeys(
            ("cainjector", "webhook"),
            "automountServiceAccountToken podDisruptionBudget replicaCount resources volumeMounts volumes",
        ),
    },
)
_IMAGE = _words(_="keepLocally name")
_USER = _words(_="name secret")


def _places(resource: Resource) -> tuple[Value, Words]:
    if resource.type in kinds.WORKLOADS:
        return kinds.pod_spec(resource), _POD
    if resource.type == kinds.SERVICE:
        return resource.props.at("spec"), _SERVICE
    if resource.type == kinds.HELM_CHART:
        own = resource.props.at("chart").text == "cert-manager"
        return resource.props.at("values"), _CHART if own else {}
    said = {
        kinds.DOCKER_CONTAINER: _CONTAINER,
        kinds.VM: _VM,
        kinds.LXC: _LXC,
        kinds.DOCKER_IMAGE: _IMAGE,
        kinds.IAM_USER: _USER,
    }
    return resource.props, said[resource.type]


def _is_said(value: Value) -> bool:
    with contextlib.suppress(UnevaluableError):
        return any(leaf.text for leaf in value.leaves())
    return True


def unread(value: Value, known: Words, place: str = "") -> Iterator[Value]:
    """What is said at a place and nobody reads; neither what a provider adds by itself nor what is empty."""
    words = known.get(place)
    if words is None:
        return
    added = {"__defaults", *value.at("__defaults").texts()}
    for name, entry in value.entries():
        if name not in words and name not in added and _is_said(entry):
            yield entry
        below = f"{place}/{name}".strip("/")
        for each in _each(entry) if name in words and below in known else ():
            yield from unread(each, known, below)


def _each(entry: Value) -> Iterator[Value]:
    """The elements of a list; what is none stands for itself."""
    try:
        yield from entry.items()
    except UnevaluableError:
        yield entry


@resource_rule(
    "properties-known",
    requirements=("SEC-2", "SEC-6", "ENV-4", "INF-1"),
    types=(
        *kinds.WORKLOADS,
        kinds.SERVICE,
        kinds.HELM_CHART,
        kinds.DOCKER_CONTAINER,
        kinds.DOCKER_IMAGE,
        kinds.VM,
        kinds.LXC,
        kinds.IAM_USER,
    ),
)
def properties_known(resource: Resource) -> Iterator[Finding]:
    """Pods, containers and machines are told nothing that no rule reads: commands, hooks, limits, devices, names."""
    value, known = _places(resource)
    for each in unread(value, known):
        yield each.wrong("is read by no rule", "remove it, or let a rule of policy/rules know it")


RULES = (properties_known,)
