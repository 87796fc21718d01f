"""What kwokctl is told of the cluster: programs, ports, and each component's arguments."""

import ipaddress
from pathlib import Path

from sandbox.machine import plan
from sandbox.servers.base import Site

HOST = "127.0.0.1"
PORTS = {
    "kubeApiserverPort": "kube-apiserver",
    "etcdPort": "etcd",
    "etcdPeerPort": "etcd-peer",
    "kubeControllerManagerPort": "kube-controller-manager",
    "kubeSchedulerPort": "kube-scheduler",
    "kwokControllerPort": "kwok-controller",
}
"""Names of ports here, by what kwokctl calls them."""
_GIVEN = frozenset({"listen_client_urls", "listen_peer_urls"})
"""What kwokctl itself tells a component; all else is added, since it passes over what it has nothing to override of."""


def configuration(site: Site, pki: Path) -> dict[str, object]:
    """The configuration file of kwokctl.

    Args:
        site: What the cluster is started from.
        pki: Folder of the cluster's certificates.
    """
    programs = site.programs

    def extra(component: str, **flags: str) -> dict[str, object]:
        arguments = [
            {"key": key.replace("_", "-"), "value": value, "override": key in _GIVEN} for key, value in flags.items()
        ]
        return {"name": component, "extraArgs": arguments}

    return {
        "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
        "kind": "KwokctlConfiguration",
        "options": {
            "runtime": "binary",
            "bindAddress": HOST,
            "securePort": True,
            "kubeAuthorization": True,
            "kubeAdmission": True,
            "quietPull": True,
            "etcdQuotaBackendSize": "2Gi",
            "etcdBinary": str(programs["etcd"]),
            "kubeApiserverBinary": str(programs["kube-apiserver"]),
            "kubeControllerManagerBinary": str(programs["kube-controller-manager"]),
            "kubeSchedulerBinary": str(programs["kube-scheduler"]),
            "kwokControllerBinary": str(programs["kwok"]),
            "kubectlBinary": str(programs["kubectl"]),
            **listened(site),
            **(_reached_by_nodes(site) if site.real else {}),
        },
        "componentsPatches": [
            # A crash of the machine may cost this cluster its data, a killed process does not.
            # It asks nobody who he is: in a network with pods and containers it is for the API server alone.
            extra(
                "etcd",
                unsafe_no_fsync="true",
                listen_client_urls=f"http://{HOST}:{listened(site)['etcdPort']}",
                listen_peer_urls=f"http://{HOST}:{listened(site)['etcdPeerPort']}",
                **({"listen_metrics_urls": _etcd_metrics(site)} if site.real else {}),
            ),
            extra(
                "kube-apiserver",
                service_cluster_ip_range=site.settings.kubernetes.service_cidr,
                # Else it takes that of the default route, which a computer without a network lacks.
                advertise_address=site.settings.kubernetes.api_address,
                **(_for_nodes(pki) if site.real else {}),
            ),
            # There is one of each; an election would only delay a restart by the old leader's lease.
            # A simulated node that is thought dead for a moment, on a busy machine or while the API server is away, is
            # bad for good: nobody but a kubelet would tell that its pods are ready after all.
            extra(
                "kube-controller-manager",
                leader_elect="false",
                **({} if site.real else {"node_monitor_grace_period": "24h"}),
            ),
            extra("kube-scheduler", leader_elect="false"),
            # A real node and its pods are not kwok's business.
            extra(
                "kwok-controller",
                manage_all_nodes="false",
                manage_nodes_with_annotation_selector="kwok.x-k8s.io/node=fake",
            ),
        ],
    }


def _etcd_metrics(site: Site) -> str:
    """Where etcd's metrics are: at the API server's address, as with k3s; nothing but numbers is told there."""
    return f"http://{site.settings.kubernetes.api_address}:{plan.ETCD_METRICS_PORT}"


def listened(site: Site) -> dict[str, int]:
    """The ports that the components listen on; in a network of its own the API server has that of a real one."""
    ports = {key: site.ports[name] for key, name in PORTS.items()}
    return {**ports, "kubeApiserverPort": plan.API_PORT} if site.real else ports


def _reached_by_nodes(site: Site) -> dict[str, object]:
    """What kwokctl has to know so that nodes and pods reach the API server."""
    first = ipaddress.ip_network(site.settings.kubernetes.service_cidr)[1]
    return {"bindAddress": "0.0.0.0", "kubeApiserverCertSANs": [str(first)]}  # noqa: S104 - in a network of its own


def _for_nodes(pki: Path) -> dict[str, str]:
    """How the API server talks to kubelets."""
    return {
        "kubelet_client_certificate": str(pki / "admin.crt"),
        "kubelet_client_key": str(pki / "admin.key"),
        "kubelet_preferred_address_types": "InternalIP",
    }
