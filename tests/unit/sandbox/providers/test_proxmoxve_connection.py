"""What is told when the Proxmox API cannot be reached, or is not to be trusted."""

import socket
import time

import pytest

from sandbox.providers.base import ProviderError
from sandbox.providers.proxmoxve.driver import ProxmoxDriver
from tests.unit.sandbox.guests import VM, VM_TOKEN
from tests.unit.sandbox.proxmox import TOKEN, Running


def test_a_wrong_token_is_told_without_its_secret(server: Running, configured: ProxmoxDriver) -> None:
    configured.configure({"endpoint": server.endpoint, "apiToken": "root@pam!tests=0f0f0f0f-s3cr3t"})
    with pytest.raises(ProviderError, match=r"does not accept the API token root@pam!tests") as raised:
        configured.handler(VM_TOKEN).read("101", VM, {})
    assert "s3cr3t" not in str(raised.value)


def test_a_certificate_that_is_not_trusted_is_told(
    configured: ProxmoxDriver, monkeypatch: pytest.MonkeyPatch, server: Running
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    configured.configure({"endpoint": server.endpoint, "apiToken": TOKEN})
    with pytest.raises(ProviderError, match=f"the Proxmox API at {server.endpoint} cannot be reached: its certificate"):
        configured.handler(VM_TOKEN).read("101", VM, {})


def test_a_dead_server_is_named_soon() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"https://127.0.0.1:{taken.getsockname()[1]}/"
        driver = ProxmoxDriver()
        driver.configure({"endpoint": endpoint, "apiToken": TOKEN})
        begin = time.monotonic()
        with pytest.raises(ProviderError) as raised:
            driver.handler("proxmoxve:index/poolLegacy:PoolLegacy").create("pool", {"poolId": "tests"})
    assert str(raised.value) == f"the Proxmox API at {endpoint} cannot be reached: connection refused"
    assert time.monotonic() - begin < 30
