"""How inputs and a guest's config correspond."""

from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from sandbox.providers.proxmoxve import container_parts, vm_parts
from sandbox.providers.proxmoxve.parts import read_all, write_all
from tests.unit.sandbox.guests import CONTAINER, VM


def test_the_vm_config_is_what_proxmox_wants() -> None:
    config = write_all(vm_parts.PARTS, VM)
    assert config["agent"] == "enabled=1,fstrim_cloned_disks=1"
    assert config["cpu"] == "x86-64-v2-AES"
    assert config["scsi0"].startswith("file=local-lvm:0,import-from=local:import/debian.qcow2,")
    assert config["scsi0"].endswith("size=20G")
    assert config["net0"] == "model=virtio,bridge=vmbr0,firewall=1,tag=10"
    assert config["ide2"] == "file=local-lvm:cloudinit,media=cdrom"
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
    assert config["rootfs"] == "local-lvm:8"
    assert config["net0"] == "name=eth0,bridge=vmbr0,tag=10,ip=192.0.2.20/24,gw=192.0.2.1"
    assert config["hostname"] == "ns1"
    assert "ssh-public-keys" not in config
    assert container_parts.create_only(CONTAINER) == {
        "ostemplate": "local:vztmpl/debian-12.tar.zst",
        "ostype": "debian",
        "ssh-public-keys": "ssh-ed25519 AAAA a",
        "storage": "local-lvm",
        "unprivileged": 1,
    }


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
        "startup": st.fixed_dictionaries({"order": st.integers(0, 9)}, optional={"downDelay": st.integers(-1, 9)}),
        "tags": st.lists(st.sampled_from(["a", "b", "c"]), unique=True).map(sorted),
    },
)


def holds(live: Any, declared: Any) -> bool:
    """Whether what is read has what was declared."""
    if isinstance(declared, dict):
        return all(holds(live[key], value) for key, value in cast("dict[str, Any]", declared).items())
    if isinstance(declared, list):
        items = cast("list[Any]", declared)
        return len(live) == len(items) and all(map(holds, live, items))
    return live == declared


@given(inputs=INPUTS)
def test_what_was_declared_is_read_back(inputs: dict[str, Any]) -> None:
    assert holds(read_all(vm_parts.PARTS, write_all(vm_parts.PARTS, inputs)), inputs)
