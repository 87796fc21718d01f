"""The whole platform: makes the rooms and hands each what it needs of the others."""

from collections.abc import Mapping
from typing import Any

import pulumi

from components.compute import ComputeArgs, ComputeCluster
from components.dns import Zone, ZoneArgs, records
from components.edge import Certificates, CertificatesArgs, Gateway, GatewayArgs
from components.flows import flows
from components.kubernetes import (
    ClusterArgs,
    EtcdSnapshots,
    EtcdSnapshotsArgs,
    KubernetesCluster,
    Machine,
    Namespace,
    NamespaceArgs,
    Priorities,
    authority_mounts,
    authority_path,
    cloud_configs,
)
from components.observability import (
    DockerAgents,
    DockerAgentsArgs,
    NodeExporter,
    NodeExporterArgs,
    Observability,
    ObservabilityArgs,
    StorageKey,
)
from components.programs import CLIENT_SECRETS, LOG_AGENT_CLIENT, TEMPO, Client
from components.services import GuardJob, GuardJobArgs, Ledger, Service, ServiceArgs, StorageAccess, watched
from components.storage import ObjectStorage, ObjectStorageArgs
from settings import Settings
from settings.secrets import told_to


class Platform:
    """Every room of one stack.

    Args:
        settings: Settings of the stack.
        secrets: Those that the settings need (`settings.secrets.SECRETS`), by key; each room is given its own.
    """

    def __init__(self, settings: Settings, secrets: Mapping[str, pulumi.Output[str]]) -> None:
        self._settings = settings
        self._flows = flows(settings)
        self.compute = ComputeCluster(
            "compute",
            ComputeArgs(
                compute=settings.compute,
                vms=settings.wanted_vms,
                environment=settings.environment.name,
                api_token=secrets["proxmoxApiToken"],
                ssh_private_key=secrets["sshPrivateKey"],
                cloud_configs=cloud_configs(settings.kubernetes, settings.compute),
            ),
        )
        self.kubernetes = KubernetesCluster(
            "kubernetes",
            ClusterArgs(
                kubernetes=settings.kubernetes,
                compute=settings.compute,
                servers=self._machines("k3s_server"),
                agents=self._machines("k3s_agent"),
                ssh_user=settings.compute.ssh.user,
                ssh_private_key=secrets["sshPrivateKey"],
                kubeconfig=secrets.get("kubeconfig"),
            ),
        )
        self._in_cluster = pulumi.ResourceOptions(providers={"kubernetes": self.kubernetes.provider})
        # Every workload waits for its namespace, and so for the classes that its pods name.
        priorities = Priorities("priorities", self._in_cluster)
        self.namespaces = {
            name: Namespace(
                f"namespace-{name}",
                NamespaceArgs(name, namespace, settings.environment.label, self._flows),
                pulumi.ResourceOptions.merge(self._in_cluster, pulumi.ResourceOptions(depends_on=[priorities])),
            )
            for name, namespace in settings.kubernetes.namespaces.items()
        }
        self.storage = ObjectStorage(
            "storage", ObjectStorageArgs(settings.storage, settings.retention, secrets["minioRootPassword"])
        )
        # Before anything that a release changes: an older release file is refused here.
        self.ledger = Ledger("release-ledger", settings.releases, settings.environment.name)
        self._edge(secrets)
        if settings.kubernetes.mode == "k3s":
            key = self.storage.keys["etcd"]
            EtcdSnapshots(
                "etcd-snapshots",
                EtcdSnapshotsArgs(settings, key.bucket, key.access_key, key.secret_key, self.certificates.authority),
                self._in_cluster,
            )
        self.services = {name: self._service(name) for name in settings.releases.services}
        self.zones = self._zones()
        self.observability = Observability(
            "observability",
            ObservabilityArgs(
                settings,
                self._flows,
                {key: secrets[key] for key in told_to("alertmanager", "alertmanager-record", "prometheus")},
                {
                    user: StorageKey(self.storage.keys[user].access_key, self.storage.keys[user].secret_key)
                    for user in ("loki", "tempo")
                },
                [
                    guard
                    for name in (settings.observability.namespace, settings.observability.agents_namespace)
                    for guard in self.namespaces[name].guards
                ],
            ),
            pulumi.ResourceOptions(
                providers={"kubernetes": self.kubernetes.provider},
                depends_on=[
                    *self.namespaces[settings.observability.namespace].guards,
                    *self.certificates.authorities,
                ],
            ),
        )
        for host, docker_host in self.compute.docker_hosts.items():
            DockerAgents(
                f"observability-{host}",
                DockerAgentsArgs(
                    settings,
                    host,
                    docker_host.address,
                    secrets["databaseMonitorPassword"],
                    secrets[CLIENT_SECRETS[LOG_AGENT_CLIENT]],
                    self.certificates.authority,
                ),
                pulumi.ResourceOptions(providers={"docker": docker_host.provider}),
            )
        self.exporters = {
            host: NodeExporter(
                f"observability-{host}-node-exporter",
                NodeExporterArgs(
                    host,
                    docker_host.address,
                    settings.observability.node_exporter_port,
                    settings.environment.label,
                ),
                pulumi.ResourceOptions(providers={"docker": docker_host.provider}),
            )
            for host, docker_host in self.compute.docker_hosts.items()
        }

    def outputs(self) -> Mapping[str, Any]:
        """URLs and names that a person needs next, by the name of the stack output."""
        settings = self._settings
        services = settings.releases.services
        return {
            "urls": {service: f"https://{settings.service_fqdn(service)}" for service in services},
            "slotUrls": {
                f"{service}-{slot}": f"https://{settings.environment.fqdn(f'{service}-{slot}')}"
                for service, made in self.services.items()
                for slot in made.slots
            },
            "gateways": {slot: gateway.address for slot, gateway in self.gateways.items()},
            "liveSlots": {service: release.live for service, release in services.items()},
            "proxmox": settings.compute.endpoint,
            "vms": {name: vm.address for name, vm in self.compute.vms.items()},
            "containers": {name: container.address for name, container in self.compute.containers.items()},
            "kubernetesApi": f"https://{settings.kubernetes.api_address}:6443",
            "kubeconfig": self.kubernetes.kubeconfig,
            "namespaces": [namespace.name for namespace in self.namespaces.values()],
            "objectStorage": f"https://{settings.storage.endpoint}",
            "buckets": {name: bucket.bucket for name, bucket in self.storage.buckets.items()},
            "nameServers": [f"{server.address}:{server.port}" for server in settings.dns.servers],
            "grafana": f"https://{settings.environment.grafana_host}/",
            "grafanaPassword": self.observability.grafana_password,
            "nodeExporters": {host: f"http://{exporter.endpoint}/metrics" for host, exporter in self.exporters.items()},
        }

    def _edge(self, secrets: Mapping[str, pulumi.Output[str]]) -> None:
        """The way in, and the guards of what was just released."""
        settings = self._settings
        opts = pulumi.ResourceOptions(
            providers={"kubernetes": self.kubernetes.provider},
            depends_on=[*self.namespaces[settings.edge.namespace].guards, self.ledger],
        )
        elsewhere = {settings.observability.namespace, *(each.namespace for each in settings.services.values())}
        trusting = pulumi.ResourceOptions(
            depends_on=[guard for name in sorted(elsewhere) for guard in self.namespaces[name].guards]
        )
        self.certificates = Certificates(
            "certificates",
            CertificatesArgs(settings, self._flows, secrets.get("acmeTsigSecret")),
            pulumi.ResourceOptions.merge(opts, trusting),
        )
        passwords: dict[Client, pulumi.Input[str]] = {client: secrets[key] for client, key in CLIENT_SECRETS.items()}
        self.gateways = {
            slot: Gateway(f"gateway-{slot}", GatewayArgs(settings, self._flows, slot, passwords), opts)
            for slot in settings.edge.gateways
        }
        self.guards = {
            name: GuardJob(
                f"guard-{name}",
                GuardJobArgs(
                    settings,
                    self._flows,
                    name,
                    settings.guard.image,
                    secrets["dnsGuardTsigSecret"],
                    secrets["serviceRoleKey"],
                ),
                pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=self.certificates.authorities)),
            )
            for name in watched(settings)
        }

    def _machines(self, role: str) -> dict[str, Machine]:
        return {
            name: Machine(vm.address, vm.ready)
            for name, vm in self.compute.vms.items()
            if self._settings.compute.vms[name].role == role
        }

    def _service(self, name: str) -> Service:
        settings = self._settings
        service = settings.services[name]
        storage = None
        if service.storage_user is not None:
            key = self.storage.keys[service.storage_user]
            storage = StorageAccess(
                key.bucket, key.access_key, key.secret_key, settings.storage.endpoint, settings.storage.region
            )
        return Service(
            f"service-{name}",
            ServiceArgs(
                service=name,
                settings=service,
                release=settings.releases.services[name],
                environment=settings.environment.label,
                public_url=f"https://{settings.service_fqdn(name)}",
                flows=self._flows,
                otlp_url=f"http://{TEMPO.host(settings.observability.namespace)}:{TEMPO.ports['otlp-http']}",
                authority_path=authority_path(settings),
                mounts=authority_mounts(settings),
                storage=storage,
            ),
            pulumi.ResourceOptions(
                providers={"kubernetes": self.kubernetes.provider},
                depends_on=[
                    *self.namespaces[service.namespace].guards,
                    *self.certificates.authorities,
                    self.ledger,
                ],
            ),
        )

    def _zones(self) -> dict[str, Zone]:
        settings = self._settings
        specs = records(settings)
        # A name leads to a slot only after its pods are ready.
        after = {
            spec.key: [self.services[spec.service].slots[spec.slot].deployment]
            for spec in specs
            if spec.service is not None and spec.slot is not None
        }
        return {
            zone: Zone(
                f"dns-{key}",
                ZoneArgs(zone, settings.dns, [spec for spec in specs if spec.zone == zone], after),
                pulumi.ResourceOptions(depends_on=[self.ledger]),
            )
            for key, zone in zip(("public", "core"), settings.environment.zones, strict=True)
        }
