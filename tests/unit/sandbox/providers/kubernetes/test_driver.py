import json
import threading
import time
from typing import Any

import pytest

from sandbox.providers import base
from sandbox.providers.base import UNKNOWN, InitError, Operation, ProviderError
from sandbox.providers.kubernetes import client
from sandbox.providers.kubernetes import driver as driver_module
from sandbox.providers.kubernetes.driver import KubernetesDriver
from tests.unit.sandbox.providers.kubernetes.api_server import ApiServer, Reply, Request

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
PATH = "/api/v1/namespaces/luxima/configmaps/settings"


def _config_map(**data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": "luxima"},
        "data": data,
    }


def _deployment() -> dict[str, Any]:
    metadata = {"name": "storefront-blue", "namespace": "luxima"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"replicas": 1}}


def test_create_applies_on_the_server_side_as_one_owner(api: ApiServer, driver: KubernetesDriver) -> None:
    resource_id, outputs = driver.create(CONFIG_MAP, "settings", _config_map(a="b"))
    assert resource_id == "luxima/settings"
    assert outputs["metadata"] == {"name": "settings", "namespace": "luxima", "uid": "1", "generation": 1}
    request = api.requests[-1]
    assert (request.method, request.path) == ("PATCH", PATH)
    assert request.query == {"fieldManager": ["luxima"], "force": ["true"]}
    assert request.content_type == "application/apply-patch+yaml"
    assert request.body == _config_map(a="b")


def test_an_object_without_a_namespace_goes_where_the_provider_says(api: ApiServer) -> None:
    driver = KubernetesDriver()
    driver.configure({"kubeconfig": api.kubeconfig, "namespace": "edge"})
    inputs = _config_map()
    del inputs["metadata"]["namespace"]
    driver.create(CONFIG_MAP, "settings", inputs)
    assert api.requests[-1].path == "/api/v1/namespaces/edge/configmaps/settings"


def test_an_object_of_the_cluster_has_none(api: ApiServer, driver: KubernetesDriver) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "luxima"}}
    assert driver.create("kubernetes:core/v1:Namespace", "ns", namespace)[0] == "luxima"
    assert api.requests[-1].path == "/api/v1/namespaces/luxima"


def test_kinds_are_asked_for_once(api: ApiServer, driver: KubernetesDriver) -> None:
    for name in ("a", "b", "c"):
        driver.create(CONFIG_MAP, name, _config_map())
    assert [request.path for request in api.requests].count("/api/v1") == 1


def test_the_server_refusal_is_one_sentence_that_names_the_object(api: ApiServer, driver: KubernetesDriver) -> None:
    def refuse(request: Request) -> Reply | None:
        return (422, {"message": 'ConfigMap "settings" is invalid: data'}) if request.method == "PATCH" else None

    api.answer = refuse
    with pytest.raises(ProviderError) as caught:
        driver.create(CONFIG_MAP, "settings", _config_map())
    assert str(caught.value) == 'ConfigMap luxima/settings: ConfigMap "settings" is invalid: data'


def test_a_namespace_that_is_still_being_made_is_waited_for(api: ApiServer, driver: KubernetesDriver) -> None:
    refusals = iter([(404, {"message": 'namespaces "luxima" not found'})] * 2)
    api.answer = lambda request: next(refusals, None) if request.method == "PATCH" else None
    assert driver.create(CONFIG_MAP, "settings", _config_map())[0] == "luxima/settings"


def test_a_kind_that_the_server_does_not_know(
    api: ApiServer, driver: KubernetesDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver_module, "_PREREQUISITE", 0.0)
    widget = {"apiVersion": "example.org/v1", "kind": "Widget", "metadata": {"name": "a"}}
    with pytest.raises(ProviderError, match="Widget a: the API server does not know example"):
        driver.create("kubernetes:example.org/v1:Widget", "a", widget)
    assert all(request.method == "GET" for request in api.requests)


def test_a_server_that_is_starting_is_asked_again(
    api: ApiServer, driver: KubernetesDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_PATIENCE", 30.0)
    replies = iter([(503, {"message": "starting"}), (429, {"message": "slow down"})])
    api.answer = lambda _request: next(replies, None)
    assert driver.create(CONFIG_MAP, "settings", _config_map())[0] == "luxima/settings"


def test_a_server_that_is_not_there_is_named_soon(api: ApiServer) -> None:
    dead = json.loads(api.kubeconfig)
    dead["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    driver = KubernetesDriver()
    driver.configure({"kubeconfig": json.dumps(dead)})
    begin = time.monotonic()
    with pytest.raises(ProviderError) as caught:
        driver.create(CONFIG_MAP, "settings", _config_map())
    assert str(caught.value) == ("the Kubernetes API server at https://127.0.0.1:1 does not answer: connection refused")
    assert time.monotonic() - begin < 30


@pytest.mark.parametrize(
    ("kubeconfig", "message"),
    [
        (None, "has no kubeconfig"),
        ("a: [", "is not YAML"),
        ("text", "is no mapping"),
        ("{}", "kubeconfig cannot be used"),
    ],
)
@pytest.mark.usefixtures("api")
def test_a_kubeconfig_that_is_none_is_said_to_be(kubeconfig: str | None, message: str) -> None:
    driver = KubernetesDriver()
    driver.configure({"kubeconfig": kubeconfig})
    with pytest.raises(ProviderError, match=message):
        driver.create(CONFIG_MAP, "settings", _config_map())


def test_a_deployment_is_awaited(api: ApiServer, driver: KubernetesDriver) -> None:
    looks = 0

    def roll_out(request: Request) -> Reply | None:
        nonlocal looks
        if request.method == "GET" and "deployments" in request.path:
            looks += 1
            if looks == 3:
                status = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
                api.objects[request.path]["status"] = status
        return None

    api.answer = roll_out
    _, outputs = driver.create(DEPLOYMENT, "blue", _deployment())
    assert outputs["status"]["availableReplicas"] == 1
    assert looks == 3


def test_one_that_does_not_become_ready_is_kept_with_the_reason(api: ApiServer, driver: KubernetesDriver) -> None:
    warning = {
        "involvedObject": {"name": "storefront-blue-1"},
        "metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"},
        "message": "no node fits",
    }

    def stay(request: Request) -> Reply | None:
        if request.path.endswith("/events"):
            return 200, {"items": [warning, {**warning, "involvedObject": {"name": "other"}, "message": "other"}]}
        if request.method == "GET" and "deployments" in request.path:
            condition = {"type": "Available", "status": "False", "message": "minimum availability is missing"}
            status = {"observedGeneration": 1, "updatedReplicas": 1, "replicas": 1, "conditions": [condition]}
            api.objects[request.path]["status"] = status
        return None

    api.answer = stay
    with base.running(Operation(timeout=0.3)), pytest.raises(InitError) as caught:
        driver.create(DEPLOYMENT, "blue", _deployment())
    assert str(caught.value) == (
        "Deployment luxima/storefront-blue is not ready after 0 s: 0 of 1 availableReplicas; "
        "minimum availability is missing; last warning: no node fits"
    )
    assert caught.value.resource_id == "luxima/storefront-blue"
    assert caught.value.outputs["spec"] == {"replicas": 1}


def test_one_that_is_said_to_need_no_waiting_is_not_waited_for(api: ApiServer, driver: KubernetesDriver) -> None:
    inputs = _deployment()
    inputs["metadata"]["annotations"] = {"pulumi.com/skipAwait": "true"}
    driver.create(DEPLOYMENT, "blue", inputs)
    assert api.requests[-1].method == "PATCH"


def test_a_claim_that_waits_for_its_first_pod_is_not_waited_for(api: ApiServer, driver: KubernetesDriver) -> None:
    api.objects["/apis/storage.k8s.io/v1/storageclasses/local"] = {"volumeBindingMode": "WaitForFirstConsumer"}
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "luxima"},
        "spec": {"storageClassName": "local"},
    }
    with base.running(Operation(timeout=0.2)):
        assert driver.create("kubernetes:core/v1:PersistentVolumeClaim", "data", claim)[0] == "luxima/data"
        api.objects["/apis/storage.k8s.io/v1/storageclasses/local"] = {"volumeBindingMode": "Immediate"}
        with pytest.raises(InitError, match="no volume is bound to it"):
            driver.create("kubernetes:core/v1:PersistentVolumeClaim", "data", claim)


def test_read_projects_and_knows_when_an_object_is_gone(api: ApiServer, driver: KubernetesDriver) -> None:
    resource_id, outputs = driver.create(CONFIG_MAP, "settings", _config_map(a="b"))
    api.objects[PATH]["data"] = {"a": "changed", "other": "c"}
    found = driver.read(CONFIG_MAP, resource_id, _config_map(a="b"), outputs)
    assert found is not None
    assert found[0] == _config_map(a="changed")
    assert found[1]["data"] == {"a": "changed", "other": "c"}
    del api.objects[PATH]
    assert driver.read(CONFIG_MAP, resource_id, _config_map(a="b"), outputs) is None


def test_an_object_can_be_imported_by_its_id(api: ApiServer, driver: KubernetesDriver) -> None:
    api.objects[PATH] = {**_config_map(a="b"), "status": {}}
    found = driver.read(CONFIG_MAP, "luxima/settings", {}, {})
    assert found is not None
    assert found[0] == _config_map(a="b")


def test_delete_waits_until_the_object_is_gone(api: ApiServer, driver: KubernetesDriver) -> None:
    resource_id, outputs = driver.create(CONFIG_MAP, "settings", _config_map())
    api.answer = lambda request: (200, {}) if request.method == "DELETE" else None
    gone = threading.Timer(0.3, lambda: api.objects.pop(PATH))
    gone.start()
    driver.delete(CONFIG_MAP, resource_id, outputs)
    gone.join()
    deletion = next(request for request in api.requests if request.method == "DELETE")
    assert deletion.body == {"propagationPolicy": "Foreground", "preconditions": {"uid": "1"}}
    assert PATH not in api.objects


def test_one_that_stays_is_an_error(api: ApiServer, driver: KubernetesDriver) -> None:
    resource_id, outputs = driver.create(CONFIG_MAP, "settings", _config_map())
    api.answer = lambda request: (200, {}) if request.method == "DELETE" else None
    with (
        base.running(Operation(timeout=0.2)),
        pytest.raises(ProviderError, match="ConfigMap luxima/settings is not gone"),
    ):
        driver.delete(CONFIG_MAP, resource_id, outputs)


def test_an_object_that_is_gone_already_is_fine(driver: KubernetesDriver) -> None:
    driver.delete(CONFIG_MAP, "luxima/settings", _config_map())


def test_one_that_was_made_anew_under_the_name_is_left_alone(api: ApiServer, driver: KubernetesDriver) -> None:
    resource_id, outputs = driver.create(CONFIG_MAP, "settings", _config_map())
    api.objects[PATH]["metadata"]["uid"] = "2"
    api.answer = lambda request: (409, {"message": "uid does not match"}) if request.method == "DELETE" else None
    with base.running(Operation(timeout=5.0)):
        driver.delete(CONFIG_MAP, resource_id, outputs)
    assert PATH in api.objects


def test_nothing_is_connected_for_check_diff_and_preview(api: ApiServer, driver: KubernetesDriver) -> None:
    inputs = driver.defaults(CONFIG_MAP, "settings", {"apiVersion": "v1", "kind": "ConfigMap"}, {})
    assert driver.check(CONFIG_MAP, "settings", inputs) == []
    assert driver.delete_first(CONFIG_MAP, inputs, inputs) is False
    assert driver.delete_first(CONFIG_MAP, _config_map(), _config_map(a="b")) is True
    assert driver.preview_outputs(CONFIG_MAP, inputs) == {**inputs, "status": UNKNOWN}
    assert driver.preview_update(CONFIG_MAP, {"data": {"a": UNKNOWN}}, {"data": {"a": 1, "b": 2}, "status": 3}) == {
        "data": {"a": UNKNOWN, "b": 2},
        "status": 3,
    }
    assert driver.secrets("kubernetes:core/v1:Secret") == {"data", "stringData"}
    assert api.requests == []
