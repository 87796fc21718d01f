"""How inputs and a guest's config correspond, and what counts as drift."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.providers.drift import drifted
from sandbox.providers.proxmoxve import container_parts, vm_parts
from sandbox.providers.proxmoxve.guests import differs
from sandbox.providers.proxmoxve.parts import expected, read_all, write_all
from tests.unit.sandbox.guests import CONTAINER, VM, changed


def test_the_vm_config_is_what_proxmox_wants() -> None:
    config = write_all(vm_parts.PARTS, VM)
    assert config["agent"] == "enabled=1,fstrim_cloned_disks=1"
    assert config["cpu"] == "x86-64-v2-AES"
    assert config["scsi0"].startswith("file=fast:0,import-from=local:import/a.qcow2,")
    assert config["scsi0"].endswith("size=20G")
    assert config["net0"] == "model=virtio,bridge=vmbr0,firewall=1,tag=10"
    assert config["ide2"] == "file=fast:cloudinit,media=cdrom"
    assert config["ipconfig0"] == "ip=192.0.2.10/24,gw=192.0.2.1"
    assert config["nameserver"] == "192.0.2.53 192.0.2.54"
    assert config["cicustom"] == "user=local:snippets/web.yaml"
    assert config["startup"] == "order=3,up=10"
    assert config["tags"] == "dev;web"


def test_the_official_defaults_are_sent_for_what_is_not_declared() -> None:
    config = write_all(vm_parts.PARTS, {"nodeName": "pve1"})
    assert config == {
        "cores": "1",
        "cpu": "qemu64",
        "memory": "512",
        "onboot": "1",
        "ostype": "other",
        "scsihw": "virtio-scsi-pci",
        "sockets": "1",
    }


def test_the_container_config_is_what_proxmox_wants() -> None:
    config = write_all(container_parts.PARTS, CONTAINER)
    assert config["rootfs"] == "fast:8"
    assert config["net0"] == "name=eth0,bridge=vmbr0,tag=10,ip=192.0.2.20/24,gw=192.0.2.1"
    assert config["hostname"] == "ns1"
    assert "ssh-public-keys" not in config
    assert container_parts.create_only(CONTAINER) == {
        "ostemplate": "local:vztmpl/debian-12.tar.zst",
        "ostype": "debian",
        "ssh-public-keys": "ssh-ed25519 AAAA a",
        "storage": "fast",
        "unprivileged": 1,
    }


def test_what_is_read_back_is_what_was_declared() -> None:
    found = read_all(vm_parts.PARTS, write_all(vm_parts.PARTS, VM))
    for name in set(VM) - {"nodeName", "vmId", "initialization", "disks", "networkDevices", "agent"}:
        assert drifted(VM[name], found[name], found[name]) == VM[name]
    assert found["initialization"]["dns"] == VM["initialization"]["dns"]
    assert found["disks"][0]["size"] == 20
    assert found["disks"][0]["datastoreId"] == "fast"
    assert found["networkDevices"][0]["vlanId"] == 10


LIVE = {
    "scsi0": "fast:vm-101-disk-0,aio=io_uring,discard=ignore,iothread=0,size=20G,ssd=1",
    "net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1,tag=10",
    "ide2": "fast:vm-101-cloudinit,media=cdrom,size=4M",
}


def live_config(**more: str) -> dict[str, str]:
    return {**write_all(vm_parts.PARTS, VM), **LIVE, **more}


def drift_of(inputs: dict[str, Any], config: dict[str, str]) -> dict[str, Any]:
    """The declared inputs that the config says differently."""
    should, live = expected(vm_parts.PARTS, inputs), read_all(vm_parts.PARTS, config)
    found = {
        name: drifted(inputs.get(name), should[name], live[name], "interface" if name == "disks" else "")
        for name in should
    }
    return {name: value for name, value in found.items() if value != inputs.get(name)}


def test_what_only_the_server_knows_is_no_drift() -> None:
    assert drift_of(VM, live_config()) == {}


@pytest.mark.parametrize(
    ("config", "name", "value"),
    [
        ({"cores": "4"}, "cpu", {**VM["cpu"], "cores": 4}),
        ({"memory": "1024"}, "memory", {"dedicated": 1024}),
        ({"tags": "dev"}, "tags", ["dev"]),
        ({"onboot": "0"}, "onBoot", False),
        ({"description": "changed by hand"}, "description", "changed by hand"),
        (
            {"net0": LIVE["net0"].replace("tag=10", "tag=11")},
            "networkDevices",
            [{**VM["networkDevices"][0], "vlanId": 11}],
        ),
        ({"scsi0": LIVE["scsi0"].replace("20G", "30G")}, "disks", [{**VM["disks"][0], "size": 30}]),
        ({"startup": "order=3,up=20"}, "startup", {"order": 3, "upDelay": 20}),
    ],
)
def test_a_change_by_hand_is_seen(config: dict[str, str], name: str, value: Any) -> None:
    assert drift_of(VM, live_config(**config)) == {name: value}


def test_a_removed_device_is_seen() -> None:
    config = live_config()
    del config["net0"]
    assert drift_of(VM, config) == {"networkDevices": []}


def test_an_added_disk_is_seen_whatever_the_order() -> None:
    inputs = changed(VM, disks=[{**VM["disks"][0], "interface": "scsi1", "size": 5}, VM["disks"][0]])
    config = live_config(scsi1="fast:vm-101-disk-1,size=5G,ssd=1", scsi2="fast:vm-101-disk-2,size=1G")
    found = drift_of(inputs, config)["disks"]
    assert [disk["interface"] for disk in found] == ["scsi1", "scsi0", "scsi2"]
    assert found[:2] == inputs["disks"]


INPUTS = cast("Any", st.fixed_dictionaries)(
    {},
    optional={
        "agent": st.fixed_dictionaries({}, optional={"enabled": st.booleans(), "trim": st.booleans()}),
        "cpu": st.fixed_dictionaries({}, optional={"cores": st.integers(1, 64), "sockets": st.integers(1, 4)}),
        "memory": st.fixed_dictionaries({}, optional={"dedicated": st.integers(64, 9999)}),
        "networkDevices": st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "bridge": st.just("vmbr1"),
                    "firewall": st.booleans(),
                    "vlanId": st.integers(0, 4094),
                },
            ),
            max_size=3,
        ),
        "onBoot": st.booleans(),
        "startup": st.fixed_dictionaries({}, optional={"order": st.integers(-1, 9), "downDelay": st.integers(-1, 9)}),
        "tags": st.lists(st.sampled_from(["a", "b", "c"]), unique=True).map(sorted),
    },
)


@given(inputs=INPUTS)
def test_nothing_that_is_declared_drifts_by_itself(inputs: dict[str, Any]) -> None:
    assert drift_of(inputs, write_all(vm_parts.PARTS, inputs)) == {}


def test_a_config_value_differs_by_its_options_only() -> None:
    assert not differs("file=fast:vm-1-disk-0,ssd=1", "fast:vm-1-disk-0,size=20G,ssd=1")
    assert differs("file=fast:vm-1-disk-0,ssd=0", "fast:vm-1-disk-0,size=20G,ssd=1")
    assert differs("file=fast:vm-1-disk-0", "fast:vm-1-disk-0,size=20G,ssd=1")
