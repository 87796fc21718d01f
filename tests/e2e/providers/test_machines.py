"""Machines on the real engine, by the platform's own room, against a Proxmox API: what is touched, in which order."""

from __future__ import annotations

import copy
import json
from collections.abc import Generator
from itertools import pairwise
from typing import Any

import pytest

from tests.e2e.providers.machines import Trial
from tests.machines import stack_on
from tests.recording import stack_settings
from tests.unit.sandbox.proxmox import running

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(900)]

_ROLES = ("k3s_server", "k3s_agent", "docker_host", "name_server")


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Generator[Trial]:
    folder = tmp_path_factory.mktemp("machines")
    with running(folder, nodes=("pve1", "pve2", "pve3")) as server:
        made = Trial(server, stack_on(server, folder), stack_settings("prod"))
        made.up()
        made.up()
        made.changed = list(made.order)
        yield made


def _resource(guest: str) -> str:
    return f"compute-{guest}-{'lxc' if guest.startswith('ns') else 'vm'}"


def test_machines_of_one_role_are_changed_one_after_another(trial: Trial) -> None:
    order = trial.changed
    for role in _ROLES:
        for before, after in pairwise(trial.guests(role)):
            settled = ("ended", f"compute-{before}-settled")
            assert order.index(("ended", _resource(before))) < order.index(settled), order
            assert order.index(settled) < order.index(("begun", _resource(after))), order
    touched = {name for moment, name in order if moment == "ended"}
    everybody = [guest for role in _ROLES for guest in trial.guests(role)]
    assert touched == {each for guest in everybody for each in (_resource(guest), f"compute-{guest}-settled")}
    # The API has had the restarts in that order too.
    restarted = [task["id"] for task in trial.server.cluster.tasks.values() if task["type"] in ("qmreboot", "vzreboot")]
    both = {**trial.settings.compute.vms, **trial.settings.compute.containers}
    for role in _ROLES:
        mine = [str(both[name].id) for name in trial.guests(role)]
        assert [each for each in restarted if each in mine][: len(mine)] == mine


def test_a_disk_that_would_shrink_is_refused_before_anything_is_touched(trial: Trial) -> None:
    def smaller(compute: dict[str, Any]) -> None:
        compute["vms"]["docker-1"]["disk_gib"] = 199

    said = trial.refused(lambda: trial.preview(smaller))
    assert "compute.vms.docker-1.disk_gib: 199 is less than its disk has, 4608 GiB, and a disk never shrinks" in said


def test_a_stateful_machine_is_neither_deleted_nor_replaced_unless_asked_for_by_name(trial: Trial) -> None:
    def gone(compute: dict[str, Any]) -> None:
        del compute["vms"]["docker-2"]

    def other(compute: dict[str, Any]) -> None:
        compute["vms"]["docker-1"]["id"] = 3199

    for change, machine in ((gone, "compute-docker-2-vm"), (other, "compute-docker-1-vm")):
        said = trial.refused(lambda change=change: trial.preview(change))
        assert machine in said
        assert "protect" in said


def test_new_user_data_and_another_node_replace_no_machine(trial: Trial) -> None:
    """Its file is replaced each time, and before its successor is there."""

    def other_people(compute: dict[str, Any]) -> None:
        compute["ssh"]["authorized_keys"] = ("ssh-ed25519 " + "A" * 68,)

    def elsewhere(compute: dict[str, Any]) -> None:
        compute["vms"]["docker-2"]["node"] = "pve1"

    files = {f"compute-{name}-user-data" for name in trial.settings.compute.vms}
    assert trial.preview(other_people).keys() == files
    touched = trial.preview(elsewhere)
    assert touched["compute-docker-2-vm"] == "update"
    assert not [name for name in touched if "docker-2" not in name], touched


def test_a_machine_that_was_moved_is_found_again(trial: Trial) -> None:
    """A VM goes back to its node as it is; a container, which the provider cannot move, stays where it is."""
    vm, lxc = trial.settings.compute.vms["k3s-server-1"], trial.settings.compute.containers["ns1"]
    cluster = trial.server.cluster
    cluster.vm(vm.id).node = "pve2"
    cluster.ct(lxc.id).node = "pve3"
    trial.stack(trial.program()).refresh(color="never")
    assert trial.preview() == {"compute-k3s-server-1-vm": "update"}
    trial.up()
    assert cluster.vm(vm.id).node == "pve1"
    assert cluster.ct(lxc.id).node == "pve3"
    assert trial.preview() == {}


def test_a_replacement_that_is_meant_deletes_first_and_comes_back_behind_its_firewall(trial: Trial) -> None:
    def unprotected(compute: dict[str, Any]) -> None:
        compute["vms"]["docker-2"]["protected"] = False

    trial.up(unprotected)
    vm = trial.settings.compute.vms["docker-2"]
    before = copy.deepcopy(trial.server.cluster.firewall["guests"][vm.id])
    (urn,) = [
        each["urn"]
        for each in (trial.stack(trial.program()).export_stack().deployment or {})["resources"]
        if each["urn"].endswith("::compute-docker-2-vm")
    ]
    trial.up(unprotected, replace=[urn])
    assert trial.server.cluster.firewall["guests"][vm.id] == before
    tasks = [task["type"] for task in trial.server.cluster.tasks.values() if str(task["id"]) == str(vm.id)]
    assert tasks.index("qmdestroy") < len(tasks) - 1 - tasks[::-1].index("qmcreate")
    touched = {name for _, name in trial.order}
    assert not [name for name in touched if "docker-2" not in name], touched


def test_a_disk_that_a_person_has_grown_is_kept_and_has_to_be_written_down(trial: Trial) -> None:
    vm = trial.settings.compute.vms["docker-1"]
    config = trial.server.cluster.vm(vm.id).config
    before = config["scsi0"]
    config["scsi0"] = before.replace("size=4608G", "size=4700G")
    trial.stack(trial.program()).refresh(color="never")
    said = trial.refused(trial.preview)
    assert "compute.vms.docker-1.disk_gib: 4608 is less than its disk has, 4700 GiB" in said
    assert "give at least 4700" in said

    def written_down(compute: dict[str, Any]) -> None:
        compute["vms"]["docker-1"]["disk_gib"] = 4700

    assert trial.preview(written_down) == {}
    config["scsi0"] = before
    trial.stack(trial.program()).refresh(color="never")
    assert trial.preview() == {}


def test_a_machine_that_a_person_has_deleted_is_made_anew_and_all_that_is_done_on_it_again(trial: Trial) -> None:
    vm = trial.settings.compute.vms["k3s-agent-3"]
    cluster = trial.server.cluster
    cluster.vms.remove(cluster.vm(vm.id))
    cluster.firewall["guests"].pop(vm.id)
    trial.stack(trial.program()).refresh(color="never")
    trial.up()
    assert cluster.vm(vm.id).status == "running"
    assert cluster.firewall["guests"][vm.id]["options"]["enable"]
    steps = {f"compute-k3s-agent-3-{step}" for step in ("vm", "host-key", "settled")}
    touched = {name for moment, name in trial.order if moment == "ended"}
    assert steps <= touched, touched
    assert not [name for name in touched if "k3s-agent-3" not in name], touched
    assert trial.preview() == {}


def test_an_image_of_another_checksum_does_not_collide_with_the_file_that_is_there(trial: Trial) -> None:
    """The URL is the same, as where a distribution replaces a build; no machine is touched for it."""

    def rebuilt(compute: dict[str, Any]) -> None:
        for source in ("cloud_image", "container_template"):
            compute[source]["sha512"] = compute[source]["sha512"][::-1]

    trial.up(rebuilt)
    assert {name for _, name in trial.order if "cloud-image" not in name and "container-template" not in name} == set()
    assert trial.preview(rebuilt) == {}
    trial.up()
    assert trial.preview() == {}


def test_a_node_that_died_is_left_by_what_the_guide_says(trial: Trial) -> None:
    cluster, everybody = trial.server.cluster, {**trial.settings.compute.vms, **trial.settings.compute.containers}
    gone = {name: guest.id for name, guest in everybody.items() if guest.node == "pve2"}
    for guests in (cluster.vms, cluster.cts):
        guests[:] = [each for each in guests if each.vmid not in gone.values()]
    for number in gone.values():
        cluster.firewall["guests"].pop(number, None)
    cluster.nodes.pop("pve2")

    def elsewhere(compute: dict[str, Any]) -> None:
        for guest in (*compute["vms"].values(), *compute["containers"].values()):
            guest["node"] = guest["node"].replace("pve2", "pve1")

    stack = trial.stack(trial.program(elsewhere))
    assert "hostname lookup 'pve2' failed" in trial.refused(lambda: stack.refresh(color="never"))
    state = stack.export_stack()
    said = json.dumps(state.deployment).replace('"nodeName": "pve2"', '"nodeName": "pve1"')
    state.deployment = json.loads(said)
    stack.import_stack(state)
    stack.refresh(color="never")
    trial.up(elsewhere)
    stack.refresh(color="never")
    trial.up(elsewhere)
    assert {each.vmid for each in (*cluster.vms, *cluster.cts)} == {guest.id for guest in everybody.values()}
    assert all(cluster.firewall["guests"][number]["options"]["enable"] for number in gone.values())
    assert trial.preview(elsewhere) == {}
