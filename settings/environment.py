"""`luxima:environment`: which environment a stack is, and under which names it is reached (ENV-1..4)."""

from typing import Annotated, Final

from pydantic import Field

from settings.values import Area, Domain

StackName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,29}$")]
"""A stack is there when its file is: `Pulumi.<name>.yaml`."""
_LABELS: Final = {"prod": "production"}
"""MON-1: the label `environment` of a stack, where it is not the stack's name."""

GATEWAY_HOSTS: Final = ("grafana", "prometheus", "loki", "alertmanager", "alertmanager-record", "registry")
"""Hosts under the core domain that the gateways serve (ENV-3)."""


class Environment(Area):
    """Identity of a stack."""

    name: StackName = Field(description="Name of the stack; the same as in the file's name")
    domain: Domain = Field(description="Domain under which the public services are reached")
    core_domain: Domain = Field(description="Domain of the core hosts: Grafana, registry, object storage")
    uptime_objective_percent: Annotated[float, Field(ge=90, lt=100)] = Field(
        description="Share of time each main service has to be up, in percent"
    )

    @property
    def label(self) -> str:
        """Value of the label `environment` on every metric and log line (MON-1)."""
        return _LABELS.get(self.name, self.name)

    def fqdn(self, host: str) -> str:
        """Full name of `host` under the stack's domain; `@` is the domain itself."""
        return self.domain if host == "@" else f"{host}.{self.domain}"

    def owns(self, host: str) -> bool:
        """Whether a name is one of the stack's own: in one of its zones."""
        return any(host == zone or host.endswith(f".{zone}") for zone in self.zones)

    def core_fqdn(self, host: str) -> str:
        """Full name of `host` under the core domain."""
        return f"{host}.{self.core_domain}"

    @property
    def grafana_host(self) -> str:
        """Name under which Grafana is reached (ENV-3)."""
        return self.core_fqdn("grafana")

    @property
    def registry_host(self) -> str:
        """Name of the private image registry (ENV-3); every released image comes from it."""
        return self.core_fqdn("registry")

    @property
    def object_storage_host(self) -> str:
        """Public name of the object storage (ENV-3)."""
        return self.core_fqdn("object-storage")

    @property
    def zones(self) -> tuple[str, str]:
        """DNS zones in which this stack keeps records: the services' domain, then the core domain."""
        return (self.domain, self.core_domain)
