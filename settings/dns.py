"""`luxima:dns`: the name servers that take the platform's records, by RFC 2136 updates with TSIG."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from settings.values import Address, Area, Domain, Form, Label, Port

KeyName = Annotated[
    str,
    Form(
        r"^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$",
        "a DNS name in lower case without a dot at the end, such as luxima-dev",
    ),
]


_MAIL_TEXT = r"[ !#-\[\]-~]"
"""Printable ASCII without quotes and backslashes, which a zone file would want written in another way."""

Spf = Annotated[
    str,
    Form(
        f"^v=spf1( {_MAIL_TEXT}{{1,400}})?$",
        "an SPF policy such as `v=spf1 include:_spf.luxima.id -all` (RFC 7208); `v=spf1 -all` where no mail is sent",
    ),
]

Dmarc = Annotated[
    str,
    Form(
        f"^v=DMARC1; *p=(none|quarantine|reject)( *;{_MAIL_TEXT}{{0,400}})?$",
        "a DMARC policy such as `v=DMARC1; p=reject` (RFC 7489)",
    ),
]


Zone = Literal["public", "core"]
"""The services' domain, and the domain of the core hosts."""


class MailExchange(Area):
    """A server that takes mail for a zone."""

    preference: Annotated[int, Field(ge=0, le=65_535)] = Field(
        default=10, description="The one with the lowest preference is tried first"
    )
    host: Domain = Field(description="Its name; it needs an address record")


class Mail(Area):
    """What a zone says about mail; what is not given is left to whoever keeps it now."""

    spf: Spf | None = Field(default=None, description="Who may send mail in the zone's name: a TXT record of the zone")
    dmarc: Dmarc | None = Field(
        default=None, description="What happens to mail that fails those checks: a TXT record at `_dmarc`"
    )
    mx: tuple[MailExchange, ...] = Field(default=(), description="Servers that take mail for the zone")


class NameServer(Area):
    """One name server; the first of the list is the primary."""

    address: Address = Field(description="Address of the name server")
    port: Port = Field(default=53, description="UDP and TCP port of the name server")


class Tsig(Area):
    """A key that updates are signed with."""

    name: KeyName = Field(description="Name of the key, as the name servers know it")
    algorithm: Literal["hmac-sha256", "hmac-sha384", "hmac-sha512"] = Field(
        default="hmac-sha256", description="Algorithm of the key (RFC 8945)"
    )


class Dns(Area):
    """Where records are kept and for how long resolvers may remember them."""

    servers: Annotated[tuple[NameServer, ...], Field(min_length=1)] = Field(
        description="Authoritative name servers; the first is the primary and takes the updates"
    )
    tsig: Tsig = Field(description="Key that updates are signed with; its secret is luxima:dnsTsigSecret")
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
    hosts: Mapping[Zone, Mapping[Label, Annotated[tuple[Address, ...], Field(min_length=1)]]] = Field(
        default={},
        description="Names that neither a gateway nor a guest of this stack has, with the addresses where they are "
        "served: by zone, the services' domain (`public`) and the core domain (`core`), and by the name's first label",
    )
    mail: Mapping[Zone, Mail] = Field(
        default={}, description="Records on mail, of the services' domain (`public`) and the core domain (`core`)"
    )
