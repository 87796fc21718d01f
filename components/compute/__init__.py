"""Proxmox VMs, LXCs and the Docker hosts among them (INF-1, INF-2)."""

from components.compute.cluster import ComputeArgs, ComputeCluster
from components.compute.docker_host import RegistryLogin
from components.compute.vm import VirtualMachine

__all__ = ["ComputeArgs", "ComputeCluster", "RegistryLogin", "VirtualMachine"]
