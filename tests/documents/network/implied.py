"""Every connection that a stack's documents and manifests imply, read without the table of flows."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

from components.flows import CERT_MANAGER
from tests.documents.network import told
from tests.documents.network.manifests import INTERNET, PARTNER, Cluster, Connection, Party

_META: Final = "__meta_kubernetes_"
_API: Final = 6443
_DNS: Final = 53


def connections(cluster: Cluster) -> Iterator[Connection]:
    """All of them; some more than once."""
    watched = (_told, _scraped, _replicas, _api, _snapshots, _hypervisor)
    for part in (*watched, _names, _guards, _users, _receivers, _certificates, _outside):
        yield from part(cluster)


def _told(cluster: Cluster) -> Iterator[Connection]:
    """Addresses in documents, arguments and environments."""
    blackbox = _pod(cluster, "blackbox-exporter")
    for pod in cluster.pods:
        for text in pod.told:
            asked = [(pod, each) for each in told.endpoints(text, pod.namespace)]
            if "scrape_configs:" in text and pod.name == "prometheus":
                asked += [(blackbox, each) for each in told.probes(text)]
            for source, (host, port, protocol) in asked:
                for target, at in cluster.behind(host, port):
                    yield source, target, at, protocol


def _scraped(cluster: Cluster) -> Iterator[Connection]:
    """What Prometheus and the log agents find through the API server."""
    prometheus = _pod(cluster, "prometheus")
    (text,) = (text for text in prometheus.told if "scrape_configs:" in text)
    for job in yaml.load(text, yaml.CSafeLoader)["scrape_configs"]:
        for found in job.get("kubernetes_sd_configs", ()):
            for target, port in _found(cluster, found, job["relabel_configs"]):
                yield prometheus, target, port, "TCP"


def _found(cluster: Cluster, found: dict[str, Any], rules: list[dict[str, Any]]) -> Iterator[tuple[Party, int]]:
    if found["role"] == "node":
        (address,) = (rule["replacement"] for rule in rules if rule.get("target_label") == "__address__")
        yield from ((node, int(address.rpartition(":")[2])) for node in cluster.nodes())
    elif found["role"] == "endpointslice":
        # What else the machine serves is asked at a port that a rule puts in the place of the API's.
        others = [rule["replacement"] for rule in rules if rule.get("target_label") == "__address__"]
        (port,) = [int(address.rpartition(":")[2]) for address in others] or [_API]
        yield from ((server, port) for server in cluster.api())
    else:
        for pod in cluster.pods:
            if pod.namespace in found["namespaces"]["names"]:
                yield from ((pod, port) for name, port in pod.ports if _kept(pod, name, port, rules))


def _kept(pod: Party, name: str, port: int, rules: list[dict[str, Any]]) -> bool:
    meta = {f"{_META}pod_container_port_name": name, f"{_META}pod_container_port_number": str(port)}
    for kind, pairs in (("label", pod.labels), ("annotation", pod.annotations)):
        meta |= {f"{_META}pod_{kind}_{re.sub('[^a-zA-Z0-9_]', '_', key)}": value for key, value in pairs}
    for rule in rules:
        values = ";".join(meta.get(label, "") for label in rule.get("source_labels", ()))
        if rule.get("action") == "keep" and not re.fullmatch(rule["regex"], values):
            return False
        if rule.get("action") == "keepequal" and values != meta.get(rule["target_label"]):
            return False
    return True


def _snapshots(cluster: Cluster) -> Iterator[Connection]:
    """Servers of k3s copy the snapshots of etcd by themselves."""
    for host, port in cluster.snapshots():
        for target, at in cluster.behind(host, port):
            yield from ((server, target, at, "TCP") for server in cluster.api())


def _hypervisor(cluster: Cluster) -> Iterator[Connection]:
    """What Prometheus has the Proxmox VE exporter ask has a name that no zone of the stack knows: any host's."""
    (text,) = (text for text in _pod(cluster, "prometheus").told if "scrape_configs:" in text)
    (job,) = (job for job in yaml.load(text, yaml.CSafeLoader)["scrape_configs"] if job["job_name"] == "pve")
    for target in job["static_configs"][0]["targets"]:
        for node in cluster.settings.compute.nodes.values():
            host = _machine(cluster, node.address)
            yield _pod(cluster, "pve-exporter"), host, int(target.rpartition(":")[2]), "TCP"


def _replicas(cluster: Cluster) -> Iterator[Connection]:
    """Who finds its like by gossip, of which only the first address is written down, then asks it by gRPC."""
    for pod in cluster.pods:
        for text in pod.told:
            if "memberlist:" in text:
                yield pod, pod, yaml.load(text, yaml.CSafeLoader)["server"]["grpc_listen_port"], "TCP"


def _api(cluster: Cluster) -> Iterator[Connection]:
    """Whoever has a token asks the API server."""
    for pod in cluster.pods:
        if pod.asks_api or pod.namespace == CERT_MANAGER.namespace:
            yield from ((pod, server, _API, "TCP") for server in cluster.api())


def _names(cluster: Cluster) -> Iterator[Connection]:
    """Every pod asks the cluster's name server."""
    server = _pod(cluster, "kube-dns")
    for pod in cluster.pods:
        if pod is not server:
            yield from ((pod, server, _DNS, protocol) for protocol in ("TCP", "UDP"))


def _guards(cluster: Cluster) -> Iterator[Connection]:
    """A guard asks and changes the name servers."""
    for pod in cluster.pods:
        for text in pod.told:
            if pod.name.startswith("guard-") and text.startswith("{"):
                for server in json.loads(text)["name"]["servers"]:
                    for target, port in cluster.behind(server["address"], server["port"]):
                        yield from ((pod, target, port, protocol) for protocol in ("TCP", "UDP"))


def _users(cluster: Cluster) -> Iterator[Connection]:
    """Users come in at the addresses of the gateways."""
    internet = _machine(cluster, INTERNET)
    yield from ((internet, pod, port, "TCP") for pod, port in cluster.balanced())


def _receivers(cluster: Cluster) -> Iterator[Connection]:
    """Channels whose address is a secret, or known to Alertmanager itself."""
    internet = _machine(cluster, INTERNET)
    for pod in cluster.pods:
        if any(re.search(r"(routing_key|api_url|bot_token)_file:", text) for text in pod.told):
            yield pod, internet, 443, "TCP"


def _certificates(cluster: Cluster) -> Iterator[Connection]:
    """cert-manager asks whom its issuers name; the API server asks its webhook."""
    (manager,) = (pod for pod in cluster.pods if pod.namespace == CERT_MANAGER.namespace)
    internet = _machine(cluster, INTERNET)
    yield from ((node, manager, 10250, "TCP") for node in cluster.nodes())
    for spec in cluster.custom("ClusterIssuer"):
        if "acme" in spec:
            yield manager, internet, 443, "TCP"
            # It looks whether the record is seen by everybody before it says so.
            yield from ((manager, internet, _DNS, protocol) for protocol in ("TCP", "UDP"))
            # The primary takes the record, and each server of the zone is asked for it.
            named = [solver["dns01"]["rfc2136"]["nameserver"].rpartition(":") for solver in spec["acme"]["solvers"]]
            zone = [(server.address, server.port) for server in cluster.settings.dns.servers]
            for host, port in {*((host, int(port)) for host, _, port in named), *zone}:
                for target, at in cluster.behind(host, port):
                    yield from ((manager, target, at, protocol) for protocol in ("TCP", "UDP"))


def _outside(cluster: Cluster) -> Iterator[Connection]:
    """What the settings say that a service calls, and the database's API, which each may."""
    settings = cluster.settings
    hosts = [settings.environment.fqdn(host) for host in settings.dns.hosts.get("public", {})]
    for pod in cluster.pods:
        service = settings.services.get(dict(pod.labels).get("app.kubernetes.io/name", ""))
        if service is None or service.namespace != pod.namespace:
            continue
        for host in hosts:
            yield from ((pod, target, at, "TCP") for target, at in cluster.behind(host, 443))
        for outside in service.outside:
            yield pod, _machine(cluster, INTERNET if outside.network is None else PARTNER), outside.port, "TCP"


def _pod(cluster: Cluster, name: str) -> Party:
    return next(pod for pod in cluster.pods if pod.name == name)


def _machine(cluster: Cluster, address: str) -> Party:
    return next(each for each in cluster.machines if each.address == address)
