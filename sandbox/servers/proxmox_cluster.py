"""The simulated Proxmox VE cluster: fakepve, completed where official clients notice the difference.

fakepve answers every endpoint of the Proxmox VE API and keeps guests, pools, storages and the firewall. This subclass
adds what a client needs to read back exactly what it wrote: numbers as JSON numbers, disks imported from an image,
cloud-init drives under their own name, resizing, and a guest agent that reports the configured addresses.
"""

import importlib
import ipaddress
import re
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from sandbox.servers.proxmox_cloning import Cloning
from sandbox.servers.proxmox_ha import HighAvailability

# fakepve has no type information: these names are the boundary to it.
_FakePve: Any = importlib.import_module("fakepve").FakePve
_QEMU: Any = importlib.import_module("fakepve.qemu")
_SCHEMA: Any = importlib.import_module("fakepve.schema")
_PveError: Any = importlib.import_module("fakepve.model").PveError

GIB = 1024**3
# An imported image brings its own virtual size (Debian's cloud image: 2 GiB of content), which a client then grows.
IMAGE_BYTES = 2 * GIB
# What a download pretends to weigh; the URL's metadata must agree, or clients download the file again and again.
DOWNLOAD_BYTES = 1024**2
CLOUD_INIT_BYTES = 4 * 1024**2
SIZE_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": GIB, "T": 1024 * GIB}
# Devices that Proxmox VE plugs in and out of a running VM with its default `hotplug` setting (network,disk,usb).
HOTPLUGGED = re.compile(r"^(net|scsi|virtio|sata|usb|unused)\d+$")
CONFIG_PUT = "/nodes/{node}/qemu/{vmid}/config"


def parse_bytes(text: str) -> int:
    """The bytes in a size as Proxmox VE writes it (`20G`, `512M`, `1048576`)."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)", text)
    if not found:
        raise _PveError(400, "Parameter verification failed.", {"size": f"unable to parse size '{text}'"})
    return int(float(found.group(1)) * SIZE_UNITS[found.group(2)])


def typed_config(values: Mapping[str, Any]) -> dict[str, Any]:
    """Config values with the types of the API schema: what is an integer, number or boolean there becomes a number."""
    parameters = _SCHEMA.load().paths[CONFIG_PUT]["PUT"]["parameters"]
    typed = cast("dict[str, Any]", _SCHEMA.validate(parameters, {"node": "n", "vmid": 100, **values})[0])
    return {key: typed[key] for key in values}


class Cluster(Cloning, HighAvailability, _FakePve):
    """A Proxmox VE cluster in memory. Tasks end before their request is answered."""

    def __init__(self, *, host: str, port: int, nodes: list[str], disks: list[str], files: list[str]) -> None:
        base: Any = super()
        base.__init__(host=host, port=port)
        self.time_scale = 0.0
        self.nodes = {node: {"online": True} for node in nodes}
        self.ha = {"resources": {}, "rules": {}}
        self.storages: dict[str, dict[str, Any]] = {name: disk_store(name) for name in disks}
        self.storages |= {name: file_store(name) for name in files}

    def _routes_completed(self) -> list[tuple[str, str, Any]]:
        guest = "/nodes/{node}/qemu/{vmid}"
        return [
            ("PUT", guest + "/resize", self._resize),
            ("POST", guest + "/move_disk", self._move_disk),
            ("POST", guest + "/migrate", self._migrate),
            ("GET", "/nodes/{node}/query-url-metadata", self._url_metadata),
        ]

    # ------------------------------------------------------------------ disks

    def _qm_new_drive(self, vmid: int, key: str, value: str, default: str | None) -> Any:
        """The config value of a drive and the volumes made for it; imports an image or makes a cloud-init drive."""
        volume, options = _QEMU.split_drive(value)
        if source := options.get("import-from"):
            if self.volume_exists(source) is not True:
                raise _PveError(500, f"volume {source} does not exist")
            kept = {k: v for k, v in options.items() if k not in ("import-from", "size", "format")}
            volid, _ = self._qm_alloc(volume.split(":")[0], vmid, options.get("format"), IMAGE_BYTES)
            return _QEMU.join_drive(volid, {**kept, "size": _QEMU.format_size(IMAGE_BYTES)}), [volid]
        if str(volume).endswith(":cloudinit"):
            return self._cloud_init_drive(vmid, str(volume).split(":")[0])
        base: Any = super()
        return base._qm_new_drive(vmid, key, value, default)

    def _cloud_init_drive(self, vmid: int, storage: str) -> tuple[str, list[str]]:
        name = f"vm-{vmid}-cloudinit"
        if self.storages[storage]["type"] == "dir":
            name = f"{vmid}/{name}.qcow2"
        self.storages[storage].setdefault("volumes", {})[name] = {
            "content": "images", "format": "raw", "size": CLOUD_INIT_BYTES, "vmid": vmid, "ctime": 0,
        }  # fmt: skip
        return f"{storage}:{name},media=cdrom,size=4M", [f"{storage}:{name}"]

    async def _apply_config(self, vm: Any, user: str, p: Mapping[str, Any]) -> None:
        """Set and delete config keys; new drives are allocated, and devices are plugged into a running VM."""
        values = typed_config({k: v for k, v in p.items() if k not in ("node", "vmid")})
        for key, value in values.items():
            if _QEMU.DRIVE_KEY.match(key):
                values[key] = self._qm_new_drive(vm.vmid, key, str(value), None)[0]
            elif re.fullmatch(r"net\d+", key):
                values[key] = _QEMU.with_mac(value)
        base: Any = super()
        await base._apply_config(vm, user, values)
        for key in [k for k in vm.pending if HOTPLUGGED.match(k)]:
            if vm.pending[key] is None:
                vm.config.pop(key, None)
                del vm.pending[key]
            elif key not in vm.config or key.startswith("net"):
                vm.config[key] = vm.pending.pop(key)

    async def _move_disk(self, v: dict[str, Any], user: str) -> str:
        if "target-vmid" in v:
            return await self._reassign(v, user)
        vm = self.find(v["node"], v["vmid"])
        disk, storage = v["disk"], v["storage"]
        if disk not in vm.config or storage not in self.storages:
            raise _PveError(500, f"disk '{disk}' or storage '{storage}' does not exist")
        volume, options = _QEMU.split_drive(vm.config[disk])

        async def body() -> None:
            size = parse_bytes(str(options.get("size", "0")))
            volid, _ = self._qm_alloc(storage, vm.vmid, v.get("format"), size)
            vm.config[disk] = _QEMU.join_drive(volid, options)
            if v.get("delete"):
                self._qm_free(volume)

        return await self.task(vm.node, "qmmove", vm.vmid, user, body, vm=vm)

    async def _resize(self, v: dict[str, Any], user: str) -> str:
        vm = self.find(v["node"], v["vmid"])
        disk, text = v["disk"], str(v["size"])
        if disk not in vm.config:
            raise _PveError(500, f"disk '{disk}' does not exist")
        volume, options = _QEMU.split_drive(vm.config[disk])
        current = parse_bytes(str(options.get("size", "0")))
        size = current + parse_bytes(text[1:]) if text.startswith("+") else parse_bytes(text)
        if size < current:
            raise _PveError(500, "shrinking disks is not supported")

        async def body() -> None:
            vm.config[disk] = _QEMU.join_drive(volume, {**options, "size": _QEMU.format_size(size)})
            if record := self._qm_volume(volume):
                record["size"] = size

        return await self.task(vm.node, "resize", vm.vmid, user, body, vm=vm)

    async def _migrate(self, v: dict[str, Any], user: str) -> str:
        vm, target = self.find(v["node"], v["vmid"]), v["target"]
        if target not in self.nodes:
            raise _PveError(500, f"no such cluster node '{target}'")

        async def body() -> None:
            vm.node = target

        return await self.task(vm.node, "qmigrate", vm.vmid, user, body, vm=vm)

    # ------------------------------------------------------------------ files

    def _copies(self, storage: str, volume: str) -> list[str]:
        """The nodes that have a copy of a downloaded file: such a datastore is each node's own."""
        record = self.storages.get(storage, {}).get("volumes", {}).get(volume)
        return [] if record is None else record.setdefault("nodes", [])

    async def _download_url(self, request: Any) -> Any:
        base: Any = super()
        given = {**request.query, **dict(parse_qsl((await request.read()).decode()))}
        storage, volume = request.match_info["storage"], f"{given.get('content')}/{given.get('filename')}"
        before = list(self._copies(storage, volume))
        response = await base._download_url(request)
        self._copies(storage, volume)[:] = sorted({*before, request.match_info["node"]})
        return response

    async def _content_list(self, v: dict[str, Any], user: str) -> list[dict[str, Any]]:
        base: Any = super()
        found = cast("list[dict[str, Any]]", await base._content_list(v, user))
        return [item for item in found if v["node"] in (self._copies(*item["volid"].split(":", 1)) or [v["node"]])]

    async def _content_delete(self, v: dict[str, Any], user: str) -> Any:
        copies = self._copies(v["storage"], str(v["volume"]).removeprefix(v["storage"] + ":"))
        if v["node"] in copies and len(copies) > 1:
            copies.remove(v["node"])
            return None
        base: Any = super()
        return await base._content_delete(v, user)

    # -------------------------------------------------------------- firewall

    @property
    def firewall(self) -> dict[str, Any]:
        """What is kept of the cluster's, the nodes' and the guests' firewalls."""
        return cast("dict[str, Any]", self._fw())

    async def _qm_destroy(self, v: dict[str, Any], user: str) -> Any:
        base: Any = super()
        answer = await base._qm_destroy(v, user)
        self.firewall["guests"].pop(int(v["vmid"]), None)
        return answer

    async def _lxc_destroy(self, user: str, v: dict[str, Any]) -> Any:
        base: Any = super()
        answer = await base._lxc_destroy(user, v)
        self.firewall["guests"].pop(int(v["vmid"]), None)
        return answer

    # ------------------------------------------------------------- containers

    async def _lxc_create(self, user: str, v: dict[str, Any]) -> Any:
        """The type of the system is what the request says: no template is unpacked in which it could be looked up."""
        if not v.get("ostype"):
            raise _PveError(
                400, "Parameter verification failed.", {"ostype": "give it: no template is read here to find it out"}
            )
        base: Any = super()
        answer = await base._lxc_create(user, v)
        for container in self.cts:
            if container.vmid == int(v["vmid"]):
                container.config["ostype"] = v["ostype"]
        return answer

    async def _lxc_config_get(self, user: str, v: dict[str, Any]) -> dict[str, Any]:
        base: Any = super()
        found = cast("dict[str, Any]", await base._lxc_config_get(user, v))
        return found | {key: _as_comment(text) for key, text in found.items() if key == "description"}

    async def _lxc_pending(self, user: str, v: dict[str, Any]) -> list[dict[str, Any]]:
        base: Any = super()
        found = cast("list[dict[str, Any]]", await base._lxc_pending(user, v))
        return [
            item | {"value": _as_comment(item["value"])} if item["key"] == "description" and "value" in item else item
            for item in found
        ]

    # ------------------------------------------------- other guest operations

    async def _url_metadata(self, v: dict[str, Any], _user: str) -> dict[str, Any]:
        name = urlsplit(str(v["url"])).path.rsplit("/", 1)[-1]
        return {"filename": name, "mimetype": "application/octet-stream", "size": DOWNLOAD_BYTES}

    async def _agent_call(self, match: Any, values: dict[str, Any]) -> Any:
        vm = self.find(values["node"], values["vmid"])
        enabled = str(vm.config.get("agent", "0")).split(",")[0] in ("1", "enabled=1")
        vm.agent = {"interfaces": guest_interfaces(vm.vmid, vm.config)} if enabled else None
        base: Any = super()
        return await base._agent_call(match, values)


def _as_comment(text: Any) -> str:
    """A container's description as its file has it, in lines that each have an end; that of a VM has none."""
    return str(text).rstrip("\n") + "\n"


def disk_store(name: str) -> dict[str, Any]:
    """A datastore for disks of VMs and containers."""
    return {"type": "lvmthin", "content": "images,rootdir", "vgname": "pve", "thinpool": name, "active": 1, "shared": 1,
            "total": 16 * 1024 * GIB, "files": set[str]()}  # fmt: skip


def file_store(name: str) -> dict[str, Any]:
    """A datastore for images, templates, snippets and backups."""
    return {"type": "dir", "content": "iso,vztmpl,backup,snippets,import", "path": f"/var/lib/{name}", "active": 1,
            "files": set[str](), "avail": 1024 * GIB}  # fmt: skip


def guest_interfaces(vmid: int, config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a guest agent reports: one interface per network device, with the address that cloud-init was given.

    A guest that asks DHCP gets one of 192.0.2.0/24 (RFC 5737, for documentation).
    """
    found = [{
        "name": "lo", "hardware-address": "00:00:00:00:00:00",
        "ip-addresses": [{"ip-address": "127.0.0.1", "ip-address-type": "ipv4", "prefix": 8}],
    }]  # fmt: skip
    for key in sorted(k for k in config if re.fullmatch(r"net\d+", k)):
        mac = re.search(r"(?:[0-9A-F]{2}:){5}[0-9A-F]{2}", str(config[key]), re.IGNORECASE)
        given = dict(part.split("=", 1) for part in str(config.get("ipconfig" + key[3:], "")).split(",") if "=" in part)
        address = given.get("ip", "dhcp")
        static = ipaddress.ip_interface(address if address != "dhcp" else f"192.0.2.{vmid % 254 + 1}/24")
        found.append({
            "name": f"eth{key[3:]}", "hardware-address": (mac.group(0) if mac else "00:00:00:00:00:01").lower(),
            "ip-addresses": [{
                "ip-address": str(static.ip), "ip-address-type": "ipv4", "prefix": static.network.prefixlen,
            }],
        })  # fmt: skip
    return found
