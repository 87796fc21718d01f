"""The whole platform: makes the rooms and hands each what it needs of the others."""

from collections.abc import Mapping

import pulumi

from components.compute import ComputeArgs, ComputeCluster, RegistryLogin, VirtualMachine
from components.delivery import RegistryUsers, pull_config
from components.dns import Zone, ZoneArgs, records
from components.docker_rooms import DockerRooms
from components.edge import Certificates, CertificatesArgs, Gateway, GatewayArgs, issued
from components.edge import documents as edge_documents
from components.flows import flows
from components.kubernetes import (
    ClusterArgs,
    KubernetesCluster,
    Machine,
    Namespace,
    NamespaceArgs,
    Priorities,
    authority_mounts,
    authority_path,
    cloud_configs,
    k3s_vms,
)
from components.observability import LxcAgents, LxcAgentsArgs, Observability, ObservabilityArgs, StorageKey
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
from components.storage_rooms import etcd_snapshots, object_storage
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
        registry = settings.environment.registry_host
        self.registry_users = RegistryUsers("registry-users", settings.delivery.registry.generations)
        pull = self.registry_users.current["pull"]
        self.kubernetes = KubernetesCluster(
            "kubernetes",
            ClusterArgs(
                kubernetes=settings.kubernetes,
                compute=settings.compute,
                registry=registry if settings.edge.certificates.authority_secret else None,
                kubeconfig=secrets.get("kubeconfig"),
            ),
        )
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
                registry=RegistryLogin(registry, pull.user, pull.password),
                cloud_configs=cloud_configs(settings.kubernetes, settings.compute),
                joined=self._joined,
            ),
        )
        self.kubernetes.complete()
        self._in_cluster = pulumi.ResourceOptions(providers={"kubernetes": self.kubernetes.provider})
        # Every workload waits for its namespace, and so for the classes that its pods name.
        priorities = Priorities("priorities", self._in_cluster)
        # Where pods of the platform's own images are: the services' and the guards'.
        pulling = {settings.edge.namespace, *(each.namespace for each in settings.services.values())}
        self.namespaces = {
            name: Namespace(
                f"namespace-{name}",
                NamespaceArgs(
                    name,
                    namespace,
                    settings.environment.label,
                    self._flows,
                    pull_config(registry, pull) if name in pulling else None,
                ),
                pulumi.ResourceOptions.merge(self._in_cluster, pulumi.ResourceOptions(depends_on=[priorities])),
            )
            for name, namespace in settings.kubernetes.namespaces.items()
        }
        # Before anything that a release changes: an older release file is refused here.
        self.ledger = Ledger("release-ledger", settings.releases, settings.environment.name)
        self._certificates(secrets)
        self.storage = object_storage(settings, secrets, self.compute, self.certificates)
        self.docker = DockerRooms(settings, secrets, self.compute, self.certificates, self.storage.keys)
        secrets = self.docker.secrets
        self._edge(secrets)
        self.docker.registry(self.registry_users)
        self.docker.make_backups(self._pulling)
        self.docker.make_coolify(self.gateways.values())
        etcd_snapshots(settings, self.storage, self.certificates, self._in_cluster)
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
                secrets={
                    key: secrets[key]
                    for key in told_to("alertmanager", "alertmanager-record", "prometheus", "pve-exporter")
                },
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
        self.docker.agents(documents)
        for lxc, container in self.compute.containers.items():
            LxcAgents(
                f"observability-{lxc}",
                LxcAgentsArgs(
                    observability=settings.observability,
                    login=container.login,
                    log_agent_password=secrets[CLIENT_SECRETS[LOG_AGENT_CLIENT]],
                    pipeline=documents[f"log-agent/{lxc}/promtail.yaml"],
                    authority=self.certificates.authority,
                    made=container.made,
                    settled=container.settled,
                ),
            )

    def _certificates(self, secrets: Mapping[str, pulumi.Output[str]]) -> None:
        """Who signs, and for which names."""
        settings = self._settings
        trusting = {
            settings.edge.namespace,
            settings.observability.namespace,
            *(each.namespace for each in settings.services.values()),
        }
        self.certificates = Certificates(
            "certificates",
            CertificatesArgs(
                edge=settings.edge,
                environment=settings.environment.label,
                issued=issued(settings),
                observability_namespace=settings.observability.namespace,
                flows=self._flows,
                tsig_secret=secrets.get("acmeTsigSecret"),
            ),
            pulumi.ResourceOptions(
                providers={"kubernetes": self.kubernetes.provider},
                depends_on=[
                    self.ledger,
                    *(guard for name in sorted(trusting) for guard in self.namespaces[name].guards),
                ],
            ),
        )
        authority = self.certificates.authority
        # What nodes need before they can have an image from the registry.
        self._pulling = [*self.certificates.authorities, *(self.kubernetes.trust(authority) if authority else ())]

    def _edge(self, secrets: Mapping[str, pulumi.Output[str]]) -> None:
        """The way in, and the guards of what was just released."""
        settings, label = self._settings, self._settings.environment.label
        opts = pulumi.ResourceOptions(
            providers={"kubernetes": self.kubernetes.provider},
            depends_on=[*self.namespaces[settings.edge.namespace].guards, self.ledger],
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
                    database=None if self.docker.database is None else self.docker.database.certificate,
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
                pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=self._pulling)),
            )
            for name in watched(settings)
        }

    def _joined(self, name: str, vm: VirtualMachine) -> list[pulumi.Resource]:
        """A machine of the cluster is a node again before the next one is touched."""
        if name not in k3s_vms(self._settings.compute):
            return []
        return [self.kubernetes.join(name, Machine(vm.login, vm.hypervisor, vm.made, vm.settled))]

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
                    *self._pulling,
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
