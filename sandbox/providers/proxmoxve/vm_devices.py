"""A VM's drives, network devices and cloud-init settings in its config."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from sandbox.providers.proxmoxve import options
from sandbox.providers.proxmoxve.parts import (
    Config,
    Field,
    Inputs,
    Part,
    child,
    exactly,
    indexed,
    items,
    numbered,
    pack,
    present,
    unpack,
)

DRIVE = re.compile(r"(ide[0-3]|sata[0-5]|scsi([0-9]|[12][0-9]|30)|virtio([0-9]|1[0-5]))")
CLOUD_INIT_INTERFACE = "ide2"
_CLOUD_INIT = re.compile(r"searchdomain|nameserver|ci(user|password|type|upgrade|custom)|sshkeys|ipconfig\d+")

_DISK = {
    "aio": Field("aio", "io_uring"),
    "backup": Field("backup", True),
    "cache": Field("cache", "none"),
    "discard": Field("discard", "ignore"),
    "iothread": Field("iothread", False),
    "queues": Field("queues", 0, skip=(0,)),
    "replicate": Field("replicate", True),
    "serial": Field("serial", ""),
    "ssd": Field("ssd", False),
}
_SPEED = {
    "iopsRead": Field("iops_rd", 0, skip=(0,)),
    "iopsReadBurstable": Field("iops_rd_max", 0, skip=(0,)),
    "iopsWrite": Field("iops_wr", 0, skip=(0,)),
    "iopsWriteBurstable": Field("iops_wr_max", 0, skip=(0,)),
    "read": Field("mbps_rd", 0, skip=(0,)),
    "readBurstable": Field("mbps_rd_max", 0, skip=(0,)),
    "write": Field("mbps_wr", 0, skip=(0,)),
    "writeBurstable": Field("mbps_wr_max", 0, skip=(0,)),
}
_NIC = {
    "bridge": Field("bridge", "vmbr0"),
    "disconnected": Field("link_down", False, skip=(False,)),
    "firewall": Field("firewall", False),
    "mtu": Field("mtu", 0, skip=(0,)),
    "queues": Field("queues", 0, skip=(0,)),
    "rateLimit": Field("rate", 0.0, skip=(0, 0.0)),
    "trunks": Field("trunks", ""),
    "vlanId": Field("tag", 0, skip=(0,)),
}
_EFI = {"type": Field("efitype", "2m"), "preEnrolledKeys": Field("pre-enrolled-keys", False)}
_FILES = {
    "metaDataFileId": Field("meta"),
    "networkDataFileId": Field("network"),
    "userDataFileId": Field("user"),
    "vendorDataFileId": Field("vendor"),
}
_IP4 = {"address": Field("ip", ""), "gateway": Field("gw", "")}
_IP6 = {"address": Field("ip6", ""), "gateway": Field("gw6", "")}


def supported(interface: str, fields: Mapping[str, Field]) -> dict[str, Field]:
    """The disk options that the bus of this interface knows."""
    bus = interface.rstrip("0123456789")
    without = {"virtio": {"ssd"}, "sata": {"iothread"}, "ide": {"iothread"}}.get(bus, set[str]())
    return {name: field for name, field in fields.items() if name not in without}


def volume_of(config: Config, key: str) -> str:
    """The volume of a drive in a config; empty if there is no such drive."""
    return options.parse(config[key], "file").get("file", "") if key in config else ""


def _storage(volume: str) -> tuple[str, str]:
    datastore, colon, path = volume.partition(":")
    return (datastore, path) if colon else ("", datastore)


def is_cloud_init(text: Any) -> bool:
    """Whether a drive holds the cloud-init data."""
    return "cloudinit" in options.parse(text, "file").get("file", "")


def is_cdrom(text: Any) -> bool:
    """Whether a drive is a CD-ROM drive, without those for cloud-init."""
    return options.parse(text, "file").get("media") == "cdrom" and not is_cloud_init(text)


def _write_disks(inputs: Inputs, live: Config) -> dict[str, str]:
    written: dict[str, str] = {}
    for disk in items(inputs, "disks"):
        key = disk["interface"]
        datastore = disk.get("datastoreId") or "local-lvm"
        size = disk.get("size") or 8
        given: dict[str, Any] = {"file": f"{datastore}:{size}"}
        if path := disk.get("pathInDatastore"):
            given = {"file": f"{datastore}:{path}", "size": f"{size}G"}
        elif volume := volume_of(live, key):
            given = {"file": volume}
        elif source := disk.get("importFrom") or disk.get("fileId"):
            given = {"file": f"{datastore}:0", "import-from": source, "format": disk.get("fileFormat")}
        elif disk.get("fileFormat"):
            given["format"] = disk["fileFormat"]
        given |= {f.key: f.write(disk.get(n)) for n, f in supported(key, _DISK).items()}
        given |= {f.key: f.write(child(disk, "speed").get(n)) for n, f in _SPEED.items()}
        if "import-from" in given:
            given["size"] = f"{size}G"
        written[key] = options.render(given)
    return written


def _read_disks(config: Config) -> dict[str, Any]:
    disks: list[dict[str, Any]] = []
    for key in sorted((k for k in config if DRIVE.fullmatch(k)), key=options.natural):
        if is_cdrom(config[key]) or is_cloud_init(config[key]):
            continue
        given = options.parse(config[key], "file")
        datastore, path = _storage(given.get("file", ""))
        size = given.get("size") or (f"{path}G" if path.isdigit() else "0")
        disks.append({
            "interface": key,
            "datastoreId": datastore,
            "pathInDatastore": None if path.isdigit() else path,
            "size": options.gigabytes(size),
            **unpack(config[key], supported(key, _DISK)),
            "speed": unpack(config[key], _SPEED),
        })  # fmt: skip
    return {"disks": disks}


def _write_cdrom(inputs: Inputs, _live: Config) -> dict[str, str]:
    cdrom = inputs.get("cdrom")
    if cdrom is None:
        return {}
    return {cdrom.get("interface") or "ide3": f"{cdrom.get('fileId') or 'cdrom'},media=cdrom"}


def _read_cdrom(config: Config) -> dict[str, Any]:
    for key in sorted(key for key in config if DRIVE.fullmatch(key) and is_cdrom(config[key])):
        volume = volume_of(config, key)
        return {"cdrom": {"interface": key, "fileId": "" if volume == "cdrom" else volume}}
    return {"cdrom": None}


def _write_efi(inputs: Inputs, live: Config) -> dict[str, str]:
    efi = inputs.get("efiDisk")
    if efi is None:
        return {}
    volume = volume_of(live, "efidisk0") or f"{efi.get('datastoreId') or 'local-lvm'}:1"
    return {"efidisk0": f"{volume},{pack(efi, _EFI)}"}


def _read_efi(config: Config) -> dict[str, Any]:
    if "efidisk0" not in config:
        return {"efiDisk": None}
    datastore = _storage(volume_of(config, "efidisk0"))[0]
    return {"efiDisk": {"datastoreId": datastore, **unpack(config["efidisk0"], _EFI, "file")}}


def _write_tpm(inputs: Inputs, live: Config) -> dict[str, str]:
    tpm = inputs.get("tpmState")
    if tpm is None:
        return {}
    volume = volume_of(live, "tpmstate0") or f"{tpm.get('datastoreId') or 'local-lvm'}:1"
    return {"tpmstate0": f"{volume},version={tpm.get('version') or 'v2.0'}"}


def _read_tpm(config: Config) -> dict[str, Any]:
    if "tpmstate0" not in config:
        return {"tpmState": None}
    given = options.parse(config["tpmstate0"], "file")
    return {"tpmState": {"datastoreId": _storage(given["file"])[0], "version": given.get("version", "v2.0")}}


def mac_address(text: Any) -> str | None:
    """The MAC address in a network device's config value."""
    found = re.search(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", str(text))
    return found.group(0).upper() if found else None


def _write_nics(inputs: Inputs, live: Config) -> dict[str, str]:
    written: dict[str, str] = {}
    for index, nic in enumerate(items(inputs, "networkDevices")):
        key = f"net{index}"
        mac = nic.get("macAddress") or mac_address(live.get(key, ""))
        model = nic.get("model") or "virtio"
        written[key] = f"{f'{model}={mac}' if mac else f'model={model}'},{pack(nic, _NIC)}"
    return written


def _read_nics(config: Config) -> dict[str, Any]:
    nics: list[dict[str, Any]] = []
    for key in indexed(config, "net"):
        given = options.parse(config[key])
        mac = mac_address(config[key])
        model = given.get("model") or next((k for k, v in given.items() if v.upper() == mac), "virtio")
        nics.append({"model": model, "macAddress": mac, **unpack(config[key], _NIC)})
    return {"networkDevices": nics}


def _write_initialization(inputs: Inputs, live: Config) -> dict[str, str]:
    given = inputs.get("initialization")
    if given is None:
        return {}
    user = child(given, "userAccount")
    dns = child(given, "dns")
    written = present({
        "searchdomain": dns.get("domain") or None,
        "nameserver": " ".join(items(dns, "servers")) or None,
        "ciuser": user.get("username") or None,
        "cipassword": user.get("password") or None,
        "sshkeys": quote("\n".join(key.strip() for key in items(user, "keys")), safe="") or None,
        "citype": given.get("type"),
        "ciupgrade": None if given.get("upgrade") is None else options.scalar(given["upgrade"]),
        "cicustom": pack(given, _FILES) or None,
    })  # fmt: skip
    for index, address in enumerate(items(given, "ipConfigs")):
        text = ",".join(filter(None, (pack(child(address, "ipv4"), _IP4), pack(child(address, "ipv6"), _IP6))))
        if text:
            written[f"ipconfig{index}"] = text
    drive = _cloud_init_drive(live)
    interface = given.get("interface") or drive or CLOUD_INIT_INTERFACE
    volume = volume_of(live, drive) if drive == interface else f"{given.get('datastoreId') or 'local-lvm'}:cloudinit"
    written[interface] = options.render({"file": volume, "media": "cdrom", "format": given.get("fileFormat")})
    return written


def _cloud_init_drive(config: Config) -> str:
    return next((key for key in sorted(config) if DRIVE.fullmatch(key) and is_cloud_init(config[key])), "")


def _read_initialization(config: Config) -> dict[str, Any]:
    drive = _cloud_init_drive(config)
    if not drive:
        return {"initialization": None}
    configs = [
        {"ipv4": unpack(config[key], _IP4), "ipv6": unpack(config[key], _IP6)} for key in indexed(config, "ipconfig")
    ]
    found = {
        "interface": drive,
        "datastoreId": _storage(volume_of(config, drive))[0],
        "dns": {
            "domain": str(config.get("searchdomain", "")),
            "servers": str(config.get("nameserver", "")).split(),
        },
        "userAccount": {
            "username": str(config.get("ciuser", "")),
            "keys": [key for key in unquote(str(config.get("sshkeys", ""))).split("\n") if key],
        },
        "ipConfigs": configs,
        "type": config.get("citype"),
        "upgrade": options.boolean(config["ciupgrade"]) if "ciupgrade" in config else None,
        **unpack(config.get("cicustom"), _FILES),
    }
    return {"initialization": found}


def _owns_disk(key: str, value: Any) -> bool:
    return DRIVE.fullmatch(key) is not None and not is_cdrom(value) and not is_cloud_init(value)


def _owns_cdrom(key: str, value: Any) -> bool:
    return DRIVE.fullmatch(key) is not None and is_cdrom(value)


def _owns_initialization(key: str, value: Any) -> bool:
    return _CLOUD_INIT.fullmatch(key) is not None or (DRIVE.fullmatch(key) is not None and is_cloud_init(value))


DISKS = Part(("disks",), _owns_disk, _write_disks, _read_disks)
CDROM = Part(("cdrom",), _owns_cdrom, _write_cdrom, _read_cdrom)
EFI_DISK = Part(("efiDisk",), exactly("efidisk0"), _write_efi, _read_efi)
TPM_STATE = Part(("tpmState",), exactly("tpmstate0"), _write_tpm, _read_tpm)
NETWORK_DEVICES = Part(("networkDevices",), numbered("net"), _write_nics, _read_nics)
INITIALIZATION = Part(("initialization",), _owns_initialization, _write_initialization, _read_initialization)
