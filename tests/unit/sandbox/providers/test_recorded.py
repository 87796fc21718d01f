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
COMMANDS = CommandDriver().handler(REMOTE)


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LUXIMA_SANDBOX_DIR", str(tmp_path))
    file = tmp_path / "kubeconfig"
    file.write_text("first")
    return file


def test_a_command_is_recorded_and_prints_nothing(kubeconfig: Path) -> None:
    _, outputs = COMMANDS.create("reload", INPUTS)
    assert outputs == {**INPUTS, "stdout": "", "stderr": ""}
    assert COMMANDS.read("recorded-reload", INPUTS, outputs) == (INPUTS, outputs)
    with base.running(Operation(name="reload")):
        assert COMMANDS.stale(INPUTS, outputs) == frozenset()
    assert kubeconfig.read_text() not in str(outputs)


def test_a_machine_tells_a_key_of_its_own_that_a_connection_takes() -> None:
    keys = [COMMANDS.create(f"{name}-host-key", INPUTS)[1]["stdout"].strip() for name in ("one", "other", "one")]
    assert keys[0] == keys[2] != keys[1]
    for key in keys:
        loaded = serialization.load_ssh_public_key(key.encode())
        assert isinstance(loaded, ed25519.Ed25519PublicKey)
        COMMANDS.create("reload", {**INPUTS, "connection": {"hostKey": key}})


@pytest.mark.parametrize("key", ["", "no-key", "ssh-ed25519 "])
def test_a_connection_with_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ProviderError, match="failed to parse host key"):
        COMMANDS.create("reload", {**INPUTS, "connection": {"hostKey": key}})


def test_the_kubeconfig_step_answers_with_the_simulated_clusters(kubeconfig: Path) -> None:
    with base.running(FETCH):
        assert COMMANDS.preview(INPUTS)["stdout"] is UNKNOWN
        resource_id, outputs = COMMANDS.create("main-kubeconfig", INPUTS)
        assert outputs["stdout"] == "first"
        assert COMMANDS.stale(INPUTS, outputs) == frozenset()
        kubeconfig.write_text("second")
        assert COMMANDS.stale(INPUTS, outputs) == {"stdout"}
        assert COMMANDS.read(resource_id, INPUTS, outputs) == (INPUTS, {**outputs, "stdout": "second"})
        assert COMMANDS.preview_update(INPUTS, outputs)["stdout"] == "second"
        assert COMMANDS.update(resource_id, INPUTS, INPUTS)["stdout"] == "second"
    assert "stdout" in COMMANDS.secrets


def test_a_cluster_that_never_ran_has_no_kubeconfig(kubeconfig: Path) -> None:
    kubeconfig.unlink()
    with base.running(FETCH):
        assert COMMANDS.stale(INPUTS, {"stdout": "first"}) == frozenset()
        assert COMMANDS.preview_update(INPUTS, {"stdout": "first"})["stdout"] is UNKNOWN
        assert COMMANDS.read("a", INPUTS, {"stdout": "first"}) == (INPUTS, {"stdout": "first"})
        with pytest.raises(ProviderError, match="the simulated cluster's kubeconfig cannot be read"):
            COMMANDS.create("main-kubeconfig", INPUTS)


def test_only_triggers_run_a_command_anew() -> None:
    assert COMMANDS.replaces(INPUTS, {**INPUTS, "create": "true", "triggers": [1]}) == {"triggers"}
    assert COMMANDS.check(INPUTS) == []


@pytest.mark.parametrize("token", ["command:local:Command", "command:remote:CopyFile"])
def test_what_no_stack_declares_is_refused(token: str) -> None:
    with pytest.raises(ProviderError, match=f"the local command provider does not drive {token}; use"):
        CommandDriver().handler(token)
