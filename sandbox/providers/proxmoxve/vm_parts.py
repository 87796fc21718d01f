"""The inputs of `VmLegacy` that the platform declares and a VM's config keeps, with the official plugin's defaults.

Source: `proxmoxtf/resource/vm` of bpg/terraform-provider-proxmox 0.111, `qm.conf(5)` of Proxmox VE 9.
"""

import re
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
    indexed,
    items,
    mac_address,
    numbered,
    pack,
    packed,
    read_dns,
    scalar,
    unpack,
)

_DRIVE = re.compile(r"(ide|sata|scsi|virtio)\d+")
_CLOUD_INIT = re.compile(r"searchdomain|nameserver|cicustom|ipconfig\d+")
_AGENT = {"enabled": Field("enabled", False), "trim": Field("fstrim_cloned_disks", False)}
_CPU = {"cores": Field("cores", 1), "sockets": Field("sockets", 1), "type": Field("cpu", "qemu64", absent="kvm64")}
_DISK = {"discard": Field("discard", "ignore"), "iothread": Field("iothread", False), "ssd": Field("ssd", False)}
_NIC = {
    "bridge": Field("bridge", "vmbr0"),
    "firewall": Field("firewall", False),
    "vlanId": Field("tag", 0, skip=(0,)),
}
_FILES = {"userDataFileId": Field("user")}


def datastore_of(volume: str) -> str:
    """The datastore that a volume is on."""
    return volume.partition(":")[0]


def _volume(config: Config, key: str) -> str:
    return options.parse(config.get(key, ""), "file").get("file", "")


def _is_cloud_init(key: str, value: Any) -> bool:
    return _DRIVE.fullmatch(key) is not None and "cloudinit" in str(value)


def _is_disk(key: str, value: Any) -> bool:
    return _DRIVE.fullmatch(key) is not None and options.parse(value, "file").get("media") != "cdrom"


def _write_disks(inputs: Inputs, live: Config) -> dict[str, str]:
    written: dict[str, str] = {}
    for disk in items(inputs, "disks"):
        key = disk["interface"]
        values = {f.key: f.write(disk.get(n)) for n, f in _DISK.items()}
        if volume := _volume(live, key):
            given: dict[str, Any] = {"file": volume, **values}
        else:
            source = {"file": f"{disk['datastoreId']}:0", "import-from": disk["importFrom"]}
            given = {**source, **values, "size": f"{disk['size']}G"}
        written[key] = options.render(given)
    return written


def _read_disks(config: Config) -> dict[str, Any]:
    disks: list[dict[str, Any]] = []
    for key in sorted((k for k in config if _is_disk(k, config[k])), key=options.natural):
        size = options.parse(config[key], "file").get("size", "0")
        disks.append(
            {
                "interface": key,
                "datastoreId": datastore_of(_volume(config, key)),
                "size": options.gigabytes(size),
                **unpack(config[key], _DISK),
            }
        )
    return {"disks": disks}


def _write_nics(inputs: Inputs, live: Config) -> dict[str, str]:
    written: dict[str, str] = {}
    for index, nic in enumerate(items(inputs, "networkDevices")):
        mac, model = mac_address(live.get(f"net{index}", "")), nic.get("model") or "virtio"
        written[f"net{index}"] = f"{f'{model}={mac}' if mac else f'model={model}'},{pack(nic, _NIC)}"
    return written


def _read_nics(config: Config) -> dict[str, Any]:
    nics: list[dict[str, Any]] = []
    for key in indexed(config, "net"):
        given, mac = options.parse(config[key]), mac_address(config[key])
        model = given.get("model") or next((k for k, v in given.items() if v.upper() == mac), "virtio")
        nics.append({"model": model, **unpack(config[key], _NIC)})
    return {"networkDevices": nics}


def _write_serial(inputs: Inputs, _live: Config) -> dict[str, str]:
    return {f"serial{index}": item["device"] for index, item in enumerate(items(inputs, "serialDevices"))}


def _read_serial(config: Config) -> dict[str, Any]:
    return {"serialDevices": [{"device": str(config[key])} for key in indexed(config, "serial")]}


def _write_initialization(inputs: Inputs, live: Config) -> dict[str, str]:
    given = child(inputs, "initialization")
    if not given:
        return {}
    written = dns(given)
    if files := pack(given, _FILES):
        written["cicustom"] = files
    for index, address in enumerate(items(given, "ipConfigs")):
        if text := pack(child(address, "ipv4"), IPV4):
            written[f"ipconfig{index}"] = text
    drive = given["interface"]
    volume = _volume(live, drive) if _is_cloud_init(drive, live.get(drive)) else f"{given['datastoreId']}:cloudinit"
    return {**written, drive: f"file={volume},media=cdrom"}


def _read_initialization(config: Config) -> dict[str, Any]:
    drive = next((key for key in sorted(config) if _is_cloud_init(key, config[key])), "")
    if not drive:
        return {"initialization": None}
    found = {
        "interface": drive,
        "datastoreId": datastore_of(_volume(config, drive)),
        "dns": read_dns(config),
        "ipConfigs": [{"ipv4": unpack(config[key], IPV4)} for key in indexed(config, "ipconfig")],
        **unpack(config.get("cicustom"), _FILES),
    }
    return {"initialization": found}


def _owns_initialization(key: str, value: Any) -> bool:
    return _CLOUD_INIT.fullmatch(key) is not None or _is_cloud_init(key, value)


PARTS: tuple[Part, ...] = (
    *COMMON,
    packed("agent", "agent", _AGENT, bare="enabled"),
    block("cpu", _CPU),
    block("memory", {"dedicated": Field("memory", 512)}),
    block("operatingSystem", {"type": Field("ostype", "other")}),
    scalar("machine", Field("machine", "")),
    scalar("name", Field("name", "")),
    scalar("onBoot", Field("onboot", True, absent=False)),
    scalar("scsiHardware", Field("scsihw", "virtio-scsi-pci", absent="lsi")),
    Part(("disks",), _is_disk, _write_disks, _read_disks),
    Part(("initialization",), _owns_initialization, _write_initialization, _read_initialization),
    Part(("networkDevices",), numbered("net"), _write_nics, _read_nics),
    Part(("serialDevices",), numbered("serial"), _write_serial, _read_serial),
)
