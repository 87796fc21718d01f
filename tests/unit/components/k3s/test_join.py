"""To whom a machine sends the join token: real TLS servers, asked by the real curl (SEC-1)."""

import base64
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.kubernetes import steps
from sandbox import tls
from tests.serving import Answer, Asked, Serving
from tests.unit.components.k3s.machine import DIGEST, TOKEN, Machine, machine

_API, _FIRST, _SECOND = "10.10.30.20", "10.10.30.21", "10.10.30.22"
_LOGIN = f"Basic {base64.b64encode(f'node:{TOKEN}'.encode()).decode()}"


class _Server(Serving):
    """Whoever answers at an address of the cluster, with a certificate for it by an authority of its own."""

    def __init__(self, folder: Path, *addresses: str) -> None:
        folder.mkdir()
        self.seen: list[Asked] = []
        tls.ensure_authority(folder)
        self.authority = (folder / "ca.pem").read_bytes()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*tls.ensure_server(folder, "server", list(addresses)))

    @property
    def told(self) -> str:
        """What a server of its cluster tells."""
        return f"{DIGEST} {base64.b64encode(self.authority).decode()}"

    def at(self, made: Machine, address: str) -> None:
        """Be at an address, as a machine sees it."""
        made.put(f"real/{address}", self.address)

    def answer(self, asked: Asked) -> Answer:
        self.seen.append(asked)
        return Answer()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[_Server]:
    with _Server(tmp_path / "cluster", _API, _FIRST) as server:
        yield server


@pytest.fixture
def attacker(tmp_path: Path) -> Iterator[_Server]:
    with _Server(tmp_path / "attacker", _API, _SECOND) as server:
        yield server


@pytest.mark.parametrize("name", ["k3s-server-2", "k3s-server-1", "k3s-agent-1"])
def test_the_token_goes_to_the_cluster_and_to_nobody_else(
    tmp_path: Path, cluster: _Server, attacker: _Server, name: str
) -> None:
    made = machine(tmp_path, name)
    attacker.at(made, _API)
    done = made.up(told=cluster.told, patience=1)
    assert done.returncode == 1
    assert f"whoever answers at {_API} does not belong to the cluster, and was not sent the join token" in done.stderr
    assert not attacker.seen
    assert not made.starts
    cluster.at(made, _API)
    assert made.up(told=cluster.told).returncode == 0
    assert [(asked.path, asked.headers["authorization"]) for asked in cluster.seen] == [("/v1-k3s/readyz", _LOGIN)]


def test_a_server_is_found_past_one_that_is_not_the_clusters(
    tmp_path: Path, cluster: _Server, attacker: _Server
) -> None:
    made = machine(tmp_path, "k3s-server-2")
    attacker.at(made, _API)
    cluster.at(made, _FIRST)
    assert made.up(told=cluster.told).returncode == 0
    assert made.starts[0].endswith(f" server: https://{_FIRST}:6443")
    assert not attacker.seen


def test_a_certificate_of_the_cluster_for_another_address_is_not_enough(tmp_path: Path, cluster: _Server) -> None:
    made = machine(tmp_path, "k3s-server-1")
    cluster.at(made, _SECOND)
    assert f"whoever answers at {_SECOND}" in made.up(told=cluster.told, patience=1).stderr
    assert not cluster.seen


@pytest.mark.parametrize("may_found", [True, False])
def test_where_no_server_tells_an_authority_nobody_gets_the_token(
    tmp_path: Path, attacker: _Server, *, may_found: bool
) -> None:
    made = machine(tmp_path, "k3s-server-1")
    attacker.at(made, _SECOND)
    if may_found:
        assert made.run(steps.found(made.name)).returncode == 0
    done = made.up(told="")
    said = f"somebody answers at {_SECOND}, but no" if may_found else "no"
    assert done.stderr.startswith(f"k3s-server-1: {said} other server told it the cluster's authority")
    assert "'pulumi up --replace' the step k3s-server-1-admission" in done.stderr
    assert not attacker.seen
    assert not made.starts
