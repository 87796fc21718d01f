"""The table of flows: everybody who connects to somebody, in one stack (SEC-6). Whatever is not in it is denied."""

from collections.abc import Iterable, Iterator
from typing import Final

from components.flows.flow import ANYWHERE, Flow, Flows, Networks, Peer, Pods
from components.flows.machines import machine_flows
from components.flows.peers import API_PORT, GATEWAY_METRICS_PORT, GATEWAY_PORTS, KUBELET_PORT, Peers, hosts
from components.programs import (
    ALERTMANAGER,
    ALERTMANAGER_RECORD,
    BLACKBOX_EXPORTER,
    GRAFANA,
    KUBE_STATE_METRICS,
    LOKI,
    PROMETHEUS,
    PVE_EXPORTER,
    ROUTED,
    SCRAPED,
    TEMPO,
)
from settings import Settings
from settings.coolify import COOLIFY_PORTS
from settings.delivery import PULL_METRICS_PORT, PULL_PORT, PUSH_METRICS_PORT, PUSH_PORT

CERT_MANAGER: Final = Pods("cert-manager", "cert-manager", "app.kubernetes.io/instance")
"""Pods of all parts of cert-manager's chart."""
CERT_MANAGER_METRICS: Final = 9402
CLUSTER_DNS_METRICS: Final = 9153
ETCD_METRICS: Final = 2381
_CERT_MANAGER_WEBHOOK: Final = 10250
_DNS: Final = 53
_HTTPS: Final = 443


def flows(settings: Settings) -> Flows:
    """Every flow of a stack."""
    peers = Peers(settings)
    parts = (
        _names,
        _users,
        _services,
        _images,
        _coolify,
        _metrics,
        _alerts,
        _logs,
        _traces,
        _probes,
        _dashboards,
        _guards,
    )
    every = (*parts, _certificates, _backups)
    return Flows([*(flow for part in every for flow in part(peers)), *machine_flows(peers)])


def _names(peers: Peers) -> Iterator[Flow]:
    namespaces = list(peers.settings.kubernetes.namespaces)
    if peers.settings.edge.certificates.controller == "chart":
        namespaces.append(CERT_MANAGER.namespace)
    for namespace in namespaces:
        yield from _asked(Pods(namespace), peers.cluster_names, _DNS, "names")


def _users(peers: Peers) -> Iterator[Flow]:
    """Users, and services that call each other by public names, come in through the gateways."""
    for port in GATEWAY_PORTS.values():
        yield Flow(ANYWHERE, peers.gateways, port, "users")
    for name, pods in peers.services:
        yield Flow(peers.gateways, pods, peers.settings.services[name].port, "requests of users")
        failover = peers.settings.services[name].failover
        if failover is not None:
            yield from _to(peers.gateways, peers.url(failover.url), "the service's other place")
    host = peers.settings.database_host
    if host is not None:
        yield Flow(peers.gateways, hosts([host.address]), peers.settings.database.gateway_port, "the database's API")
    for program in ROUTED:
        yield Flow(peers.gateways, peers.program(program), program.port, "its name in the core domain")


def _services(peers: Peers) -> Iterator[Flow]:
    settings = peers.settings
    for name, pods in peers.services:
        service = settings.services[name]
        # Its own name stands for all of them: every service's name leads to the gateways.
        yield from _to(pods, peers.url(f"https://{settings.service_fqdn(name)}"), "calls by public names")
        for host in settings.dns.hosts.get("public", {}):
            yield from _to(pods, peers.url(f"https://{settings.environment.fqdn(host)}"), "the database's API")
        if service.storage_user is not None:
            yield from _to(pods, peers.endpoint(settings.storage.endpoint), "its bucket")
        for outside in service.outside:
            target = peers.internet if outside.network is None else Networks((outside.network,))
            yield Flow(pods, target, outside.port, outside.why)


def _images(peers: Peers) -> Iterator[Flow]:
    """Nodes, Docker hosts and CI come to the registry through the gateways, as users of a public name do."""
    registry = hosts([peers.settings.registry_address])
    for port, why in ((PULL_PORT, "images that are pulled"), (PUSH_PORT, "images that are pushed")):
        yield Flow(peers.gateways, registry, port, why)
    for port in (PULL_METRICS_PORT, PUSH_METRICS_PORT):
        yield Flow(peers.program(PROMETHEUS), registry, port, "scrape")
    for target, port in peers.endpoint(peers.settings.storage.endpoint):
        yield Flow(registry, target, port, "the registry's bucket")


def _backups(peers: Peers) -> Iterator[Flow]:
    """The host that makes backups reads the stack's object storage, and writes there or at the other site."""
    settings = peers.settings
    makes = hosts([settings.compute.vms[settings.backup.host].address])
    off_site = () if settings.backup.off_site is None else (settings.backup.off_site.endpoint,)
    for endpoint in (settings.storage.endpoint, *off_site):
        for target, port in peers.endpoint(endpoint):
            yield Flow(makes, target, port, "backups")


def _coolify(peers: Peers) -> Iterator[Flow]:
    """Whoever comes to Coolify comes through the gateways; what it asks for is outside, or by public names.

    A deployment that releases a service changes the cluster, from a container of Coolify's host.
    """
    coolify, address = peers.settings.delivery.coolify, peers.settings.coolify_address
    if coolify is None or address is None:
        return
    for port in COOLIFY_PORTS:
        yield Flow(peers.gateways, hosts([address]), port, "Coolify's pages, API and webhook")
    if any(each.releases for each in coolify.applications.values()):
        yield Flow(hosts([address]), peers.api, API_PORT, "releases that end a deployment")


def _metrics(peers: Peers) -> Iterator[Flow]:
    settings, observed = peers.settings, peers.settings.observability
    prometheus, why = peers.program(PROMETHEUS), "scrape"
    for program in SCRAPED:
        yield Flow(prometheus, peers.program(program), program.port, why)
    for name, pods in peers.services:
        yield Flow(prometheus, pods, settings.services[name].port, why)
    yield Flow(prometheus, peers.gateways, GATEWAY_METRICS_PORT, why)
    yield Flow(prometheus, peers.agent("log-agent"), observed.agent_port, why)
    yield Flow(prometheus, peers.nodes, observed.node_exporter_port, why)
    yield Flow(prometheus, peers.nodes, KUBELET_PORT, why)
    yield Flow(prometheus, peers.api, API_PORT, "scrape, and who is to be scraped")
    yield Flow(prometheus, peers.cluster_names, CLUSTER_DNS_METRICS, why)
    if settings.kubernetes.mode == "k3s":
        yield Flow(prometheus, peers.api, ETCD_METRICS, why)
        for target, port in peers.endpoint(settings.storage.endpoint):
            yield Flow(peers.api, target, port, "snapshots of etcd")
    if settings.edge.certificates.controller == "chart":
        yield Flow(prometheus, CERT_MANAGER, CERT_MANAGER_METRICS, why)
    yield Flow(peers.program(KUBE_STATE_METRICS), peers.api, API_PORT, "state of the cluster's objects")
    yield Flow(peers.program(PVE_EXPORTER), *peers.hypervisor, "metrics of hosts and guests")
    if peers.containers.cidrs:
        yield Flow(prometheus, peers.containers, observed.node_exporter_port, why)
    if peers.docker_hosts.cidrs:
        for port in (observed.node_exporter_port, observed.cadvisor_port, observed.agent_port, observed.probe_port):
            yield Flow(prometheus, peers.docker_hosts, port, why)
    for target, _ in peers.endpoint(observed.database):
        yield Flow(prometheus, target, observed.postgres_exporter_port, why)
    if settings.database_replica is not None:
        yield Flow(prometheus, hosts([settings.database_replica.address]), observed.postgres_exporter_port, why)
    yield from _to(prometheus, peers.endpoint(settings.storage.endpoint), why)
    if observed.prometheus.remote_write_url is not None:
        yield from _to(prometheus, peers.url(observed.prometheus.remote_write_url), "remote write")


def _alerts(peers: Peers) -> Iterator[Flow]:
    observed = peers.settings.observability
    for source in (PROMETHEUS, LOKI):
        for target in (ALERTMANAGER, ALERTMANAGER_RECORD):
            yield Flow(peers.program(source), peers.program(target), target.port, "alerts")
    tells = peers.program(ALERTMANAGER)
    if observed.alertmanager.replicas > 1:
        yield from _asked(tells, tells, ALERTMANAGER.ports["gossip"], "silences and what was told")
    yield Flow(tells, peers.internet, _HTTPS, "receivers of alerts")
    yield from _to(tells, peers.endpoint(observed.alerts.smtp_endpoint), "mail")
    yield from _to(peers.program(ALERTMANAGER_RECORD), peers.url(observed.alert_log_url), "record of alerts")


def _logs(peers: Peers) -> Iterator[Flow]:
    agent, loki = peers.agent("log-agent"), peers.program(LOKI)
    yield Flow(agent, loki, LOKI.port, "log lines")
    yield Flow(agent, peers.api, API_PORT, "which pods its node has")
    if peers.settings.observability.loki.replicas > 1:
        for port in LOKI.ports.values():
            yield Flow(loki, loki, port, "replicas")
    yield from _to(loki, peers.endpoint(peers.settings.storage.endpoint), "its bucket")


def _traces(peers: Peers) -> Iterator[Flow]:
    tempo = peers.program(TEMPO)
    yield Flow(peers.gateways, tempo, TEMPO.ports["otlp-http"], "spans")
    for _, pods in peers.services:
        for port in ("otlp-grpc", "otlp-http"):
            yield Flow(pods, tempo, TEMPO.ports[port], "spans")
    if peers.settings.observability.tempo.replicas > 1:
        for port in ("grpc", "gossip"):
            yield Flow(tempo, tempo, TEMPO.ports[port], "replicas")
    yield Flow(tempo, peers.program(PROMETHEUS), PROMETHEUS.port, "metrics made from spans")
    yield from _to(tempo, peers.endpoint(peers.settings.storage.endpoint), "its bucket")


def _probes(peers: Peers) -> Iterator[Flow]:
    """Public names are looked at as users come: all of them lead to the gateways."""
    blackbox = peers.program(BLACKBOX_EXPORTER)
    for scheme in ("https", "http"):
        yield from _to(blackbox, peers.url(f"{scheme}://{peers.settings.environment.grafana_host}"), "probe")
    yield from _to(blackbox, peers.endpoint(peers.settings.storage.endpoint), "probe")
    for target, port in peers.name_servers:
        yield from _asked(blackbox, target, port, "probe")


def _dashboards(peers: Peers) -> Iterator[Flow]:
    for program in (PROMETHEUS, ALERTMANAGER, LOKI, TEMPO):
        yield Flow(peers.program(GRAFANA), peers.program(program), program.port, "data source")


def _guards(peers: Peers) -> Iterator[Flow]:
    settings, guard = peers.settings, peers.guard
    asked = ((settings.guard.prometheus_url, PROMETHEUS), (settings.guard.loki_url, LOKI))
    for url, program in (*asked, (settings.guard.alertmanager_url, ALERTMANAGER)):
        if url is None:
            yield Flow(guard, peers.program(program), program.port, "watch of a release")
        else:
            yield from _to(guard, peers.url(url), "watch of a release")
    if settings.guard.alertmanager_url is None:
        yield Flow(guard, peers.program(ALERTMANAGER_RECORD), ALERTMANAGER_RECORD.port, "announcement of a rollback")
    for target, port in peers.name_servers:
        yield from _asked(guard, target, port, "rollback of a public name")
    yield from _to(guard, peers.url(settings.observability.alert_log_url), "audit of a rollback")


def _certificates(peers: Peers) -> Iterator[Flow]:
    """cert-manager, where the platform installs it."""
    certificates, kubernetes = peers.settings.edge.certificates, peers.settings.kubernetes
    if certificates.controller != "chart":
        return
    yield Flow(CERT_MANAGER, peers.api, API_PORT, "its objects")
    # The API server calls by a node's own address, or by one that the node has in the pods' network.
    callers = Networks((*peers.nodes.cidrs, kubernetes.pod_cidr))
    yield Flow(callers, CERT_MANAGER, _CERT_MANAGER_WEBHOOK, "checks of its objects")
    if certificates.issuer == "acme":
        yield Flow(CERT_MANAGER, peers.internet, _HTTPS, "the ACME server")
        for target, port in peers.name_servers:
            yield from _asked(CERT_MANAGER, target, port, "the record that proves a name")
        yield from _asked(CERT_MANAGER, peers.internet, _DNS, "whether the record is seen by everybody")


def _asked(source: Pods, target: Pods | Networks, port: int, why: str) -> Iterator[Flow]:
    """By UDP, and by TCP where an answer is too long."""
    yield Flow(source, target, port, why, "UDP")
    yield Flow(source, target, port, why)


def _to(source: Pods, places: Iterable[tuple[Peer, int]], why: str) -> Iterator[Flow]:
    """To every place that a name leads to."""
    for target, port in places:
        yield Flow(source, target, port, why)
