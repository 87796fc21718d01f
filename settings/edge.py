"""`luxima:edge`: the two gateways through which users come in, and their certificates (REL-1, SEC-1)."""

from typing import Annotated, Literal

from pydantic import Field

from settings.dns import Tsig
from settings.values import Address, Area, Email, Label, Network, Slots


class Gateway(Area):
    """One edge gateway."""

    address: Address = Field(description="Virtual address of the gateway, held by kube-vip")
    public_address: Address | None = Field(
        default=None,
        description="Address under which users find it, where that is another one: behind a NAT, which leads it to "
        "`address`. Public names of services lead there; kube-vip holds it too, so that the platform's own calls of "
        "public names stay in its network",
    )

    @property
    def addresses(self) -> tuple[str, ...]:
        """All that it has."""
        return (self.address,) if self.public_address is None else (self.address, self.public_address)


class Certificates(Area):
    """Where TLS certificates come from."""

    issuer: Literal["acme", "private_ca"] = Field(
        description="`acme`: Let's Encrypt by DNS-01; `private_ca`: a CA of the platform's own, for .local names"
    )
    controller: Literal["chart", "installed"] = Field(
        default="chart",
        description="cert-manager: `chart` installs it from its official chart; `installed` takes it as being there",
    )
    acme_email: Email | None = Field(
        default=None, description="Contact of the ACME account; needed with issuer acme and only there"
    )
    acme_tsig: Tsig | None = Field(
        default=None,
        description="Key of cert-manager, which may change the TXT records `_acme-challenge` only; needed with issuer "
        "acme and only there; its secret is luxima:acmeTsigSecret",
    )

    @property
    def authority_secret(self) -> str | None:
        """Secret with the private CA's `ca.crt`, where programs have to trust it; None with a public one."""
        return "private-ca" if self.issuer == "private_ca" else None


class RateLimit(Area):
    """How much one client address may ask for."""

    requests_per_second: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=100, description="Requests per second of one client address in the long run"
    )
    burst: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=200, description="Requests of one client address at once"
    )


class Edge(Area):
    """The way in."""

    gateways: Slots[Gateway] = Field(description="The gateway of each slot: blue and green")
    certificates: Certificates = Field(description="TLS certificates")
    namespace: Label = Field(default="edge", description="Namespace of the gateways; one of kubernetes.namespaces")
    replicas: Annotated[int, Field(ge=1, le=20)] = Field(description="Pods of each gateway")
    cpu_request_millicores: Annotated[int, Field(ge=10, le=64_000)] = Field(
        default=250, description="Processor request of a gateway's pod, in thousandths of a processor"
    )
    memory_mib: Annotated[int, Field(ge=64, le=65_536)] = Field(
        default=256, description="Memory of a gateway's pod, request and limit, in MiB"
    )
    rate_limit: RateLimit = Field(default=RateLimit(), description="How much one client address may ask for")
    max_body_mib: Annotated[int, Field(ge=1, le=1024)] = Field(
        default=10, description="Size of a request's body at most, in MiB; larger ones get 413"
    )
    hsts_days: Annotated[int, Field(ge=180, le=3650)] = Field(
        default=365, description="How long browsers remember to come by HTTPS only, in days"
    )
    drain_seconds: Annotated[int, Field(ge=5, le=600)] = Field(
        default=30, description="Time a leaving gateway gives to requests that are under way, in seconds"
    )
    trusted_networks: Annotated[tuple[Network, ...], Field(min_length=1)] = Field(
        description="Networks that may reach what is not for the public: trusted_only services, slots by their "
        "own names, and the programs that observe"
    )
