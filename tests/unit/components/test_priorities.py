"""Every pod says who is evicted before it, with the recording stand-in for the engine (no server)."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import pytest

from components.edge import cert_manager
from components.kubernetes import Priority
from components.kubernetes.kube_vip import kube_vip
from tests.recording import STACKS, Declared, record_platform, stack_settings

_WATCHING = {
    "prometheus",
    "alertmanager",
    "alertmanager-record",
    "loki",
    "tempo",
    "grafana",
    "log-agent",
    "node-exporter",
    "kube-state-metrics",
    "blackbox-exporter",
    "pve-exporter",
    "release-guard",
}


def _workloads(stack: str) -> Iterator[tuple[Declared, Mapping[str, Any]]]:
    """What has a pod template, of whatever kind, and the template."""
    for each in record_platform(stack_settings(stack)).resources:
        spec = each.inputs.get("spec")
        template = cast("dict[str, Any]", spec).get("template") if isinstance(spec, dict) else None
        if each.type.startswith("kubernetes:") and template is not None:
            yield each, template


@pytest.mark.parametrize("stack", STACKS)
def test_every_pod_names_a_class_that_is_there_before_it(stack: str) -> None:
    recorder = record_platform(stack_settings(stack))
    classes = {each.inputs["metadata"]["name"]: each.identity for each in recorder.of(":PriorityClass")}
    assert set(classes) == set(Priority)
    workloads = list(_workloads(stack))
    assert len(workloads) > 12
    for workload, template in workloads:
        assert template["spec"].get("priorityClassName") in classes, workload.name
        assert set(classes.values()) <= recorder.before(workload), workload.name


@pytest.mark.parametrize("stack", STACKS)
def test_services_go_before_what_watches_and_that_goes_before_the_gateways(stack: str) -> None:
    recorder = record_platform(stack_settings(stack))
    values = {each.inputs["metadata"]["name"]: each.inputs["value"] for each in recorder.of(":PriorityClass")}
    assert 0 < values[Priority.SERVICES] < values[Priority.WATCHING] < values[Priority.GATEWAYS] < 10**9
    for workload, template in _workloads(stack):
        program = template["metadata"]["labels"]["app.kubernetes.io/name"]
        watching = Priority.WATCHING if program in _WATCHING else Priority.SERVICES
        wanted = Priority.GATEWAYS if program == "traefik" else watching
        assert template["spec"]["priorityClassName"] == wanted, workload.name


@pytest.mark.parametrize("stack", STACKS)
def test_what_others_bring_names_one_too(stack: str) -> None:
    settings = stack_settings(stack)
    assert cert_manager.values(settings.edge.replicas, "test")["global"]["priorityClassName"] in set(Priority)
    pods = [each["spec"]["template"]["spec"] for each in kube_vip(settings.kubernetes) if "DaemonSet" in each["kind"]]
    assert {pod["priorityClassName"] for pod in pods} == {"system-node-critical"}
