"""Every input of `ContainerLegacy` that a container's config keeps, with the defaults of the official plugin.

Source: `proxmoxtf/resource/container` of bpg/terraform-provider-proxmox 0.111, `pct.conf(5)` of Proxmox VE 9.
"""

from typing import Any

from sandbox.providers.proxmoxve import options
from sandbox.providers.proxmoxve.parts import (
    Config,
    Field,
    Inputs,
    Part,
    block,
    child,
    exactly,
    indexed,
    items,
    numbered,
    pack,
    packed,
    present,
    scalar,
    series,
    unpack,
)
from sandbox.providers.proxmoxve.vm_devices import mac_address
from sandbox.providers.proxmoxve.vm_parts import DESCRIPTION, STARTUP, TAGS

_CONSOLE = {
    "enabled": Field("console", True),
    "ttyCount": Field("tty", 2),
    "type": Field("cmode", "tty"),
}
_CPU = {
    "architecture": Field("arch", "amd64"),
    "cores": Field("cores", 1),
    "limit": Field("cpulimit", 0.0),
    "units": Field("cpuunits", None, int),
}
_DISK = {
    "acl": Field("acl", False, skip=(False,)),
    "quota": Field("quota", False, skip=(False,)),
    "replicate": Field("replicate", False, skip=(False,)),
    "mountOptions": Field("mountoptions", list[str](), skip=([],)),
}
_FEATURES = {
    "fuse": Field("fuse", False, skip=(False,)),
    "keyctl": Field("keyctl", False, skip=(False,)),
    "mknod": Field("mknod", False, skip=(False,)),
    "mounts": Field("mount", list[str](), skip=([],)),
    "nesting": Field("nesting", False, skip=(False,)),
}
_MOUNT = {
    "path": Field("mp"),
    "acl": Field("acl", False, skip=(False,)),
    "backup": Field("backup", False, skip=(False,)),
    "mountOptions": Field("mountoptions", list[str](), skip=([],)),
    "quota": Field("quota", False, skip=(False,)),
    "readOnly": Field("ro", False, skip=(False,)),
    "replicate": Field("replicate", True, skip=(True,)),
    "shared": Field("shared", False, skip=(False,)),
}
_NIC = {
    "name": Field("name"),
    "bridge": Field("bridge", "vmbr0"),
    "firewall": Field("firewall", False, skip=(False,)),
    "hostManaged": Field("host-managed", False, skip=(False,)),
    "mtu": Field("mtu", 0, skip=(0,)),
    "rateLimit": Field("rate", 0.0, skip=(0, 0.0)),
    "vlanId": Field("tag", 0, skip=(0,)),
}
_ADDRESS = {
    "ipv4": {"address": Field("ip", ""), "gateway": Field("gw", "")},
    "ipv6": {"address": Field("ip6", ""), "gateway": Field("gw6", "")},
}
_DEVICE = {
    "path": Field("path"),
    "denyWrite": Field("deny-write", False),
    "gid": Field("gid", None, int),
    "mode": Field("mode", "0660"),
    "uid": Field("uid", None, int),
}


def _write_disk(inputs: Inputs, live: Config) -> dict[str, str]:
    given = child(inputs, "disk")
    size = given.get("size") or 4
    if volume := options.parse(live.get("rootfs", ""), "volume").get("volume"):
        volume = f"{volume},size={size}G"
    else:
        volume = f"{given.get('datastoreId') or 'local'}:{size}"
    rest = pack(given, _DISK)
    return {"rootfs": f"{volume},{rest}" if rest else volume}


def _read_disk(config: Config) -> dict[str, Any]:
    given = options.parse(config.get("rootfs", ""), "volume")
    datastore, _, path = given.get("volume", "").partition(":")
    size = given.get("size") or (f"{path}G" if path.isdigit() else "0")
    disk = {"datastoreId": datastore, "size": options.gigabytes(size), **unpack(config.get("rootfs"), _DISK)}
    return {"disk": disk}


def _write_mounts(inputs: Inputs, live: Config) -> dict[str, str]:
    written: dict[str, str] = {}
    for index, mount in enumerate(items(inputs, "mountPoints")):
        volume, size = str(mount["volume"]), mount.get("size")
        if size and ":" not in volume.rstrip(":") and not volume.startswith("/"):
            volume = f"{volume.rstrip(':')}:{options.gigabytes(str(size))}"
            size = None
        kept = options.parse(live.get(f"mp{index}", ""), "volume").get("volume")
        written[f"mp{index}"] = options.render({"volume": kept or volume, "size": size}) + "," + pack(mount, _MOUNT)
    return written


def _read_mounts(config: Config) -> dict[str, Any]:
    # Which volume was made for a mount point, and its size, are the server's business: a change of either replaces.
    return {"mountPoints": [unpack(config[key], _MOUNT, "volume") for key in indexed(config, "mp")]}


def _write_network(inputs: Inputs, live: Config) -> dict[str, str]:
    addresses = items(child(inputs, "initialization"), "ipConfigs")
    written: dict[str, str] = {}
    for index, nic in enumerate(items(inputs, "networkInterfaces")):
        key = f"net{index}"
        address: dict[str, Any] = addresses[index] if index < len(addresses) else {}
        mac = nic.get("macAddress") or mac_address(live.get(key, ""))
        parts = [pack(nic, _NIC), f"hwaddr={mac}" if mac else ""]
        parts += [pack(child(address, family), fields) for family, fields in _ADDRESS.items()]
        written[key] = ",".join(filter(None, parts))
    return written


def _read_network(config: Config) -> dict[str, Any]:
    nics = [
        {**unpack(config[key], _NIC), "macAddress": mac_address(config[key])} for key in indexed(config, "net")
    ]  # fmt: skip
    return {"networkInterfaces": nics}


def _write_initialization(inputs: Inputs, _live: Config) -> dict[str, str]:
    given = child(inputs, "initialization")
    dns = child(given, "dns")
    servers = dns.get("servers") or ([dns["server"]] if dns.get("server") else [])
    return present({
        "hostname": given.get("hostname") or None,
        "searchdomain": dns.get("domain") or None,
        "nameserver": " ".join(servers) or None,
        "entrypoint": given.get("entrypoint") or None,
    })  # fmt: skip


def _read_initialization(config: Config) -> dict[str, Any]:
    addresses = [
        {family: unpack(config[key], fields) for family, fields in _ADDRESS.items()} for key in indexed(config, "net")
    ]
    blank = {family: unpack(None, fields) for family, fields in _ADDRESS.items()}
    while addresses and addresses[-1] == blank:
        addresses.pop()
    return {"initialization": {
        # Without a host name Proxmox VE gives one.
        "hostname": config.get("hostname"),
        "dns": {
            "domain": str(config.get("searchdomain", "")),
            "servers": str(config.get("nameserver", "")).split(),
        },
        "entrypoint": str(config.get("entrypoint", "")),
        "ipConfigs": addresses,
    }}  # fmt: skip


def create_only(inputs: Inputs) -> dict[str, str]:
    """What Proxmox VE takes when it makes a container, and keeps inside it: the keys and password of root."""
    user = child(child(inputs, "initialization"), "userAccount")
    keys = "\n".join(key.strip() for key in items(user, "keys"))
    return present({"ssh-public-keys": keys or None, "password": user.get("password") or None})


PARTS: tuple[Part, ...] = (
    block("console", _CONSOLE),
    block("cpu", _CPU),
    DESCRIPTION,
    series("devicePassthroughs", "dev", _DEVICE, bare="path"),
    Part(("disk",), exactly("rootfs"), _write_disk, _read_disk),
    packed("features", "features", _FEATURES, always=True),
    scalar("hookScriptFileId", Field("hookscript", "")),
    Part(
        ("initialization",),
        exactly("hostname", "searchdomain", "nameserver", "entrypoint"),
        _write_initialization,
        _read_initialization,
    ),
    block("memory", {"dedicated": Field("memory", 512), "swap": Field("swap", 0, absent=512)}),
    Part(("mountPoints",), numbered("mp"), _write_mounts, _read_mounts),
    Part(("networkInterfaces", "initialization"), numbered("net"), _write_network, _read_network),
    scalar("protection", Field("protection", False)),
    scalar("startOnBoot", Field("onboot", True, absent=False)),
    packed("startup", "startup", STARTUP, bare="order"),
    TAGS,
)
ALIGNED: dict[str, str] = {}
