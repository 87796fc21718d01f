"""Snapshots of Docker hosts, against the simulated Proxmox API: made, cut short anywhere, removed in their time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from release.errors import Refused, ReleaseError
from release.snapshots.hypervisor import Hypervisor, Slow
from release.snapshots.plan import Guest
from tests.unit.release.snapshots.room import GIB, HOSTS, IDS, Cut, Room
from tests.unit.sandbox.servers.test_proxmox_api import call


def test_each_host_becomes_a_template_that_nobody_can_start_and_whose_copies_have_no_network(room: Room) -> None:
    room.making().make()
    assert {each.host for each in room.there()} == set(HOSTS)
    for each in room.there():
        vm, source = room.vm(each.id), room.vm(HOSTS[each.host])
        assert vm.name == f"prod-{each.host}-r{room.releases.revision}-20261127t040000z"
        assert (vm.node, vm.config["onboot"]) == (source.node, 0)
        assert vm.config["net0"].endswith("firewall=1,link_down=1")
        assert room.server.cluster.firewall["guests"][each.id] == room.server.cluster.firewall["guests"][source.vmid]
        assert each.id in room.server.cluster.pools["luxima-prod"]
        task = call(room.server, "POST", f"nodes/{vm.node}/qemu/{each.id}/status/start")
        assert "you can't start a vm if it's a template" in room.server.cluster.tasks[task]["exitstatus"]
        assert source.status == "running"
    before = len(room.changes())
    room.making().make()
    assert len(room.changes()) == before
    room.making().make(again=True)
    assert len(room.there()) == 4


@pytest.mark.parametrize("after", range(1, 7))
def test_a_run_that_was_killed_after_any_change_is_gone_on_with(room: Room, after: int) -> None:
    room.web.left = after
    with pytest.raises(Cut):
        room.making().make()
    room.making().make()
    assert sorted(each.host for each in room.there()) == sorted(HOSTS)
    assert set(room.taken()) == {each.id for each in room.there()}


@pytest.mark.parametrize("newer", [False, True])
def test_a_clone_that_is_still_made_is_waited_for_and_one_of_an_earlier_revision_goes(room: Room, newer: bool) -> None:
    room.web.left = 1
    with pytest.raises(Cut):
        room.making().make()
    if newer:
        room.released("f")
    cluster, clone = room.server.cluster, room.vm(3900)
    task = next(each for each in cluster.tasklog if each["type"] == "qmclone")
    name, task["status"], clone.name = clone.name, "running", "VM 3900"
    cluster._qm_lock(clone, "clone")

    def ended(_seconds: float) -> None:
        cluster._qm_lock(clone, None)
        clone.name, task["status"] = name, "stopped"

    room.slept = ended
    room.making().make()
    assert set(room.taken()) == {each.id for each in room.there()}
    assert {each.revision for each in room.there()} == {room.releases.revision}
    assert any(said.startswith("removes 3900") for said in room.said) == newer
    assert sum(each["type"] == "qmclone" for each in cluster.tasklog) == (3 if newer else 2)


def test_a_dead_clone_is_told_and_another_number_taken(room: Room) -> None:
    room.web.left = 1
    with pytest.raises(Cut):
        room.making().make()
    room.server.cluster._qm_lock(room.vm(3900), "clone")
    room.making().make()
    assert {each.id for each in room.there()} == {3901, 3902}
    assert "qm unlock 3900 && qm destroy 3900" in " ".join(room.said)


def test_a_clone_that_takes_too_long_is_no_longer_waited_for(room: Room) -> None:
    moments = iter((0.0, 7201.0))
    api = replace(room.making().api, clock=lambda: next(moments))
    task = api.clone(api.guest(3131, "pve1"), 3900, "a", "luxima-prod", "local-lvm")
    room.server.cluster.tasks[task]["status"] = "running"
    with pytest.raises(Slow, match="task qmclone of 3131 does not end within 120 minutes"):
        api.wait("pve1", task, 120)


def _silent(room: Room) -> None:
    room.vm(3132).agent_hangs = True


def _without_agent(room: Room) -> None:
    room.vm(3132).config["agent"] = "enabled=0"


def _locked(room: Room) -> None:
    room.server.cluster._qm_lock(room.vm(3132), "backup")


def _full(room: Room) -> None:
    room.server.cluster.storages["local-lvm"]["total"] = 6 * GIB


def _gone(room: Room) -> None:
    room.server.cluster.vms.remove(room.vm(3132))


def _split(room: Room) -> None:
    room.server.cluster.lose_quorum()


def _taken(room: Room) -> None:
    for number in IDS[1:]:
        call(room.server, "POST", "nodes/pve3/qemu", vmid=number, name="other")
    room.server.cluster.requests.clear()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (_silent, "the guest agent of docker-2 does not answer"),
        (_without_agent, "docker-2 has no guest agent"),
        (_locked, r"docker-2 is locked \(backup\)"),
        (_full, "storage local-lvm on pve1 has"),
        (_gone, "docker-2 is no VM of the cluster"),
        (_taken, "3900 to 3949 .* has 1 free numbers"),
        (_split, "has no quorum"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_changed(
    room: Room, wrong: Callable[[Room], None], sentence: str
) -> None:
    wrong(room)
    with pytest.raises(Refused, match=sentence):
        room.making().make()
    assert room.changes() == []


def _is_well(_api: Hypervisor, _guest: Guest) -> bool:
    return True


def test_a_guest_that_was_not_frozen_leaves_no_snapshot(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.vm(3131).agent_hangs = True
    monkeypatch.setattr(Hypervisor, "agent_answers", _is_well)
    with pytest.raises(ReleaseError, match="file systems of docker-1 were not frozen"):
        room.making().make()
    assert not room.taken()


def test_only_own_snapshots_past_their_time_go(room: Room) -> None:
    call(
        room.server, "POST", "nodes/pve1/qemu", vmid=3949, name="prod-docker-1-r1-20200101t000000z", tags="luxima;prod"
    )
    call(room.server, "POST", "nodes/pve1/qemu/3949/template")
    for digit in "123":
        room.released(digit)
        room.making().make()
        room.now += timedelta(days=1)
    room.now += timedelta(days=30)
    room.making().prune(dry_run=True)
    assert len(room.there()) == 6
    room.making().prune()
    kept = {each.revision for each in room.there()}
    assert kept == {room.releases.revision, room.releases.revision - 1}
    assert 3949 in room.taken()
