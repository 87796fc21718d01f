"""kube-vip, which holds the addresses of a k3s cluster (https://kube-vip.io/docs/installation/daemonset/)."""

from typing import Any

from settings.kubernetes import Kubernetes
from versions import KUBE_VIP


def kube_vip(kubernetes: Kubernetes) -> list[dict[str, Any]]:
    """Manifests of kube-vip, which holds the API server's virtual address and those of LoadBalancer Services.

    ARP mode (https://kube-vip.io/docs/installation/daemonset/); k3s applies them by itself. A server holds the API
    server's address. A Service's address is held by a node that has one of its pods (there is an election for each
    Service), because a node sends nothing on to others where clients' addresses are kept: so a second DaemonSet runs on
    every node.
    """
    account = {"name": "kube-vip", "namespace": "kube-system"}
    rules = [
        {"apiGroups": [""], "resources": ["services/status"], "verbs": ["update"]},
        {"apiGroups": [""], "resources": ["services", "endpoints"], "verbs": ["list", "get", "watch", "update"]},
        {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list", "get", "watch", "update", "patch"]},
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "verbs": ["list", "get", "watch", "update", "create"],
        },
        {
            "apiGroups": ["discovery.k8s.io"],
            "resources": ["endpointslices"],
            "verbs": ["list", "get", "watch", "update"],
        },
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    ]
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "system:kube-vip-role"},
            "rules": rules,
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "system:kube-vip-binding"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "system:kube-vip-role",
            },
            "subjects": [{"kind": "ServiceAccount", **account}],
        },
        _kube_vip_daemon_set(
            "kube-vip-services",
            {"svc_enable": "true", "svc_election": "true", "cp_enable": "false", "prometheus_server": ":2113"},
            {},
        ),
        _kube_vip_daemon_set(
            "kube-vip",
            {
                "cp_enable": "true",
                "cp_namespace": "kube-system",
                "svc_enable": "false",
                "vip_leasename": "plndr-cp-lock",
                "address": kubernetes.api_address,
            },
            {"nodeSelector": {"node-role.kubernetes.io/control-plane": "true"}},
        ),
    ]


def _kube_vip_daemon_set(name: str, own: dict[str, str], where: dict[str, Any]) -> dict[str, Any]:
    """kube-vip with what both of its DaemonSets have in common; `where` is merged into the pods' specification."""
    environment = {
        "vip_arp": "true",
        "port": "6443",
        "dns_mode": "first",
        "vip_leaderelection": "true",
        "vip_leaseduration": "5",
        "vip_renewdeadline": "3",
        "vip_retryperiod": "1",
        **own,
    }
    labels = {"app.kubernetes.io/name": name}
    container: dict[str, Any] = {
        "name": "kube-vip",
        "image": KUBE_VIP.reference,
        "args": ["manager"],
        "env": [{"name": key, "value": value} for key, value in environment.items()]
        + [{"name": "vip_nodename", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
        "securityContext": {"capabilities": {"add": ["NET_ADMIN", "NET_RAW"], "drop": ["ALL"]}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": "kube-system", "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "serviceAccountName": "kube-vip",
                    # It holds the addresses of everything: nothing on its node is worth more.
                    "priorityClassName": "system-node-critical",
                    "hostNetwork": True,
                    **where,
                    "tolerations": [{"effect": "NoSchedule", "operator": "Exists"}],
                    "containers": [container],
                },
            },
        },
    }
