"""The cluster, its namespaces, and the one builder that every workload comes from (INF-2)."""

from components.kubernetes.cluster import ClusterArgs, KubernetesCluster, Machine
from components.kubernetes.k3s import cloud_configs, k3s_vms
from components.kubernetes.namespace import Namespace, NamespaceArgs
from components.kubernetes.workload import EgressRule, SecretEnv, Workload, WorkloadArgs

__all__ = [
    "ClusterArgs",
    "EgressRule",
    "KubernetesCluster",
    "Machine",
    "Namespace",
    "NamespaceArgs",
    "SecretEnv",
    "Workload",
    "WorkloadArgs",
    "cloud_configs",
    "k3s_vms",
]
