import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

from sandbox import ports
from sandbox.faults import SandboxError
from sandbox.ports import Wanted
from tests.programs import free_port


def listener() -> socket.socket:
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen()
    return server


def remember(tmp_path: Path, **given: int) -> Path:
    path = tmp_path / "ports.json"
    path.write_text(json.dumps(given))
    return path


def test_a_port_is_remembered(tmp_path: Path) -> None:
    path = tmp_path / "ports.json"
    first, _ = ports.assign(path, [Wanted("minio")], set(), [], pinned=False)
    second, notices = ports.assign(path, [Wanted("minio")], set(), [], pinned=True)
    assert first == second
    assert notices == []


def test_a_taken_port_of_a_stack_with_resources_is_an_error_that_names_server_port_and_holder(tmp_path: Path) -> None:
    with listener() as server:
        port = server.getsockname()[1]
        path = remember(tmp_path, minio=port)
        with pytest.raises(SandboxError) as caught:
            ports.assign(path, [Wanted("minio")], set(), [], pinned=True)
        assert f"port {port} of the minio server" in str(caught.value)
        assert f"pid {os.getpid()}" in str(caught.value)
        assert ports.read(path) == {"minio": port}


def test_a_taken_port_of_an_empty_stack_is_replaced_and_said(tmp_path: Path) -> None:
    with listener() as server:
        port = server.getsockname()[1]
        given, notices = ports.assign(remember(tmp_path, minio=port), [Wanted("minio")], set(), [], pinned=False)
    assert given["minio"] != port
    assert f"port {port} of the minio server" in notices[0]


def test_a_taken_internal_port_moves_even_when_there_are_resources(tmp_path: Path) -> None:
    with listener() as server:
        port = server.getsockname()[1]
        wanted = [Wanted("etcd", published=False)]
        given, notices = ports.assign(remember(tmp_path, etcd=port), wanted, set(), [], pinned=True)
    assert given["etcd"] != port
    assert len(notices) == 1


def test_the_port_of_an_own_running_server_stays(tmp_path: Path) -> None:
    with listener() as server:
        port = server.getsockname()[1]
        given, notices = ports.assign(remember(tmp_path, minio=port), [Wanted("minio")], {"minio"}, [], pinned=True)
    assert given["minio"] == port
    assert notices == []


def test_ports_are_below_the_range_for_outgoing_connections(tmp_path: Path) -> None:
    given, _ = ports.assign(tmp_path / "ports.json", [Wanted(str(n)) for n in range(20)], set(), [], pinned=False)
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert len(set(given.values())) == 20
    assert all(15_000 <= port < max(lowest, 32_768) for port in given.values())


def test_a_damaged_file_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "ports.json"
    path.write_text("{")
    assert ports.read(path) == {}


def test_datagrams_count_where_a_server_needs_them() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        port = free_port(datagrams=True)
        server.bind(("127.0.0.1", port))
        assert not ports.free(port, datagrams=True)
        assert ports.free(port)


def test_a_port_that_another_process_chose_is_left_alone_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "from sandbox import ports; print(ports.choose(ports.Wanted('a')), flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        chosen = int(other.stdout.readline())
        monkeypatch.setattr("random.randrange", mock.Mock(return_value=chosen))
        with pytest.raises(SandboxError, match="no free port"):
            ports.choose(Wanted("b"))
        other.communicate(b"\n")
    assert ports.choose(Wanted("b")) == chosen
