"""The cluster, its namespaces, and the one builder that every workload comes from (INF-2)."""

from components.kubernetes.cluster import ClusterArgs, KubernetesCluster, Machine
from components.kubernetes.k3s import cloud_configs, k3s_vms
from components.kubernetes.namespace import Namespace, NamespaceArgs
from components.kubernetes.pod import EgressRule, Files, Mount, PodArgs, SecretEnv
from components.kubernetes.workload import (
    Autoscaling,
    Balancer,
    NodeWorkload,
    StatefulWorkload,
    StatefulWorkloadArgs,
    Workload,
    WorkloadArgs,
)

__all__ = [
    "Autoscaling",
    "Balancer",
    "ClusterArgs",
    "EgressRule",
    "Files",
    "KubernetesCluster",
    "Machine",
    "Mount",
    "Namespace",
    "NamespaceArgs",
    "NodeWorkload",
    "PodArgs",
    "SecretEnv",
    "StatefulWorkload",
    "StatefulWorkloadArgs",
    "Workload",
    "WorkloadArgs",
    "cloud_configs",
    "k3s_vms",
]
