"""The table: what is broken, by kind, and what is added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policy.rules import kinds

from . import of_cluster, of_documents, of_machines
from .attacks import ATTACKS
from .operators import Row

_GENERATED: Mapping[str, tuple[Row, ...]] = {
    "HTTPS": of_documents.HTTPS,
    "encryption": of_documents.ENCRYPTION,
    "retention and scraping": of_documents.RETENTION,
    "pod security": of_cluster.POD_SECURITY,
    "availability": of_cluster.AVAILABILITY,
    "RBAC": of_cluster.RBAC,
    "network": of_cluster.NETWORK,
    "object storage": of_machines.STORAGE,
    "secrets": of_machines.SECRETS,
    "supply chain": of_cluster.SUPPLY,
    "machines": of_machines.MACHINES,
    "operations": of_documents.OPERATIONS,
}

KINDS: Mapping[str, tuple[Row, ...]] = {kind: (*rows, *ATTACKS.get(kind, ())) for kind, rows in _GENERATED.items()}
"""By kind: what a generator breaks, and what a person would."""

NOBODY = "the stack has no such pods, so nobody goes through this door; where they are, their own policy is the pair"

ADDED: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    (
        "RBAC",
        kinds.ROLE_BINDINGS[0],
        "added-binding",
        {
            "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", "name": "x", "namespace": "commerce"}],
        },
    ),
    *(
        (kind, type_, "added-type", {})
        for kind, type_ in (
            ("RBAC", "kubernetes:admissionregistration.k8s.io/v1:MutatingWebhookConfiguration"),
            ("RBAC", "kubernetes:yaml/v2:ConfigGroup"),
            ("availability", "kubernetes:core/v1:LimitRange"),
            ("operations", "kubernetes:monitoring.coreos.com/v1:PrometheusRule"),
            ("object storage", "minio:index/ilmTier:IlmTier"),
            ("machines", "proxmoxve:index/aclLegacy:AclLegacy"),
            ("machines", "docker:index/plugin:Plugin"),
        )
    ),
    (
        "RBAC",
        kinds.ROLE_BINDINGS[0],
        "added-binding-of-a-role",
        {
            "metadata": {"name": "x"},
            "roleRef": {"kind": "ClusterRole", "name": "observability-prometheus"},
            "subjects": [{"kind": "ServiceAccount", "name": "storefront-blue", "namespace": "commerce"}],
        },
    ),
    ("availability", kinds.PRIORITY_CLASS, "added-priority", {"metadata": {"name": "x"}, "value": 1_000_000_000}),
    (
        "RBAC",
        kinds.ROLES[1],
        "added-role",
        {
            "metadata": {"name": "x", "namespace": "kube-system"},
            "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["update"]}],
        },
    ),
    ("network", kinds.NAMESPACE, "added-namespace", {"metadata": {"name": "added", "labels": {}}}),
    (
        "network",
        kinds.SERVICE,
        "added-service",
        {"metadata": {"name": "x", "namespace": "commerce"}, "spec": {"type": "NodePort", "ports": [{"port": 443}]}},
    ),
    ("encryption", kinds.BUCKET, "added-bucket", {"bucket": "luxima-prod-added", "acl": "private"}),
    ("machines", kinds.VM, "added-machine", {"nodeName": "pve1", "vmId": 9999, "networkDevices": []}),
)
"""Kind, type, name and properties of a resource that nobody may add."""
