"""The stack's own network: every address that the settings name is in it, once, with a door where it leads."""

from collections import Counter

import pytest

from sandbox.machine import plan
from sandbox.machine.plan import Node, Plan
from sandbox.servers.table import SERVERS
from settings import Settings
from tests.recording import STACKS, stack_settings


def ports(settings: Settings) -> dict[str, int]:
    """A port for each name that the plan may ask for."""
    names = [want.name for server in SERVERS for want in server.ports()]
    return {name: 20_000 + at for at, name in enumerate([*names, *plan.gateway_ports(settings)])}


def planned(settings: Settings) -> Plan:
    return plan.plan(settings, ports(settings))


def bare(made: Plan) -> list[str]:
    """Its addresses without prefix length."""
    return [address.partition("/")[0] for address in made.addresses]


@pytest.mark.parametrize("stack", STACKS)
def test_every_address_is_somewhere_once(stack: str) -> None:
    settings = stack_settings(stack)
    compute = settings.compute
    machines = [vm.address for role in ("k3s_server", "docker_host") for vm in compute.by_role(role).values()]
    gateways = [gateway.address for gateway in settings.edge.gateways.values()]
    fixed = bare(planned(settings))
    assert len(set(fixed)) == len(fixed)
    # An address that is on the bridge and on a machine is answered for by whoever is faster.
    assert not set(fixed) & {*machines, *gateways}
    named = {compute.network.gateway, settings.kubernetes.api_address}
    named |= {server.address for server in settings.dns.servers}
    named |= {node.address for node in compute.nodes.values()}
    assert named <= {*fixed, *machines}
    assert Node.of(settings).address in machines


@pytest.mark.parametrize("stack", STACKS)
def test_what_the_settings_name_has_a_door_from_inside(stack: str) -> None:
    settings = stack_settings(stack)
    made, given = planned(settings), ports(settings)
    inside = {door.listen: door for door in made.doors if not door.outside}
    storage = f"{settings.compute.network.gateway}:{settings.storage.endpoint.rpartition(':')[2]}"
    assert inside[storage].to == f"127.0.0.1:{given['minio']}"
    for server in settings.dns.servers:
        door = inside[f"{server.address}:{server.port}"]
        assert (door.to, door.datagrams) == (f"127.0.0.1:{given['dns']}", True)
    api = inside[f"127.0.0.1:{given['kube-apiserver']}"]
    assert api.to == f"127.0.0.1:{plan.API_PORT}"


@pytest.mark.parametrize("stack", STACKS)
def test_what_people_and_tests_reach_has_a_door_from_outside(stack: str) -> None:
    settings = stack_settings(stack)
    made, given = planned(settings), ports(settings)
    outside = {door.to: door for door in made.doors if door.outside}
    for slot, gateway in settings.edge.gateways.items():
        for scheme, port in (("https", 443), ("http", 80)):
            assert outside[f"{gateway.address}:{port}"].listen == f"127.0.0.1:{given[f'gateway-{slot}-{scheme}']}"
    assert outside[f"127.0.0.1:{plan.API_PORT}"].listen == f"127.0.0.1:{given['kube-apiserver']}"
    for name, host in (("minio", "127.0.0.1"), ("dns", "127.0.0.1"), ("proxmox", "127.0.0.2")):
        where = f"{host}:{given[name]}"
        # The server is told one address, and is found there from both sides.
        assert outside[where].listen == where
    assert outside[f"127.0.0.1:{given['dns']}"].datagrams
    # Nothing of the sandbox is offered to other computers.
    assert all(door.listen.startswith("127.") for door in outside.values())


@pytest.mark.parametrize("stack", STACKS)
def test_no_two_doors_listen_at_one_place(stack: str) -> None:
    places = Counter((door.listen, door.outside) for door in planned(stack_settings(stack)).doors)
    assert [place for place, times in places.items() if times > 1] == []


def test_a_plan_is_a_file_and_back() -> None:
    made = planned(stack_settings("dev"))
    assert plan.parse(made.dump()) == made
