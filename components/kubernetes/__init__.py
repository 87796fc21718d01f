"""The cluster, its namespaces, and the one builder that every workload comes from (INF-2)."""

from components.kubernetes.cluster import ClusterArgs, KubernetesCluster, Machine
from components.kubernetes.files import Files
from components.kubernetes.job import Job, JobArgs
from components.kubernetes.k3s import SNAPSHOT_HOURS, cloud_configs, k3s_vms
from components.kubernetes.namespace import Namespace, NamespaceArgs
from components.kubernetes.network_policies import network_policy
from components.kubernetes.placing import Placed, place
from components.kubernetes.pod import TOKEN_PATH, Mount, PodArgs, SecretEnv
from components.kubernetes.priorities import Priorities, Priority
from components.kubernetes.snapshots import EtcdSnapshots, EtcdSnapshotsArgs
from components.kubernetes.trust import authority_mounts, authority_path
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
    "SNAPSHOT_HOURS",
    "TOKEN_PATH",
    "Autoscaling",
    "Balancer",
    "ClusterArgs",
    "EtcdSnapshots",
    "EtcdSnapshotsArgs",
    "Files",
    "Job",
    "JobArgs",
    "KubernetesCluster",
    "Machine",
    "Mount",
    "Namespace",
    "NamespaceArgs",
    "NodeWorkload",
    "Placed",
    "PodArgs",
    "Priorities",
    "Priority",
    "SecretEnv",
    "StatefulWorkload",
    "StatefulWorkloadArgs",
    "Workload",
    "WorkloadArgs",
    "authority_mounts",
    "authority_path",
    "cloud_configs",
    "k3s_vms",
    "network_policy",
    "place",
]
