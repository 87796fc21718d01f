"""etcd's own snapshot, brought back by the code that k3s restores it with: whole, or not at all (BAK-3, BAK-5)."""

import base64
import json
import secrets
import shutil
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.programs import end, free_port, start
from tests.waiting import wait_for
from tools import ensure

pytestmark = pytest.mark.needs_tools


class Etcd:
    """A member that answers; names and values are as the Kubernetes API has them: any bytes."""

    def __init__(self, url: str) -> None:
        self._url, self._session = url, requests.Session()

    def ask(self, path: str, **told: str) -> "requests.Response":
        """Send a request of its API; texts are told as base64."""
        body = {name: base64.b64encode(text.encode()).decode() for name, text in told.items()}
        answer = self._session.post(f"{self._url}/v3/{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return answer

    def put(self, objects: Mapping[str, str]) -> None:
        """Write objects."""
        for name, value in objects.items():
            self.ask("kv/put", key=name, value=value)

    def content(self) -> dict[str, str]:
        """All that is in it."""
        found: list[dict[str, Any]] = self.ask("kv/range", key="\0", range_end="\0").json().get("kvs", [])
        return {base64.b64decode(each["key"]).decode(): base64.b64decode(each["value"]).decode() for each in found}

    def snapshot(self) -> bytes:
        """As k3s and etcdctl write it down: the data, and its checksum."""
        parts = self.ask("maintenance/snapshot").text.splitlines()
        return b"".join(base64.b64decode(json.loads(each)["result"].get("blob", "")) for each in parts)


@contextmanager
def _etcd(data: Path) -> Generator[Etcd]:
    client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    command = [
        *(str(ensure("etcd")["etcd"]), f"--data-dir={data}", "--log-level=error", f"--listen-client-urls={client}"),
        *(f"--advertise-client-urls={client}", f"--listen-peer-urls={peer}"),
    ]
    process = start(command, data.with_name(f"{data.name}.log"))
    try:
        wait_for(lambda: requests.get(f"{client}/health", timeout=2).json()["health"] == "true", "etcd's answer")
        yield Etcd(client)
    finally:
        end(process)


def _restored(snapshot: bytes, data: Path) -> "subprocess.CompletedProcess[str]":
    file = data.with_name("snapshot")
    file.write_bytes(snapshot)
    command = [ensure("etcdutl")["etcdutl"], "snapshot", "restore", file, f"--data-dir={data}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_cluster_is_what_it_was_at_its_snapshot(tmp_path: Path) -> None:
    wanted = {f"/registry/configmaps/shop/{number}": secrets.token_hex(20_000) for number in range(100)}
    with _etcd(tmp_path / "first") as etcd:
        etcd.put(wanted)
        snapshot = etcd.snapshot()
        etcd.put({"/registry/configmaps/shop/0": "spoilt", "/registry/pods/shop/new": "new"})
    shutil.rmtree(tmp_path / "first")
    begun = time.monotonic()
    done = _restored(snapshot, tmp_path / "second")
    assert done.returncode == 0, done.stderr
    with _etcd(tmp_path / "second") as etcd:
        assert etcd.content() == wanted
        seconds = time.monotonic() - begun
        # It takes what is written afterwards, and keeps it.
        etcd.put({"/registry/pods/shop/later": "later"})
    with _etcd(tmp_path / "second") as etcd:
        assert etcd.content() == {**wanted, "/registry/pods/shop/later": "later"}
    print(f"\n{len(snapshot) / 2**20:.1f} MiB were back after {seconds:.1f} s")  # noqa: T201 - the page has the figure


@pytest.mark.parametrize("damage", ["a bit", "the end"])
def test_a_damaged_snapshot_is_not_restored(tmp_path: Path, damage: str) -> None:
    with _etcd(tmp_path / "first") as etcd:
        etcd.put({"/registry/configmaps/shop/0": "wanted"})
        snapshot = etcd.snapshot()
    half = len(snapshot) // 2
    spoilt = bytearray(snapshot)
    spoilt[half] ^= 1
    refused = _restored(bytes(spoilt) if damage == "a bit" else snapshot[:half], tmp_path / "second")
    assert refused.returncode != 0
    assert not (tmp_path / "second" / "member" / "wal").exists()
