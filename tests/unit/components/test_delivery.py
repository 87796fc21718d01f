"""Who is let in to the image registry, and who is told how."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from components.delivery import SIDES, RegistryUsers, config_yaml
from components.delivery.documents import COLLECTOR
from settings.delivery import Registry
from tests.recording import STACKS, record, record_platform, stack_settings


def files(inputs: Mapping[str, Any]) -> dict[str, str]:
    """What is put into a container, by the file's name."""
    return {each["file"].rpartition("/")[2]: each["content"] for each in inputs["uploads"]}


@pytest.mark.parametrize(("generation", "known"), [(1, ["1"]), (2, ["2", "1"]), (7, ["7", "6"])])
def test_the_generation_before_is_let_in_until_the_next_one(generation: int, known: list[str]) -> None:
    found = dict[str, Any]()

    def program() -> None:
        users = RegistryUsers("users", Registry(host="docker-1", password_generation=generation).generations)
        found["current"] = {use: login.user for use, login in users.current.items()}
        for side in SIDES:
            users.htpasswd(*side.users).apply(lambda text, name=side.name: found.update({name: text}))

    made = record(program)
    assert found["current"] == {"push": f"push-{generation}", "pull": f"pull-{generation}"}
    lines = {side.name: [line.partition(":")[0] for line in found[side.name].splitlines()] for side in SIDES}
    assert lines["registry-push"] == [f"push-{number}" for number in known]
    assert sorted(lines["registry-pull"]) == sorted(f"{use}-{number}" for use in ("push", "pull") for number in known)
    assert all(":$2b$" in line for side in SIDES for line in found[side.name].splitlines())
    assert len(made.of(":RandomPassword")) == 2 * len(known)


@pytest.mark.parametrize("stack", STACKS)
def test_only_the_side_of_pushes_writes_and_both_ask_for_a_login(stack: str) -> None:
    settings = stack_settings(stack)
    for side in SIDES:
        document = yaml.load(config_yaml(settings, side), yaml.CSafeLoader)
        writes, storage = side.use == "push", document["storage"]
        assert storage["maintenance"]["readonly"]["enabled"] is not writes
        assert storage["delete"]["enabled"] is writes
        assert storage["redirect"] == {"disable": True}
        assert document["auth"].keys() == {"htpasswd"}
        assert document["http"]["host"] == f"https://registry.{settings.environment.core_domain}"
        assert settings.storage.users[side.storage_user].access == ("read_write" if writes else "read_only")


def test_no_password_reaches_the_registry_and_its_documents_hold_no_secret() -> None:
    found = record_platform(stack_settings("dev"))
    for side in SIDES:
        given = files(found.named(f"registry-docker-1-{side.use}-files-container").inputs)
        assert given.keys() == {"config.yml", "htpasswd", "credentials", "authority.pem"}
        assert "generated-password" not in "".join(given.values())
        assert "generated-secret" not in given["config.yml"]
        assert "generated-secret" in given["credentials"]


def test_the_collector_stands_still_and_wants_the_port_of_pushes() -> None:
    found = record_platform(stack_settings("dev"))
    collects = found.named("registry-docker-1-collect-container").inputs
    pushes = found.named("registry-docker-1-push-container").inputs
    assert (collects["name"], collects["start"], collects["mustRun"]) == (COLLECTOR, False, False)
    assert collects["mounts"] == pushes["mounts"]
    assert collects["ports"] == [pushes["ports"][0]]
    assert collects["command"][0] == "garbage-collect"


def test_whatever_comes_from_the_registry_is_pulled_with_a_login() -> None:
    settings = stack_settings("dev")
    found, host = record_platform(settings), settings.environment.registry_host
    secrets = {
        each.inputs["metadata"]["namespace"]: each.inputs
        for each in found.of(":Secret")
        if each.inputs["metadata"]["name"] == "registry-pull"
    }
    own = 0
    for each in found.resources:
        template = each.inputs.get("spec", {}).get("template") if each.type.startswith("kubernetes:") else None
        if template is None:
            continue
        private = template["spec"]["containers"][0]["image"].startswith(f"{host}/")
        assert bool(template["spec"].get("imagePullSecrets")) == private, each.name
        own += private
        if private:
            secret = secrets[each.inputs["metadata"]["namespace"]]
            assert secret["type"] == "kubernetes.io/dockerconfigjson"
            auths = json.loads(secret["stringData"][".dockerconfigjson"])["auths"]
            assert auths == {host: {"username": "pull-1", "password": "generated-password"}}
            # It is there before the pods are.
            assert any(name.endswith("-registry-pull") for _, name in found.before(each)), each.name
    assert own > 0
    for each in found.of("pulumi:providers:docker"):
        assert each.inputs["registryAuth"] == [
            {"address": f"https://{host}", "username": "pull-1", "password": "generated-password"}
        ]
