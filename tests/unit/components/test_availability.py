"""Guests that Proxmox starts elsewhere: what is declared where the settings say so, and that no committed stack does.

On a recording stand-in for the engine (no server).
"""

import pytest

from sandbox.providers import sdk_inputs
from sandbox.providers.proxmoxve.driver import ProxmoxDriver
from tests.recording import STACKS, on_shared_storage, record_platform, stack_settings

SHARED = on_shared_storage("ns1", "ns2", "docker-1", "docker-2", "k3s-server-1")


def test_each_is_started_elsewhere_and_those_of_one_role_are_kept_apart() -> None:
    recorder = record_platform(SHARED)
    made = {each.inputs["resourceId"]: each for each in recorder.of(":Haresource")}
    assert set(made) == {"vm:3111", "vm:3131", "vm:3132", "ct:3141", "ct:3142"}
    assert {each.inputs["state"] for each in made.values()} == {"started"}
    rules = {each.inputs["rule"]: each.inputs for each in recorder.of(":Harule")}
    assert {name: rule["resources"] for name, rule in rules.items()} == {
        "luxima-prod-docker-host-apart": ["vm:3131", "vm:3132"],
        "luxima-prod-name-server-apart": ["ct:3141", "ct:3142"],
    }
    assert {(rule["type"], rule["affinity"]) for rule in rules.values()} == {("resource-affinity", "negative")}
    for each in [*recorder.of(":Haresource"), *recorder.of(":Harule")]:
        assert list(sdk_inputs.problems("proxmoxve", each.type, each.inputs)) == []
        assert ProxmoxDriver().handler(each.type).check(dict(each.inputs)) == []
    # Who is placed by Proxmox is not moved back.
    ignored = {each.inputs["name"]: recorder.ignored[each.identity] for each in recorder.of(":VmLegacy")}
    assert {name for name, paths in ignored.items() if "nodeName" in paths} == {"docker-1", "docker-2", "k3s-server-1"}


@pytest.mark.parametrize("stack", STACKS)
def test_disks_of_one_node_are_not_promised_elsewhere(stack: str) -> None:
    assert not stack_settings(stack).compute.storage.shared
    assert record_platform(stack_settings(stack)).of(":Haresource") == []


def test_what_all_nodes_share_is_downloaded_once_and_each_machine_is_made_from_it() -> None:
    recorder = record_platform(SHARED)
    files = {each.inputs["contentType"]: each for each in recorder.of("download/file:File")}
    assert len(recorder.of("download/file:File")) == len(files) == 2
    made = recorder.of(":VmLegacy")
    assert {each.inputs["nodeName"] for each in made} == {"pve1", "pve2", "pve3"}
    assert {each.inputs["disks"][0]["importFrom"] for each in made} == {f"{files['import'].name}-id"}
