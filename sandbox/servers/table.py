"""All servers of the sandbox."""

from collections.abc import Mapping

from sandbox.machine.plan import BRIDGE
from sandbox.servers.base import Server
from sandbox.servers.controllers import Controllers
from sandbox.servers.coolify import Coolify
from sandbox.servers.dns import Dns
from sandbox.servers.docker import Docker
from sandbox.servers.gate import Gate
from sandbox.servers.kubernetes import Kubernetes
from sandbox.servers.minio import Minio
from sandbox.servers.node import Node
from sandbox.servers.proxmox import Proxmox

KUBERNETES = Kubernetes()
CONTROLLERS = Controllers()
MINIO = Minio()
PROXMOX = Proxmox()
COOLIFY = Coolify()
DNS = Dns()
GATE = Gate()
NODE = Node()
DOCKER = Docker(BRIDGE, lambda _: ())

SERVERS: tuple[Server, ...] = (GATE, KUBERNETES, CONTROLLERS, MINIO, PROXMOX, COOLIFY, DNS, NODE, DOCKER)

AFTER: Mapping[str, str] = {CONTROLLERS.name: KUBERNETES.name, NODE.name: KUBERNETES.name}
"""Servers that need another one first; all others start at the same time."""

REAL: tuple[Server, ...] = (GATE, NODE, DOCKER)
"""Servers of which there are none where nodes are simulated."""

OPTIONAL = frozenset(server.name for server in (*REAL, COOLIFY))
"""Servers that may be off."""
