"""Which addresses are served and where connections go; the proxy itself; the claim of a network."""

import asyncio
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from sandbox.agent import addresses, services
from sandbox.agent.services import Services, Wanted


def endpoint(address: str, **conditions: bool) -> dict[str, Any]:
    return {"addresses": [address], "conditions": conditions}


def endpoint_slice(*endpoints: dict[str, Any], port: int = 8080) -> dict[str, Any]:
    labels = {"kubernetes.io/service-name": "api-green"}
    return {
        "metadata": {"namespace": "commerce", "name": "api-green-x", "labels": labels},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": port}],
        "endpoints": list(endpoints),
    }


READY = endpoint("10.42.1.1", ready=True, serving=True, terminating=False)
STARTING = endpoint("10.42.1.2", ready=False, serving=False, terminating=False)
LEAVING = endpoint("10.42.1.3", ready=False, serving=True, terminating=True)
DONE = endpoint("10.42.1.4", ready=False, serving=False, terminating=True)


@pytest.mark.parametrize(
    ("endpoints", "expected"),
    [
        ([READY, STARTING, LEAVING, DONE], ["127.42.1.1"]),
        ([STARTING, LEAVING, DONE], ["127.42.1.3"]),
        ([STARTING, DONE], []),
        ([endpoint("10.42.1.5")], ["127.42.1.5"]),
    ],
)
def test_connections_go_to_ready_pods_else_to_those_that_still_serve(
    endpoints: list[dict[str, Any]], expected: list[str]
) -> None:
    found = services.backends([endpoint_slice(*endpoints)], "http")
    assert found == tuple((address, 8080) for address in expected)
    assert services.backends([endpoint_slice(*endpoints)], "other") == ()


def service(**spec: Any) -> dict[str, Any]:
    ports = [{"name": "http", "port": 80}, {"name": "dns", "port": 53, "protocol": "UDP"}]
    return {
        "metadata": {"namespace": "commerce", "name": "api-green"},
        "spec": {"clusterIP": "10.43.0.9", "selector": {"luxima.id/slot": "green"}, "ports": ports} | spec,
        "status": {"loadBalancer": {"ingress": [{"ip": "10.10.10.61"}]}},
    }


def test_services_of_the_agents_pods_are_served() -> None:
    found = services.wanted([service()], [endpoint_slice(READY)], [])
    assert found == {("commerce", "api-green", 80): Wanted(("10.43.0.9", "10.10.10.61"), (("127.42.1.1", 8080),))}
    assert services.wanted([service(clusterIP="None")], [], []) == {}
    plain = service(selector={"app": "x"})
    assert services.wanted([plain], [], [{"app": "y", "luxima.id/slot": "green"}]) == {}
    assert set(services.wanted([plain], [], [{"app": "x", "luxima.id/slot": "green"}])) == {
        ("commerce", "api-green", 80)
    }


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Everything back when the client has finished, and who the client is."""
    everything = await reader.read()
    peer = writer.get_extra_info("peername")[0]
    writer.write(peer.encode() + b" " + everything)
    await writer.drain()
    writer.close()


async def _talk(host: str, port: int, text: bytes, source: str) -> bytes:
    reader, writer = await asyncio.open_connection(host, port, local_addr=(source, 0))
    writer.write(text)
    writer.write_eof()
    try:
        return await reader.read()
    finally:
        writer.close()


def test_the_proxy_passes_everything_and_keeps_the_clients_address(tmp_path: Path) -> None:
    async def story() -> None:
        pod = await asyncio.start_server(_echo, "127.0.0.1", 0)
        backend = ("127.0.0.1", pod.sockets[0].getsockname()[1])
        made = Services(tmp_path / "addresses.json")
        key, changes = ("commerce", "api-green", 80), list[int]()

        async def sync(*backends: tuple[str, int]) -> None:
            wanted = {key: Wanted(("10.43.0.9", "10.10.10.61"), backends)}
            await made.sync(wanted, {"10.42.1.1:8080": "127.42.1.1:8080"}, lambda: changes.append(1))

        await sync(backend)
        await sync(backend)
        assert len(changes) == 1
        given = json.loads((tmp_path / "addresses.json").read_text())
        assert set(given) == {"10.43.0.9:80", "10.10.10.61:80", "api-green.commerce.svc:80", "10.42.1.1:8080"}
        assert given["api-green.commerce.svc:80"] == given["10.43.0.9:80"] == made.where(*key)
        host, _, port = given["10.10.10.61:80"].partition(":")
        assert host == "127.10.10.61"
        large = b"x" * 3_000_000
        assert await _talk(host, int(port), large, "127.0.0.77") == b"127.0.0.77 " + large
        await sync()
        with pytest.raises(ConnectionError):
            await _talk(host, int(port), b"anybody?", "127.0.0.1")
        await made.sync({}, {}, lambda: changes.append(1))
        assert json.loads((tmp_path / "addresses.json").read_text()) == {}
        with pytest.raises(ConnectionRefusedError):
            await _talk(host, int(port), b"anybody?", "127.0.0.1")
        pod.close()

    asyncio.run(asyncio.wait_for(story(), 30))


def test_two_agents_never_have_the_same_address() -> None:
    # Not the network of a sandbox, nor of another run of this test.
    second, third = 200 + os.getpid() // 128 % 50, os.getpid() % 128 * 2
    network = f"10.{second}.{third}.0/23"
    one, other = addresses.claim(network), addresses.claim(network)
    try:
        assert {one.network, other.network} == {f"10.{second}.{third}", f"10.{second}.{third + 1}"}
        with pytest.raises(Exception, match="in use by another sandbox"):
            addresses.claim(network)
        first, next_one = one.take([]), one.take([])
        assert (first, next_one) == (f"{one.network}.1", f"{one.network}.2")
        one.give_back(first)
        with socket.socket() as holder:
            holder.bind((addresses.loopback(f"{one.network}.3"), 0))
            holder.listen()
            assert one.take([holder.getsockname()[1]]) == f"{one.network}.4"
    finally:
        one.close()
        other.close()
