"""A simulated Proxmox API, and the provider that was told where it is."""

from collections.abc import Generator
from pathlib import Path

import pytest

from sandbox.providers.proxmoxve.driver import ProxmoxDriver
from tests.unit.sandbox.proxmox import TOKEN, Running, running


@pytest.fixture
def server(tmp_path: Path) -> Generator[Running]:
    with running(tmp_path) as found:
        yield found


@pytest.fixture
def configured(server: Running, monkeypatch: pytest.MonkeyPatch) -> ProxmoxDriver:
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
    made = ProxmoxDriver()
    made.configure({"endpoint": server.endpoint, "apiToken": TOKEN})
    return made
