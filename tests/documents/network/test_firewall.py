"""The table of flows and the hypervisor's firewall, which is evaluated as Proxmox does it (SEC-3, SEC-6).

No server: a rule says what it matches, the first that does decides, and the policy of the options what none did.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest

from components.flows import Networks, flows
from settings import Settings
from settings.compute import Guest
from tests import operations
from tests.documents.network.manifests import INTERNET
from tests.recording import STACKS, record, record_platform, stack_settings

NEIGHBOUR: Final = 250
"""Last number of an address in the guests' network that nobody has."""
POSTGRES: Final = 5432


@dataclass(frozen=True)
class Filter:
    """What the firewall does around one guest, by the resources that the stack declares."""

    options: Mapping[str, Any]
    rules: list[Mapping[str, Any]]
    addresses: frozenset[str] | None
    """What it may send from; None where Proxmox knows it by itself."""

    def lets(self, direction: str, source: str, dest: str, port: int, protocol: str) -> bool:
        """Whether a new connection gets past it."""
        policy = {"in": self.options["inputPolicy"], "out": self.options["outputPolicy"]}[direction]
        for rule in self.rules:
            if rule["type"] == direction and _matches(rule, source, dest, port, protocol):
                policy = rule["action"]
                break
        return policy == "ACCEPT" or not self.options["enabled"]


def _matches(rule: Mapping[str, Any], source: str, dest: str, port: int, protocol: str) -> bool:
    ports = rule.get("dport")
    return (
        rule.get("proto") in (None, protocol.lower())
        and (ports is None or str(port) in ports.split(","))
        and _among(source, rule.get("source"))
        and _among(dest, rule.get("dest"))
    )


def _among(address: str, listed: str | None) -> bool:
    return listed is None or any(
        ipaddress.ip_address(address) in ipaddress.ip_network(each) for each in listed.split(",")
    )


class World:
    """A stack's guests with their filters, and who else is there."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.flows = list(flows(settings))
        self.guests: Mapping[str, Guest] = {**settings.wanted_vms, **settings.compute.containers}
        self._made = record_platform(settings)
        self.filters = {name: self._filter(guest) for name, guest in self.guests.items()}
        network = settings.compute.network.network
        self.sources = {
            **{name: guest.address for name, guest in self.guests.items()},
            "management": str(ipaddress.ip_network(settings.compute.firewall.management_networks[0])[10]),
            "neighbour": str(network[NEIGHBOUR]),
            "host": next(iter(settings.compute.nodes.values())).address,
            "internet": INTERNET,
        }

    def _filter(self, guest: Guest) -> Filter:
        (options,) = self._of("firewall/optionsLegacy:OptionsLegacy", guest)
        (rules,) = self._of("firewall/rulesLegacy:RulesLegacy", guest)
        sets = [each for each in self._of("firewall/ipsetLegacy:IpsetLegacy", guest) if each["name"] == "ipfilter-net0"]
        own = {entry["name"] for each in sets for entry in each["cidrs"]}
        return Filter(options, rules["rules"], frozenset(own) or None)

    def _of(self, type_: str, guest: Guest) -> list[Mapping[str, Any]]:
        found = [each.inputs for each in self._made.of(type_)]
        return [each for each in found if guest.id in (each.get("vmId"), each.get("containerId"))]

    def at(self, guest: Guest) -> list[str]:
        """Addresses that a guest is asked at: its own, and those that the cluster may give it."""
        settings = self.settings
        role = getattr(guest, "role", "")
        virtual = {
            settings.kubernetes.api_address: role == "k3s_server",
            **{each.address: guest in settings.compute.workers.values() for each in settings.edge.gateways.values()},
        }
        return [guest.address, *(address for address, held in virtual.items() if held)]

    def expected(self, source: str, dest: str, port: int, protocol: str) -> bool:
        """Whether the table has it. A pod of another node comes with that node's address."""
        node = any(
            vm.address == source and vm.role in ("k3s_server", "k3s_agent") for vm in self.settings.wanted_vms.values()
        )
        return any(
            (flow.port, flow.protocol) == (port, protocol)
            and isinstance(flow.target, Networks)
            and f"{dest}/32" in flow.target.cidrs
            and (_inside(source, flow.source) if isinstance(flow.source, Networks) else node)
            for flow in self.flows
        )

    def asked(self) -> Iterator[tuple[str, str, str, int, str]]:
        """Whoever there is, to every guest, at every port of the table and a few others."""
        ports = {(flow.port, flow.protocol) for flow in self.flows} | {(POSTGRES, "TCP"), (30080, "TCP"), (22, "UDP")}
        for name, guest in self.guests.items():
            for source in self.sources.values():
                for dest in self.at(guest) if source != guest.address else ():
                    yield from ((name, source, dest, *each) for each in sorted(ports))


def _inside(address: str, networks: Networks) -> bool:
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(cidr) for cidr in networks.cidrs)


@pytest.fixture(scope="module", params=STACKS)
def world(request: pytest.FixtureRequest) -> World:
    return World(stack_settings(request.param))


def test_a_guest_is_asked_what_is_in_the_table_and_nothing_else(world: World) -> None:
    asked = list(world.asked())
    verdicts = [
        (world.filters[name].lets("in", source, dest, port, protocol), world.expected(source, dest, port, protocol))
        for name, source, dest, port, protocol in asked
    ]
    assert sum(map(all, verdicts)) > 50
    assert [
        f"{each}: {is_so} instead of {should}"
        for each, (is_so, should) in zip(asked, verdicts, strict=True)
        if is_so != should
    ] == []


def test_nobody_at_all_reaches_the_database(world: World) -> None:
    for name, guest in world.guests.items():
        lets = [world.filters[name].lets("in", each, guest.address, POSTGRES, "TCP") for each in world.sources.values()]
        assert not any(lets), name


def test_who_reaches_what_matters_most(world: World) -> None:
    """In words of its own, since the table could say too much."""
    settings = world.settings
    nodes = {name for name, vm in settings.wanted_vms.items() if vm.role in ("k3s_server", "k3s_agent")}
    servers = set(settings.compute.by_role("k3s_server"))
    # Where a deployment of Coolify releases a service.
    releases = {"docker-1"} if settings.environment.name == "staging" else set[str]()

    def reaching(names: Iterable[str], port: int, protocol: str = "TCP") -> set[str]:
        return {
            who
            for name in names
            for who, source in world.sources.items()
            for dest in world.at(world.guests[name])
            if who != name and world.filters[name].lets("in", source, dest, port, protocol)
        }

    assert reaching(world.guests, 22) == {"management"}
    joined = servers if len(servers) > 1 else set[str]()
    assert reaching(servers, 6443) == {"management", *(nodes - servers), *joined, *releases}
    assert reaching(servers, 2379) == (servers if len(servers) > 1 else set())
    assert reaching(nodes, 10250) == nodes
    assert reaching(nodes, 8472, "UDP") == nodes
    for name in settings.compute.workers:
        filter_ = world.filters[name]
        address = settings.edge.gateways["blue"].address
        assert filter_.lets("in", INTERNET, address, 443, "TCP")
        assert not filter_.lets("in", INTERNET, settings.compute.vms[name].address, 443, "TCP")
    for name in settings.compute.containers:
        assert reaching([name], 53, "UDP") == world.sources.keys() - {name}


def test_a_guest_sends_from_every_address_that_it_may_have_and_from_no_other(world: World) -> None:
    """Without the virtual ones, kube-vip's would be dropped, and so would what answers an ARP request for them."""
    for name, guest in world.guests.items():
        filter_ = world.filters[name]
        assert filter_.options["ipfilter"]
        assert filter_.options["macfilter"]
        if name in world.settings.compute.containers:
            assert filter_.addresses is None, "Proxmox takes the address of an LXC from its configuration"
        else:
            assert filter_.addresses == set(world.at(guest))


def test_a_guest_reaches_the_world_but_no_host(world: World) -> None:
    """But for the API, which a pod reads metrics from: machines that run pods reach that port, and no other one."""
    for name, guest in world.guests.items():
        filter_ = world.filters[name]
        for node in world.settings.compute.nodes.values():
            reached = {
                (port, protocol)
                for port in (22, 53, 443, 8006, 8007)
                for protocol in ("TCP", "UDP")
                if filter_.lets("out", guest.address, node.address, port, protocol)
            }
            assert reached == ({(8006, "TCP")} if name in world.settings.compute.workers else set()), name
        assert filter_.lets("out", guest.address, INTERNET, 443, "TCP"), name


def test_nothing_of_ipv6_gets_in(world: World) -> None:
    for name, filter_ in world.filters.items():
        assert {key: filter_.options[key] for key in ("dhcp", "ndp", "radv")} == dict.fromkeys(
            ("dhcp", "ndp", "radv"), False
        )
        # A rule whose destination is an IPv4 address says nothing of IPv6, for which the policy is left.
        assert all("." in rule["dest"] for rule in filter_.rules), name


def test_the_firewall_of_a_cluster_has_one_owner() -> None:
    """Whoever shares an endpoint names the same stack, and that one declares the switch."""
    owners: dict[str, set[str]] = {}
    for stack in STACKS:
        settings = stack_settings(stack)
        owner = settings.compute.firewall.cluster_owner
        owners.setdefault(settings.compute.endpoint, set()).add(owner)
        assert len(record_platform(settings).of("cluster/firewallLegacy:FirewallLegacy")) == (owner == stack)
        if owner != stack:
            assert stack_settings(owner).compute.endpoint == settings.compute.endpoint
    assert all(len(found) == 1 for found in owners.values())


def test_a_stack_that_does_not_own_the_cluster_leaves_its_switch_alone() -> None:
    settings = stack_settings("dev")
    firewall = settings.compute.firewall.model_copy(update={"cluster_owner": "prod"})
    shared = settings.model_copy(update={"compute": settings.compute.model_copy(update={"firewall": firewall})})
    recorded = record(lambda: operations.declare(operations.Given(shared)))
    assert recorded.of("cluster/firewallLegacy:FirewallLegacy") == []
    assert len(recorded.of("firewall/optionsLegacy:OptionsLegacy")) == len(settings.compute.vms) + 1


def test_a_guest_is_closed_when_its_rules_are_there_and_before_anything_is_served_on_it() -> None:
    recorded = record_platform(stack_settings("prod"))
    for options in recorded.of("firewall/optionsLegacy:OptionsLegacy"):
        key = "vmId" if "vmId" in options.inputs else "containerId"
        rules = [
            each
            for type_ in ("firewall/rulesLegacy:RulesLegacy", "firewall/ipsetLegacy:IpsetLegacy")
            for each in recorded.of(type_)
            if each.inputs.get(key) == options.inputs[key]
        ]
        assert {each.identity for each in rules} <= recorded.before(options)
        assert len(rules) == (2 if key == "vmId" else 1)
    starts = [each for each in recorded.of("command:remote:Command") if each.name.endswith("-start")]
    served = [*starts, *recorded.of("docker:index/container:Container")]
    assert len(starts) == 6
    for each in served:
        found = [name for type_, name in recorded.before(each) if type_.endswith(":OptionsLegacy")]
        assert found, each.name
