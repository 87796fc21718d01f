"""Snapshots of Docker hosts that are put back: in the place of the host, beside it, cut short anywhere."""

import pytest

from release import snapshots
from release.errors import Refused
from tests.unit.release.snapshots.room import GIB, Cut, Room
from tests.unit.sandbox.servers.test_proxmox_api import call


def grown(room: Room) -> int:
    """A snapshot of docker-1, whose disk is larger since then; gives the snapshot's number."""
    room.making().make()
    call(room.server, "PUT", "nodes/pve1/qemu/3131/resize", disk="scsi0", size="+1G")
    room.server.cluster.requests.clear()
    return next(each.id for each in room.there() if each.host == "docker-1")


def back(room: Room, number: int | None, over: str | None = None, **how: bool) -> None:
    snapshots.restore(room.making(), "docker-1", number, over, **how)


def test_a_snapshot_takes_the_place_of_a_host_that_was_named_and_its_disk_stays(room: Room) -> None:
    number = grown(room)
    mac = room.vm(3131).config["net0"]
    for over, sentence in ((None, "is running; .* give --over docker-1"), ("docker-2", "names docker-2, not docker-1")):
        with pytest.raises(Refused, match=sentence):
            back(room, number, over)
    with pytest.raises(Refused, match=rf"there are: {number} \(docker-1"):
        back(room, None)
    back(room, number, "docker-1", dry_run=True)
    assert room.changes() == []
    back(room, number, "docker-1")
    host = room.vm(3131)
    assert (host.status, host.config["net0"], host.config["boot"]) == ("running", mac, "order=scsi0")
    assert host.config["scsi0"].startswith("local-lvm:vm-3131-disk-")
    assert host.config["scsi0"].endswith("size=2G")
    (machine,) = [vm for vm in room.taken().values() if not vm.template]
    assert machine.name == "docker-1-before-20261127t040000z"
    assert machine.config["net0"].endswith("link_down=1")
    volumes = room.server.cluster.storages["local-lvm"]["volumes"]
    assert volumes[machine.config["unused0"].split(":")[1]]["size"] == 3 * GIB
    assert [each.id for each in room.there() if each.host == "docker-1"] == [number]


@pytest.mark.parametrize("after", range(1, 7))
def test_a_restore_that_was_killed_after_any_change_is_gone_on_with(room: Room, after: int) -> None:
    number = grown(room)
    room.web.left = after
    with pytest.raises(Cut):
        back(room, number, "docker-1")
    back(room, number, "docker-1")
    host = room.vm(3131)
    assert (host.status, host.config["boot"]) == ("running", "order=scsi0")
    assert host.config["scsi0"].endswith("size=2G")
    volumes = room.server.cluster.storages["local-lvm"]["volumes"]
    old = [volumes[vm.config["unused0"].split(":")[1]] for vm in room.taken().values() if "unused0" in vm.config]
    assert 3 * GIB in [each["size"] for each in old]


def test_a_machine_beside_the_host_has_no_network_and_the_host_goes_on(room: Room) -> None:
    number = grown(room)
    back(room, number, beside=True)
    (machine,) = [vm for vm in room.taken().values() if not vm.template]
    assert machine.config["net0"].endswith("link_down=1")
    assert (machine.config["onboot"], machine.status, room.vm(3131).status) == (0, "stopped", "running")
    assert room.vm(3131).config["scsi0"].endswith("size=3G")


def test_what_somebody_looks_into_beside_the_host_never_takes_its_place(room: Room) -> None:
    """It runs, and what was on it is another by now."""
    number = grown(room)
    back(room, number, beside=True)
    (beside,) = [vm for vm in room.taken().values() if not vm.template]
    beside.status = "running"
    disk = beside.config["scsi0"]
    back(room, number, "docker-1")
    assert (room.vm(3131).status, room.vm(3131).config["scsi0"][-2:]) == ("running", "2G")
    assert (beside.name, beside.config["scsi0"]) == (f"prod-docker-1-beside-{number}", disk)


def test_a_host_on_another_node_is_not_restored(room: Room) -> None:
    number = grown(room)
    room.vm(3131).node = "pve3"
    with pytest.raises(Refused, match="docker-1 is on pve3 and the snapshot on pve1"):
        back(room, number, "docker-1")
    assert room.changes() == []
