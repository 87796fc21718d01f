"""The steps that let a machine in and that fetch a kubeconfig, run by bash with fakes of k3s and systemd."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from components.kubernetes import steps
from tests.unit.components.k3s.machine import Machine, machine


def _peer(folder: Path) -> Machine:
    """A server that runs."""
    made = machine(folder, "k3s-server-2")
    made.answers(made.settings.kubernetes.api_address, 200)
    assert made.up().returncode == 0
    made.put("calls")
    return made


def test_before_there_is_a_cluster_nobody_is_let_in(tmp_path: Path) -> None:
    done = machine(tmp_path, "k3s-server-2")
    assert done.run(steps.admit("k3s-server-2", "k3s-server-1")).returncode == 0
    assert not done.calls


def test_of_a_machine_that_was_made_anew_the_old_node_and_its_password_go(tmp_path: Path) -> None:
    peer = _peer(tmp_path)
    peer.put("known", "Unknown")
    peer.put("password")
    assert peer.run(steps.admit("k3s-server-2", "k3s-server-1")).returncode == 0
    assert [call.split("k3s.yaml ")[-1] for call in peer.calls] == [
        "delete node k3s-server-1 --timeout 120s",
        "--namespace kube-system delete secret k3s-server-1.node-password.k3s",
    ]


@pytest.mark.parametrize("known", [None, "True"])
def test_a_node_that_is_alive_or_unknown_is_left_alone(tmp_path: Path, known: str | None) -> None:
    peer = _peer(tmp_path)
    if known:
        peer.put("known", known)
    assert peer.run(steps.admit("k3s-server-2", "k3s-agent-1")).returncode == 0
    assert not peer.calls


def _certificate(path: Path, days: int) -> None:
    """A certificate that is valid for some days from now on."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))


@pytest.mark.parametrize(("days", "restarts"), [(365, 0), (91, 0), (89, 1)])
def test_a_kubeconfig_that_ends_soon_is_renewed_by_a_start(tmp_path: Path, days: int, restarts: int) -> None:
    server = _peer(tmp_path)
    _certificate(server.root / "var/lib/rancher/k3s/server/tls/client-admin.crt", days)
    (server.etc / "k3s.yaml").write_text("server: https://127.0.0.1:6443\n")
    done = server.run(steps.kubeconfig(server.settings.kubernetes, server.name))
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"server: https://{server.settings.kubernetes.api_address}:6443\n"
    assert len(server.starts) == restarts


def test_an_api_that_never_answers_ends_with_a_sentence(tmp_path: Path) -> None:
    server = machine(tmp_path, "k3s-server-1")
    done = server.run(steps.kubeconfig(server.settings.kubernetes, server.name))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("k3s-server-1: the API server is not ready after 1 s;")
