"""`luxima:edge`: the two gateways through which users come in, and their certificates (REL-1, SEC-1)."""

from typing import Literal

from pydantic import Field

from settings.values import Address, Area, Email, Slots


class Gateway(Area):
    """One edge gateway."""

    address: Address = Field(description="Virtual address of the gateway, held by kube-vip")


class Certificates(Area):
    """Where TLS certificates come from."""

    issuer: Literal["acme", "private_ca"] = Field(
        description="`acme`: Let's Encrypt by DNS-01; `private_ca`: a CA of the platform's own, for .local names"
    )
    acme_email: Email | None = Field(
        default=None, description="Contact of the ACME account; needed with issuer acme and only there"
    )


class Edge(Area):
    """The way in."""

    gateways: Slots[Gateway] = Field(description="The gateway of each slot: blue and green")
    certificates: Certificates = Field(description="TLS certificates")
