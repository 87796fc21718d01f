"""Specs of policy/rules/availability.py."""

from __future__ import annotations

from typing import Any

from policy.judging import Declared
from policy.rules import kinds

from .. import good
from ..spec import UNKNOWN, Case, Spec, but, declared, one, wrong

_AT, _POD = "spec/template/spec", "spec.template.spec"
_LABELS = {**good.LABELS, "environment": "production"}
_SPREAD = {"maxSkew": 1.0, "topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": good.LABELS}}
_GOOD = but(
    good.DEPLOYMENT,
    ("spec/template/metadata/labels", _LABELS),
    ("spec/minReadySeconds", 5.0),
    ("spec/strategy", {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0.0, "maxSurge": 1.0}}),
    (f"{_AT}/topologySpreadConstraints", [_SPREAD]),
    (f"{_AT}/containers/0/lifecycle", {"preStop": {"sleep": {"seconds": 5.0}}}),
    (f"{_AT}/terminationGracePeriodSeconds", 30.0),
)
_AGENT = {"tags": ["k3s-agent"], "cpu": {"cores": 4.0}, "memory": {"dedicated": 8192.0}}
_AGENTS = (declared(kinds.VM, _AGENT, "a"), declared(kinds.VM, _AGENT, "b"))
_CLASS = declared(kinds.PRIORITY_CLASS, {"metadata": {"name": "luxima-services"}}, "class")


def _with(path: str, value: Any) -> Declared:
    return declared(kinds.DEPLOYMENT, but(_GOOD, (path, value)))


def _one(path: str, value: Any) -> Case:
    return (_with(path, value),)


_STATEFUL = but(_GOOD, ("spec/updateStrategy", {"type": "RollingUpdate"}))


def _members(replicas: float = 3.0, away: Any = 1.0, peers: tuple[str, ...] = ("a", "b", "c")) -> Case:
    """Three of Loki for three copies of each line, and what may be away of them; it knows its peers as well."""
    labels = {"labels": {"app.kubernetes.io/name": "loki"}}
    container = {"args": [f"--cluster.peer={each}" for each in peers]}
    spec = {"replicas": replicas, "template": {"metadata": labels, "spec": {"containers": [container]}}}
    return (
        declared(kinds.CONFIG_MAP, {"data": {"loki.yaml": "common: {replication_factor: 3}"}}, "documents"),
        declared(kinds.STATEFUL_SET, {"spec": spec}, "loki"),
        declared(kinds.DISRUPTION_BUDGET, {"metadata": labels, "spec": {"maxUnavailable": away}}, "budget"),
    )


SPECS = (
    Spec(
        "workload-environment",
        passes=(one(kinds.DEPLOYMENT, _GOOD),),
        fails=(
            wrong(_one("spec/template/metadata/labels", good.LABELS), "spec.template.metadata.labels.environment"),
            wrong(
                _one("spec/template/metadata/labels/environment", "prod"), "spec.template.metadata.labels.environment"
            ),
        ),
        unknown=(
            wrong(
                _one("spec/template/metadata/labels/environment", UNKNOWN), "spec.template.metadata.labels.environment"
            ),
        ),
    ),
    Spec(
        "workload-replicas",
        passes=(
            one(kinds.DEPLOYMENT, _GOOD),
            one(
                kinds.DEPLOYMENT,
                but(_GOOD, ("spec/replicas", 1.0), ("spec/template/metadata/labels/environment", "dev")),
            ),
            one(kinds.DEPLOYMENT, but(_GOOD, ("spec/replicas", 1.0), (f"{_AT}/priorityClassName", "luxima-watching"))),
        ),
        fails=(wrong(_one("spec/replicas", 1.0), "spec.replicas"),),
        unknown=(wrong(_one("spec/replicas", UNKNOWN), "spec.replicas"),),
    ),
    Spec(
        "workload-rollout",
        passes=(one(kinds.DEPLOYMENT, _GOOD), one(kinds.STATEFUL_SET, _STATEFUL)),
        fails=(
            wrong(_one("spec/strategy/type", "Recreate"), "spec.strategy.type"),
            wrong(
                _one("spec/strategy/rollingUpdate/maxUnavailable", 1.0), "spec.strategy.rollingUpdate.maxUnavailable"
            ),
            wrong(_one("spec/strategy/rollingUpdate/maxSurge", 0.0), "spec.strategy.rollingUpdate.maxSurge"),
            wrong(_one("spec/minReadySeconds", 0.0), "spec.minReadySeconds"),
            wrong(
                one(kinds.STATEFUL_SET, but(_STATEFUL, ("spec/updateStrategy/type", "OnDelete"))),
                "spec.updateStrategy.type",
            ),
        ),
        unknown=(wrong(_one("spec/strategy/type", UNKNOWN), "spec.strategy.type"),),
    ),
    Spec(
        "workload-ends-in-order",
        passes=(one(kinds.DEPLOYMENT, _GOOD),),
        fails=(
            wrong(_one(f"{_AT}/containers/0/lifecycle", {}), f"{_POD}.containers[0].lifecycle.preStop"),
            wrong(_one(f"{_AT}/terminationGracePeriodSeconds", 1.0), f"{_POD}.terminationGracePeriodSeconds"),
        ),
        unknown=(
            wrong(_one(f"{_AT}/terminationGracePeriodSeconds", UNKNOWN), f"{_POD}.terminationGracePeriodSeconds"),
        ),
    ),
    Spec(
        "workload-spread",
        passes=(one(kinds.DEPLOYMENT, _GOOD), one(kinds.DEPLOYMENT, but(good.DEPLOYMENT, ("spec/replicas", 1.0)))),
        fails=(
            wrong(one(kinds.DEPLOYMENT, good.DEPLOYMENT), f"{_POD}.topologySpreadConstraints"),
            wrong(_one(f"{_AT}/topologySpreadConstraints/0/topologyKey", "zone"), f"{_POD}.topologySpreadConstraints"),
        ),
        unknown=(
            wrong(
                _one(f"{_AT}/topologySpreadConstraints/0/topologyKey", UNKNOWN),
                f"{_POD}.topologySpreadConstraints[0].topologyKey",
            ),
        ),
    ),
    Spec(
        "workload-priority-known",
        passes=((_CLASS, declared(kinds.DEPLOYMENT, _GOOD)),),
        fails=(
            wrong((declared(kinds.DEPLOYMENT, _GOOD),), f"{_POD}.priorityClassName"),
            wrong(
                (declared(kinds.PRIORITY_CLASS, {"metadata": {"name": "a"}, "globalDefault": True}),), "globalDefault"
            ),
        ),
        unknown=(wrong((_CLASS, _with(f"{_AT}/priorityClassName", UNKNOWN)), f"{_POD}.priorityClassName"),),
    ),
    Spec(
        "members-suffice",
        passes=(_members(),),
        fails=(
            wrong(_members(replicas=2.0), "spec.replicas"),
            wrong(_members(away=2.0), "spec.maxUnavailable"),
            wrong(_members(peers=("a", "b", "b")), f"{_POD}.containers[0].args"),
        ),
        unknown=(wrong(_members(away=UNKNOWN), "spec.maxUnavailable"),),
    ),
    Spec(
        "workload-fits",
        passes=((*_AGENTS, declared(kinds.DEPLOYMENT, _GOOD)), (declared(kinds.DEPLOYMENT, _GOOD),)),
        fails=(
            wrong(
                (*_AGENTS, _with(f"{_AT}/containers/0/resources/requests/memory", "1Ti")),
                f"{_POD}.containers[0].resources.requests.memory",
            ),
            wrong((*_AGENTS, _with("spec/replicas", 90.0)), "cpu.cores", "memory.dedicated"),
        ),
        unknown=(wrong((*_AGENTS, _with("spec/replicas", UNKNOWN)), "spec.replicas"),),
    ),
)
