"""What makes a VM a node of a k3s cluster: its configuration and what else lies on it.

https://docs.k3s.io/installation/configuration. cloud-init installs nothing of it: a step over SSH does, which follows
the settings on old machines as well, and which alone is told the join token.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

import yaml

from components.cloud_init import CloudConfig, CloudFile
from components.kubernetes import hardening
from components.kubernetes.kube_vip import kube_vip
from settings.compute import Compute, Vm
from settings.kubernetes import Kubernetes

TOKEN_FILE: Final = "/etc/rancher/k3s/token"  # noqa: S105 - where the token is, not what it is
API_PORT: Final = 6443
AUTHORITY_FILE: Final = "/etc/rancher/k3s/private-ca.crt"
"""Certificate of the private CA on a machine. It is made in the cluster, so it comes after k3s has started: containerd
looks for it at each pull."""
SNAPSHOT_SECRET: Final = "k3s-etcd-snapshot-s3-config"  # noqa: S105 - the name of a Secret
"""Secret in kube-system from which k3s takes where it copies etcd's snapshots to."""
SNAPSHOT_HOURS: Final = 6
"""Hours between two snapshots of etcd, which each server makes."""
SNAPSHOTS_KEPT: Final = 28
"""Snapshots that each server keeps: those of 7 days (BAK-3)."""

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


def k3s_vms(compute: Compute) -> Mapping[str, Vm]:
    """VMs that the cluster is made of: the servers first, then the agents."""
    return {**compute.by_role("k3s_server"), **compute.by_role("k3s_agent")}


def config(kubernetes: Kubernetes, compute: Compute, vm: str) -> dict[str, Any]:
    """`/etc/rancher/k3s/config.yaml` of a machine.

    Which cluster a server joins, or that it founds one, is in a file beside it: only the step on the machine knows.
    """
    document: dict[str, Any] = {
        "token-file": TOKEN_FILE,
        "node-name": vm,
        "node-ip": compute.vms[vm].address,
        "protect-kernel-defaults": True,
        "kubelet-arg": list(hardening.KUBELET),
    }
    if vm not in compute.by_role("k3s_server"):
        return {**document, "server": f"https://{kubernetes.api_address}:{API_PORT}"}
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
        "etcd-snapshot-schedule-cron": f"0 */{SNAPSHOT_HOURS} * * *",
        "etcd-snapshot-retention": SNAPSHOTS_KEPT,
        "etcd-s3": True,
        "etcd-s3-config-secret": SNAPSHOT_SECRET,
        "kube-apiserver-arg": list(hardening.API_SERVER),
        "kube-controller-manager-arg": list(hardening.CONTROLLER_MANAGER),
    }
    if compute.by_role("k3s_agent"):
        document["node-taint"] = ["node-role.kubernetes.io/control-plane=true:NoSchedule"]
    return document


def registries(registry: str) -> dict[str, Any]:
    """`/etc/rancher/k3s/registries.yaml`: whom a node believes that it is the image registry.

    What a node shows there comes with each pod (https://docs.k3s.io/installation/private-registry).
    """
    return {"configs": {registry: {"tls": {"ca_file": AUTHORITY_FILE}}}}


def files(kubernetes: Kubernetes, compute: Compute, vm: str, registry: str | None) -> list[CloudFile]:
    """What lies on a machine of the cluster; nothing of it is secret.

    `registry` is the image registry's name where the private CA signs its certificate, None where a public one does.
    """
    servers = list(compute.by_role("k3s_server"))
    command = "server" if vm in servers else "agent"
    found = [
        CloudFile("/etc/rancher/k3s/config.yaml", yaml.safe_dump(config(kubernetes, compute, vm)), "0600"),
        CloudFile("/etc/systemd/system/k3s.service", _UNIT.format(command=command, token_file=TOKEN_FILE)),
        CloudFile(hardening.SYSCTL_FILE, hardening.SYSCTLS),
    ]
    if registry is not None:
        found.append(CloudFile("/etc/rancher/k3s/registries.yaml", yaml.safe_dump(registries(registry)), "0600"))
    if vm in servers:
        found += [
            CloudFile(hardening.ADMISSION_FILE, yaml.safe_dump(hardening.admission(), sort_keys=False), "0600"),
            CloudFile(hardening.AUDIT_POLICY_FILE, yaml.safe_dump(hardening.audit_policy(), sort_keys=False), "0600"),
        ]
    if vm == servers[0]:
        manifests = yaml.safe_dump_all(kube_vip(kubernetes), sort_keys=False)
        found.append(CloudFile(f"{hardening.SERVER}/manifests/kube-vip.yaml", manifests, "0600"))
    return found


def revision(kubernetes: Kubernetes, compute: Compute, vm: str, registry: str | None) -> str:
    """Changes when k3s on the machine has to be started anew: with the version, and with what it reads at its start."""
    # k3s looks at its manifests all the time.
    read = [
        (file.path, file.content) for file in files(kubernetes, compute, vm, registry) if "/manifests/" not in file.path
    ]
    return hashlib.sha256(json.dumps([kubernetes.version, read]).encode()).hexdigest()[:16]


def cloud_configs(kubernetes: Kubernetes, compute: Compute) -> Mapping[str, CloudConfig]:
    """What the cluster adds to the user-data of its VMs, by VM name; nothing in mode `existing`."""
    if kubernetes.mode != "k3s":
        return {}
    return {vm: CloudConfig(packages=("nfs-common", "openssl")) for vm in k3s_vms(compute)}
