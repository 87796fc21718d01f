"""All settings of a stack together: what its files and the secrets that are set say."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from settings.backup import Backup
from settings.compute import Compute, Vm
from settings.coolify import HOST as COOLIFY_HOST
from settings.database import HOST, Database
from settings.delivery import Delivery
from settings.dns import Dns
from settings.edge import Edge
from settings.environment import Environment
from settings.guard import Guard, Limits
from settings.kubernetes import Kubernetes
from settings.observability import Objective, Observability
from settings.observability.objectives import AVAILABILITY
from settings.releases import Releases, ServiceRelease
from settings.retention import Retention
from settings.secrets import SecretsSet
from settings.services import Service, ServiceName
from settings.storage import Storage
from settings.teams import Team, Teams
from settings.values import Area, Slot

Services = Annotated[Mapping[ServiceName, Service], Field(min_length=1)]
"""The services file of a stack: services by name."""


class Stack(Area):
    """The areas of a stack file, in its order; each is a key under `luxima:`."""

    environment: Environment = Field(description="Which environment the stack is")
    compute: Compute = Field(description="Proxmox VE cluster, VMs and LXCs")
    kubernetes: Kubernetes = Field(description="Cluster and namespaces")
    storage: Storage = Field(description="Object storage")
    retention: Retention = Field(description="How long everything is kept")
    database: Database = Field(description="PostgreSQL and Supabase")
    backup: Backup = Field(description="How often backups are made")
    dns: Dns = Field(description="Name servers")
    delivery: Delivery = Field(description="Image registry and Coolify")
    edge: Edge = Field(description="Gateways and certificates")
    observability: Observability = Field(description="Metrics and alerts")
    guard: Guard = Field(description="How a release is judged after it became live")


class Settings(Stack):
    """Everything a stack's resources are made from."""

    services: Services = Field(description="Services by name")
    releases: Releases = Field(description="What runs in which slot")
    teams: Teams = Field(default_factory=dict[str, Team], description="What the services' own teams bring")
    secrets: SecretsSet = Field(default_factory=SecretsSet, description="Which secrets are set; never their values")

    @property
    def wanted_vms(self) -> Mapping[str, Vm]:
        """The VMs to make: all of them, without those of a cluster that exists elsewhere."""
        if self.kubernetes.mode == "k3s":
            return self.compute.vms
        return {name: vm for name, vm in self.compute.vms.items() if vm.role not in ("k3s_server", "k3s_agent")}

    @property
    def database_fqdn(self) -> str:
        """Public name of the database's API."""
        return self.environment.fqdn(HOST)

    @property
    def database_host(self) -> Vm | None:
        """Docker host of the stack's own database; None where that runs elsewhere, or its host is not made."""
        return self.wanted_vms.get(self.database.host) if self.database.mode == "supabase" else None

    @property
    def database_replica(self) -> Vm | None:
        """Docker host of what follows it; None where nothing does."""
        replica = self.database.replica
        return None if replica is None or self.database_host is None else self.wanted_vms.get(replica)

    @property
    def storage_hosts(self) -> Mapping[str, Vm]:
        """Docker hosts of the object storage's own server, by name; none where one is there already."""
        server, made = self.storage.server, self.wanted_vms
        return {host: made[host] for host in server.hosts if host in made} if server.brought else {}

    @property
    def guard_limits(self) -> Limits:
        """When a release is good, bad, or neither."""
        return self.guard.limits(self.observability.scrape_interval_seconds)

    @property
    def objectives(self) -> Mapping[str, Objective]:
        """What is promised of all services (MON-6, ENV-4), by service and name: `storefront-latency`.

        The stack's own database is one of them, as users reach it: by its API through the gateways.
        """
        least = self.environment.uptime_objective_percent
        own = Objective(service=HOST, indicator="availability", objective_percent=least)
        return ({f"{HOST}-{AVAILABILITY}": own} if self.database.mode == "supabase" else {}) | {
            f"{name}-{key}": Objective(service=name, **dict(promise))
            for name, service in self.services.items()
            for key, promise in service.promises(least).items()
        }

    def release(self, service: str) -> ServiceRelease | None:
        """What runs of `service`; None if it was not released yet."""
        return self.releases.services.get(service)

    @property
    def registry_address(self) -> str:
        """Private address of the registry's Docker host, at which the gateways reach it."""
        return self.compute.vms[self.delivery.registry.host].address

    @property
    def coolify_fqdn(self) -> str:
        """Name of Coolify's pages, API and webhook."""
        return self.environment.core_fqdn(COOLIFY_HOST)

    @property
    def coolify_address(self) -> str | None:
        """Private address of Coolify's Docker host; None where there is no Coolify."""
        coolify = self.delivery.coolify
        return None if coolify is None else self.compute.vms[coolify.host].address

    @property
    def hosts(self) -> Mapping[str, str]:
        """Full names that are served elsewhere (`dns.hosts`), by zone and label: `core_object-storage`."""
        fqdn = {"public": self.environment.fqdn, "core": self.environment.core_fqdn}
        return {f"{zone}_{host}": fqdn[zone](host) for zone, hosts in self.dns.hosts.items() for host in hosts}

    @property
    def looked_up(self) -> Mapping[str, str]:
        """Names that lead to no slot and that machines ask for: those elsewhere, the database's and the registry's."""
        own = {f"public_{HOST}": self.database_fqdn} if self.database.mode == "supabase" else {}
        return {**self.hosts, **own, "core_registry": self.environment.registry_host}

    def service_fqdn(self, service: str, slot: Slot | None = None) -> str:
        """Public name of `service`; with `slot` the name under which that slot alone is reached."""
        if slot is None:
            return self.environment.fqdn(self.services[service].host)
        return self.environment.fqdn(f"{service}-{slot}")

    def public_address(self, service: str, slot: Slot) -> str:
        """Address of the public name of `service` while `slot` is live.

        That of a service for trusted networks stays inside: it would be refused to whoever comes by way of a NAT.
        """
        gateway = self.edge.gateways[slot]
        return gateway.address if self.services[service].trusted_only else gateway.addresses[-1]
