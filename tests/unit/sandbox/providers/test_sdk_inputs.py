from typing import Any

import pytest

from sandbox.providers import sdk_types
from sandbox.providers.sdk_inputs import problems
from sandbox.providers.values import UNKNOWN

PACKAGES = ("command", "docker", "kubernetes", "minio", "proxmoxve", "random")

DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "a", "labels": {"app": "a"}},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "a"}},
        "template": {"spec": {"containers": [{"name": "main", "ports": [{"containerPort": 80}]}]}},
    },
}


def _found(package: str, token: str, inputs: dict[str, Any]) -> list[str]:
    return [f"{path}: {reason}" for path, reason in problems(package, token, inputs)]


def _deployment(**spec: Any) -> list[str]:
    inputs = {**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], **spec}}
    return _found("kubernetes", "kubernetes:apps/v1:Deployment", inputs)


def _container(**properties: Any) -> list[str]:
    return _deployment(template={"spec": {"containers": [{"name": "main", **properties}]}})


@pytest.mark.parametrize("package", PACKAGES)
def test_every_type_of_an_sdk_has_its_class(package: str) -> None:
    tokens = [token for module in sdk_types.registry(package) for token in module["classes"]]
    assert tokens
    assert [token for token in tokens if sdk_types.args_type(package, token) is None] == []
    assert sdk_types.args_type(package, f"pulumi:providers:{package}") is not None


def test_right_inputs_pass() -> None:
    assert _deployment() == []


def test_a_misspelt_property_is_named_with_what_was_meant() -> None:
    assert _deployment(replica=1) == ["spec.replica: there is no such property; did you mean replicas?"]
    assert _container(imagePulPolicy="Always") == [
        "spec.template.spec.containers[0].imagePulPolicy: there is no such property; did you mean imagePullPolicy?"
    ]
    assert _container(image_pull_policy="Always")[0].endswith("did you mean imagePullPolicy?")
    assert _container(entirelyElse=1) == ["spec.template.spec.containers[0].entirelyElse: there is no such property"]


def test_a_missing_property_is_named() -> None:
    without = {key: value for key, value in DEPLOYMENT["spec"].items() if key != "selector"}
    found = _found("kubernetes", "kubernetes:apps/v1:Deployment", {**DEPLOYMENT, "spec": without})
    assert found == ["spec.selector: is required"]
    assert _found("command", "command:remote:Command", {}) == ["connection: is required"]


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"replicas": "2"}, "spec.replicas: has to be a whole number, not a string"),
        ({"replicas": 1.5}, "spec.replicas: has to be a whole number, not a fraction"),
        ({"replicas": True}, "spec.replicas: has to be a whole number, not true or false"),
        ({"paused": "yes"}, "spec.paused: has to be true or false, not a string"),
        ({"selector": []}, "spec.selector: has to be a map, not a list"),
        (
            {"selector": {"matchLabels": {"a": 1}}},
            "spec.selector.matchLabels.a: has to be a string, not a number",
        ),
        (
            {"selector": {"matchExpressions": {}}},
            "spec.selector.matchExpressions: has to be a list, not a map",
        ),
    ],
)
def test_a_wrong_type_is_named_without_the_value(spec: dict[str, Any], problem: str) -> None:
    assert _deployment(**spec) == [problem]


@pytest.mark.parametrize("value", [UNKNOWN, "25%", 1])
def test_one_of_several_types_and_unknown_values_pass(value: Any) -> None:
    assert _deployment(strategy={"rollingUpdate": {"maxSurge": value}}) == []


def test_none_of_several_types_fails() -> None:
    assert _deployment(strategy={"rollingUpdate": {"maxSurge": []}}) != []


def test_a_type_that_the_sdk_does_not_have_is_not_judged() -> None:
    assert _found("kubernetes", "kubernetes:cert-manager.io/v1:Certificate", {"spec": {"any": "thing"}}) == []
