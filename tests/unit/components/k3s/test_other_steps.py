"""The steps that let a machine in and that fetch a kubeconfig, run by bash with fakes of k3s and systemd."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from components.kubernetes import steps
from tests.recording import AUTHORITY
from tests.unit.components.k3s.machine import DIGEST, REGISTRY, TOKEN, TOLD, Machine, machine, running


def _peer(folder: Path) -> Machine:
    """A server that runs."""
    made = running(folder, "k3s-server-2")
    data = made.root / "var/lib/rancher/k3s/server"
    (data / "tls").mkdir()
    (data / "tls/server-ca.crt").write_text(AUTHORITY)
    (data / "token").write_text(f"{DIGEST}::server:{TOKEN}\n")
    return made


def _hypervisor(folder: Path, peers: Mapping[str, str]) -> Machine:
    """The Proxmox node of k3s-server-1, in a cluster where VMs are (id: node)."""
    made = machine(folder, "pve1")
    for vm, node in peers.items():
        conf = made.root / f"etc/pve/nodes/{node}/qemu-server/{vm}.conf"
        conf.parent.mkdir(parents=True, exist_ok=True)
        conf.touch()
    return made


@pytest.mark.parametrize("peers", [{}, {"3112": "pve2", "3113": "pve3"}])
def test_before_there_is_a_cluster_nobody_lets_a_machine_in(tmp_path: Path, peers: Mapping[str, str]) -> None:
    hypervisor = _hypervisor(tmp_path, peers)
    done = hypervisor.run(steps.admission(hypervisor.settings.compute, "k3s-server-1"))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "k3s-server-1: no other server runs, so there is nobody to let it in\n"
    # The servers come first: whoever comes later and ended well here would never learn whom to send the token to.
    done = hypervisor.run(steps.admission(hypervisor.settings.compute, "k3s-agent-1"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("k3s-agent-1: no server runs that could let it in; ")


def test_a_server_that_runs_is_asked_wherever_it_is(tmp_path: Path) -> None:
    hypervisor = _hypervisor(tmp_path, {"3111": "pve1", "3112": "pve1", "3113": "pve3"})
    hypervisor.put("inside/3113")
    hypervisor.put("out", rf"a server: k3s-server-1 may come back\n{TOLD}")
    done = hypervisor.run(steps.admission(hypervisor.settings.compute, "k3s-server-1"))
    assert (done.returncode, done.stdout) == (0, f"{TOLD}\n"), done.stderr
    assert [call for call in hypervisor.calls if call.startswith(("in ", "on "))] == [
        "in 3112 systemctl",
        "on root@pve3",
        "in 3113 systemctl",
        "on root@pve3",
        "in 3113 bash",
    ]
    # What it is told arrives whole, over two shells.
    told, meant = ((hypervisor.world / "told").read_text(), steps.admit("k3s-server-1"))
    given = ("ROOT=", "WAIT=", "PAUSE=")
    assert [line for line in told.splitlines() if not line.startswith(given)] == [
        line for line in meant.splitlines() if not line.startswith(given)
    ]


def test_a_server_that_does_not_let_it_in_says_why(tmp_path: Path) -> None:
    hypervisor = _hypervisor(tmp_path, {"3112": "pve1"})
    hypervisor.put("inside/3112")
    hypervisor.put("refuses")
    done = hypervisor.run(steps.admission(hypervisor.settings.compute, "k3s-server-1"))
    assert done.returncode == 1
    assert done.stderr.startswith("k3s-server-1: the server in VM 3112 does not let it in: {")
    hypervisor.take("refuses")
    done = hypervisor.run(steps.admission(hypervisor.settings.compute, "k3s-server-1"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("k3s-server-1: the server in VM 3112 does not tell the cluster's authority: {")


def test_a_server_tells_how_its_cluster_is_known_and_keeps_the_token(tmp_path: Path) -> None:
    peer = _peer(tmp_path)
    for script in (steps.authority(), steps.admit("k3s-server-1")):
        assert peer.run(script).stdout.splitlines()[-1] == TOLD


def test_of_a_machine_that_was_made_anew_the_old_node_and_its_password_go(tmp_path: Path) -> None:
    peer = _peer(tmp_path)
    peer.put("known", "Unknown")
    peer.put("password")
    assert peer.run(steps.admit("k3s-server-1")).returncode == 0
    assert [call.split("k3s.yaml ")[-1] for call in peer.calls] == [
        "delete node k3s-server-1 --timeout 120s",
        "--namespace kube-system delete secret k3s-server-1.node-password.k3s",
    ]


@pytest.mark.parametrize("known", [None, "True"])
def test_a_node_that_is_alive_or_unknown_is_left_alone(tmp_path: Path, known: str | None) -> None:
    peer = _peer(tmp_path)
    if known:
        peer.put("known", known)
    assert peer.run(steps.admit("k3s-agent-1"), patience=1).returncode == 0
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
    done = server.run(steps.kubeconfig(server.settings.kubernetes, server.name), patience=1)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("k3s-server-1: the API server is not ready after 1 s;")


def test_the_private_authority_lies_where_containerd_is_told_to_look(tmp_path: Path) -> None:
    agent = machine(tmp_path, "k3s-agent-1", "dev")
    agent.answers(agent.settings.kubernetes.api_address, 200)
    assert agent.up().returncode == 0
    told = yaml.safe_load((agent.etc / "registries.yaml").read_text())["configs"]
    assert told.keys() == {REGISTRY}
    assert agent.run(steps.trust(agent.name), AUTHORITY).returncode == 0
    assert (agent.root / told[REGISTRY]["tls"]["ca_file"][1:]).read_text() == AUTHORITY
    # Nothing is started anew for it.
    assert len(agent.starts) == 1


def test_what_is_no_certificate_does_not_replace_one(tmp_path: Path) -> None:
    agent = machine(tmp_path, "k3s-agent-1", "dev")
    agent.run(steps.trust(agent.name), AUTHORITY)
    done = agent.run(steps.trust(agent.name), "")
    assert (done.returncode, done.stderr) == (1, "k3s-agent-1: was given no certificate\n")
    assert (agent.etc / "private-ca.crt").read_text() == AUTHORITY
