"""The proxmoxve provider against a simulated Proxmox API; what is asserted is read from the server."""

from typing import Any

import pytest

from sandbox.providers.base import InitError, ProviderError
from sandbox.providers.proxmoxve.driver import ProxmoxDriver
from sandbox.providers.proxmoxve.parts import mac_address
from sandbox.servers import proxmox_state
from tests.unit.sandbox import guests
from tests.unit.sandbox.guests import changed
from tests.unit.sandbox.proxmox import Running

VM, CONTAINER = guests.VM_TOKEN, guests.CONTAINER_TOKEN
POOL = "proxmoxve:index/poolLegacy:PoolLegacy"
FILE = "proxmoxve:download/file:File"
IMAGE = {
    "contentType": "import",
    "datastoreId": "local",
    "nodeName": "pve1",
    "url": "https://images.example.org/debian.qcow2",
    "fileName": "debian.qcow2",
    "overwrite": False,
}
VM_INPUTS: dict[str, Any] = {**guests.VM, "poolId": "tests", "stopOnDestroy": True}
CONTAINER_INPUTS = guests.CONTAINER


@pytest.fixture
def driver(configured: ProxmoxDriver) -> ProxmoxDriver:
    configured.handler(POOL).create("pool", {"poolId": "tests", "comment": "for tests"})
    configured.handler(FILE).create("image", dict(IMAGE))
    return configured


def read_inputs(driver: ProxmoxDriver, token: str, resource_id: str, inputs: dict[str, Any]) -> dict[str, Any]:
    found = driver.handler(token).read(resource_id, inputs, {})
    assert found is not None
    return found[0]


def test_a_vm_is_made_as_declared(server: Running, driver: ProxmoxDriver) -> None:
    vm_id, outputs = driver.handler(VM).create("web", VM_INPUTS)
    vm = server.cluster.vm(101)
    # The address of its card, by which it is told from one that takes its place, is kept by an update.
    card = {**VM_INPUTS["networkDevices"][0], "macAddress": mac_address(vm.config["net0"])}
    assert (vm_id, outputs) == ("101", {**VM_INPUTS, "networkDevices": [card]})
    assert driver.handler(VM).preview_update(VM_INPUTS, outputs)["networkDevices"] == [card]
    assert driver.handler(VM).update("101", VM_INPUTS, VM_INPUTS)["networkDevices"] == [card]
    assert vm.status == "running"
    assert vm.config["cores"] == 2
    assert vm.config["scsi0"].startswith("local-lvm:vm-101-disk-0,")
    assert "size=20G" in vm.config["scsi0"]
    assert vm.config["ide2"] == "local-lvm:vm-101-cloudinit,media=cdrom,size=4M"
    assert 101 in server.cluster.pools["tests"]


def test_an_unchanged_guest_shows_no_drift(driver: ProxmoxDriver) -> None:
    driver.handler(VM).create("web", VM_INPUTS)
    driver.handler(CONTAINER).create("ns", CONTAINER_INPUTS)
    assert read_inputs(driver, VM, "101", VM_INPUTS) == VM_INPUTS
    assert read_inputs(driver, CONTAINER, "201", CONTAINER_INPUTS) == CONTAINER_INPUTS


def test_changes_in_the_world_are_seen_and_repaired(server: Running, driver: ProxmoxDriver) -> None:
    driver.handler(VM).create("web", VM_INPUTS)
    vm = server.cluster.vm(101)
    vm.config.update(cores=8, memory=1024, tags="dev", onboot=0, description="by hand", startup="order=3,up=20")
    vm.config["net0"] = vm.config["net0"].replace("tag=10", "tag=11")
    vm.status = "stopped"
    server.cluster.pools["tests"].discard(101)
    vm.pool = None
    live = read_inputs(driver, VM, "101", VM_INPUTS)
    assert {name: live[name] for name in live if live[name] != VM_INPUTS.get(name)} == {
        "cpu": {"cores": 8, "type": "x86-64-v2-AES"},
        "memory": {"dedicated": 1024},
        "tags": ["dev"],
        "onBoot": False,
        "description": "by hand",
        "startup": {"order": 3, "upDelay": 20},
        "networkDevices": [{**VM_INPUTS["networkDevices"][0], "vlanId": 11}],
        "started": False,
        "poolId": "",
    }
    driver.handler(VM).update("101", live, VM_INPUTS)
    assert (vm.config["cores"], int(vm.config["memory"])) == (2, 2048)
    assert (vm.config["tags"], vm.status) == ("dev;web", "running")
    assert 101 in server.cluster.pools["tests"]


def test_devices_that_somebody_added_grew_or_took_away_are_seen_whatever_their_order(
    server: Running, driver: ProxmoxDriver
) -> None:
    one = VM_INPUTS["disks"][0]
    two = {**one, "interface": "scsi1", "size": 5}
    inputs = changed(VM_INPUTS, disks=[two, one])
    driver.handler(VM).create("web", inputs)
    config = server.cluster.vm(101).config
    del config["net0"]
    config["scsi2"] = "local-lvm:vm-101-disk-2,size=1G"
    config["scsi0"] = config["scsi0"].replace("20G", "30G")
    live = read_inputs(driver, VM, "101", inputs)
    assert live["networkDevices"] == []
    assert live["disks"][:2] == [two, {**one, "size": 30}]
    assert [disk["interface"] for disk in live["disks"]] == ["scsi1", "scsi0", "scsi2"]


def test_a_guest_that_was_removed_is_gone(server: Running, driver: ProxmoxDriver) -> None:
    driver.handler(VM).create("web", VM_INPUTS)
    server.cluster.vms.clear()
    assert driver.handler(VM).read("101", VM_INPUTS, {}) is None
    driver.handler(VM).delete("101", VM_INPUTS)


def test_a_guest_that_the_state_has_no_outputs_of_is_named_with_its_node(driver: ProxmoxDriver) -> None:
    assert driver.handler(VM).imported("pve1/100") == "100"
    with pytest.raises(ProviderError, match="give its node and number"):
        driver.handler(VM).imported("100")


def test_a_running_vm_is_changed_and_rebooted(server: Running, driver: ProxmoxDriver) -> None:
    driver.handler(VM).create("web", VM_INPUTS)
    mac = mac_address(server.cluster.vm(101).config["net0"])
    new = changed(VM_INPUTS, cpu={"cores": 4}, description="larger")
    new["disks"][0] |= {"size": 40, "ssd": False}
    new["disks"].append({**new["disks"][0], "interface": "scsi1", "size": 5})
    new["networkDevices"].append({"bridge": "vmbr1"})
    driver.handler(VM).update("101", VM_INPUTS, new)
    config = server.cluster.vm(101).config
    assert (config["cores"], config["cpu"], config["description"]) == (4, "qemu64", "larger")
    assert "size=40G" in config["scsi0"]
    assert "ssd=0" in config["scsi0"]
    assert config["scsi1"].startswith("local-lvm:vm-101-disk-1,")
    assert server.cluster.vm(101).pending == {}
    assert mac is not None
    assert mac in config["net0"]
    assert read_inputs(driver, VM, "101", new) == new


def test_devices_go_when_they_are_not_declared_any_more(server: Running, driver: ProxmoxDriver) -> None:
    both = changed(VM_INPUTS, networkDevices=[{"bridge": "vmbr0"}, {"bridge": "vmbr1"}])
    driver.handler(VM).create("web", both)
    driver.handler(VM).update("101", both, changed(VM_INPUTS, serialDevices=[]))
    config = server.cluster.vm(101).config
    assert "net1" not in config
    assert "serial0" not in config
    assert "scsi0" in config
    assert "ide2" in config


def test_a_disk_cannot_shrink_and_nothing_is_changed(server: Running, driver: ProxmoxDriver) -> None:
    driver.handler(VM).create("web", VM_INPUTS)
    before = dict(server.cluster.vm(101).config)
    new = changed(VM_INPUTS, cpu={"cores": 9})
    new["disks"][0]["size"] = 10
    with pytest.raises(
        ProviderError, match=r"VM 101 \(web-1\) on node pve1: disk scsi0 has 20 GiB and cannot shrink to 10 GiB"
    ):
        driver.handler(VM).update("101", VM_INPUTS, new)
    assert server.cluster.vm(101).config == before


def test_a_disk_moves_to_another_datastore(server: Running, driver: ProxmoxDriver) -> None:
    server.cluster.storages["fast"] = {**server.cluster.storages["local-lvm"], "volumes": {}}
    driver.handler(VM).create("web", VM_INPUTS)
    new = changed(VM_INPUTS)
    new["disks"][0]["datastoreId"] = "fast"
    driver.handler(VM).update("101", VM_INPUTS, new)
    assert server.cluster.vm(101).config["scsi0"].startswith("fast:vm-101-disk-0,")
    assert "vm-101-disk-0" not in server.cluster.storages["local-lvm"]["volumes"]


@pytest.mark.parametrize("token", [VM, CONTAINER])
def test_an_id_that_is_taken_is_an_error(driver: ProxmoxDriver, token: str) -> None:
    driver.handler(VM).create("web", VM_INPUTS)
    inputs = changed(VM_INPUTS if token == VM else CONTAINER_INPUTS, vmId=101)
    with pytest.raises(ProviderError, match=r"vmId 101 is taken: VM 101 \(web-1\) on node pve1 already exists"):
        driver.handler(token).create("again", inputs)


def test_an_id_that_is_taken_is_an_error_even_for_what_a_killed_run_left(
    server: Running, driver: ProxmoxDriver
) -> None:
    """Neither is anything adopted, nor changed, whoever made it."""
    driver.handler(VM).create("web", changed(VM_INPUTS, started=False, cpu={"cores": 1}))
    driver.handler(CONTAINER).create("ns", changed(CONTAINER_INPUTS, started=False))
    before = proxmox_state.snapshot(server.cluster)
    for token, inputs in (
        (VM, VM_INPUTS),
        (CONTAINER, CONTAINER_INPUTS),
        (POOL, {"poolId": "tests", "comment": "other"}),
        (FILE, IMAGE),
    ):
        with pytest.raises(ProviderError, match="already exists"):
            driver.handler(token).create("again", dict(inputs))
    assert proxmox_state.snapshot(server.cluster) == before


def test_a_half_made_vm_stays_known_and_the_next_run_completes_it(server: Running, driver: ProxmoxDriver) -> None:
    inputs = changed(VM_INPUTS)
    inputs["disks"][0]["size"] = 1
    with pytest.raises(InitError, match="disk scsi0 has 2 GiB and cannot shrink to 1 GiB") as raised:
        driver.handler(VM).create("web", inputs)
    assert raised.value.resource_id == "101"
    assert server.cluster.vm(101).status == "stopped"
    driver.handler(VM).update("101", inputs, VM_INPUTS)
    assert server.cluster.vm(101).status == "running"
    assert read_inputs(driver, VM, "101", VM_INPUTS) == VM_INPUTS


def test_the_servers_refusal_is_told(driver: ProxmoxDriver) -> None:
    inputs = changed(VM_INPUTS)
    inputs["disks"][0]["importFrom"] = "local:import/none.qcow2"
    with pytest.raises(ProviderError) as raised:
        driver.handler(VM).create("web", inputs)
    assert str(raised.value) == (
        "VM 101 (web-1) on node pve1: the Proxmox API said: "
        "unable to create VM 101 - volume local:import/none.qcow2 does not exist"
    )
    with pytest.raises(ProviderError, match=r"VM 101 .* said: .*nowhere"):
        driver.handler(VM).create("web", changed(VM_INPUTS, nodeName="nowhere"))


def test_a_change_that_the_server_does_not_keep_is_told(server: Running, driver: ProxmoxDriver) -> None:
    driver.handler(VM).create("web", VM_INPUTS)

    async def forget(_vm: Any, _user: str, _values: Any) -> None:
        return None

    server.cluster._apply_config = forget
    with pytest.raises(ProviderError, match="took the change, but did not keep memory"):
        driver.handler(VM).update("101", VM_INPUTS, changed(VM_INPUTS, memory={"dedicated": 4096}))


def test_a_container_is_made_changed_and_removed(server: Running, driver: ProxmoxDriver) -> None:
    driver.handler(CONTAINER).create("ns", CONTAINER_INPUTS)
    container = server.cluster.ct(201)
    assert container.status == "running"
    assert container.config["rootfs"] == "local-lvm:vm-201-disk-0,size=8G"
    assert "ip=192.0.2.20/24" in container.config["net0"]
    new = changed(CONTAINER_INPUTS, memory={"dedicated": 1024}, disk={"datastoreId": "local-lvm", "size": 12})
    new["initialization"]["ipConfigs"][0]["ipv4"]["address"] = "192.0.2.21/24"
    mac = container.config["net0"].split("hwaddr=")[1].split(",")[0]
    driver.handler(CONTAINER).update("201", CONTAINER_INPUTS, new)
    assert "size=12G" in container.config["rootfs"]
    assert "ip=192.0.2.21/24" in container.config["net0"]
    assert mac in container.config["net0"]
    assert container.config["memory"] == 1024
    assert read_inputs(driver, CONTAINER, "201", new) == new
    driver.handler(CONTAINER).delete("201", new)
    driver.handler(CONTAINER).delete("201", new)
    assert server.cluster.cts == []


def test_removal_leaves_nothing(server: Running, driver: ProxmoxDriver) -> None:
    driver.handler(VM).create("web", VM_INPUTS)
    with pytest.raises(ProviderError, match=r"pool tests: the Proxmox API said: .*not empty"):
        driver.handler(POOL).delete("tests", {"poolId": "tests"})
    driver.handler(VM).delete("101", VM_INPUTS)
    driver.handler(FILE).delete("local:import/debian.qcow2", dict(IMAGE))
    driver.handler(POOL).delete("tests", {"poolId": "tests"})
    driver.handler(POOL).delete("tests", {"poolId": "tests"})
    assert (server.cluster.vms, server.cluster.pools) == ([], {})
    assert all(not store.get("volumes") for store in server.cluster.storages.values())


def test_a_pool_shows_a_changed_comment(server: Running, driver: ProxmoxDriver) -> None:
    inputs = {"poolId": "tests", "comment": "for tests"}
    server.cluster.pool_info["tests"]["comment"] = "by hand"
    found = driver.handler(POOL).read("tests", inputs, {})
    assert found is not None
    assert found[0]["comment"] == "by hand"
    driver.handler(POOL).update("tests", found[0], inputs)
    assert server.cluster.pool_info["tests"]["comment"] == "for tests"


def test_each_node_has_its_own_download(driver: ProxmoxDriver) -> None:
    other = changed(IMAGE, nodeName="pve2")
    resource_id, _ = driver.handler(FILE).create("image-2", other)
    with pytest.raises(ProviderError, match=r"file local:import/debian\.qcow2 already exists on node pve2"):
        driver.handler(FILE).create("image-3", other)
    driver.handler(FILE).delete(resource_id, dict(IMAGE))
    assert driver.handler(FILE).read(resource_id, dict(IMAGE), {}) is None
    assert driver.handler(FILE).read(resource_id, other, {}) is not None
