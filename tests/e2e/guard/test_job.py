"""The guard's Job on a real control plane: it is admitted where only hardened pods are, and its pod is made."""

from collections.abc import Iterator
from typing import Any

import pytest

from components.kubernetes import Priorities
from components.services import GuardJob
from settings.releases import Releases
from tests import arguments
from tests.e2e.guard.control_plane import Cluster, cluster
from tests.recording import Declared, record, stack_settings
from tests.waiting import wait_for

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(300)]

_PLURALS = {
    "ServiceAccount": "serviceaccounts",
    "NetworkPolicy": "networkpolicies",
    "ConfigMap": "configmaps",
    "Secret": "secrets",
    "Job": "jobs",
}


@pytest.fixture(scope="module")
def api_server() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


def declared() -> list[Declared]:
    settings = stack_settings("dev")
    content = {"image": f"{settings.environment.registry_host}/aceh/api@sha256:{'a' * 64}", "standing": "verified"}
    probation = {"since": "2026-01-31T12:00:00Z", "until": "2026-01-31T12:10:00Z", "previous": "blue"}
    api = {"live": "green", "slots": {"blue": content, "green": content}, "probation": probation}
    released = settings.model_copy(update={"releases": Releases.model_validate({"services": {"api": api}})})

    def program() -> None:
        image = f"{settings.environment.registry_host}/luxima/release@sha256:{'b' * 64}"
        Priorities("priorities")
        GuardJob("service-api-guard", arguments.guard_job(released, "api", image))

    return [each for each in record(program).resources if each.type.startswith("kubernetes:")]


def test_it_is_admitted_and_its_pod_is_made(api_server: Cluster) -> None:
    standard = {
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/enforce-version": "latest",
    }
    api_server.make(
        "/api/v1/namespaces",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "edge", "labels": standard}},
    )
    priorities = "/apis/scheduling.k8s.io/v1/priorityclasses"
    for each in declared():
        _, group, kind = each.type.split(":")
        if kind == "PriorityClass":
            api_server.make(priorities, {"apiVersion": group, "kind": kind, **each.inputs})
            continue
        version = group.removeprefix("core/")
        prefix = "/api/v1" if version == "v1" else f"/apis/{version}"
        body: dict[str, Any] = {"apiVersion": version, "kind": kind, **each.inputs}
        made = api_server.make(f"{prefix}/namespaces/edge/{_PLURALS[kind]}?fieldValidation=Strict", body)
        assert made["metadata"]["name"].startswith("guard-api-")
    (pod,) = wait_for(lambda: api_server.pods("edge"), "a pod of the Job")
    assert pod["metadata"]["labels"]["app.kubernetes.io/name"] == "release-guard"
    assert pod["spec"]["restartPolicy"] == "OnFailure"
