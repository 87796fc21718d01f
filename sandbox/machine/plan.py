"""The stack's own network: which addresses it has, and which doors lead into it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from settings import Settings

BRIDGE: Final = "luxima0"
"""What the stack's machines are plugged into."""
API_PORT: Final = 6443
ETCD_METRICS_PORT: Final = 2381
"""As k3s has it with `etcd-expose-metrics`."""


@dataclass(frozen=True)
class Door:
    """Somewhere to connect to, and where that leads inside of the network."""

    listen: str
    """`ADDRESS:PORT` that connections are taken at."""
    to: str
    """`ADDRESS:PORT` inside that they lead to."""
    outside: bool
    """Whether it is on this machine's loopback; else it is inside."""
    datagrams: bool = False
    """UDP as well as TCP."""


@dataclass(frozen=True)
class Plan:
    """Everything that the gate needs to know."""

    addresses: Sequence[str]
    """Addresses that no machine of the stack has, with their prefix length."""
    doors: Sequence[Door]

    def dump(self) -> str:
        """As a file's content."""
        return json.dumps(asdict(self), indent=1)


def parse(text: str) -> Plan:
    """From a file's content."""
    content = json.loads(text)
    return Plan(content["addresses"], [Door(**door) for door in content["doors"]])


@dataclass(frozen=True)
class Node:
    """The one real node, which has the gateways' addresses besides its own."""

    name: str
    address: str

    @classmethod
    def of(cls, settings: "Settings") -> "Node":
        """It is called as the cluster's first server."""
        name, vm = next(iter(settings.compute.by_role("k3s_server").items()))
        return cls(name, vm.address)


def gateway_ports(settings: "Settings") -> list[str]:
    """Names of the ports under which the gateways are reached from outside."""
    return [f"gateway-{slot}-{scheme}" for slot in settings.edge.gateways for scheme in ("https", "http")]


def storage_name(settings: "Settings") -> str:
    """Name of the object storage, which is asked for before the name server has it."""
    return settings.storage.endpoint.rpartition(":")[0]


def plan(settings: "Settings", ports: Mapping[str, int]) -> Plan:
    """The network of a stack.

    Args:
        settings: Its settings.
        ports: The servers' ports on loopback, which are the same inside and outside.
    """
    network = settings.compute.network
    fixed = [network.gateway, settings.kubernetes.api_address]
    fixed += [node.address for node in settings.compute.nodes.values()]
    fixed += [server.address for server in settings.dns.servers]
    fixed += [container.address for container in settings.compute.containers.values()]
    storage_port = settings.storage.endpoint.rpartition(":")[2]

    def both(name: str, host: str = "127.0.0.1", *, datagrams: bool = False) -> Door:
        """A server of the sandbox, which listens inside where it is found from outside."""
        where = f"{host}:{ports[name]}"
        return Door(where, where, outside=True, datagrams=datagrams)

    api = f"127.0.0.1:{API_PORT}"
    return Plan(
        [f"{address}/{network.prefix_length}" for address in dict.fromkeys(fixed)],
        [
            both("minio"),
            both("dns", datagrams=True),
            both("proxmox", "127.0.0.2"),
            Door(f"127.0.0.1:{ports['kube-apiserver']}", api, outside=True),
            Door(f"127.0.0.1:{ports['kube-apiserver']}", api, outside=False),
            Door(f"{network.gateway}:{storage_port}", f"127.0.0.1:{ports['minio']}", outside=False),
            *(
                Door(f"{server.address}:{server.port}", f"127.0.0.1:{ports['dns']}", outside=False, datagrams=True)
                for server in settings.dns.servers
            ),
            *(
                Door(f"127.0.0.1:{ports[f'gateway-{slot}-{scheme}']}", f"{gateway.address}:{port}", outside=True)
                for slot, gateway in settings.edge.gateways.items()
                for scheme, port in (("https", 443), ("http", 80))
            ),
        ],
    )


def addresses_file(base: Path) -> Path:
    """Where it is written down which address inside is reached at which one outside."""
    return base / "addresses.json"
