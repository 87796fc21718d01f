"""The whole platform: makes the rooms and hands each what it needs of the others."""

from collections.abc import Mapping

import pulumi

from components.compute import ComputeArgs, ComputeCluster
from components.dns import Zone, ZoneArgs, records
from components.edge import Certificates, CertificatesArgs, Gateway, GatewayArgs, issued
from components.edge import documents as edge_documents
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
from components.observability import documents as observability_documents
from components.programs import CLIENT_SECRETS, LOG_AGENT_CLIENT, TEMPO, Client
from components.services import (
    GuardJob,
    GuardJobArgs,
    Ledger,
    Service,
    ServiceArgs,
    StorageAccess,
    guard_document,
    watched,
)
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
                flows=self._flows,
                kubernetes=settings.kubernetes,
                edge=settings.edge,
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
                EtcdSnapshotsArgs(
                    settings.storage,
                    settings.kubernetes.cluster,
                    key.bucket,
                    key.access_key,
                    key.secret_key,
                    self.certificates.authority,
                ),
                self._in_cluster,
            )
        self.services = {name: self._service(name) for name in settings.releases.services}
        self.zones = self._zones()
        documents = observability_documents(settings)
        self.observability = Observability(
            "observability",
            ObservabilityArgs(
                environment=settings.environment,
                observability=settings.observability,
                retention=settings.retention,
                documents=documents,
                flows=self._flows,
                authority_mounts=authority_mounts(settings),
                secrets={key: secrets[key] for key in told_to("alertmanager", "alertmanager-record", "prometheus")},
                keys={
                    user: StorageKey(self.storage.keys[user].access_key, self.storage.keys[user].secret_key)
                    for user in ("loki", "tempo")
                },
                guards=[
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
                    observability=settings.observability,
                    environment=settings.environment.label,
                    hostname=host,
                    address=docker_host.address,
                    monitor_password=secrets["databaseMonitorPassword"],
                    log_agent_password=secrets[CLIENT_SECRETS[LOG_AGENT_CLIENT]],
                    pipeline=documents[f"log-agent/{host}/promtail.yaml"],
                    authority=self.certificates.authority,
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

    def _edge(self, secrets: Mapping[str, pulumi.Output[str]]) -> None:
        """The way in, and the guards of what was just released."""
        settings, label = self._settings, self._settings.environment.label
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
            CertificatesArgs(
                edge=settings.edge,
                environment=label,
                issued=issued(settings),
                observability_namespace=settings.observability.namespace,
                flows=self._flows,
                tsig_secret=secrets.get("acmeTsigSecret"),
            ),
            pulumi.ResourceOptions.merge(opts, trusting),
        )
        passwords: dict[Client, pulumi.Input[str]] = {client: secrets[key] for client, key in CLIENT_SECRETS.items()}
        documents = edge_documents(settings)
        self.gateways = {
            slot: Gateway(
                f"gateway-{slot}",
                GatewayArgs(
                    edge=settings.edge,
                    environment=label,
                    flows=self._flows,
                    slot=slot,
                    traefik_yaml=documents[f"{slot}/traefik.yaml"],
                    routing_yaml=documents[f"{slot}/routing.yaml"],
                    passwords=passwords,
                ),
                opts,
            )
            for slot in settings.edge.gateways
        }
        self.guards = {
            name: GuardJob(
                f"guard-{name}",
                GuardJobArgs(
                    namespace=settings.edge.namespace,
                    environment=label,
                    flows=self._flows,
                    service=name,
                    live=settings.releases.services[name].live,
                    document=guard_document(settings, name),
                    authority_path=authority_path(settings),
                    authority_mounts=authority_mounts(settings),
                    image=settings.guard.image,
                    tsig_secret=secrets["dnsGuardTsigSecret"],
                    service_role_key=secrets["serviceRoleKey"],
                ),
                pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=self.certificates.authorities)),
            )
            for name in watched(settings)
        }

    def _machines(self, role: str) -> dict[str, Machine]:
        return {
            name: Machine(vm.address, vm.machine, vm.settled)
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
