"""Documents and commands that make a k3s cluster out of VMs (https://docs.k3s.io/installation/configuration).

cloud-init installs k3s and its units; they wait for the join token, which comes over SSH and is never in user-data.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import yaml

from components.cloud_init import CloudConfig, CloudFile
from settings.compute import Compute, Vm
from settings.kubernetes import Kubernetes
from versions import KUBE_VIP

TOKEN_FILE: Final = "/etc/rancher/k3s/token"  # noqa: S105 - where the token is, not what it is
_RELEASES: Final = "https://github.com/k3s-io/k3s/releases/download"

_UNIT = """\
[Unit]
Description=k3s {command}
Wants=network-online.target
After=network-online.target
ConditionPathExists={token_file}

[Service]
Type=notify
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/local/bin/k3s {command}
KillMode=process
Delegate=yes
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s

[Install]
WantedBy=multi-user.target
"""

_INSTALL = """\
#!/bin/sh
# Installs the pinned k3s binary, checked against the checksums of its release.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
curl -fsSL --retry 10 --retry-all-errors -o k3s {url}/k3s
curl -fsSL --retry 10 --retry-all-errors -o sums {url}/sha256sum-amd64.txt
grep ' k3s$' sums | sha256sum -c -
install -m 0755 k3s /usr/local/bin/k3s
systemctl daemon-reload
systemctl enable k3s
"""


def k3s_vms(compute: Compute) -> Mapping[str, Vm]:
    """VMs that the cluster is made of: the servers first, then the agents."""
    return {**compute.by_role("k3s_server"), **compute.by_role("k3s_agent")}


def config(kubernetes: Kubernetes, compute: Compute, vm: str) -> dict[str, Any]:
    """`/etc/rancher/k3s/config.yaml` of a machine."""
    servers = list(compute.by_role("k3s_server"))
    document: dict[str, Any] = {
        "token-file": TOKEN_FILE,
        "node-name": vm,
        "node-ip": compute.vms[vm].address,
        # How often files from ConfigMaps and Secrets are looked at: a route or a certificate reaches the gateways
        # within seconds; by default it can be more than a minute.
        "kubelet-arg": ["sync-frequency=10s"],
    }
    if vm != servers[0]:
        document["server"] = f"https://{kubernetes.api_address}:6443"
    if vm in servers:
        document |= {
            "cluster-cidr": kubernetes.pod_cidr,
            "service-cidr": kubernetes.service_cidr,
            "tls-san": [kubernetes.api_address],
            # kube-vip gives LoadBalancers their addresses and the platform's own gateways are the ingress.
            "disable": ["servicelb", "traefik"],
            "secrets-encryption": True,
            "write-kubeconfig-mode": "0600",
            # Without TLS and login, on the node's address: numbers only, and no pod but Prometheus is let there.
            "etcd-expose-metrics": True,
            "etcd-snapshot-schedule-cron": "0 */6 * * *",
            "kube-apiserver-arg": ["anonymous-auth=false", "profiling=false"],
        }
        if vm == servers[0]:
            document["cluster-init"] = True
        if compute.by_role("k3s_agent"):
            document["node-taint"] = ["node-role.kubernetes.io/control-plane=true:NoSchedule"]
    return document


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


def cloud_configs(kubernetes: Kubernetes, compute: Compute) -> Mapping[str, CloudConfig]:
    """What the cluster adds to the user-data of its VMs, by VM name; nothing in mode `existing`."""
    if kubernetes.mode != "k3s":
        return {}
    servers = list(compute.by_role("k3s_server"))
    url = f"{_RELEASES}/{quote(kubernetes.version, safe='')}"
    result: dict[str, CloudConfig] = {}
    for vm in k3s_vms(compute):
        unit = _UNIT.format(command="server" if vm in servers else "agent", token_file=TOKEN_FILE)
        files = [
            CloudFile("/etc/rancher/k3s/config.yaml", yaml.safe_dump(config(kubernetes, compute, vm)), "0600"),
            CloudFile("/etc/systemd/system/k3s.service", unit),
            CloudFile("/usr/local/sbin/install-k3s", _INSTALL.format(url=url), "0755"),
        ]
        if vm == servers[0]:
            files.append(
                CloudFile(
                    "/var/lib/rancher/k3s/server/manifests/kube-vip.yaml",
                    yaml.safe_dump_all(kube_vip(kubernetes), sort_keys=False),
                    "0600",
                )
            )
        result[vm] = CloudConfig(packages=("nfs-common",), files=files, commands=(["/usr/local/sbin/install-k3s"],))
    return result


def start_command() -> str:
    """Shell command that takes the join token from its standard input and starts k3s with it.

    Can be run again: the token is written only when it differs, and a running k3s is left alone.
    """
    script = (
        "set -eu; umask 077; cloud-init status --wait >/dev/null; mkdir -p /etc/rancher/k3s; "
        f"cat > {TOKEN_FILE}.new; mv {TOKEN_FILE}.new {TOKEN_FILE}; systemctl start k3s"
    )
    return f"sudo sh -c '{script}'"


def kubeconfig_command(kubernetes: Kubernetes, wait_seconds: int = 600) -> str:
    """Shell command that waits until the API server is ready and prints its kubeconfig for the virtual address."""
    script = (
        f"set -eu; end=$(($(date +%s) + {wait_seconds})); "
        "until k3s kubectl get --raw /readyz >/dev/null 2>&1; do "
        f'[ "$(date +%s)" -lt "$end" ] || {{ echo "k3s is not ready after {wait_seconds} s" >&2; exit 1; }}; '
        "sleep 5; done; "
        f"sed s/127.0.0.1/{kubernetes.api_address}/ /etc/rancher/k3s/k3s.yaml"
    )
    return f"sudo sh -c '{script}'"
