"""A pod's volumes as folders; files of ConfigMaps and Secrets are swapped all at once, as the kubelet does it.

The kubelet writes the files into a new folder with the time in its name and lets the link `..data` point to it by one
rename; what a program opens are links into `..data`. Programs that watch their folder see exactly what they would see
in a cluster.
"""

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sandbox.agent.objects import Object, part, parts
from sandbox.agent.pods import Find, MissingError, field, files, needed


def folders(pod: Object, root: Path) -> dict[str, str]:
    """Folder of this machine by the path at which any container of the pod mounts it."""
    found: dict[str, str] = {}
    for container in pod["spec"]["containers"]:
        for mount in parts(container, "volumeMounts"):
            inside = root / "volumes" / mount["name"]
            found[mount["mountPath"].rstrip("/")] = str(inside / mount["subPath"] if mount.get("subPath") else inside)
    return found


def contents(pod: Object, volume: Object, find: Find, address: str, rewrite: Callable[[str], str]) -> dict[str, bytes]:
    """The files of a volume by path; none for a volume that starts empty.

    Raises:
        MissingError: When an object or a key that is not optional is not there.
    """
    sources = parts(part(volume, "projected"), "sources") or [volume]
    found: dict[str, bytes] = {}
    for source in sources:
        if "configMap" in source:
            chosen = _chosen(pod, find, "configmaps", source["configMap"])
            found |= {path: _rewritten(content, rewrite) for path, content in chosen.items()}
        elif "secret" in source:
            found |= _chosen(pod, find, "secrets", source["secret"])
        elif "downwardAPI" in source:
            items = parts(source["downwardAPI"], "items")
            found |= {
                item["path"]: field(pod, item["fieldRef"]["fieldPath"], address).encode()
                for item in items
                if "fieldRef" in item
            }
    return found


def _chosen(pod: Object, find: Find, kind: str, source: Object) -> dict[str, bytes]:
    name = source.get("secretName") or source["name"]
    optional = bool(source.get("optional"))
    content = files(needed({}, find, pod["metadata"]["namespace"], kind, name, optional=optional), kind)
    items: list[dict[str, Any]] | None = source.get("items")
    if items is None:
        return content
    absent = [item["key"] for item in items if item["key"] not in content]
    if absent and not optional:
        raise MissingError(f"{kind[:-1]} {pod['metadata']['namespace']}/{name} has no key {absent[0]}")
    return {item["path"]: content[item["key"]] for item in items if item["key"] in content}


def _rewritten(content: bytes, rewrite: Callable[[str], str]) -> bytes:
    try:
        return rewrite(content.decode()).encode()
    except UnicodeDecodeError:
        return content


def publish(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Bring a folder to these files in one step.

    Returns:
        Whether anything was different.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = folder / "..data"
    previous = data.resolve() if data.is_symlink() else None
    if previous is not None and _read(previous) == dict(files):
        return False
    version = folder / f"..{time.strftime('%Y_%m_%d_%H_%M_%S', time.gmtime())}.{time.time_ns() % 10**9:09d}"
    version.mkdir(mode=0o700)
    for path, content in files.items():
        target = version / path
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(0o600)
    pending = folder / "..data_tmp"
    pending.unlink(missing_ok=True)
    pending.symlink_to(version.name)
    pending.replace(data)
    wanted = {Path(path).parts[0] for path in files}
    for name in wanted:
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(Path("..data") / name)
    for entry in folder.iterdir():
        if entry.is_symlink() and not entry.name.startswith("..") and entry.name not in wanted:
            entry.unlink()
    if previous is not None:
        shutil.rmtree(previous, ignore_errors=True)
    return True


def _read(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def make(pod: Object, root: Path, find: Find, address: str, rewrite: Callable[[str], str]) -> bool:
    """Make or renew all volumes of a pod, and the tree in which relative paths work as they do in the container.

    Returns:
        Whether any file was different.

    Raises:
        MissingError: When an object or a key that is not optional is not there; nothing is changed then.
    """
    declared = parts(pod["spec"], "volumes")
    made = {volume["name"]: contents(pod, volume, find, address, rewrite) for volume in declared}
    changed = False
    for volume in declared:
        folder = root / "volumes" / volume["name"]
        if {"configMap", "secret", "projected", "downwardAPI"} & set(volume):
            changed = publish(folder, made[volume["name"]]) or changed
        else:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    tree = root / "root"
    tree.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path, folder_path in sorted(folders(pod, root).items(), key=lambda item: len(item[0])):
        seen = tree / path.lstrip("/")
        if not seen.exists() and not seen.is_symlink():
            seen.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            seen.symlink_to(folder_path)
    return changed
