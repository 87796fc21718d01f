"""Volumes: swapped as the kubelet does it."""

import base64
import threading
from pathlib import Path
from typing import Any

import pytest

from sandbox.agent import volumes
from sandbox.agent.pods import MissingError


def secret(**data: str) -> dict[str, Any]:
    return {"data": {name: base64.b64encode(value.encode()).decode() for name, value in data.items()}}


def pod() -> dict[str, Any]:
    tls = {"name": "edge-core", "items": [{"key": "crt", "path": "tls/core/tls.crt"}]}
    sources = [{"configMap": {"name": "routing"}}, {"secret": tls}]
    mounts = [
        {"name": "dynamic", "mountPath": "/etc/traefik/dynamic"},
        {"name": "plugin", "mountPath": "/plugins-local/src/x"},
        {"name": "tmp", "mountPath": "/scratch"},
    ]
    return {
        "metadata": {"name": "gateway", "namespace": "edge", "uid": "u"},
        "spec": {
            "containers": [{"name": "main", "image": "traefik", "volumeMounts": mounts}],
            "volumes": [
                {"name": "dynamic", "projected": {"sources": sources}},
                {"name": "plugin", "configMap": {"name": "plugin", "optional": True}},
                {"name": "tmp", "emptyDir": {}},
            ],
        },
    }


def test_a_pods_folders(tmp_path: Path) -> None:
    objects = {
        "routing": {"data": {"routing.yaml": "a"}},
        "edge-core": secret(crt="b"),
        "plugin": {"data": {"go": "c"}},
    }

    def make() -> bool:
        return volumes.make(pod(), tmp_path, lambda _kind, _space, name: objects.get(name), "10.42.1.1", str.upper)

    assert make()
    folder = tmp_path / "volumes" / "dynamic"
    assert (folder / "routing.yaml").read_text() == "A", "ConfigMaps are rewritten"
    assert (folder / "tls/core/tls.crt").read_text() == "b", "Secrets are not"
    assert (folder / "tls").readlink() == Path("..data/tls")
    assert (tmp_path / "root/plugins-local/src/x/go").read_text() == "C", "relative paths work as in the container"
    assert (tmp_path / "volumes/tmp").is_dir()
    before = (folder / "..data").readlink()
    assert not make(), "nothing changed"
    assert (folder / "..data").readlink() == before
    objects["edge-core"] = secret(crt="new")
    assert make()
    assert (folder / "tls/core/tls.crt").read_text() == "new"
    assert not (folder / before).exists()
    del objects["routing"]
    with pytest.raises(MissingError, match="edge/routing"):
        make()
    assert (folder / "routing.yaml").read_text() == "A", "what is there stays"


def test_files_change_all_at_once(tmp_path: Path) -> None:
    """A reader that opens both files through one `..data` never sees one old and one new."""
    volumes.publish(tmp_path, {"a": b"0", "b": b"0"})
    stopped = threading.Event()
    mixed: list[tuple[bytes, bytes]] = []

    def read() -> None:
        while not stopped.is_set():
            folder = tmp_path / (tmp_path / "..data").readlink()
            try:
                pair = ((folder / "a").read_bytes(), (folder / "b").read_bytes())
            except FileNotFoundError:
                continue
            if pair[0] != pair[1]:
                mixed.append(pair)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(200):
        volumes.publish(tmp_path, {"a": str(number).encode(), "b": str(number).encode()})
    stopped.set()
    reader.join()
    assert mixed == []
    assert len(list(tmp_path.glob("..2*"))) == 1


def test_a_file_that_is_gone_is_gone(tmp_path: Path) -> None:
    volumes.publish(tmp_path, {"a": b"1", "b/c": b"2"})
    volumes.publish(tmp_path, {"a": b"1"})
    assert sorted(path.name for path in tmp_path.glob("[!.]*")) == ["a"]
