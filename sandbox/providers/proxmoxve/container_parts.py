"""The inputs of `ContainerLegacy` that the platform declares and a container's config keeps.

With the official plugin's defaults. Source: `proxmoxtf/resource/container` of bpg/terraform-provider-proxmox 0.111,
`pct.conf(5)` of Proxmox VE 9.
"""

from typing import Any

from sandbox.providers.proxmoxve import options
from sandbox.providers.proxmoxve.parts import (
    COMMON,
    IPV4,
    Config,
    Field,
    Inputs,
    Part,
    block,
    child,
    dns,
    exactly,
    indexed,
    items,
    mac_address,
    numbered,
    pack,
    read_dns,
    scalar,
    unpack,
)

_NIC = {
    "name": Field("name"),
    "bridge": Field("bridge", "vmbr0"),
    "firewall": Field("firewall", False, skip=(False,)),
    "vlanId": Field("tag", 0, skip=(0,)),
}


def _write_disk(inputs: Inputs, live: Config) -> dict[str, str]:
    given = child(inputs, "disk")
    volume = options.parse(live.get("rootfs", ""), "volume").get("volume")
    return {"rootfs": volume or f"{given['datastoreId']}:{given['size']}"} if given else {}


def _read_disk(config: Config) -> dict[str, Any]:
    given = options.parse(config.get("rootfs", ""), "volume")
    datastore, _, path = given.get("volume", "").partition(":")
    # What is only going to be made has its size in the place of a name.
    size = given.get("size") or (f"{path}G" if path.isdigit() else "0")
    return {"disk": {"datastoreId": datastore, "size": options.gigabytes(size)}}


def _write_network(inputs: Inputs, live: Config) -> dict[str, str]:
    addresses = items(child(inputs, "initialization"), "ipConfigs")
    written: dict[str, str] = {}
    for index, nic in enumerate(items(inputs, "networkInterfaces")):
        key = f"net{index}"
        address: dict[str, Any] = addresses[index] if index < len(addresses) else {}
        mac = mac_address(live.get(key, ""))
        parts = (pack(nic, _NIC), f"hwaddr={mac}" if mac else "", pack(child(address, "ipv4"), IPV4))
        written[key] = ",".join(filter(None, parts))
    return written


def _read_network(config: Config) -> dict[str, Any]:
    return {"networkInterfaces": [unpack(config[key], _NIC) for key in indexed(config, "net")]}


def _write_initialization(inputs: Inputs, _live: Config) -> dict[str, str]:
    given = child(inputs, "initialization")
    return {**dns(given), **({"hostname": given["hostname"]} if given else {})}


def _read_initialization(config: Config) -> dict[str, Any]:
    addresses = [{"ipv4": unpack(config[key], IPV4)} for key in indexed(config, "net")]
    return {"initialization": {"hostname": config.get("hostname"), "dns": read_dns(config), "ipConfigs": addresses}}


def create_only(inputs: Inputs) -> dict[str, Any]:
    """What Proxmox VE takes when it makes a container, and keeps inside it or for good."""
    system = child(inputs, "operatingSystem")
    keys = "\n".join(key.strip() for key in items(child(child(inputs, "initialization"), "userAccount"), "keys"))
    return {
        "ostemplate": system["templateFileId"],
        "ostype": system["type"],
        "storage": child(inputs, "disk")["datastoreId"],
        "unprivileged": 1 if inputs.get("unprivileged") else 0,
        **({"ssh-public-keys": keys} if keys else {}),
    }


PARTS: tuple[Part, ...] = (
    *COMMON,
    block("cpu", {"cores": Field("cores", 1)}),
    block("memory", {"dedicated": Field("memory", 512), "swap": Field("swap", 0, absent=512)}),
    scalar("startOnBoot", Field("onboot", True, absent=False)),
    Part(("disk",), exactly("rootfs"), _write_disk, _read_disk),
    Part(
        ("initialization",),
        exactly("hostname", "searchdomain", "nameserver"),
        _write_initialization,
        _read_initialization,
    ),
    Part(("networkInterfaces", "initialization"), numbered("net"), _write_network, _read_network),
)
