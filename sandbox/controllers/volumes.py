"""PersistentVolumes for claims, as k3s' local-path provisioner makes them."""

import shutil
from pathlib import Path
from typing import Any

STORAGE_CLASS = "local-path"
PROVISIONER = "rancher.io/local-path"
_OWNER = "pv.kubernetes.io/provisioned-by"


def storage_class() -> dict[str, Any]:
    """The default StorageClass of k3s."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": STORAGE_CLASS,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def volume_for(claim: dict[str, Any]) -> dict[str, Any] | None:
    """The volume that a claim waits for; None when it waits for none."""
    spec, meta = claim["spec"], claim["metadata"]
    waiting = claim.get("status", {}).get("phase", "Pending") == "Pending"
    if not waiting or spec.get("volumeName") or not spec.get("storageClassName") or meta.get("deletionTimestamp"):
        return None
    name = f"pvc-{meta['uid']}"
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {_OWNER: PROVISIONER}},
        "spec": {
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "accessModes": spec["accessModes"],
            "volumeMode": spec.get("volumeMode", "Filesystem"),
            "storageClassName": spec["storageClassName"],
            "persistentVolumeReclaimPolicy": "Delete",
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": meta["namespace"],
                "name": meta["name"],
                "uid": meta["uid"],
            },
            "hostPath": {
                "path": f"/var/lib/rancher/k3s/storage/{name}_{meta['namespace']}_{meta['name']}",
                "type": "DirectoryOrCreate",
            },
        },
    }


def make_folder(folder: Path, volume: dict[str, Any]) -> None:
    """Make a volume's folder as k3s' provisioner does: writable for whichever user the pod runs as."""
    made = folder / Path(volume["spec"]["hostPath"]["path"]).name
    made.mkdir(exist_ok=True)
    # Whoever can write there may have put a link to somewhere else in its place.
    if not made.is_symlink():
        made.chmod(0o777)


def remove_folder(folder: Path, volume: dict[str, Any]) -> None:
    """Remove a volume's folder with what is in it."""
    shutil.rmtree(folder / Path(volume["spec"]["hostPath"]["path"]).name, ignore_errors=True)


def finished(volume: dict[str, Any]) -> bool:
    """Whether a volume that was made here has outlived its claim and is to be removed, as its policy says."""
    meta = volume["metadata"]
    annotations: dict[str, str] = meta.get("annotations") or {}
    ours = annotations.get(_OWNER) == PROVISIONER
    deletes: bool = volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete"
    released: bool = volume.get("status", {}).get("phase") == "Released" and "deletionTimestamp" not in meta
    return ours and deletes and released
