import base64
from typing import Any

import pytest

from sandbox.providers.kubernetes import objects
from sandbox.providers.values import UNKNOWN


def _replace_on(api_version: str, kind: str, *, mutable: bool = False, **fields: Any) -> frozenset[str]:
    new = {"apiVersion": api_version, "kind": kind, **fields}
    return objects.replace_on(new, config_map_mutable=mutable, secret_mutable=mutable)


def test_identity_always_replaces() -> None:
    assert _replace_on("example.org/v1", "Widget") == {"apiVersion", "kind", "metadata.name", "metadata.namespace"}


@pytest.mark.parametrize(
    ("api_version", "kind", "path"),
    [
        ("apps/v1", "Deployment", "spec.selector"),
        ("apps/v1", "StatefulSet", "spec.volumeClaimTemplates"),
        ("batch/v1", "Job", "spec.template"),
        ("rbac.authorization.k8s.io/v1", "RoleBinding", "roleRef"),
        ("storage.k8s.io/v1", "StorageClass", "provisioner"),
        ("v1", "PersistentVolumeClaim", "spec.storageClassName"),
        ("v1", "Service", "spec.clusterIP"),
        ("v1", "Secret", "type"),
        ("v1", "Secret", "stringData"),
        ("v1", "ConfigMap", "data"),
    ],
)
def test_fields_that_the_server_does_not_let_change(api_version: str, kind: str, path: str) -> None:
    assert path in _replace_on(api_version, kind)


def test_config_maps_and_secrets_can_be_declared_mutable_unless_they_are_immutable() -> None:
    assert "data" not in _replace_on("v1", "ConfigMap", mutable=True)
    assert "data" in _replace_on("v1", "ConfigMap", mutable=True, immutable=True)
    assert "stringData" not in _replace_on("v1", "Secret", mutable=True)
    assert "stringData" in _replace_on("v1", "Secret", mutable=True, immutable=True)


def test_a_kind_of_another_group_is_another_kind() -> None:
    assert "spec.clusterIP" not in _replace_on("serving.knative.dev/v1", "Service")


@pytest.mark.parametrize(
    "token",
    [
        "kubernetes:helm.sh/v3:Release",
        "kubernetes:yaml:ConfigFile",
        "kubernetes:yaml/v2:ConfigGroup",
        "kubernetes:kustomize/v2:Directory",
        "kubernetes:apps/v1:DeploymentPatch",
        "kubernetes:core/v1:ConfigMapList",
    ],
)
def test_what_is_no_single_object_is_refused(token: str) -> None:
    reason = objects.refusal(token)
    assert reason is not None
    assert token in reason


def test_single_objects_are_not() -> None:
    assert objects.refusal("kubernetes:apps/v1:Deployment") is None
    assert objects.refusal("kubernetes:cert-manager.io/v1:Certificate") is None


def test_a_name_is_generated_once_and_kept() -> None:
    first = objects.with_name({"metadata": {"namespace": "a"}}, {}, "web-1")
    assert first["metadata"]["name"] == "web-1"
    assert first["metadata"]["annotations"] == {objects.AUTONAMED: "true"}
    assert objects.with_name({"metadata": {"namespace": "a"}}, first, "web-2") == first
    assert objects.with_name({}, {}, "web-3")["metadata"]["name"] == "web-3"


def test_a_name_that_the_program_once_gave_is_not_kept() -> None:
    assert objects.with_name({}, {"metadata": {"name": "given"}}, "web-1")["metadata"]["name"] == "web-1"


def test_a_name_of_the_program_is_left_alone() -> None:
    for metadata in ({"name": "given"}, {"name": UNKNOWN}, UNKNOWN):
        assert objects.with_name({"metadata": metadata}, {}, "web-1") == {"metadata": metadata}


def test_texts_of_a_secret_are_applied_as_data() -> None:
    body = objects.to_apply({"kind": "Secret", "data": {"a": "eA=="}, "stringData": {"b": "y"}, "status": {}})
    assert body == {"kind": "Secret", "data": {"a": "eA==", "b": base64.b64encode(b"y").decode()}}


def test_fields_of_definitions_get_their_dashes() -> None:
    schema: dict[str, Any] = {"properties": {"spec": {"x_kubernetes_validations": [{"rule": "self.a_b"}], "a_b": {}}}}
    assert objects.to_apply({"schema": [schema]}) == {
        "schema": [{"properties": {"spec": {"x-kubernetes-validations": [{"rule": "self.a_b"}], "a_b": {}}}}]
    }


def test_what_the_server_sets_is_no_input() -> None:
    live = {"kind": "A", "metadata": {"name": "a", "uid": "1", "managedFields": [1]}, "spec": {}, "status": {}}
    assert objects.to_inputs(live) == {"kind": "A", "metadata": {"name": "a"}, "spec": {}}
    assert objects.to_outputs(live)["metadata"] == {"name": "a", "uid": "1"}
    assert live["metadata"] == {"name": "a", "uid": "1", "managedFields": [1]}
