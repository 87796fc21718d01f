import base64
import copy
from typing import Any

import pytest

from sandbox.providers.kubernetes.projection import project, same_quantity

DECLARED: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "storefront", "labels": {"app": "storefront"}},
    "spec": {
        "replicas": 2,
        "template": {
            "spec": {
                "hostNetwork": False,
                "tolerations": [],
                "containers": [
                    {
                        "name": "main",
                        "image": "app:1",
                        "env": [{"name": "A", "value": "b"}],
                        "ports": [{"containerPort": 80}],
                        "resources": {"limits": {"cpu": "1000m", "memory": "0.5Gi"}},
                    }
                ],
            }
        },
    },
}


def _answered() -> dict[str, Any]:
    """The object as a server gives it: defaults filled in, quantities normalised, empty fields left out."""
    live = copy.deepcopy(DECLARED)
    live["metadata"] |= {"uid": "1", "resourceVersion": "5"}
    live["status"] = {"replicas": 2}
    live["spec"]["strategy"] = {"type": "RollingUpdate"}
    pod = live["spec"]["template"]["spec"]
    del pod["hostNetwork"], pod["tolerations"]
    pod["dnsPolicy"] = "ClusterFirst"
    pod["containers"][0]["imagePullPolicy"] = "IfNotPresent"
    pod["containers"][0]["ports"][0]["protocol"] = "TCP"
    pod["containers"][0]["resources"]["limits"] = {"cpu": "1", "memory": "512Mi"}
    return live


def _container(obj: dict[str, Any]) -> dict[str, Any]:
    return obj["spec"]["template"]["spec"]["containers"][0]


def test_an_unchanged_world_shows_no_drift() -> None:
    live = _answered()
    live["metadata"]["resourceVersion"] = "77"
    live["status"] = {"replicas": 0}
    assert project(DECLARED, live, _answered()) == DECLARED


def test_nor_does_one_whose_first_answer_is_not_known() -> None:
    live = _answered()
    assert project(DECLARED, live, {}) == DECLARED


def test_a_changed_value_shows_and_nothing_else() -> None:
    live = _answered()
    _container(live)["image"] = "evil:1"
    live["spec"]["replicas"] = 5
    expected = copy.deepcopy(DECLARED)
    _container(expected)["image"] = "evil:1"
    expected["spec"]["replicas"] = 5
    assert project(DECLARED, live, _answered()) == expected


def test_a_removed_value_shows() -> None:
    live = _answered()
    del live["metadata"]["labels"]["app"]
    del _container(live)["env"]
    projected = project(DECLARED, live, _answered())
    assert projected["metadata"]["labels"] == {}
    assert "env" not in _container(projected)


def test_a_removed_and_an_added_item_show() -> None:
    live = _answered()
    _container(live)["env"] = [{"name": "B", "value": "c"}]
    live["spec"]["template"]["spec"]["containers"].append({"name": "sidecar", "image": "evil:1"})
    projected = project(DECLARED, live, _answered())
    assert _container(projected)["env"] == [{"name": "B", "value": "c"}]
    assert [item["name"] for item in projected["spec"]["template"]["spec"]["containers"]] == ["main", "sidecar"]


def test_a_list_without_names_that_grew_shows_as_it_is() -> None:
    live = _answered()
    _container(live)["ports"].append({"containerPort": 81, "protocol": "TCP"})
    assert _container(project(DECLARED, live, _answered()))["ports"] == _container(live)["ports"]


def test_what_others_set_and_the_program_did_not_declare_is_no_drift() -> None:
    live = _answered()
    live["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "1"}
    _container(live)["livenessProbe"] = {"periodSeconds": 1}
    assert project(DECLARED, live, _answered()) == DECLARED


def test_what_the_server_itself_put_into_a_list_is_no_drift() -> None:
    declared = {"spec": {"tolerations": [{"key": "a"}], "containers": [{"name": "main", "image": "app:1"}]}}
    sidecar = {"name": "injected", "image": "proxy:1"}
    answered = {
        "spec": {"tolerations": [{"key": "a"}, {"key": "b"}], "containers": [*declared["spec"]["containers"], sidecar]}
    }
    assert project(declared, answered, answered) == declared
    live = copy.deepcopy(answered)
    live["spec"]["containers"][0]["image"] = "evil:1"
    expected = {"spec": {**declared["spec"], "containers": [{"name": "main", "image": "evil:1"}]}}
    assert project(declared, live, answered) == expected


def test_a_quantity_that_was_written_otherwise_is_no_drift_another_is() -> None:
    live = _answered()
    _container(live)["resources"]["limits"] = {"cpu": "1.0", "memory": "536870912"}
    assert project(DECLARED, live, _answered()) == DECLARED
    _container(live)["resources"]["limits"]["cpu"] = "1001m"
    assert _container(project(DECLARED, live, _answered()))["resources"]["limits"] == {
        "cpu": "1001m",
        "memory": "0.5Gi",
    }


def test_what_only_looks_like_a_quantity_is_compared_as_text() -> None:
    declared = {"metadata": {"labels": {"version": "1.10"}}}
    assert project(declared, {"metadata": {"labels": {"version": "1.1"}}}, {})["metadata"]["labels"] == {
        "version": "1.1"
    }


def _secret(**texts: str) -> dict[str, Any]:
    return {"data": {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}}


def test_secret_texts_are_compared_with_their_data() -> None:
    declared = {"stringData": {"password": "a", "token": "t"}}
    answered = _secret(password="a", token="t")
    assert project(declared, answered, answered) == declared
    assert project(declared, answered, {}) == declared
    assert project(declared, _secret(password="b", token="t"), answered) == {
        "stringData": {"password": "b", "token": "t"}
    }
    assert project(declared, _secret(token="t"), answered) == {"stringData": {"token": "t"}}
    assert project(declared, {}, answered) == {}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1000m", "1", True),
        ("0.5", "500m", True),
        (2, "2", True),
        ("1Gi", "1024Mi", True),
        ("1e3", "1k", True),
        ("1Gi", "1G", False),
        ("100m", "1", False),
        ("abc", "abc", False),
        ("", "0", False),
        ("1.2.3", "1.2.3", False),
    ],
)
def test_quantities(one: Any, other: Any, same: bool) -> None:
    assert same_quantity(one, other) is same
