"""What the simulated Proxmox VE cluster remembers across a restart: a JSON file, replaced as a whole."""

import importlib
import json
from pathlib import Path
from typing import Any

_FAKEPVE: Any = importlib.import_module("fakepve")

_VM = ("vmid", "name", "node", "status", "qmpstatus", "config", "pending", "template", "pool", "snapshots", "ha_state",
       "started_at")  # fmt: skip
_CT = ("vmid", "node", "status", "config", "pending", "snapshots", "pool", "ha_state", "started_at")
VERSION = 3


def snapshot(cluster: Any) -> dict[str, Any]:
    """The cluster's guests, pools, firewalls and storages as plain data."""
    return {
        "version": VERSION,
        "vms": [{name: getattr(vm, name) for name in _VM} for vm in cluster.vms],
        "cts": [{name: getattr(ct, name) for name in _CT} for ct in cluster.cts],
        "pools": {name: sorted(members) for name, members in cluster.pools.items()},
        "pool_info": {name: {**info, "storage": sorted(info["storage"])} for name, info in cluster.pool_info.items()},
        "firewall": cluster.firewall,
        "ha": cluster.ha,
        "storages": {name: {**store, "files": sorted(store["files"])} for name, store in cluster.storages.items()},
    }


def restore(cluster: Any, data: dict[str, Any]) -> None:
    """Put a `snapshot` back into a new cluster; storages that the cluster was started with are kept."""
    if data.get("version") != VERSION:
        raise ValueError(f"version {data.get('version')!r} is not {VERSION}")
    for saved in data["vms"]:
        vm = _FAKEPVE.FakeVm(saved["vmid"], saved["name"], node=saved["node"])
        vm.__dict__.update(saved)
        cluster.vms.append(vm)
    for saved in data["cts"]:
        ct = _FAKEPVE.FakeCt(saved["vmid"], node=saved["node"], defaults=False)
        ct.__dict__.update(saved)
        cluster.cts.append(ct)
    cluster.pools = {name: set(members) for name, members in data["pools"].items()}
    cluster.pool_info = {name: {**info, "storage": set(info["storage"])} for name, info in data["pool_info"].items()}
    firewall = data["firewall"]
    cluster.firewall.update(firewall, guests={int(vmid): kept for vmid, kept in firewall["guests"].items()})
    cluster.ha = data["ha"]
    cluster.storages |= {name: {**store, "files": set(store["files"])} for name, store in data["storages"].items()}


def load(cluster: Any, path: Path) -> None:
    """Restore the cluster from the file, if there is one; a file that cannot be read is an error that names it."""
    if not path.exists():
        return
    try:
        restore(cluster, json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path}: the saved state of the Proxmox API cannot be read ({error}); delete the file to start empty"
        ) from error


def save(cluster: Any, path: Path) -> None:
    """Replace the file with the cluster's present state; a reader never sees half of it."""
    partial = path.with_name(path.name + ".new")
    partial.touch(mode=0o600)  # a cloud-init password may be in it
    partial.write_text(json.dumps(snapshot(cluster)), encoding="utf-8")
    partial.replace(path)
