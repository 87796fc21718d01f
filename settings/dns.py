"""`luxima:dns`: the name servers that take the platform's records, by RFC 2136 updates with TSIG."""

from typing import Annotated, Literal

from pydantic import Field

from settings.values import Address, Area, Form, Port

KeyName = Annotated[
    str,
    Form(
        r"^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$",
        "a DNS name in lower case without a dot at the end, such as luxima-dev",
    ),
]


class NameServer(Area):
    """One name server; the first of the list is the primary."""

    address: Address = Field(description="Address of the name server")
    port: Port = Field(default=53, description="UDP and TCP port of the name server")


class Tsig(Area):
    """The key that updates are signed with; its secret is luxima:dnsTsigSecret."""

    name: KeyName = Field(description="Name of the key, as the name servers know it")
    algorithm: Literal["hmac-sha256", "hmac-sha384", "hmac-sha512"] = Field(
        default="hmac-sha256", description="Algorithm of the key (RFC 8945)"
    )


class Dns(Area):
    """Where records are kept and for how long resolvers may remember them."""

    servers: Annotated[tuple[NameServer, ...], Field(min_length=1)] = Field(
        description="Authoritative name servers; the first is the primary and takes the updates"
    )
    tsig: Tsig = Field(description="Key that updates are signed with")
    guard_tsig: Tsig = Field(
        description="Key of the guard in the cluster, which may change the services' public names only; its secret is "
        "luxima:dnsGuardTsigSecret"
    )
    ttl_seconds: Annotated[int, Field(ge=30, le=86_400)] = Field(
        default=300, description="How long resolvers may keep a record that stays, in seconds"
    )
    switch_ttl_seconds: Annotated[int, Field(ge=5, le=60)] = Field(
        default=30, description="The same for a service's public name, which a slot switch changes, in seconds"
    )
