"""The gate as a process, between sockets on loopback; the network of its own, which needs root, is left out."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from sandbox.layout import ROOT
from sandbox.machine.plan import Door, Plan
from sandbox.ports import Wanted, choose
from sandbox.procfs import read_stat
from tests.waiting import wait_for

_PATIENCE_SECONDS = 60
_NOBODY = ("--join", os.devnull)
"""Whom it joins: the network is not there yet."""
_WITHOUT_NETWORK = """
import sys
from sandbox.machine import gate, kernel
kernel.unshare = lambda kinds: None
gate._furnish = lambda addresses: None
gate._ANSWER_SECONDS = 60.0
sys.exit(gate.main(sys.argv[1:]))
"""


@contextmanager
def gate(folder: Path, *doors: Door) -> Generator[subprocess.Popen[bytes]]:
    """Run it until the end of the block, when it has to end because it is told to."""
    plan, ready = folder / "plan.json", folder / "ready"
    plan.write_text(Plan([], doors).dump(), encoding="utf-8")
    command = (sys.executable, "-c", _WITHOUT_NETWORK, "--plan", str(plan), "--ready", str(ready), *_NOBODY)
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as process:
        try:
            wait_for(lambda: ready.exists() or process.poll() is not None, "it", _PATIENCE_SECONDS)
            yield process
            process.terminate()
            assert process.wait(_PATIENCE_SECONDS) == 0
        finally:
            process.kill()


def _place() -> str:
    return f"127.0.0.1:{choose(Wanted('a test', datagrams=True))}"


def _connected(place: str) -> socket.socket:
    host, _, port = place.rpartition(":")
    made = socket.create_connection((host, int(port)), timeout=_PATIENCE_SECONDS)
    made.settimeout(_PATIENCE_SECONDS)
    return made


def _all(connection: socket.socket) -> bytes:
    """What comes until the other side ends, in whichever way."""
    received = b""
    with suppress(ConnectionResetError):
        while data := connection.recv(65_536):
            received += data
    return received


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.settimeout(_PATIENCE_SECONDS)
        yield made


def _address(server: socket.socket) -> str:
    host, port = server.getsockname()
    return f"{host}:{port}"


def _accepted(server: socket.socket) -> socket.socket:
    connection, _ = server.accept()
    connection.settimeout(_PATIENCE_SECONDS)
    return connection


@pytest.mark.parametrize("outside", [True, False])
def test_a_door_leads_both_ways(tmp_path: Path, server: socket.socket, *, outside: bool) -> None:
    door = Door(_place(), _address(server), outside)
    sent = bytes(range(256)) * 4096
    with gate(tmp_path, door), _connected(door.listen) as client, _accepted(server) as inner:
        threading.Thread(target=inner.sendall, args=(sent,), daemon=True).start()
        client.sendall(b"question")
        assert inner.recv(64) == b"question"
        received = b""
        while len(received) < len(sent):
            received += client.recv(65_536)
        assert received == sent


def test_a_side_that_has_said_everything_still_listens(tmp_path: Path, server: socket.socket) -> None:
    door = Door(_place(), _address(server), outside=True)
    with gate(tmp_path, door), _connected(door.listen) as client, _accepted(server) as inner:
        client.sendall(b"all that I ask")
        client.shutdown(socket.SHUT_WR)
        assert _all(inner) == b"all that I ask"
        inner.sendall(b"the answer")
        inner.close()
        assert _all(client) == b"the answer"


def test_who_is_not_answered_inside_is_not_answered_outside(tmp_path: Path, server: socket.socket) -> None:
    door, other = Door(_place(), _place(), outside=True), Door(_place(), _address(server), outside=True)
    with gate(tmp_path, door, other):
        with _connected(door.listen) as client:
            assert _all(client) == b""
        # The gate is none the worse for it.
        with _connected(other.listen) as client, _accepted(server) as inner:
            inner.sendall(b"x")
            assert client.recv(1) == b"x"


def test_a_side_that_breaks_off_takes_the_other_along(tmp_path: Path, server: socket.socket) -> None:
    door = Door(_place(), _address(server), outside=True)
    with gate(tmp_path, door), _connected(door.listen) as client, _accepted(server) as inner:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        assert _all(inner) == b""


def test_the_answer_to_a_datagram_goes_to_who_asked(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.settimeout(_PATIENCE_SECONDS)
        server.bind(("127.0.0.1", 0))
        door = Door(_place(), _address(server), outside=True, datagrams=True)
        host, _, port = door.listen.rpartition(":")
        with gate(tmp_path, door), _asking() as first, _asking() as second:
            first.sendto(b"first", (host, int(port)))
            second.sendto(b"second", (host, int(port)))
            asked = dict(server.recvfrom(64) for _ in range(2))
            # Answered in the other order.
            for question in (b"second", b"first"):
                server.sendto(b"to " + question, asked[question])
            assert first.recv(64) == b"to first"
            assert second.recv(64) == b"to second"


@contextmanager
def _asking() -> Generator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.settimeout(_PATIENCE_SECONDS)
        yield made


def test_it_says_which_process_it_is_when_it_is_ready(tmp_path: Path, server: socket.socket) -> None:
    with gate(tmp_path, Door(_place(), _address(server), outside=True)) as process:
        stat = read_stat(process.pid)
        assert stat is not None
        assert json.loads((tmp_path / "ready").read_text()) == [process.pid, stat.started]


def test_a_place_that_somebody_else_has_is_named(tmp_path: Path, server: socket.socket) -> None:
    files = ("--plan", str(tmp_path / "plan"), "--ready", str(tmp_path / "r"), *_NOBODY)
    command = (sys.executable, "-c", _WITHOUT_NETWORK, *files)
    plan = Plan([], [Door(_address(server), _place(), outside=True)])
    (tmp_path / "plan").write_text(plan.dump(), encoding="utf-8")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=_PATIENCE_SECONDS)
    assert done.returncode != 0
    assert "in use" in done.stderr.splitlines()[-1]
    assert str(server.getsockname()) in done.stderr.splitlines()[-1]
    assert not (tmp_path / "r").exists()
