"""A gateway's objects, on a recording stand-in for the engine."""

from functools import cache
from typing import Any

import pytest
import yaml

from components.edge import Gateway, documents
from settings import Settings
from settings.values import Slot
from tests import arguments
from tests.e2e.edge.gateway import PASSWORDS
from tests.recording import STACKS, Recorder, record, stack_settings


def _record(settings: Settings, *slots: Slot) -> Recorder:
    def program() -> None:
        for slot in slots:
            Gateway(f"edge-{slot}", arguments.gateway(settings, slot, PASSWORDS))

    return record(program, settings.environment.name)


@cache
def _both(stack: str) -> Recorder:
    return _record(stack_settings(stack), "blue", "green")


def _pod(recorder: Recorder, slot: str) -> dict[str, Any]:
    return recorder.named(f"edge-{slot}-deployment").inputs["spec"]["template"]["spec"]


def _volumes(recorder: Recorder, slot: str) -> dict[str, list[dict[str, Any]]]:
    return {
        volume["name"]: volume["projected"]["sources"]
        for volume in _pod(recorder, slot)["volumes"]
        if "projected" in volume
    }


@pytest.mark.parametrize("stack", STACKS)
def test_each_gateway_has_its_own_address_and_the_pods_see_who_called(stack: str) -> None:
    settings = stack_settings(stack)
    recorder = _both(stack)
    for slot in ("blue", "green"):
        service = recorder.named(f"edge-{slot}-service").inputs
        assert service["metadata"]["name"] == f"gateway-{slot}"
        assert service["metadata"]["annotations"] == {
            "kube-vip.io/loadbalancerIPs": ",".join(settings.edge.gateways[slot].addresses)
        }
        assert service["spec"]["type"] == "LoadBalancer"
        assert service["spec"]["externalTrafficPolicy"] == "Local"
        ports = {port["name"]: port["port"] for port in service["spec"]["ports"]}
        assert ports == {"http-redirect": 80, "websecure": 443}
        assert service["spec"]["selector"]["luxima.id/slot"] == slot


def test_a_release_changes_the_routing_document_and_no_pod() -> None:
    settings = stack_settings("prod")
    changed = settings.model_copy(update={"releases": settings.releases.model_copy(update={"services": {}})})
    before, after = (
        {each.name: each.inputs for each in _record(found, "blue").resources} for found in (settings, changed)
    )
    assert before.keys() == after.keys()
    assert [name for name, inputs in before.items() if inputs != after[name]] == ["edge-blue-routing"]
    assert before["edge-blue-routing"]["metadata"]["name"] == "gateway-blue-routing"
    assert not before["edge-blue-routing"].get("immutable")
    assert before["edge-blue-routing"]["data"] == {"routing.yaml": documents(settings)["blue/routing.yaml"]}


def test_other_settings_of_traefik_itself_roll_the_pods() -> None:
    settings = stack_settings("prod")
    changed = settings.model_copy(update={"edge": settings.edge.model_copy(update={"drain_seconds": 31})})
    first, second = (_volumes(_record(found, "blue"), "blue")["config"] for found in (settings, changed))
    assert first != second


def test_routing_and_certificates_are_in_one_folder_and_a_missing_certificate_keeps_no_pod_waiting() -> None:
    dynamic = _volumes(_both("dev"), "green")["dynamic"]
    found = {
        item["path"]: (source.get("configMap") or source["secret"])
        for source in dynamic
        for item in (source.get("configMap") or source["secret"])["items"]
    }
    assert found.keys() == {
        "routes/routing.yaml",
        "routes/access.yaml",
        "tls/public/tls.crt",
        "tls/public/tls.key",
        "tls/core/tls.crt",
        "tls/core/tls.key",
    }
    assert found["routes/routing.yaml"]["name"] == "gateway-green-routing"
    assert found["tls/core/tls.key"]["name"] == "edge-core"
    awaited = [
        source["secret"]["name"] for source in dynamic if "secret" in source and not source["secret"].get("optional")
    ]
    # Without it nobody could log in, and the routes that ask for it would not be there.
    assert awaited == ["gateway-green-access"]


def test_passwords_are_in_a_secret_alone_and_a_new_one_is_no_new_pod() -> None:
    recorder = _both("prod")
    text = recorder.named("edge-blue-access").inputs["stringData"]["access.yaml"]
    logins = yaml.load(text, yaml.CSafeLoader)["http"]["middlewares"]
    users = {name: [user.partition(":")[0] for user in each["basicAuth"]["users"]] for name, each in logins.items()}
    assert users == {
        "login-log-agent": ["log-agent"],
        "login-release-or-operator": ["release", "operator"],
        "login-operator": ["operator"],
        "login-release": ["release"],
    }
    assert all(each["basicAuth"]["removeHeader"] for each in logins.values())
    hashes = {user.partition(":")[2] for each in logins.values() for user in each["basicAuth"]["users"]}
    for each in recorder.resources:
        told = repr(dict(each.inputs))
        assert not [password for password in PASSWORDS.values() if password in told], each.name
        assert each.name.endswith("-access") or not [hashed for hashed in hashes if hashed in told]


@pytest.mark.parametrize("stack", STACKS)
def test_a_leaving_pod_has_longer_than_its_drain(stack: str) -> None:
    settings = stack_settings(stack)
    pod = _pod(_both(stack), "blue")
    pause = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] > pause + 5 + settings.edge.drain_seconds


def test_a_pod_is_ready_when_there_are_routes() -> None:
    (container,) = _pod(_both("dev"), "blue")["containers"]
    assert {port["name"]: port["containerPort"] for port in container["ports"]} == {
        "http": 8080,
        "http-redirect": 8000,
        "websecure": 8443,
    }
    # Not Traefik's ping, which answers before.
    assert container["readinessProbe"]["httpGet"]["path"] == "/.well-known/luxima/ready"


def test_the_plugin_is_where_traefik_looks_for_it() -> None:
    recorder = _both("dev")
    (source,) = _volumes(recorder, "blue")["plugin"]
    mounts = {mount["name"]: mount["mountPath"] for mount in _pod(recorder, "blue")["containers"][0]["volumeMounts"]}
    assert mounts["plugin"] == "/plugins-local"
    assert {item["path"] for item in source["configMap"]["items"]} == {
        f"src/github.com/luxima/correlation/{file}" for file in ("correlation.go", ".traefik.yml", "go.mod")
    }
