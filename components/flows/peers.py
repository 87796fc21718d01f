"""Who is who in a stack: its settings as peers of flows."""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import urlsplit

from components.flows.flow import ANYWHERE, Networks, Peer, Pods
from components.programs import Program
from settings import Settings
from settings.compute import Role
from settings.environment import GATEWAY_HOSTS
from settings.values import PRIVATE

API_PORT: Final = 6443
"""TCP port of the Kubernetes API."""
KUBELET_PORT: Final = 10250
"""TCP port of kubelet on every node."""
GATEWAY_PORTS: Final = {443: 8443, 80: 8000}
"""Ports of a gateway's pods by those of its address: what a network policy sees, and what a client asks for."""
GATEWAY_METRICS_PORT: Final = 8080
"""TCP port of a gateway's ping, metrics and version of the routing."""
_SCHEME_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Peers:
    """The peers of one stack."""

    settings: Settings
    """Its settings."""

    def program(self, program: Program) -> Pods:
        """Pods of a program that observes."""
        return Pods(self.settings.observability.namespace, program.name)

    def agent(self, name: str) -> Pods:
        """Pods of what runs on every node, with a network of their own."""
        return Pods(self.settings.observability.agents_namespace, name)

    def service(self, name: str) -> Pods:
        """Pods of a service, in all its slots and as a candidate."""
        return Pods(self.settings.services[name].namespace, name)

    @property
    def services(self) -> list[tuple[str, Pods]]:
        """Every service and its pods."""
        return [(name, self.service(name)) for name in self.settings.services]

    @property
    def gateways(self) -> Pods:
        """Pods of both gateways."""
        return Pods(self.settings.edge.namespace, "traefik")

    @property
    def guard(self) -> Pods:
        """Pods of the guards of releases."""
        return Pods(self.settings.edge.namespace, "release-guard")

    @property
    def cluster_names(self) -> Pods:
        """The cluster's own name server; it is no program of this platform, and labelled as its makers do."""
        return Pods("kube-system", "kube-dns", "k8s-app")

    @property
    def nodes(self) -> Networks:
        """Nodes of the cluster; of one that exists elsewhere, the whole network of the machines."""
        return self._machines("k3s_server", "k3s_agent")

    @property
    def servers(self) -> Networks:
        """Nodes that carry the cluster's control plane and etcd."""
        return self._machines("k3s_server")

    @property
    def guests(self) -> Networks:
        """Every VM and LXC of the stack."""
        guests = {**self.settings.wanted_vms, **self.settings.compute.containers}
        return hosts(guest.address for guest in guests.values())

    @property
    def management(self) -> Networks:
        """People, and the machine that `pulumi up` runs on."""
        return Networks(self.settings.compute.firewall.management_networks)

    @property
    def gateway_addresses(self) -> Networks:
        """The addresses of the gateways, also those outside of a NAT."""
        return hosts(address for gateway in self.settings.edge.gateways.values() for address in gateway.addresses)

    @property
    def api(self) -> Networks:
        """The API server: each server's own address, which a Service is translated to, and the virtual one."""
        return self._machines("k3s_server", more=[self.settings.kubernetes.api_address])

    @property
    def docker_hosts(self) -> Networks:
        """Docker hosts."""
        return hosts(vm.address for vm in self.settings.wanted_vms.values() if vm.role == "docker_host")

    @property
    def containers(self) -> Networks:
        """LXCs."""
        return hosts(container.address for container in self.settings.compute.containers.values())

    @property
    def name_servers(self) -> list[tuple[Networks, int]]:
        """Each name server of the zones, and its port."""
        return [(hosts([server.address]), server.port) for server in self.settings.dns.servers]

    @property
    def hypervisor(self) -> tuple[Networks, int]:
        """The Proxmox API, on whichever host answers, and its port."""
        parts = urlsplit(self.settings.compute.endpoint)
        named = [parts.hostname] if parts.hostname and _is_address(parts.hostname) else []
        addresses = [node.address for node in self.settings.compute.nodes.values()]
        return hosts([*addresses, *named]), parts.port or _SCHEME_PORTS["https"]

    @property
    def internet(self) -> Networks:
        """Whatever is in no private network: not in the cluster, not a machine of this stack or of another one.

        What is wanted in a private network is named: by `dns.hosts`, or with its network where a service calls it.
        """
        kubernetes, machines = self.settings.kubernetes, self.settings.compute.network
        own = [
            network
            for network in map(ipaddress.IPv4Network, (kubernetes.pod_cidr, kubernetes.service_cidr, machines.cidr))
            if not any(network.subnet_of(private) for private in PRIVATE)
        ]
        return Networks(ANYWHERE.cidrs, tuple(map(str, (*PRIVATE, *own))))

    def url(self, url: str) -> Iterator[tuple[Peer, int]]:
        """Where a URL leads, and the port there."""
        parts = urlsplit(url)
        yield from self.named(parts.hostname or "", parts.port or _SCHEME_PORTS[parts.scheme])

    def endpoint(self, endpoint: str) -> Iterator[tuple[Peer, int]]:
        """Where a `host:port` leads, and the port there."""
        host, _, port = endpoint.rpartition(":")
        yield from self.named(host, int(port))

    def named(self, host: str, port: int) -> Iterator[tuple[Peer, int]]:
        """Where a name or an address leads.

        A gateway is two: its addresses, and its pods, since a node translates the one into the other before it looks at
        network policies. What the stack does not know is outside.
        """
        if host in self._led_by_gateways:
            yield self.gateways, GATEWAY_PORTS.get(port, port)
            yield self.gateway_addresses, port
        elif _is_address(host):
            yield hosts([host]), port
        elif host in self._elsewhere:
            yield hosts(self._elsewhere[host]), port
        else:
            yield self.internet, port

    @cached_property
    def _led_by_gateways(self) -> frozenset[str]:
        environment, settings = self.settings.environment, self.settings
        core = {environment.core_fqdn(host) for host in GATEWAY_HOSTS}
        core |= {settings.coolify_fqdn} if settings.delivery.coolify is not None else set[str]()
        slots = {settings.service_fqdn(name, slot) for name in settings.services for slot in settings.edge.gateways}
        own = {settings.database_fqdn} if settings.database.mode == "supabase" else set[str]()
        return frozenset(core | slots | own | {settings.service_fqdn(name) for name in settings.services})

    @cached_property
    def _elsewhere(self) -> dict[str, tuple[str, ...]]:
        """Addresses of guests, and of what is served elsewhere, by name."""
        environment = self.settings.environment
        guests = {**self.settings.wanted_vms, **self.settings.compute.containers}
        found = {environment.core_fqdn(name): (guest.address,) for name, guest in guests.items()}
        zones = dict(zip(("public", "core"), environment.zones, strict=True))
        for zone, named in self.settings.dns.hosts.items():
            found |= {f"{host}.{zones[zone]}": tuple(addresses) for host, addresses in named.items()}
        return found

    def _machines(self, *roles: Role, more: Iterable[str] = ()) -> Networks:
        if self.settings.kubernetes.mode == "existing":
            return Networks((self.settings.compute.network.cidr, *(f"{address}/32" for address in more)))
        found = [vm.address for role in roles for vm in self.settings.compute.by_role(role).values()]
        return hosts([*found, *more])


def hosts(addresses: Iterable[str]) -> Networks:
    """Machines by their own addresses."""
    return Networks(tuple(f"{address}/32" for address in dict.fromkeys(addresses)))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
