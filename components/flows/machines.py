"""Flows between machines: what guests, people and the world ask of a guest, besides what pods ask of it (SEC-6)."""

from collections.abc import Iterator, Mapping

from components.flows.flow import ANYWHERE, Flow, Networks
from components.flows.peers import API_PORT, GATEWAY_PORTS, KUBELET_PORT, Peers, hosts
from settings.database import REPLICATION_PORT
from settings.dns import Zone
from settings.storage_server import NODE_PORT

_SSH = 22
_DNS = 53
_HTTPS = 443
_ETCD = (2379, 2380)
_VXLAN = 8472
"""UDP port of flannel's default backend, which carries what pods of two nodes say to each other."""
PING = 0
"""ICMP has no ports."""


def machine_flows(peers: Peers) -> Iterator[Flow]:
    """Everything that machines ask of machines; the hypervisor's firewall is made from it."""
    yield from _management(peers)
    if peers.settings.kubernetes.mode == "k3s":
        yield from _cluster(peers)
    yield from _names(peers)
    yield from _published(peers)
    yield from _drives(peers)
    yield from _replica(peers)


def _management(peers: Peers) -> Iterator[Flow]:
    people, guests = peers.management, peers.guests
    yield Flow(people, guests, _SSH, "logins, and what `pulumi up` does on a machine")
    yield Flow(people, guests, PING, "ping", "ICMP")
    yield Flow(people, peers.api, API_PORT, "kubectl, and what `pulumi up` declares in the cluster")
    for target, port in peers.endpoint(peers.settings.storage.endpoint):
        if isinstance(target, Networks):
            yield Flow(people, target, port, "buckets, which `pulumi up` declares")


def _cluster(peers: Peers) -> Iterator[Flow]:
    """What k3s and kube-vip ask (https://docs.k3s.io/installation/requirements#networking); ARP is no flow."""
    nodes, servers = peers.nodes, peers.servers
    yield Flow(nodes, peers.api, API_PORT, "the cluster's API")
    yield Flow(nodes, nodes, KUBELET_PORT, "logs, commands and measurements of pods")
    yield Flow(nodes, nodes, _VXLAN, "pods of other nodes", "UDP")
    if len(servers.cidrs) > 1:
        for port in _ETCD:
            yield Flow(servers, servers, port, "members of etcd")
    # A node's firewall sees what a client asks for: the gateway's address, before the node translates it to a pod's.
    for port in GATEWAY_PORTS:
        yield Flow(ANYWHERE, peers.gateway_addresses, port, "users")


def _names(peers: Peers) -> Iterator[Flow]:
    for target, port in peers.name_servers:
        yield Flow(ANYWHERE, target, port, "names", "UDP")
        yield Flow(ANYWHERE, target, port, "long answers, zone transfers and updates, which are signed")
    resolvers = hosts(peers.settings.compute.network.name_servers)
    yield Flow(peers.guests, resolvers, _DNS, "names", "UDP")
    yield Flow(peers.guests, resolvers, _DNS, "names that have long answers")


def _published(peers: Peers) -> Iterator[Flow]:
    """What Docker hosts serve (`dns.hosts`): users reach what is in the public zone, the platform's own the rest."""
    known = Networks((*peers.settings.edge.trusted_networks, *peers.management.cidrs, *peers.guests.cidrs))
    sources: Mapping[Zone, tuple[Networks, str]] = {
        "public": (ANYWHERE, "users"),
        "core": (known, "object storage"),
    }
    for zone, named in peers.settings.dns.hosts.items():
        source, why = sources[zone]
        for addresses in named.values():
            yield Flow(source, hosts(addresses), _HTTPS, why)


def _drives(peers: Peers) -> Iterator[Flow]:
    """Each node of the object storage reads and writes the drives of the others; people fill one that stands beside."""
    nodes = hosts(host.address for host in peers.settings.storage_hosts.values())
    if peers.settings.storage.server.mode == "beside":
        yield Flow(peers.management, nodes, _HTTPS, "buckets, which are copied from another server")
    if len(nodes.cidrs) > 1:
        yield Flow(nodes, nodes, NODE_PORT, "drives of the object storage")


def _replica(peers: Peers) -> Iterator[Flow]:
    """The one way to PostgreSQL from another machine; nobody else has a password for it there."""
    host, replica = peers.settings.database_host, peers.settings.database_replica
    if host is not None and replica is not None:
        yield Flow(
            hosts([replica.address]), hosts([host.address]), REPLICATION_PORT, "the database's log, for its replica"
        )
