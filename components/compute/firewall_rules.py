"""What the hypervisor lets through to each guest: the table of flows, as rules of its firewall (SEC-3, SEC-6).

Proxmox looks at packets on the way into a guest, so it sees the address and the port that a client asks for, before
kube-proxy or Docker translates them, and a pod of another node by the address of that node, which hides it.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, TypeVar

from components.flows import ANYWHERE, Flow, Networks, Peer, Pods
from settings.compute import Compute, Guest, Vm
from settings.edge import Edge
from settings.kubernetes import Kubernetes

_Item = TypeVar("_Item")
_network: Final = cache(ipaddress.IPv4Network)
"""Each address is read once, and not for each guest and flow again."""
_LONGEST: Final = 30
"""Addresses in one rule; Proxmox takes 512 characters."""
_MOST_PORTS: Final = 15
"""Ports in one rule; Proxmox takes no more."""


@dataclass(frozen=True)
class Rule:
    """What is done with some connections; any other is dropped on its way in, and let out."""

    why: str
    """What for."""
    dest: tuple[str, ...]
    """Addresses that are asked for."""
    source: tuple[str, ...] = ()
    """Addresses and networks that connect; none for everybody."""
    protocol: str | None = None
    """`tcp`, `udp` or `icmp`; None for all."""
    ports: tuple[int, ...] = ()
    """At the address that is asked for; none for all."""
    direction: Literal["in", "out"] = "in"
    """In to the guest, or out of it."""
    action: Literal["ACCEPT", "DROP"] = "ACCEPT"
    """What is done."""


@dataclass(frozen=True)
class Network:
    """What has to be known of the stack to filter for its guests."""

    flows: Iterable[Flow]
    """The table."""
    compute: Compute
    """Guests and their addresses."""
    kubernetes: Kubernetes
    """Virtual address of the API server, and the networks that no machine is in."""
    edge: Edge
    """Virtual addresses of the gateways."""

    def held(self, guest: Guest) -> tuple[str, ...]:
        """Addresses that a guest may have: its own, and the virtual ones that kube-vip can put on it.

        Whatever it sends from another address, and the answer to an ARP request for one, is dropped.
        """
        found = [guest.address]
        if isinstance(guest, Vm) and self.kubernetes.mode == "k3s":
            if guest.role == "k3s_server":
                found.append(self.kubernetes.api_address)
            if guest in self.compute.workers.values():
                found += [gateway.address for gateway in self.edge.gateways.values()]
        return tuple(found)

    def rules(self, guest: Guest) -> tuple[Rule, ...]:
        """What is let in to a guest; a flow opens a machine by its own address, never by a network that it is in.

        No guest has any business with the hosts that it runs on, but the one that a flow names.
        """
        held = self.held(guest)
        ports: dict[tuple[str, tuple[str, ...], tuple[str, ...]], dict[int, list[str]]] = {}
        for flow in self.flows:
            if isinstance(flow.target, Pods):
                continue
            dest = tuple(address for address in held if f"{address}/32" in flow.target.cidrs)
            for source in self._sources(flow.source) if dest else ():
                opened = ports.setdefault((flow.protocol.lower(), source, dest), {})
                opened.setdefault(flow.port, []).append(flow.why)
        for (protocol, source, dest), opened in ports.items():
            for port in ports.get((protocol, (), dest), {}) if source else ():
                # It is open to everybody already.
                opened.pop(port, None)
        rules = [
            Rule(_joined(opened, some), dest, source, protocol, tuple(port for port in some if port))
            for (protocol, source, dest), opened in ports.items()
            for some in _chunks(sorted(opened), _MOST_PORTS)
        ]
        hosts = tuple(node.address for node in self.compute.nodes.values())
        return (
            *sorted(rules, key=lambda rule: (rule.protocol or "", rule.ports, rule.dest, rule.source)),
            *self._let_out(guest, hosts),
            *(Rule("hosts", some, direction="out", action="DROP") for some in _chunks(hosts, _LONGEST)),
        )

    def _let_out(self, guest: Guest, hosts: Sequence[str]) -> Iterator[Rule]:
        """What pods ask of the hosts: whoever may run them has their address, once they have left it."""
        for flow in self.flows if guest in self.compute.workers.values() else ():
            if isinstance(flow.source, Pods) and isinstance(flow.target, Networks):
                asked = [host for host in hosts if f"{host}/32" in flow.target.cidrs]
                for some in _chunks(asked, _LONGEST):
                    yield Rule(flow.why, some, protocol=flow.protocol.lower(), ports=(flow.port,), direction="out")

    def _sources(self, peer: Peer) -> Iterator[tuple[str, ...]]:
        if peer == ANYWHERE:
            yield ()
            return
        networks = self._nodes if isinstance(peer, Pods) else peer
        yield from _chunks([cidr.removesuffix("/32") for cidr in networks.cidrs if not self._hidden(cidr)], _LONGEST)

    def _hidden(self, cidr: str) -> bool:
        inside = (self.kubernetes.pod_cidr, self.kubernetes.service_cidr)
        return any(_network(cidr).subnet_of(_network(each)) for each in inside)

    @property
    def _nodes(self) -> Networks:
        """Where pods come from; a cluster that exists elsewhere is somewhere in the guests' network."""
        if self.kubernetes.mode == "existing":
            return Networks((self.compute.network.cidr,))
        nodes = {**self.compute.by_role("k3s_server"), **self.compute.by_role("k3s_agent")}
        return Networks(tuple(f"{vm.address}/32" for vm in nodes.values()))


def _chunks(items: Sequence[_Item], size: int) -> Iterator[tuple[_Item, ...]]:
    for start in range(0, len(items), size):
        yield tuple(items[start : start + size])


def _joined(opened: dict[int, list[str]], ports: Iterable[int]) -> str:
    return "; ".join(dict.fromkeys(why for port in ports for why in opened[port]))
