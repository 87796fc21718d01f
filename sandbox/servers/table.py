"""All servers of the sandbox."""

from collections.abc import Mapping

from sandbox.servers.agent import Agent
from sandbox.servers.base import Server
from sandbox.servers.controllers import Controllers
from sandbox.servers.dns import Dns
from sandbox.servers.kubernetes import Kubernetes
from sandbox.servers.minio import Minio
from sandbox.servers.proxmox import Proxmox

KUBERNETES = Kubernetes()
CONTROLLERS = Controllers()
AGENT = Agent()
MINIO = Minio()
PROXMOX = Proxmox()
DNS = Dns()

SERVERS: tuple[Server, ...] = (KUBERNETES, CONTROLLERS, AGENT, MINIO, PROXMOX, DNS)

AFTER: Mapping[str, str] = {CONTROLLERS.name: KUBERNETES.name, AGENT.name: KUBERNETES.name}
"""Servers that need another one first; all others start at the same time."""

OPTIONAL = frozenset({AGENT.name})
"""Servers that are off unless somebody turns them on."""
