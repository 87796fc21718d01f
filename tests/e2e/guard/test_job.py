"""A real control plane: the guard's Job is admitted where only hardened pods are; manifests are kept and put back."""

import base64
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from components.kubernetes import Priorities
from components.services import GuardJob
from release.cluster import Cluster as Client
from release.snapshots import Manifests
from release.snapshots.manifests import FILE
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


def test_manifests_of_a_release_are_kept_and_put_back_without_any_secret(api_server: Cluster) -> None:
    """Those of the live version and of the one before stay, whatever their age; the others go after seven days."""
    settings, said, call = stack_settings("prod"), list[str](), api_server.api.call
    service, namespace = next((name, each.namespace) for name, each in settings.services.items())
    for name in {namespace, settings.observability.namespace}:
        call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    deployments, secret = f"/apis/apps/v1/namespaces/{namespace}/deployments", "a-secret-of-nobody's"
    metadata, labels = {"name": f"{service}-blue"}, {"app": "x"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "x", "image": "x:1"}]}}
    workload = {"metadata": metadata, "spec": {"selector": {"matchLabels": labels}, "template": pod}}
    call("POST", deployments, workload)
    port = {"ports": [{"port": 80}], "selector": labels}
    call("POST", f"/api/v1/namespaces/{namespace}/services", {"metadata": metadata, "spec": port})
    call("POST", f"/api/v1/namespaces/{namespace}/secrets", {"metadata": metadata, "stringData": {"x": secret}})
    call("POST", f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "another"}, "data": {"x": "y"}})
    now = datetime.now(UTC)

    def kept(revision: int, days: int, image: str) -> Manifests:
        release = settings.releases.services[service]
        content = release.slots[release.live]
        assert content is not None
        slots = {**release.slots, release.live: content.model_copy(update={"image": image})}
        one = release.model_copy(update={"slots": slots})
        released = settings.releases.model_copy(
            update={"revision": revision, "services": {**settings.releases.services, service: one}}
        )
        client = lambda: Client(api_server.layout.kubeconfig.read_text())  # noqa: E731
        return Manifests(client, settings, "prod", released, said.append, lambda: now + timedelta(days=days))

    place = f"/api/v1/namespaces/{settings.observability.namespace}/configmaps"
    for revision, day in ((1, 0), (2, 1), (3, 2)):
        kept(revision, day, f"image-{revision}").keep()
    kept(3, 2, "image-3").keep()
    assert said[-1] == "the manifests of revision 3 are kept"
    kept(3, 100, "image-3").prune(dry_run=True)
    kept(3, 6, "image-3").prune()
    names = lambda: [each["metadata"]["name"] for each in call("GET", place)["items"] if "manifests" in str(each)]  # noqa: E731
    assert len(names()) == 3
    kept(3, 100, "image-3").prune()
    assert [name.split("-")[2] for name in names()] == ["r2", "r3"]

    packed = call("GET", f"{place}/{names()[-1]}")["binaryData"][FILE]
    text = gzip.decompress(base64.b64decode(packed)).decode()
    items = json.loads(text)["items"]
    assert [(each["kind"], each["metadata"]["name"]) for each in items] == [
        ("Deployment", f"{service}-blue"), ("Service", f"{service}-blue"),
    ]  # fmt: skip
    assert secret not in text
    assert base64.b64encode(secret.encode()).decode() not in text
    before = call("GET", f"{deployments}/{service}-blue")["spec"]
    call("DELETE", f"{deployments}/{service}-blue")
    api_server.api.write(
        "PATCH", f"{deployments}/{service}-blue?fieldManager=kubectl&force=true", json.dumps(items[0]).encode()
    )
    assert call("GET", f"{deployments}/{service}-blue")["spec"] == before
