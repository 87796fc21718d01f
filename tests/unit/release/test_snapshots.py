"""Snapshots of Docker hosts, against the simulated Proxmox API: made, cut short anywhere, removed, put back."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release import snapshots
from release.connections import Connections
from release.errors import Interrupted, Refused, ReleaseError
from release.flows.snapshot import after_release
from release.snapshots.hypervisor import Hypervisor, Slow
from release.snapshots.making import Making
from release.snapshots.plan import Guest, Snapshot, read, removable
from release.web import Answer, Web
from settings import Settings
from settings.releases import Releases
from tests.recording import stack_settings
from tests.unit.sandbox.proxmox import TOKEN, Running, running
from tests.unit.sandbox.servers.test_proxmox_api import call

NOW = datetime(2026, 11, 27, 4, 0, tzinfo=UTC)
HOSTS = {"docker-1": 3131, "docker-2": 3132}
IDS = range(3900, 3950)
GIB = 1024**3


class Cut(Exception):  # noqa: N818 - not a fault
    """The run was killed."""


class Cutting(Web):
    """Ends the run after a change; what was asked for is done."""

    left: int = -1

    def _call(self, method: str, path: str, **more: Any) -> Answer:
        answer = super()._call(method, path, **more)
        if method != "GET" and not path.endswith("/agent/ping"):
            self.left -= 1
            if self.left == 0:
                raise Cut
        return answer


@dataclass
class Room:
    """The stack prod with its Docker hosts."""

    server: Running
    web: Cutting
    said: list[str] = field(default_factory=list[str])
    now: datetime = NOW
    releases: Releases = field(default_factory=lambda: stack_settings("prod").releases)
    slept: Callable[[float], None] = lambda _seconds: None

    def making(self) -> Making:
        api = Hypervisor(self.web, lambda seconds: self.slept(seconds))
        return Making(api, _two_hosts(), "prod", self.releases, self.said.append, lambda: self.now)

    def vm(self, number: int) -> Any:
        return self.server.cluster.vm(number)

    def taken(self) -> dict[int, Any]:
        """Guests with numbers of snapshots."""
        return {vm.vmid: vm for vm in self.server.cluster.vms if vm.vmid in IDS}

    def there(self) -> list[Snapshot]:
        making = self.making()
        return making.snapshots(making.guests())

    def changes(self) -> list[tuple[str, str]]:
        asked = [(method, path) for method, path, _ in self.server.cluster.requests]
        return [each for each in asked if each[0] != "GET" and not each[1].endswith("/agent/ping")]

    def released(self, digit: str) -> None:
        """Another image of the shop is live, by the next revision."""
        shop = self.releases.services["storefront"]
        live = shop.slots[shop.live]
        assert live is not None
        image = live.image[:-1] + digit
        slots = {**shop.slots, shop.live: live.model_copy(update={"image": image})}
        services = {**self.releases.services, "storefront": shop.model_copy(update={"slots": slots})}
        self.releases = self.releases.model_copy(update={"services": services, "revision": self.releases.revision + 1})


def _two_hosts() -> Settings:
    """Prod, with those Docker hosts alone that the room has."""
    settings = stack_settings("prod")
    vms = {name: vm for name, vm in settings.compute.vms.items() if vm.role != "docker_host" or name in HOSTS}
    return settings.model_copy(update={"compute": settings.compute.model_copy(update={"vms": vms})})


@contextmanager
def opened(folder: Path) -> Generator[Room]:
    folder.mkdir(exist_ok=True)
    with running(folder, nodes=("pve1", "pve2", "pve3")) as server:
        download = {"content": "import", "filename": "a.qcow2", "url": "https://images.example.org/a.qcow2"}
        call(server, "POST", "pools", poolid="luxima-prod")
        for node, (host, number) in zip(("pve1", "pve2"), HOSTS.items(), strict=True):
            call(server, "POST", f"nodes/{node}/storage/local/download-url", **download)
            call(
                server, "POST", f"nodes/{node}/qemu", vmid=number, name=host, pool="luxima-prod", onboot=1,
                agent="enabled=1,fstrim_cloned_disks=1", net0="virtio,bridge=vmbr0,firewall=1",
                scsi0="file=local-lvm:0,import-from=local:import/a.qcow2,discard=on", ide2="file=local-lvm:cloudinit",
                ipconfig0="ip=10.10.30.41/24", boot="order=scsi0", tags="docker-host;luxima;prod",
            )  # fmt: skip
            call(server, "POST", f"nodes/{node}/qemu/{number}/firewall/rules", type="in", action="DROP", enable=1)
            call(server, "POST", f"nodes/{node}/qemu/{number}/status/start")
        server.cluster.requests.clear()
        web = Cutting(server.endpoint, str(server.certificate), {"Authorization": f"PVEAPIToken={TOKEN}"})
        yield Room(server, web)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with opened(tmp_path) as made:
        yield made


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


@given(
    made=st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from("vwxyz"), st.integers(min_value=0, max_value=40)), max_size=25
    ),
    live=st.sampled_from("vwxyz"),
    days=st.integers(min_value=7, max_value=20),
)
def test_nothing_young_goes_nor_what_is_live_or_was_before(
    made: list[tuple[str, str, int]], live: str, days: int
) -> None:
    every = [Snapshot(n, "n", host, 1, of, NOW - timedelta(days=age)) for n, (host, of, age) in enumerate(made)]
    left = [each for each in every if each not in removable(every, live, days, NOW)]
    assert {each for each in every if each.made >= NOW - timedelta(days=days)} <= set(left)
    for host in "ab":
        there = sorted((each for each in every if each.host == host), key=lambda each: (each.made, each.id))
        of_live = [each for each in there if each.version == live]
        others = [each for each in there if each.version != live]
        assert set(of_live[-1:] + others[-1:]) <= set(left)
        old = [each for each in left if each.host == host and each.made < NOW - timedelta(days=days)]
        assert len(old) <= 2


def test_a_guest_is_a_snapshot_only_as_the_tool_made_it() -> None:
    made = Snapshot(3900, "pve1", "docker-1", 7, "0a", NOW)
    guest = Guest(3900, "pve1", made.name("prod"), running=False, template=True, lock="", tags=made.tags("prod"))
    assert read(guest, "prod", IDS) == made
    assert read(guest, "staging", IDS) is None
    assert read(guest, "prod", range(100, 200)) is None
    for other in (
        replace(guest, template=False),
        replace(guest, name="docker-1"),
        replace(guest, tags=guest.tags | {"mine"}),
        replace(guest, tags=frozenset[str]()),
    ):
        assert read(other, "prod", IDS) is None


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


@pytest.mark.parametrize("error", [ReleaseError("Proxmox is away"), None, Interrupted("stopped")])
def test_a_release_stands_whatever_becomes_of_its_snapshot(
    tmp_path: Path, error: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    settings = stack_settings("prod")

    def fails(_making: Making) -> None:
        if error is not None:
            raise error

    def prunes(_making: Making) -> None:
        said.append("pruned")

    def nothing(**_: object) -> None:
        pass

    monkeypatch.setattr(Making, "make", fails)
    monkeypatch.setattr(Making, "prune", prunes)
    making = Making(cast("Hypervisor", None), settings, "prod", settings.releases, said.append, lambda: NOW)
    connections = SimpleNamespace(
        options=SimpleNamespace(dry_run=False, root=tmp_path, stack="prod", who="tests"),
        settings=settings,
        say=said.append,
        now=lambda: NOW,
        snapshots=lambda: making,
        manifests=lambda: SimpleNamespace(keep=nothing, prune=nothing),
    )
    left = "the release is done; its snapshot is not: `release snapshot` goes on with it"
    if isinstance(error, Interrupted):
        with pytest.raises(Interrupted, match=left):
            after_release(cast("Connections", connections))
    else:
        after_release(cast("Connections", connections))
        assert said == (["pruned"] if error is None else [f"{left}. {error}"])
