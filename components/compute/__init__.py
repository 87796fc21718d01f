"""Proxmox VMs, LXCs and the Docker hosts among them (INF-1, INF-2)."""

from components.compute.cluster import ComputeArgs, ComputeCluster

__all__ = ["ComputeArgs", "ComputeCluster"]
