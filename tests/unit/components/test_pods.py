"""What quotas are checked with is what the pods really ask for, on a recording stand-in for the engine (no server)."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from settings import Settings
from settings.capacity.pods import pods
from settings.capacity.series import cluster_nodes
from settings.releases import Releases
from tests.recording import record_platform, stack_settings

Asked = dict[str, Counter[str]]
"""Sums by namespace and by key of a quota."""


def everything_released(settings: Settings) -> Settings:
    """Each service in both slots and on probation, beside a candidate where its strategy knows one."""
    found: dict[str, Any] = {}
    for index, (name, service) in enumerate(settings.services.items()):
        image = f"{settings.environment.registry_host}/aceh/{name}@sha256:{index:064x}"
        slot = {"image": image, "standing": "verified"}
        candidate = {"image": image, "percent": 10}
        found[name] = {
            "live": "blue",
            "slots": {"blue": slot, "green": slot},
            "probation": {"since": "2026-01-31T12:00:00Z", "until": "2026-01-31T12:10:00Z", "previous": "green"},
            **({service.strategy: candidate} if service.strategy in ("canary", "shadow") else {}),
        }
    return settings.model_copy(update={"releases": Releases.model_validate({"services": found})})


def with_strategies(settings: Settings) -> Settings:
    """With a service that has a canary, and one that is scaled by its load."""
    services = {name: service.model_dump() for name, service in settings.services.items()}
    services["api"]["strategy"], services["auth"]["autoscaling"] = "canary", {"max_replicas": 9, "cpu_percent": 70}
    changed = type(settings.services["api"])
    return settings.model_copy(
        update={"services": {name: changed.model_validate(each) for name, each in services.items()}}
    )


def mib(quantity: str) -> int:
    return int(quantity[:-2]) * {"Mi": 1, "Gi": 1024}[quantity[-2:]]


def millicores(quantity: str) -> int:
    return int(quantity[:-1]) if quantity.endswith("m") else int(quantity) * 1000


def declared(settings: Settings) -> Asked:
    found: Asked = {}
    scaled: dict[str, int] = {}
    recorder = record_platform(settings)
    for each in recorder.of(":HorizontalPodAutoscaler"):
        scaled[each.inputs["metadata"]["name"]] = each.inputs["spec"]["maxReplicas"]
    for each in recorder.resources:
        if not each.type.startswith("kubernetes:") or "template" not in each.inputs.get("spec", {}):
            continue
        spec: Mapping[str, Any] = each.inputs["spec"]
        count = {
            "Deployment": lambda spec=spec, name=each.inputs["metadata"]["name"]: (
                scaled.get(name, spec["replicas"]) + spec["strategy"]["rollingUpdate"]["maxSurge"]
            ),
            "StatefulSet": lambda spec=spec: spec["replicas"],
            "DaemonSet": lambda: cluster_nodes(settings),
            "Job": lambda: 1,
        }[each.type.rpartition(":")[2]]()
        here = found.setdefault(each.inputs["metadata"]["namespace"], Counter())
        for container in spec["template"]["spec"]["containers"]:
            asked, limits = container["resources"]["requests"], container["resources"]["limits"]
            here["cpu"] += count * millicores(asked["cpu"])
            here["requests"] += count * mib(asked["memory"])
            here["limits"] += count * mib(limits["memory"])
        here["pods"] += count
    return found


def computed(settings: Settings) -> Asked:
    found: Asked = {}
    for each in pods(settings):
        here = found.setdefault(each.namespace, Counter())
        here["cpu"] += each.peak * each.size.cpu_request_millicores
        here["requests"] += each.peak * each.size.memory_request_mib
        here["limits"] += each.peak * each.size.memory_limit_mib
        here["pods"] += each.peak
    return found


@pytest.mark.parametrize("settings", [stack_settings("dev"), with_strategies(stack_settings("prod"))])
def test_a_namespace_is_asked_for_what_its_quota_is_checked_with(settings: Settings) -> None:
    settings = everything_released(settings)
    assert declared(settings) == computed(settings)


def test_an_autoscaler_finds_and_leaves_as_many_pods_as_there_were() -> None:
    """Undeclared, the number would be 1 whenever scaling by load is switched on."""
    recorder = record_platform(everything_released(with_strategies(stack_settings("prod"))))
    scaled = {each.inputs["metadata"]["name"] for each in recorder.of(":HorizontalPodAutoscaler")}
    assert scaled
    for each in recorder.of(":Deployment"):
        assert each.inputs["spec"]["replicas"] >= 1
        own = each.inputs["metadata"]["name"] not in scaled
        assert recorder.ignored[each.identity] == (frozenset() if own else {"spec.replicas"}), each.name
