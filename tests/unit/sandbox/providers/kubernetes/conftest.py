from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.providers.kubernetes import client
from sandbox.providers.kubernetes.driver import KubernetesDriver
from tests.unit.sandbox.providers.kubernetes import api_server


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[api_server.ApiServer]:
    monkeypatch.setenv("LUXIMA_SANDBOX_DIR", str(tmp_path))
    monkeypatch.setattr(client, "_PATIENCE", 0.5)
    with api_server.running() as server:
        yield server


@pytest.fixture
def driver(api: api_server.ApiServer) -> KubernetesDriver:
    made = KubernetesDriver()
    made.configure({"kubeconfig": api.kubeconfig})
    return made
