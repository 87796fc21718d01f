"""Machines on the real engine, by the platform's own room, against a Proxmox API: what is touched, in which order."""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from pulumi import automation

from components.compute import ComputeCluster
from sandbox.credentials import private_key
from settings import Settings
from settings.compute import Compute
from tests import arguments
from tests.machines import Program, stack_on
from tests.recording import stack_settings
from tests.unit.sandbox.proxmox import TOKEN, Running, running

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(900)]

_KEY = private_key()
_ROLES = ("k3s_server", "k3s_agent", "docker_host", "name_server")


@dataclass
class Trial:
    """A stack of prod's machines and nothing else."""

    server: Running
    stack: Callable[[Program], automation.Stack]
    settings: Settings
    order: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """What was begun and ended in the last run: moment and name."""
    changed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """The same of the run in which every machine got more memory and other resolvers."""
    begun: bool = False
    """Whether the machines are there: every run but the first gives them more memory and other resolvers."""

    def program(self, change: Callable[[dict[str, Any]], None] | None = None) -> Program:
        """Declare the machines, as the settings say after a change."""
        data = {**self.settings.compute.model_dump(), "endpoint": self.server.endpoint}
        if self.begun:
            _everybody(data)
        if change is not None:
            change(data)
        settings = self.settings.model_copy(update={"compute": Compute.model_validate(data)})

        def declare() -> None:
            ComputeCluster("compute", arguments.machines(settings, TOKEN, _KEY))

        return declare

    def up(self, change: Callable[[dict[str, Any]], None] | None = None, **options: Any) -> None:
        """Bring the machines up."""
        program = self.program(change)
        self.begun = True
        self.order.clear()
        self.stack(program).up(on_event=self._watch, color="never", **options)

    def preview(self, change: Callable[[dict[str, Any]], None] | None = None) -> dict[str, str]:
        """What an update would do, by name."""
        found: dict[str, str] = {}

        def watch(event: automation.EngineEvent) -> None:
            if (told := event.resource_pre_event) is not None and told.metadata.op.value != "same":
                found[told.metadata.urn.rpartition("::")[2]] = told.metadata.op.value

        self.stack(self.program(change)).preview(on_event=watch, color="never")
        return found

    def refused(self, act: Callable[[], object]) -> str:
        """What the engine says instead of acting."""
        with pytest.raises(automation.CommandError) as raised:
            act()
        return str(raised.value)

    def _watch(self, event: automation.EngineEvent) -> None:
        for moment, told in (("begun", event.resource_pre_event), ("ended", event.res_outputs_event)):
            if told is not None and told.metadata.op.value != "same":
                self.order.append((moment, told.metadata.urn.rpartition("::")[2]))

    def guests(self, role: str) -> list[str]:
        """Names of the guests of a role, in the order of the settings."""
        both = {**self.settings.compute.vms, **self.settings.compute.containers}
        return [name for name, guest in both.items() if guest.role == role]


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Generator[Trial]:
    folder = tmp_path_factory.mktemp("machines")
    with running(folder, nodes=("pve1", "pve2", "pve3")) as server:
        made = Trial(server, stack_on(server, folder), stack_settings("prod"))
        made.up()
        made.up()
        made.changed = list(made.order)
        yield made


def _everybody(compute: dict[str, Any]) -> None:
    for guest in (*compute["vms"].values(), *compute["containers"].values()):
        guest["memory_mib"] += 1024
    compute["network"]["name_servers"] = ("10.10.30.54", "10.10.30.53")


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
    assert "compute.vms.docker-1.disk_gib: 199 is less than its disk has, 200 GiB, and a disk never shrinks" in said


def test_a_stateful_machine_is_neither_deleted_nor_replaced_unless_asked_for_by_name(trial: Trial) -> None:
    def gone(compute: dict[str, Any]) -> None:
        del compute["vms"]["docker-2"]

    def other(compute: dict[str, Any]) -> None:
        compute["vms"]["docker-1"]["id"] = 3199

    for change, machine in ((gone, "compute-docker-2-vm"), (other, "compute-docker-1-vm")):
        said = trial.refused(lambda change=change: trial.preview(change))
        assert machine in said
        assert "protect" in said


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
    config["scsi0"] = before.replace("size=200G", "size=250G")
    trial.stack(trial.program()).refresh(color="never")
    said = trial.refused(trial.preview)
    assert "compute.vms.docker-1.disk_gib: 200 is less than its disk has, 250 GiB" in said
    assert "give at least 250" in said

    def written_down(compute: dict[str, Any]) -> None:
        compute["vms"]["docker-1"]["disk_gib"] = 250

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
