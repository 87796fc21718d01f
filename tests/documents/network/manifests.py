"""The cluster that a stack's manifests make: pods with what they are told, Services, network policies."""

import ipaddress
import itertools
import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from components.dns import records as records_of
from components.flows import CERT_MANAGER, Flow, Peer, Pods, flows
from settings import Settings
from settings.releases import ServiceRelease
from settings.services import Outside
from tests.recording import record_platform
from tools import ensure

INTERNET: Final = "203.0.113.7"
"""An address of nobody (RFC 5737)."""
PARTNER: Final = "198.51.100.7"
"""An address of somebody whom one service may call (RFC 5737)."""
_OUTSIDE: Final = (
    Outside(why="mail", network="198.51.100.0/24", port=587),
    Outside(why="payment", port=8443),
)
_WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet", "Job")


@dataclass(frozen=True, eq=False)
class Party:
    """Somebody who may connect or be connected to."""

    name: str
    address: str
    namespace: str = ""
    """Empty for a machine."""
    labels: tuple[tuple[str, str], ...] = ()
    ports: tuple[tuple[str, int], ...] = ()
    """The container's, by name."""
    told: tuple[str, ...] = ()
    """Its documents, arguments and environment."""
    annotations: tuple[tuple[str, str], ...] = ()
    asks_api: bool = False
    """Whether it has a token of the Kubernetes API."""

    def is_of(self, peer: Peer) -> bool:
        if isinstance(peer, Pods):
            wanted = () if peer.name is None else ((peer.label, peer.name),)
            return self.namespace == peer.namespace and set(wanted) <= set(self.labels)
        address = ipaddress.ip_address(self.address)
        inside = [any(address in ipaddress.ip_network(cidr) for cidr in cidrs) for cidrs in (peer.cidrs, peer.excluded)]
        return inside == [True, False]

    def as_peer(self) -> Mapping[str, Any]:
        internal = None
        if self.namespace:
            named = {"kubernetes.io/metadata.name": self.namespace}
            internal = {"PodLabels": dict(self.labels), "NamespaceLabels": named, "Namespace": self.namespace}
        return {"Internal": internal, "IP": self.address}


Connection = tuple[Party, Party, int, str]
"""From, to, port and protocol."""


class Cluster:
    """What the manifests of a stack make.

    All services are released, one is on probation, so that its guard is there, and another one calls somebody outside.
    """

    def __init__(self, settings: Settings) -> None:
        name, release = next(iter(settings.releases.services.items()))
        content = release.slots[release.live]
        probation = {
            "since": "2026-01-31T12:00:00Z",
            "until": "2026-01-31T12:10:00Z",
            "previous": "blue" if release.live == "green" else "green",
        }
        changed = ServiceRelease.model_validate(
            {**release.model_dump(), "probation": probation, "slots": {"blue": content, "green": content}}
        )
        others = {
            each: ServiceRelease(live=release.live, slots={"blue": content, "green": content})
            for each in settings.services
        }
        releases = settings.releases.model_copy(update={"services": {**others, name: changed}})
        calling = settings.services["api"].model_copy(update={"outside": _OUTSIDE})
        services = {**settings.services, "api": calling}
        self.settings = settings.model_copy(update={"releases": releases, "services": services})
        self.flows = flows(self.settings)
        self._by_port: dict[tuple[int, str], list[Flow]] = {}
        for flow in self.flows:
            self._by_port.setdefault((flow.port, flow.protocol), []).append(flow)
        self._made = [each for each in record_platform(self.settings).resources if each.type.startswith("kubernetes:")]
        self._addresses = (str(each) for each in ipaddress.ip_network(settings.kubernetes.pod_cidr).hosts())
        self.policies = [{"metadata": each["metadata"], "spec": each["spec"]} for each in self._of("NetworkPolicy")]
        self._texts = {
            (each["metadata"]["namespace"], each["metadata"]["name"]): each["data"] for each in self._of("ConfigMap")
        }
        self.pods = list(self._pods())
        self.machines = list(self._machines())
        peers = {peer for flow in self.flows for peer in (flow.source, flow.target)}
        everybody = [*self.pods, *self.machines]
        self._members = {peer: {party for party in everybody if party.is_of(peer)} for peer in peers}

    def _of(self, kind: str) -> list[Mapping[str, Any]]:
        return [each.inputs for each in self._made if each.type.endswith(f":{kind}")]

    def _pods(self) -> Iterator[Party]:
        for each in itertools.chain.from_iterable(map(self._of, _WORKLOADS)):
            template, namespace = each["spec"]["template"], each["metadata"]["namespace"]
            if template["spec"].get("hostNetwork"):
                # No network policy is about these: they are the node.
                continue
            (container,) = template["spec"]["containers"]
            yield Party(
                each["metadata"]["name"],
                next(self._addresses),
                namespace,
                tuple(template["metadata"]["labels"].items()),
                tuple((port["name"], port["containerPort"]) for port in container.get("ports", ())),
                tuple(self._told(namespace, template["spec"], container)),
                tuple(template["metadata"].get("annotations", {}).items()),
                any(volume["name"] == "api-token" for volume in template["spec"]["volumes"]),
            )
        dns = (("k8s-app", "kube-dns"),)
        yield Party("kube-dns", next(self._addresses), "kube-system", dns, (("dns", 53), ("metrics", 9153)))
        assert CERT_MANAGER.name is not None
        labels = ((CERT_MANAGER.label, CERT_MANAGER.name),)
        yield Party("cert-manager", next(self._addresses), CERT_MANAGER.namespace, labels, (("http-metrics", 9402),))

    def _told(self, namespace: str, spec: Mapping[str, Any], container: Mapping[str, Any]) -> Iterator[str]:
        for volume in spec["volumes"]:
            for source in volume.get("projected", {}).get("sources", ()):
                if "configMap" in source and (namespace, source["configMap"]["name"]) in self._texts:
                    yield from self._texts[namespace, source["configMap"]["name"]].values()
        yield from container.get("args", ())
        yield from (variable["value"] for variable in container["env"] if "value" in variable)

    def _machines(self) -> Iterator[Party]:
        settings = self.settings
        yield Party("internet", INTERNET)
        yield Party("partner", PARTNER)
        guests = {**settings.wanted_vms, **settings.compute.containers}
        yield from (Party(name, guest.address) for name, guest in guests.items())
        yield from (Party(name, node.address) for name, node in settings.compute.nodes.items())
        for slot, each in settings.edge.gateways.items():
            yield from (Party(f"address {address} of {slot}", address) for address in each.addresses)
        yield Party("api", settings.kubernetes.api_address)

    def nodes(self) -> list[Party]:
        """Machines of the cluster."""
        vms = self.settings.compute.vms
        return [each for each in self.machines if each.name in vms and vms[each.name].role != "docker_host"]

    def api(self) -> list[Party]:
        """Where the API server answers: at its virtual address and on each machine that runs it."""
        servers = self.settings.compute.by_role("k3s_server")
        return [each for each in self.machines if each.name == "api" or each.name in servers]

    def balanced(self) -> list[tuple[Party, int]]:
        """Pods behind addresses that everybody may ask, and the ports that they are asked at."""
        found: list[tuple[Party, int]] = []
        for each in self._of("Service"):
            if each["spec"].get("type") == "LoadBalancer":
                name = f"{each['metadata']['name']}.{each['metadata']['namespace']}.svc"
                found += [pair for port in each["spec"]["ports"] for pair in self._service(name, port["port"])]
        return found

    def snapshots(self) -> list[tuple[str, int]]:
        """Where k3s is told to copy the snapshots of etcd to."""
        told = [each["stringData"] for each in self._of("Secret") if str(each.get("type")).startswith("etcd.k3s")]
        ends = [each["etcd-s3-endpoint"].rpartition(":") for each in told]
        return [(host, int(port)) for host, _, port in ends]

    def custom(self, kind: str) -> list[Mapping[str, Any]]:
        """Specs of the custom objects of a kind."""
        return [each["spec"] for each in self._of(kind)]

    def behind(self, host: str, port: int) -> list[tuple[Party, int]]:
        """Who is asked when a name or an address is, and at which port."""
        if ".svc" in host:
            return self._service(host, port)
        records = {each.fqdn: each.values for each in records_of(self.settings) if each.type == "A"}
        addresses = records.get(host, (host if host[0].isdigit() else INTERNET,))
        found: list[tuple[Party, int]] = []
        for address in addresses:
            found.append(
                (next((each for each in self.machines if each.address == address), Party(host, address)), port)
            )
            # A node leads to the pods at once what is for an address that a Service has.
            for each in self._of("Service"):
                if (
                    each["metadata"]
                    .get("annotations", {})
                    .get("kube-vip.io/loadbalancerIPs", "")
                    .split(",")
                    .count(address)
                ):
                    inside = f"{each['metadata']['name']}.{each['metadata']['namespace']}.svc"
                    found += self._service(inside, port)
        return found

    def _service(self, host: str, port: int) -> list[tuple[Party, int]]:
        *_, service, namespace = host.removesuffix(".cluster.local").removesuffix(".svc").split(".")
        for each in self._of("Service"):
            if (each["metadata"]["namespace"], each["metadata"]["name"]) == (namespace, service):
                wanted = set(each["spec"]["selector"].items())
                names = {found["port"]: found["targetPort"] for found in each["spec"]["ports"]}
                pods = [pod for pod in self.pods if pod.namespace == namespace and wanted <= set(pod.labels)]
                # A headless Service is a name only: whatever port is asked for is the pod's.
                own = each["spec"].get("clusterIP") == "None"
                return [(pod, port if own else dict(pod.ports)[names[port]]) for pod in pods]
        raise LookupError(f"no Service {host}")

    def expected(self, connection: Connection) -> tuple[bool, bool]:
        """Whether it gets out and whether it gets in, by the table; machines and foreign namespaces are open."""
        source, target, port, protocol = connection
        flows = [
            flow
            for flow in self._by_port.get((port, protocol), ())
            if source in self._members[flow.source] and target in self._members[flow.target]
        ]
        closed = {*self.settings.kubernetes.namespaces, CERT_MANAGER.namespace}
        out = source.namespace not in closed or any(isinstance(flow.source, Pods) for flow in flows)
        into = target.namespace not in closed or any(isinstance(flow.target, Pods) for flow in flows)
        return out, into

    def used(self, flow: Flow, connections: Iterable[Connection]) -> bool:
        """Whether one of the connections is of this flow."""
        sources, targets = self._members[flow.source], self._members[flow.target]
        return any(
            (port, protocol) == (flow.port, flow.protocol) and source in sources and target in targets
            for source, target, port, protocol in connections
        )

    def allowed(self, connections: Sequence[Connection]) -> list[tuple[bool, bool]]:
        """Of each connection whether it gets out, and whether it gets in."""
        peers = {party: party.as_peer() for party in {each for connection in connections for each in connection[:2]}}
        traffic = [
            {
                "Source": peers[source],
                "Destination": peers[target],
                "ResolvedPort": port,
                "Protocol": protocol,
            }
            for source, target, port, protocol in connections
        ]
        done = subprocess.run(
            [ensure("cyclonus")["cyclonus"]],
            input=json.dumps({"policies": self.policies, "traffic": traffic}),
            capture_output=True,
            text=True,
            check=True,
        )
        return [(out, into) for out, into in json.loads(done.stdout)["allowed"]]
