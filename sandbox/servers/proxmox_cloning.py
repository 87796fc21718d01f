"""Cloning in the simulated Proxmox VE cluster: what a clone takes along, the freeze, and disks that change hands.

As qemu-server 9.2.6 does it: `API2/Qemu.pm` (`clone_vm`, `move_vm_disk`), `BlockJob.pm` (`monitor`), `Agent.pm`.
"""

import copy
import importlib
import re
from typing import Any

_QEMU: Any = importlib.import_module("fakepve.qemu")
_PveError: Any = importlib.import_module("fakepve.model").PveError
_FREEZE = "issuing guest agent 'guest-fsfreeze-freeze' command"


class Cloning:
    """A part of the cluster's class."""

    firewall: Any
    tasks: Any

    async def _qm_clone(self, v: dict[str, Any], user: str) -> str:
        """Its own cloud-init drive, the firewall of the original, and the freeze, or why there was none."""
        base: Any = super()
        upid: str = await base._qm_clone(v, user)
        cluster: Any = self
        source, new = cluster.find(v["node"], v["vmid"]), cluster.vm(int(v["newid"]))
        if new is None:
            return upid
        for key, value in list(new.config.items()):
            if "cloudinit" in str(value) and _QEMU.DRIVE_KEY.match(key):
                new.config[key] = cluster._cloud_init_drive(new.vmid, str(value).split(":")[0])[0]
        if source.vmid in self.firewall["guests"]:
            self.firewall["guests"][new.vmid] = copy.deepcopy(self.firewall["guests"][source.vmid])
        agent = set(str(source.config.get("agent", "0")).split(","))
        if source.status == "running":
            if not {"1", "enabled=1"} & agent or "freeze-fs=0" in agent:
                said = ["skipping guest filesystem freeze - disabled in VM options", "suspend vm"]
            elif source.agent_hangs:
                said = ["skipping guest filesystem freeze - agent configured but not running?", "suspend vm"]
            else:
                said = [_FREEZE]
            self.tasks[upid]["log"][-1:-1] = said
        return upid

    async def _reassign(self, v: dict[str, Any], user: str) -> str:
        """Give a disk to another VM."""
        cluster: Any = self
        disk, to = v["disk"], v.get("target-disk") or v["disk"]
        vm, target = cluster.find(v["node"], v["vmid"]), cluster.vm(int(v["target-vmid"]))
        if target is None:
            raise _PveError(500, f"could not find target VM {v['target-vmid']}")
        if vm.node != target.node:
            raise _PveError(500, f"Both VMs need to be on the same node ({vm.node} != {target.node})")
        cluster._check_lock(vm)
        cluster._check_lock(target)
        if vm.template or target.template:
            raise _PveError(500, "Can't move disks from or to template VMs")
        if disk not in vm.config:
            raise _PveError(500, f"Disk '{disk}' for VM '{vm.vmid}' does not exist")
        if to in target.config:
            raise _PveError(500, f"Target disk key '{to}' is already in use for VM '{target.vmid}'")
        if vm.status == "running" and not disk.startswith("unused"):
            raise _PveError(500, "Cannot move disk to another VM while the source VM is running - detach first")
        volume, options = _QEMU.split_drive(vm.config[disk])
        storage, name = volume.split(":", 1)

        async def body() -> None:
            volumes = cluster.storages[storage]["volumes"]
            renamed = cluster._qm_free_name(storage, target.vmid, "raw")
            volumes[renamed] = volumes.pop(name) | {"vmid": target.vmid}
            del vm.config[disk]
            if order := re.fullmatch(r"order=(.*)", str(vm.config.get("boot", ""))):
                vm.config["boot"] = "order=" + ";".join(each for each in order[1].split(";") if each != disk)
            plain = to.startswith("unused")
            target.config[to] = f"{storage}:{renamed}" if plain else _QEMU.join_drive(f"{storage}:{renamed}", options)

        return await cluster.task(vm.node, "qmmove", f"{vm.vmid}-{disk}>{target.vmid}-{to}", user, body, vm=vm)
