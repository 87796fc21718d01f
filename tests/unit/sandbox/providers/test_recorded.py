from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from sandbox.providers import base
from sandbox.providers.base import UNKNOWN, Operation, ProviderError
from sandbox.providers.command import CommandDriver

REMOTE = "command:remote:Command"
FETCH = Operation(name="main-kubeconfig")
INPUTS = {"connection": {"host": "10.0.0.1"}, "create": "cat /etc/rancher/k3s/k3s.yaml"}


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LUXIMA_SANDBOX_DIR", str(tmp_path))
    file = tmp_path / "kubeconfig"
    file.write_text("first")
    return file


def test_a_command_is_recorded_and_prints_nothing(kubeconfig: Path) -> None:
    driver = CommandDriver()
    _, outputs = driver.create(REMOTE, "reload", INPUTS)
    assert outputs == {**INPUTS, "stdout": "", "stderr": ""}
    assert driver.read(REMOTE, "recorded-reload", INPUTS, outputs) == (INPUTS, outputs)
    with base.running(Operation(name="reload")):
        assert driver.stale(REMOTE, INPUTS, outputs) == frozenset()
    assert kubeconfig.read_text() not in str(outputs)


def test_a_machine_tells_a_key_of_its_own_that_a_connection_takes() -> None:
    driver = CommandDriver()
    keys = [driver.create(REMOTE, f"{name}-host-key", INPUTS)[1]["stdout"].strip() for name in ("one", "other", "one")]
    assert keys[0] == keys[2] != keys[1]
    for key in keys:
        loaded = serialization.load_ssh_public_key(key.encode())
        assert isinstance(loaded, ed25519.Ed25519PublicKey)
        driver.create(REMOTE, "reload", {**INPUTS, "connection": {"hostKey": key}})


@pytest.mark.parametrize("key", ["", "no-key", "ssh-ed25519 "])
def test_a_connection_with_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ProviderError, match="failed to parse host key"):
        CommandDriver().create(REMOTE, "reload", {**INPUTS, "connection": {"hostKey": key}})


def test_the_kubeconfig_step_answers_with_the_simulated_clusters(kubeconfig: Path) -> None:
    driver = CommandDriver()
    with base.running(FETCH):
        assert driver.preview_outputs(REMOTE, INPUTS)["stdout"] is UNKNOWN
        resource_id, outputs = driver.create(REMOTE, "main-kubeconfig", INPUTS)
        assert outputs["stdout"] == "first"
        assert driver.stale(REMOTE, INPUTS, outputs) == frozenset()
        kubeconfig.write_text("second")
        assert driver.stale(REMOTE, INPUTS, outputs) == {"stdout"}
        assert driver.read(REMOTE, resource_id, INPUTS, outputs) == (INPUTS, {**outputs, "stdout": "second"})
        assert driver.preview_update(REMOTE, INPUTS, outputs)["stdout"] == "second"
        assert driver.update(REMOTE, resource_id, INPUTS, INPUTS)["stdout"] == "second"
    assert "stdout" in driver.secrets(REMOTE)


def test_a_cluster_that_never_ran_has_no_kubeconfig(kubeconfig: Path) -> None:
    kubeconfig.unlink()
    driver = CommandDriver()
    with base.running(FETCH):
        assert driver.stale(REMOTE, INPUTS, {"stdout": "first"}) == frozenset()
        assert driver.preview_update(REMOTE, INPUTS, {"stdout": "first"})["stdout"] is UNKNOWN
        assert driver.read(REMOTE, "a", INPUTS, {"stdout": "first"}) == (INPUTS, {"stdout": "first"})
        with pytest.raises(ProviderError, match="the simulated cluster's kubeconfig cannot be read"):
            driver.create(REMOTE, "main-kubeconfig", INPUTS)


def test_only_triggers_run_a_command_anew() -> None:
    assert CommandDriver().replaces(REMOTE, {}, {}) == {"triggers"}


@pytest.mark.parametrize("token", ["command:local:Command", "command:remote:CopyFile"])
def test_what_no_stack_declares_is_refused(token: str) -> None:
    with pytest.raises(ProviderError, match=f"the local command provider does not record {token}; use"):
        CommandDriver().check(token, "x", {})
