"""Rules on addresses and networks: nothing twice, nothing outside, nothing that overlaps."""

import ipaddress
from collections.abc import Iterator

from settings.report import Path, Problem, show_path
from settings.rules.guests import all_guests
from settings.shape import whole
from settings.stack import Settings
from settings.values import PRIVATE

_WIDEST_TRUSTED = 8
"""Prefix of the widest private network, 10.0.0.0/8."""


def used_addresses(settings: Settings) -> Iterator[tuple[Path, str]]:
    """Every address that the stack takes for itself, with its path."""
    yield ("compute", "network", "gateway"), settings.compute.network.gateway
    for name, node in whole(settings.compute.nodes):
        yield ("compute", "nodes", name, "address"), node.address
    for path, guest in all_guests(settings):
        yield (*path, "address"), guest.address
    yield ("kubernetes", "api_address"), settings.kubernetes.api_address
    for slot, gateway in whole(settings.edge.gateways):
        yield ("edge", "gateways", slot, "address"), gateway.address
        if gateway.public_address is not None:
            yield ("edge", "gateways", slot, "public_address"), gateway.public_address


def unique_addresses(settings: Settings) -> Iterator[Problem]:
    """An address belongs to one thing."""
    first: dict[str, Path] = {}
    for path, address in used_addresses(settings):
        if address in first:
            taken = show_path(first[address]).removeprefix("luxima:")
            yield Problem(path, f"{address} is the address of {taken} already; give an address of its own")
        first.setdefault(address, path)


def inside_network(settings: Settings) -> Iterator[Problem]:
    """What the stack puts into its network has an address in it; hosts and existing clusters may be elsewhere."""
    network = settings.compute.network.network
    elsewhere = {("compute", "nodes")}
    if settings.kubernetes.mode == "existing":
        elsewhere |= {("kubernetes", "api_address"), ("edge", "gateways")}
    for path, text in used_addresses(settings):
        address = ipaddress.IPv4Address(text)
        if path[:2] in elsewhere or path[-1] == "public_address":
            continue
        if address not in network:
            yield Problem(path, f"{address} is not in compute.network.cidr; give an address in {network}")
        elif address in (network.network_address, network.broadcast_address):
            yield Problem(path, f"{address} is the network's own or its broadcast address; give one between them")


def public_gateways(settings: Settings) -> Iterator[Problem]:
    """What users are led to in prod is an address of the internet; a NAT's is never one of the machines' network."""
    network = settings.compute.network.network
    for slot, gateway in whole(settings.edge.gateways):
        path = ("edge", "gateways", slot, "public_address")
        found = ipaddress.IPv4Address(gateway.addresses[-1])
        if gateway.public_address is not None and found in network:
            yield Problem(
                path, f"{found} is in compute.network.cidr; leave it out, or give the address outside of the NAT"
            )
        elif settings.environment.name == "prod" and any(found in private for private in PRIVATE):
            said = f"is missing, and {found}" if gateway.public_address is None else str(found)
            yield Problem(path, f"{said} is not reached from the internet; give the gateway's address there")


def separate_networks(settings: Settings) -> Iterator[Problem]:
    """Guests, pods and cluster-internal services have networks apart from each other."""
    networks = (
        (("compute", "network", "cidr"), settings.compute.network.cidr),
        (("kubernetes", "pod_cidr"), settings.kubernetes.pod_cidr),
        (("kubernetes", "service_cidr"), settings.kubernetes.service_cidr),
    )
    for index, (path, cidr) in enumerate(networks):
        for other_path, other in networks[:index]:
            if ipaddress.IPv4Network(cidr).overlaps(ipaddress.IPv4Network(other)):
                taken = show_path(other_path).removeprefix("luxima:")
                yield Problem(path, f"{cidr} overlaps with {taken}, {other}; give a network apart from it")


def apart_from_the_cluster(settings: Settings) -> Iterator[Problem]:
    """What is outside of the cluster has no address of its pods and Services, which nobody else can reach there."""
    kubernetes = settings.kubernetes
    inside = {key: ipaddress.IPv4Network(getattr(kubernetes, key)) for key in ("pod_cidr", "service_cidr")}
    for path, text in addresses_elsewhere(settings):
        for key, network in inside.items():
            if ipaddress.IPv4Network(text).subnet_of(network):
                wrong = f"{text} is in kubernetes.{key}, {network}, which pods cannot reach"
                yield Problem(path, f"{wrong}; give one that is in neither of the cluster's networks")


def addresses_elsewhere(settings: Settings) -> Iterator[tuple[Path, str]]:
    """Addresses and networks of what the stack talks to, and of what it is reached at."""
    yield from (
        (path, address) for path, address in used_addresses(settings) if path != ("compute", "network", "gateway")
    )
    for index, address in enumerate(settings.compute.network.name_servers):
        yield ("compute", "network", "name_servers", index), address
    for index, server in enumerate(settings.dns.servers):
        yield ("dns", "servers", index, "address"), server.address
    for zone, hosts in settings.dns.hosts.items():
        for host, addresses in hosts.items():
            for index, address in enumerate(addresses):
                yield ("dns", "hosts", zone, host, index), address
    for name, service in whole(settings.services):
        for index, outside in enumerate(service.outside):
            if outside.network is not None:
                yield ("services", name, "outside", index, "network"), outside.network


def name_servers(settings: Settings) -> Iterator[Problem]:
    """A name server is named once."""
    first: dict[tuple[str, int], int] = {}
    for index, server in enumerate(settings.dns.servers):
        where = (server.address, server.port)
        if where in first:
            yield Problem(("dns", "servers", index), f"is the same as dns.servers[{first[where]}]; remove one of them")
        first.setdefault(where, index)


def trusted_networks(settings: Settings) -> Iterator[Problem]:
    """What is not for the public is not opened to everybody."""
    known = (
        (("edge", "trusted_networks"), settings.edge.trusted_networks),
        (("compute", "firewall", "management_networks"), settings.compute.firewall.management_networks),
    )
    for path, index, cidr in ((path, *each) for path, cidrs in known for each in enumerate(cidrs)):
        if ipaddress.ip_network(cidr).prefixlen < _WIDEST_TRUSTED:
            text = f"{cidr} is the whole internet; give only networks of people that you know"
            yield Problem((*path, index), text)


def management_apart(settings: Settings) -> Iterator[Problem]:
    """Whoever may log in to guests is no guest: one that is taken over would reach all others."""
    machines = {str(path[-1]): ipaddress.IPv4Address(guest.address) for path, guest in all_guests(settings)}
    for index, cidr in enumerate(settings.compute.firewall.management_networks):
        inside = [name for name, address in machines.items() if address in ipaddress.IPv4Network(cidr)]
        if inside:
            more = f" and {len(inside) - 1} more" if len(inside) > 1 else ""
            text = f"{cidr} has guests in it, {inside[0]}{more}, which would reach all others by SSH"
            path = ("compute", "firewall", "management_networks", index)
            yield Problem(path, f"{text}; give the addresses of people, and of what runs `pulumi up`, alone")


def trusted_agents(settings: Settings) -> Iterator[Problem]:
    """Docker hosts send their logs in through the gateways, where only trusted networks may come."""
    trusted = [ipaddress.IPv4Network(cidr) for cidr in settings.edge.trusted_networks]
    for name, vm in whole(settings.wanted_vms):
        if vm.role == "docker_host" and not any(ipaddress.IPv4Address(vm.address) in network for network in trusted):
            text = f"has no network with {vm.address}, from where {name} sends its logs"
            yield Problem(("edge", "trusted_networks"), f"{text}; add one, such as {settings.compute.network.cidr}")


def keys(settings: Settings) -> Iterator[Problem]:
    """Each key is another one: a name server tells what a key may do by its name."""
    taken = {settings.dns.tsig.name: "dns.tsig"}
    for path, tsig in (
        (("dns", "guard_tsig"), settings.dns.guard_tsig),
        (("edge", "certificates", "acme_tsig"), settings.edge.certificates.acme_tsig),
    ):
        if tsig is None:
            continue
        if tsig.name in taken:
            text = f'"{tsig.name}" is the name of {taken[tsig.name]} already, which may change other records'
            yield Problem((*path, "name"), f"{text}; give a key of its own")
        taken.setdefault(tsig.name, ".".join(path))


RULES = (
    unique_addresses,
    inside_network,
    public_gateways,
    separate_networks,
    apart_from_the_cluster,
    name_servers,
    trusted_networks,
    management_apart,
    trusted_agents,
    keys,
)
