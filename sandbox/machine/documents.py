"""Configuration of what makes a node: container runtime, pod network, kubelet, proxy, and the cluster's name server."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

RUNTIME_SOCKET: Final = Path("/run/containerd/containerd.sock")
KUBECONFIG: Final = Path("/etc/kubernetes/admin/kubeconfig")
AUTHORITY: Final = Path("/etc/kubernetes/admin/ca.crt")
SERVING: Final = Path("/etc/kubernetes/serving")
"""Folder of the certificate that the kubelet shows."""
KERNEL: Final = (
    "kernel/keys/root_maxbytes",
    "kernel/keys/root_maxkeys",
    "kernel/panic",
    "kernel/panic_on_oops",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
)
"""What a kubelet sets of the kernel when it starts."""
CONTAINERS: Final = Path("/etc/containerd/base.json")
"""File of `containers`."""
AUTHORITIES: Final = Path("/etc/containerd/authorities.crt")
"""Certificate of the sandbox's authority."""
SHAPE: Final = Path("/etc/kubernetes/shape")
"""Folder of `shape`."""
VOLUMES: Final = Path("/var/lib/rancher/k3s/storage")
"""Where the volumes of claims lie, as k3s has them."""


def containerd(network: str, plugins: str, shim: str, pause: str) -> str:
    """`config.toml` of containerd 2.

    Args:
        network: Folder with the configuration of the pod network.
        plugins: Folder with the programs of the pod network.
        shim: The program that runs beside each pod.
        pause: Image that a pod's namespaces are held with.
    """
    # A root without all capabilities may not make a process less likely to be killed.
    return f"""\
version = 3

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{pause}"

[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true
disable_apparmor = true

[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["{plugins}"]
conf_dir = "{network}"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
runtime_path = "{shim}"
base_runtime_spec = "{CONTAINERS}"
"""


def containers(default: str, *, public: bool) -> str:
    """What every container of the node begins as: the runtime's own default, and whom programs trust.

    Programs look for public authorities where Debian has them. There is none in the sandbox: its own stands for them,
    so that a stack whose certificates come from Let's Encrypt works as it is.

    Args:
        default: The runtime's default, in JSON.
        public: Whether the stack's certificates come from a public authority; a private one is for the stack to trust.
    """
    document = json.loads(default)
    # The runtime takes its own limits away, but not those of a document: nobody could open more than 1,024 files.
    document.get("process", {}).pop("rlimits", None)
    if public:
        trusted = {"type": "bind", "source": str(AUTHORITIES), "destination": "/etc/ssl/certs/ca-certificates.crt"}
        document["mounts"].append({**trusted, "options": ["rbind", "ro"]})
    return json.dumps(document)


def pod_network(pod_cidr: str) -> str:
    """`10-pods.conflist`: a bridge, and an address for each pod."""
    return json.dumps(
        {
            "cniVersion": "1.0.0",
            "name": "pods",
            "plugins": [
                {
                    "type": "bridge",
                    "bridge": "cni0",
                    "isGateway": True,
                    "ipMasq": True,
                    "hairpinMode": True,
                    "ipam": {
                        "type": "host-local",
                        "ranges": [[{"subnet": pod_cidr}]],
                        "routes": [{"dst": "0.0.0.0/0"}],
                    },
                },
                {"type": "portmap", "capabilities": {"portMappings": True}},
            ],
        },
        indent=1,
    )


def shape(cpus: int, memory_mib: int, own: Sequence[int]) -> dict[str, str]:
    """What a kubelet finds where the kernel tells of processors and memory, by path.

    The one node stands for all machines of the cluster: pods are placed by what those have together, whatever this
    computer has. Nothing is reserved by it, and nobody but the kubelet sees it.

    Args:
        cpus: Logical processors.
        memory_mib: Memory, in MiB.
        own: Numbers of this computer's processors. A kubelet puts its pods on all that it finds, so each is found
            several times: as cpu0, cpu00, and so on.
    """
    cores = {
        f"{SHAPE}/node/node0/cpu{'0' * (number // len(own))}{own[number % len(own)]}/topology/{name}": f"{value}\n"
        for number in range(cpus)
        for name, value in (("core_id", number), ("physical_package_id", 0))
    }
    kib = memory_mib * 1024
    memory = f"MemTotal: {kib} kB\nMemFree: {kib} kB\nMemAvailable: {kib} kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n"
    return {**cores, f"{SHAPE}/cpu/online": f"{','.join(map(str, own))}\n", f"{SHAPE}/meminfo": memory}


SHAPED: Final = (
    *("unshare", "--mount", "--propagation", "unchanged", "/bin/sh", "-c"),
    "mount --make-private /proc && mount --make-private /sys && "
    f"mount --bind {SHAPE}/meminfo /proc/meminfo && "
    f"mount --bind {SHAPE}/node /sys/devices/system/node && mount --bind {SHAPE}/cpu /sys/devices/system/cpu && "
    'exec "$@"',
    "shaped",
)
"""Runs a program with mounts of its own, in which it finds that; what it mounts elsewhere is seen by everybody."""


def kubelet(dns: str, group: str) -> str:
    """`KubeletConfiguration`.

    Args:
        dns: Address of the cluster's name server.
        group: Control group that pods are in.
    """
    return yaml.safe_dump(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(AUTHORITY)},
            },
            "authorization": {"mode": "Webhook"},
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{group}",
            "clusterDNS": [dns],
            "clusterDomain": "cluster.local",
            "containerRuntimeEndpoint": f"unix://{RUNTIME_SOCKET}",
            "enforceNodeAllocatable": [],
            # Disk and memory are the user's, and the kubelet measures all that runs there against the size of the node:
            # how full they are, is not the node's business. 0 % is never.
            "evictionHard": {"memory.available": "0%", "nodefs.available": "1%", "imagefs.available": "1%"},
            "failCgroupV1": False,
            "failSwapOn": False,
            "registerNode": False,
            # Images come from no registry: one that is removed is gone.
            "imageGCHighThresholdPercent": 100,
            "oomScoreAdj": 0,
            "tlsCertFile": str(SERVING / "public.crt"),
            "tlsPrivateKeyFile": str(SERVING / "private.key"),
            # As the platform's own machines have it.
            "syncFrequency": "10s",
        }
    )


def proxy(node: str, pod_cidr: str) -> str:
    """`KubeProxyConfiguration`."""
    return yaml.safe_dump(
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": {"kubeconfig": str(KUBECONFIG)},
            "clusterCIDR": pod_cidr,
            # These are the whole system's to set.
            "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
            "hostnameOverride": node,
            "mode": "nftables",
            "oomScoreAdj": 0,
        }
    )


def cluster_dns(address: str, image: str, forward: str) -> list[dict[str, Any]]:
    """CoreDNS as k3s brings it: account, rights, configuration, pods and Service.

    Args:
        address: Of the Service.
        image: Container image.
        forward: `ADDRESS:PORT` of the name server that knows everything else.
    """
    meta: Mapping[str, str] = {"name": "coredns", "namespace": "kube-system"}
    labels = {"k8s-app": "kube-dns"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:coredns"}
    corefile = (
        ".:53 {\n    errors\n    ready :8181\n    prometheus :9153\n"
        "    kubernetes cluster.local in-addr.arpa {\n        pods insecure\n"
        f"    }}\n    forward . {forward}\n    cache 5\n}}\n"
    )
    read = {"verbs": ["list", "watch"]}
    container = {
        "name": "coredns",
        "image": image,
        "args": ["-conf", "/etc/coredns/Corefile"],
        "ports": [
            {"name": "dns", "containerPort": 53, "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"},
            {"name": "metrics", "containerPort": 9153, "protocol": "TCP"},
        ],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 2},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
    }
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": role["name"]},
            "rules": [
                {"apiGroups": [""], "resources": ["endpoints", "services", "pods", "namespaces"], **read},
                {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], **read},
            ],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": role["name"]},
            "roleRef": role,
            "subjects": [{"kind": "ServiceAccount", **meta}],
        },
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"Corefile": corefile}},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {**meta, "labels": labels},
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {
                        "serviceAccountName": "coredns",
                        "priorityClassName": "system-cluster-critical",
                        "dnsPolicy": "Default",
                        "containers": [container],
                        "volumes": [{"name": "config", "configMap": {"name": "coredns"}}],
                    },
                },
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": labels},
            "spec": {
                "clusterIP": address,
                "selector": labels,
                "ports": [
                    {"name": "dns", "port": 53, "protocol": "UDP"},
                    {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
                ],
            },
        },
    ]
