"""Simulated nodes, one for each VM of the cluster, in its size and on its host."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class NodeSpec:
    """A node to simulate."""

    name: str
    zone: str
    """The Proxmox host it is on: what a spread over zones spreads over."""
    server: bool
    """Whether it runs the control plane."""
    cpus: int
    memory_mib: int
    disk_gib: int
    address: str
    version: str
    """Of Kubernetes."""
    pod_cidr: str = ""
    """Network of its pods, of a real node, whose kubelet tells everything else; empty for one that is simulated."""


def dump(nodes: Sequence[NodeSpec]) -> str:
    """The nodes as a file's content."""
    return json.dumps([asdict(node) for node in nodes], indent=1)


def parse(text: str) -> list[NodeSpec]:
    """The nodes from a file's content."""
    return [NodeSpec(**node) for node in json.loads(text)]


def manifest(node: NodeSpec) -> dict[str, Any]:
    """The Node object; kwok takes over a simulated one because of its annotation and keeps it ready."""
    if node.pod_cidr:
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": node.name, "labels": _labels(node)},
            "spec": {"podCIDR": node.pod_cidr, "podCIDRs": [node.pod_cidr]},
        }
    capacity = {
        "cpu": str(node.cpus),
        "memory": f"{node.memory_mib}Mi",
        "ephemeral-storage": f"{node.disk_gib}Gi",
        "pods": "110",
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": node.name,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": _labels(node),
        },
        "status": {
            "allocatable": capacity,
            "capacity": capacity,
            "addresses": [
                {"type": "Hostname", "address": node.name},
                *([{"type": "InternalIP", "address": node.address}] if node.address else []),
            ],
            "nodeInfo": {
                "architecture": "amd64",
                "operatingSystem": "linux",
                "kubeletVersion": node.version,
                "kubeProxyVersion": node.version,
                "bootID": "",
                "containerRuntimeVersion": "",
                "kernelVersion": "",
                "machineID": "",
                "osImage": "",
                "systemUUID": "",
            },
        },
    }


def _labels(node: NodeSpec) -> dict[str, str]:
    roles = {"node-role.kubernetes.io/control-plane": "true"} if node.server else {}
    return {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": node.name,
        "kubernetes.io/os": "linux",
        "topology.kubernetes.io/zone": node.zone,
        **roles,
    }


def ready(node: dict[str, Any]) -> bool:
    """Whether a live Node says that it is ready."""
    conditions: list[dict[str, Any]] = node.get("status", {}).get("conditions") or []
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)
