"""Every input of `VmLegacy` that a VM's config keeps, with the defaults of the official plugin.

Source: `proxmoxtf/resource/vm` of bpg/terraform-provider-proxmox 0.111, `qm.conf(5)` of Proxmox VE 9.
"""

import base64
import re
from typing import Any

from sandbox.providers.proxmoxve import options, vm_devices
from sandbox.providers.proxmoxve.parts import (
    Config,
    Field,
    Inputs,
    Part,
    block,
    child,
    exactly,
    items,
    packed,
    present,
    scalar,
    series,
    unpack,
)

_CPU = {
    "affinity": Field("affinity", ""),
    "architecture": Field("arch", ""),
    "cores": Field("cores", 1),
    "hotplugged": Field("vcpus", 0, skip=(0,)),
    "limit": Field("cpulimit", 0.0, skip=(0, 0.0)),
    "numa": Field("numa", False),
    "sockets": Field("sockets", 1),
    "units": Field("cpuunits", None, int),
}
_CPU_MODEL = {"type": Field("cputype", "qemu64", absent="kvm64"), "flags": Field("flags", list[str](), skip=([],))}
_SMBIOS = {name: Field(name, "") for name in ("family", "manufacturer", "product", "serial", "sku", "version")}


def _write_cpu(inputs: Inputs, _live: Config) -> dict[str, str]:
    given = child(inputs, "cpu")
    written = present({f.key: f.write(given.get(n)) for n, f in _CPU.items()})
    model, flags = (f.write(given.get(n)) for n, f in _CPU_MODEL.items())
    written["cpu"] = f"cputype={model},flags={flags}" if flags else model
    return written


def _read_cpu(config: Config) -> dict[str, Any]:
    found = {n: f.read(config.get(f.key)) for n, f in _CPU.items()}
    return {"cpu": {**found, **unpack(config.get("cpu"), _CPU_MODEL, "cputype")}}


def _write_memory(inputs: Inputs, _live: Config) -> dict[str, str]:
    given = child(inputs, "memory")
    shared = given.get("shared") or 0
    return present({
        "memory": options.scalar(512 if given.get("dedicated") is None else given["dedicated"]),
        "balloon": options.scalar(given.get("floating") or 0),
        "ivshmem": f"size={shared}" if shared else None,
        "hugepages": given.get("hugepages") or None,
        "keephugepages": "1" if given.get("keepHugepages") else None,
    })  # fmt: skip


def _read_memory(config: Config) -> dict[str, Any]:
    dedicated = int(options.parse(config.get("memory", 512), "current")["current"])
    return {"memory": {
        "dedicated": dedicated,
        "floating": int(config.get("balloon", dedicated)),
        "shared": int(options.parse(config["ivshmem"])["size"]) if "ivshmem" in config else 0,
        "hugepages": str(config.get("hugepages", "")),
        "keepHugepages": options.boolean(config.get("keephugepages", 0)),
    }}  # fmt: skip


def _write_smbios(inputs: Inputs, live: Config) -> dict[str, str]:
    given = inputs.get("smbios")
    if given is None:
        return {}
    texts = {n: base64.b64encode(str(given[n]).encode()).decode() for n in _SMBIOS if given.get(n)}
    uuid = given.get("uuid") or options.parse(live.get("smbios1", "")).get("uuid")
    return {"smbios1": options.render({"base64": 1, **texts, "uuid": uuid})}


def _read_smbios(config: Config) -> dict[str, Any]:
    given = options.parse(config.get("smbios1", ""))
    if "base64" not in given:
        return {"smbios": None}
    texts = {name: base64.b64decode(given.get(name, "")).decode() for name in _SMBIOS}
    return {"smbios": {**texts, "uuid": given.get("uuid")}}


def _write_serial(inputs: Inputs, _live: Config) -> dict[str, str]:
    devices = items(inputs, "serialDevices")
    return {f"serial{index}": item.get("device") or "socket" for index, item in enumerate(devices)}


def _read_serial(config: Config) -> dict[str, Any]:
    keys = sorted(key for key in config if re.fullmatch(r"serial[0-3]", key))
    return {"serialDevices": [{"device": str(config[key])} for key in keys]}


def _write_boot(inputs: Inputs, _live: Config) -> dict[str, str]:
    """The declared order, else the CD-ROM, the first disk of each bus and the first network device."""
    order = list(items(inputs, "bootOrders"))
    if not order:
        cdrom = inputs.get("cdrom")
        order = [cdrom.get("interface") or "ide3"] if cdrom else []
        disks = {disk["interface"] for disk in items(inputs, "disks")}
        order += [key for key in ("ide0", "sata0", "scsi0", "virtio0") if key in disks]
        order += ["net0"] if inputs.get("networkDevices") else []
    return {"boot": "order=" + ";".join(order)} if order else {}


def _read_boot(config: Config) -> dict[str, Any]:
    order = options.parse(config.get("boot", "")).get("order", "")
    return {"bootOrders": [key for key in order.split(";") if key]}


def _write_tags(inputs: Inputs, _live: Config) -> dict[str, str]:
    tags = sorted({str(tag).strip().lower() for tag in items(inputs, "tags")} - {""})
    return {"tags": ";".join(tags)} if tags else {}


def _read_tags(config: Config) -> dict[str, Any]:
    return {"tags": sorted(tag for tag in re.split(r"[;, ]+", str(config.get("tags", ""))) if tag)}


def _write_description(inputs: Inputs, _live: Config) -> dict[str, str]:
    text = str(inputs.get("description") or "").strip().replace("\r\n", "\n")
    return {"description": text} if text else {}


def _read_description(config: Config) -> dict[str, Any]:
    return {"description": str(config.get("description", "")).strip()}


def _write_audio(inputs: Inputs, _live: Config) -> dict[str, str]:
    given = inputs.get("audioDevice")
    if given is None or given.get("enabled") is False:
        return {}
    return {"audio0": f"device={given.get('device') or 'intel-hda'},driver={given.get('driver') or 'spice'}"}


def _read_audio(config: Config) -> dict[str, Any]:
    if "audio0" not in config:
        return {"audioDevice": None}
    given = options.parse(config["audio0"])
    return {"audioDevice": {"device": given.get("device"), "driver": given.get("driver", "spice"), "enabled": True}}


def _write_watchdog(inputs: Inputs, _live: Config) -> dict[str, str]:
    given = child(inputs, "watchdog")
    if not given.get("enabled"):
        return {}
    return {"watchdog": f"model={given.get('model') or 'i6300esb'},action={given.get('action') or 'none'}"}


def _read_watchdog(config: Config) -> dict[str, Any]:
    if "watchdog" not in config:
        return {"watchdog": {"enabled": False, "model": None, "action": None}}
    given = options.parse(config["watchdog"], "model")
    return {"watchdog": {
        "enabled": True, "model": given.get("model", "i6300esb"), "action": given.get("action", "none"),
    }}  # fmt: skip


TAGS = Part(("tags",), exactly("tags"), _write_tags, _read_tags)
DESCRIPTION = Part(("description",), exactly("description"), _write_description, _read_description)
STARTUP = {
    "order": Field("order", -1, skip=(-1,)),
    "upDelay": Field("up", -1, skip=(-1,)),
    "downDelay": Field("down", -1, skip=(-1,)),
}
_SEV = {
    "type": Field("type", "std"),
    "allowSmt": Field("allow-smt", True),
    "kernelHashes": Field("kernel-hashes", False),
    "noDebug": Field("no-debug", False),
    "noKeySharing": Field("no-key-sharing", False),
}
_AGENT = {
    "enabled": Field("enabled", False),
    "trim": Field("fstrim_cloned_disks", False),
    "type": Field("type", "virtio"),
}
_PCI = {
    "id": Field("host", ""),
    "mapping": Field("mapping", ""),
    "mdev": Field("mdev", ""),
    "pcie": Field("pcie", False),
    "romFile": Field("romfile", ""),
    "rombar": Field("rombar", False),
    "xvga": Field("x-vga", False),
}
_NUMA = {
    "cpus": Field("cpus", ""),
    "hostnodes": Field("hostnodes", ""),
    "memory": Field("memory", None, int),
    "policy": Field("policy", "preferred"),
}
_RNG = {
    "source": Field("source", ""),
    "maxBytes": Field("max_bytes", 1024),
    "period": Field("period", 1000),
}
_USB = {"host": Field("host", ""), "mapping": Field("mapping", ""), "usb3": Field("usb3", False)}
_VGA = {"clipboard": Field("clipboard", ""), "memory": Field("memory", 16), "type": Field("type", "std")}
_VIRTIOFS = {
    "mapping": Field("dirid", ""),
    "cache": Field("cache", "auto"),
    "directIo": Field("direct-io", False),
    "exposeAcl": Field("expose-acl", False),
    "exposeXattr": Field("expose-xattr", False),
}

PARTS: tuple[Part, ...] = (
    scalar("acpi", Field("acpi", True)),
    packed("agent", "agent", _AGENT, bare="enabled", always=True),
    packed("amdSev", "amd-sev", _SEV, bare="type"),
    Part(("audioDevice",), exactly("audio0"), _write_audio, _read_audio),
    scalar("bios", Field("bios", "seabios")),
    vm_devices.CDROM,
    Part(("cpu",), exactly("cpu", *(f.key for f in _CPU.values())), _write_cpu, _read_cpu),
    DESCRIPTION,
    vm_devices.DISKS,
    vm_devices.EFI_DISK,
    scalar("hookScriptFileId", Field("hookscript", "")),
    series("hostpcis", "hostpci", _PCI, bare="host", device="device"),
    scalar("hotplug", Field("hotplug")),
    vm_devices.INITIALIZATION,
    scalar("keyboardLayout", Field("keyboard", "en-us")),
    scalar("kvmArguments", Field("args", "")),
    scalar("machine", Field("machine", "")),
    Part(
        ("memory",),
        exactly("memory", "balloon", "ivshmem", "hugepages", "keephugepages"),
        _write_memory,
        _read_memory,
    ),
    scalar("name", Field("name", "")),
    vm_devices.NETWORK_DEVICES,
    series("numas", "numa", _NUMA, device="device"),
    scalar("onBoot", Field("onboot", True, absent=False)),
    block("operatingSystem", {"type": Field("ostype", "other")}),
    scalar("protection", Field("protection", False)),
    packed("rngs", "rng0", _RNG, bare="source", as_list=True),
    scalar("scsiHardware", Field("scsihw", "virtio-scsi-pci", absent="lsi")),
    Part(("serialDevices",), lambda key, _: re.fullmatch(r"serial[0-3]", key) is not None, _write_serial, _read_serial),
    Part(("smbios",), exactly("smbios1"), _write_smbios, _read_smbios),
    packed("startup", "startup", STARTUP, bare="order"),
    scalar("tabletDevice", Field("tablet", True)),
    TAGS,
    vm_devices.TPM_STATE,
    series("usbs", "usb", _USB, bare="host"),
    packed("vga", "vga", _VGA, bare="type"),
    series("virtiofs", "virtiofs", _VIRTIOFS, bare="dirid"),
    Part(("watchdog",), exactly("watchdog"), _write_watchdog, _read_watchdog),
    # Last: it names devices that the parts above make.
    Part(("bootOrders",), exactly("boot"), _write_boot, _read_boot),
)
# Lists whose items are told apart by this field, not by their place.
ALIGNED = {"disks": "interface", "hostpcis": "device", "numas": "device"}
