"""Addresses: those the cluster knows, and the same ones on loopback, where processes really listen.

Several sandboxes may run on one machine. Each agent claims a /24 of the pods' network by listening, as a kubelet does,
on port 10250 of its first address for as long as it lives; Services need no claim, because their ports are free ones.
"""

import ipaddress
import random
import socket
from collections.abc import Iterable, Sequence

from sandbox.faults import SandboxError

_KUBELET_PORT = 10250


def loopback(address: str) -> str:
    """Where a process listens that has the address in the cluster: the same, with 127 first."""
    return f"127.{address.partition('.')[2]}"


class PodAddresses:
    """The /24 of one agent."""

    def __init__(self, network: str, claim: socket.socket) -> None:
        self.network = network
        """First three octets, as `10.42.7`."""
        self._claim = claim
        self._used: set[str] = set()
        self._last = 0

    def take(self, ports: Sequence[int]) -> str:
        """An address that no pod has, and on whose loopback twin these ports are free.

        Raises:
            SandboxError: When there is none.
        """
        for step in range(254):
            last = (self._last + step) % 254 + 1
            address = f"{self.network}.{last}"
            if address not in self._used and all(_free(loopback(address), port) for port in ports):
                self._used.add(address)
                self._last = last
                return address
        raise SandboxError(f"all addresses of {self.network}.0/24 are in use")

    def give_back(self, address: str) -> None:
        """The pod is gone; its address is used again after all others."""
        self._used.discard(address)

    def close(self) -> None:
        """Let others have the network."""
        self._claim.close()


def claim(cidr: str) -> PodAddresses:
    """A /24 of the pods' network that no other agent of this machine has.

    Raises:
        SandboxError: When all are taken.
    """
    whole = ipaddress.ip_network(cidr)
    networks = list(whole.subnets(new_prefix=24)) if whole.prefixlen < 24 else [whole]
    random.shuffle(networks)
    for network in networks:
        first = str(network.network_address)
        held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            held.bind((loopback(first), _KUBELET_PORT))
            held.listen(1)
        except OSError:
            held.close()
            continue
        return PodAddresses(first.rpartition(".")[0], held)
    raise SandboxError(f"every /24 of {cidr} is in use by another sandbox on this machine")


def listener(host: str, wanted: Iterable[int]) -> socket.socket:
    """A socket that listens on the first of these ports that is free, or on any free one."""
    for port in (*wanted, 0):
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((host, port))
        except OSError:
            made.close()
            continue
        made.setblocking(False)
        return made
    raise SandboxError(f"no port of {host} is free")


def _free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
