"""The rooms together, on a recording stand-in for the engine (no server): what is declared, and what is not."""

import json
import re
from collections.abc import Iterator
from typing import Any, cast

import pytest

from settings import Settings
from settings.releases import Releases
from tests.recording import STACKS, Recorder, record_platform, stack_settings

_DIGEST = "sha256:" + "a" * 64


def _changed(settings: Settings, **areas: Any) -> Settings:
    return settings.model_copy(update=areas)


def _released(settings: Settings, live: str, **slots: str | None) -> Settings:
    image = f"{settings.environment.registry_host}/aceh/storefront@"
    content = {slot: digest and {"image": image + digest, "standing": "verified"} for slot, digest in slots.items()}
    releases = Releases.model_validate({"services": {"storefront": {"live": live, "slots": content}}})
    return _changed(settings, releases=releases)


def _environment(recorder: Recorder, deployment: str) -> dict[str, Any]:
    container = recorder.named(deployment).inputs["spec"]["template"]["spec"]["containers"][0]
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}


@pytest.mark.parametrize("stack", STACKS)
def test_every_guest_of_the_settings_is_declared_with_its_size(stack: str) -> None:
    settings = stack_settings(stack)
    recorder = record_platform(settings)
    vms = {each.inputs["name"]: each.inputs for each in recorder.of(":VmLegacy")}
    assert vms.keys() == settings.compute.vms.keys()
    for name, vm in settings.compute.vms.items():
        assert vms[name]["memory"] == {"dedicated": vm.memory_mib}
        assert vms[name]["disks"][0]["size"] == vm.disk_gib
        assert vms[name]["vmId"] == vm.id
    assert {each.inputs["vmId"] for each in recorder.of(":ContainerLegacy")} == {
        each.id for each in settings.compute.containers.values()
    }


def _names(recorder: Recorder, type_: str) -> list[str]:
    """Names of what the services have in Kubernetes."""
    found = [each.inputs["metadata"] for each in recorder.of(type_)]
    return [metadata["name"] for metadata in found if metadata["namespace"] == "commerce"]


@pytest.mark.parametrize("stack", STACKS)
def test_no_vm_is_updated_for_a_speed_that_the_official_plugin_makes_up(stack: str) -> None:
    """It reads `disks[0].speed` back though nobody set it: pulumi-proxmoxve#664."""
    recorder = record_platform(stack_settings(stack))
    vms = recorder.of(":VmLegacy")
    assert vms
    for vm in vms:
        assert "disks[0].speed" in recorder.ignored[vm.identity]
        assert len(vm.inputs["disks"]) == 1, "every disk needs a path of its own"


def test_what_has_a_fixed_name_or_number_goes_before_its_successor() -> None:
    recorder = record_platform(stack_settings("dev"))
    types = (
        ":FileLegacy",
        ":VmLegacy",
        ":ContainerLegacy",
        ":RulesLegacy",
        ":IpsetLegacy",
        ":OptionsLegacy",
        ":PriorityClass",
    )
    assert {each.identity for type_ in types for each in recorder.of(type_)} == recorder.deleted_first


def test_an_empty_slot_makes_nothing() -> None:
    recorder = record_platform(stack_settings("dev"))
    assert stack_settings("dev").releases.services["storefront"].slots["green"] is None
    assert sorted(_names(recorder, ":Deployment")) == [
        f"{name}-blue" for name in ("admin", "api", "auth", "functions", "storefront")
    ]
    assert not [each for each in recorder.resources if "storefront-green" in each.name]


def test_a_filled_idle_slot_is_kept_beside_the_live_one() -> None:
    recorder = record_platform(_released(stack_settings("dev"), "green", blue=_DIGEST, green=_DIGEST))
    assert sorted(_names(recorder, ":Deployment")) == ["storefront-blue", "storefront-green"]
    records = {each.inputs["name"]: each.inputs["records"] for each in recorder.of("dns:Record")}
    assert records["dev.acehcommerce.local"] == ["10.10.10.62"]
    assert records["storefront-blue.dev.acehcommerce.local"] == ["10.10.10.61"]
    assert records["storefront-green.dev.acehcommerce.local"] == ["10.10.10.62"]


def test_switching_the_live_slot_changes_the_public_record_and_nothing_else() -> None:
    settings = stack_settings("dev")
    before, after = (
        {
            (each.type, each.name): each.inputs
            for each in record_platform(_released(settings, live, blue=_DIGEST, green=_DIGEST)).resources
        }
        for live in ("blue", "green")
    )
    assert before.keys() == after.keys()
    # The SSH key is made anew by each run of the test.
    changed = [
        name for (type_, name), inputs in before.items() if inputs != after[type_, name] and not _holds_key(type_)
    ]
    # The ledger is in the state only.
    assert changed == ["release-ledger", "dns-public-service-storefront"]


def _holds_key(type_: str) -> bool:
    return type_.startswith(("proxmoxve:", "command:", "pulumi:providers:proxmoxve"))


def _first_up() -> Recorder:
    """Nothing is released, and the registry is empty: it is part of what is made."""
    settings = stack_settings("dev")
    backup = settings.backup.model_copy(update={"image": None})
    return record_platform(_changed(settings, releases=Releases(services={}), backup=backup))


def test_the_first_up_needs_nothing_of_the_registry() -> None:
    text = [
        (each.name, json.dumps(each.inputs))
        for each in _first_up().resources
        if each.type.startswith("kubernetes:") or each.type.endswith((":Container", ":RemoteImage"))
    ]
    host = stack_settings("dev").environment.registry_host
    assert [name for name, content in text if f'"image": "{host}/' in content] == []
    assert any('"image": ' in content for _, content in text)


def test_a_service_that_is_not_released_has_neither_pods_nor_name() -> None:
    recorder = _first_up()
    assert not _names(recorder, ":Deployment")
    # That of the node, which would be there for the pods.
    assert _names(recorder, ":Secret") == ["registry-pull"]
    names = [each.inputs["name"] for each in recorder.of("dns:Record")]
    assert names
    elsewhere = "supabase.dev.acehcommerce.local"
    assert all(name.endswith(".dev.luxima.local") or name == elsewhere for name in names)


def test_an_existing_cluster_is_used_and_no_vm_is_made_for_one() -> None:
    settings = stack_settings("dev")
    kubernetes = settings.kubernetes.model_copy(update={"mode": "existing"})
    recorder = record_platform(_changed(settings, kubernetes=kubernetes))
    assert [each.inputs["name"] for each in recorder.of(":VmLegacy")] == ["docker-1"]
    assert {each.name for each in recorder.of("remote:Command")} == {
        "compute-docker-1-host-key",
        "compute-docker-1-settled",
        "compute-ns1-host-key",
        "compute-ns1-settled",
        "database-migrate-run",
        "observability-ns1-agents",
    }
    assert not [each for each in recorder.resources if "join-token" in each.name]
    assert recorder.of(":Deployment")


def test_the_join_token_is_in_no_user_data() -> None:
    recorder = record_platform(stack_settings("prod"))
    starts = [each for each in recorder.of("remote:Command") if each.name.endswith("-start")]
    assert len(starts) == 6
    for start in starts:
        # The token, and how the cluster is known.
        assert start.inputs["stdin"] == "generated-password\nkubeconfig\n"
        assert "generated-password" not in start.inputs["create"]
    snippets = [each.inputs["sourceRaw"]["data"] for each in recorder.of(":FileLegacy")]
    assert snippets
    assert not [each for each in snippets if "generated-password" in each]


def test_a_service_reaches_its_bucket_by_a_secret_and_no_value_is_in_the_pod() -> None:
    recorder = record_platform(stack_settings("dev"))
    environment = _environment(recorder, "service-storefront-blue-deployment")
    assert environment["S3_BUCKET"] == "luxima-dev-media"
    assert environment["S3_SECRET_ACCESS_KEY"] == {
        "secretKeyRef": {"name": "storefront-storage", "key": "S3_SECRET_ACCESS_KEY"}
    }
    assert "generated-secret" not in str(recorder.named("service-storefront-blue-deployment").inputs)


@pytest.mark.parametrize("stack", STACKS)
def test_every_bucket_is_encrypted_and_none_is_deleted_with_its_objects(stack: str) -> None:
    recorder = record_platform(stack_settings(stack))
    buckets = {each.inputs["bucket"] for each in recorder.of(":S3Bucket")}
    assert buckets == {each.inputs["bucket"] for each in recorder.of(":S3BucketServerSideEncryption")}
    assert not [each for each in recorder.of(":S3Bucket") if each.inputs.get("forceDestroy")]


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text in some inputs, with the key that it is under."""
    if isinstance(value, dict):
        for inner, item in cast("dict[str, Any]", value).items():
            yield from _texts(item, inner)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _texts(item, key)
    elif isinstance(value, str):
        yield key, value


def test_a_namespace_is_called_as_the_settings_say_everywhere() -> None:
    data = stack_settings("prod").model_dump(mode="json")
    namespaces = data["kubernetes"]["namespaces"]
    namespaces["gateways"], namespaces["watchers"] = namespaces.pop("edge"), namespaces.pop("observability")
    data["edge"]["namespace"], data["observability"]["namespace"] = "gateways", "watchers"
    recorder = record_platform(Settings.model_validate_json(json.dumps(data)))
    named = {"namespace", "kubernetes.io/metadata.name"}
    spoken_of = re.compile(
        r"\.(edge|observability)\.svc|names:\n\s*- (edge|observability)\n|namespace=.(edge|observability)\b"
    )
    left = {
        (each.name, key, found[0] if (found := spoken_of.search(text)) else text)
        for each in recorder.resources
        for key, text in _texts(each.inputs)
        if (key in named and text in {"edge", "observability"}) or spoken_of.search(text)
    }
    assert left == set()
