"""Which records a stack keeps: a pure function of its settings."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from settings import Settings
from settings.dns import Mail, Zone
from settings.environment import GATEWAY_HOSTS
from settings.values import Slot

_CAA_ACME: Final = tuple(f'0 {tag} "letsencrypt.org; validationmethods=dns-01"' for tag in ("issue", "issuewild"))
"""By a record only (RFC 8657): whoever can answer for one service, or lead its name elsewhere, gets no certificate."""
_TEXT_BYTES: Final = 255
"""Length of one string of a TXT record at most (RFC 1035, 3.3)."""


@dataclass(frozen=True)
class RecordSpec:
    """One record set."""

    key: str
    """Stable name of the record in the stack, whatever it points at."""
    zone: str
    """Zone that it is kept in."""
    fqdn: str
    """Full name, without the dot at the end."""
    ttl: int
    """How long resolvers may keep it, in seconds."""
    values: tuple[str, ...]
    """Values as in a zone file."""
    service: str | None = None
    """Service whose slot it leads to."""
    slot: Slot | None = None
    """That slot."""
    type: str = "A"
    """Record type."""
    switched_at: str | None = None
    """When a release on probation led it here; somebody who leads it back since then is not overruled."""


def records(settings: Settings) -> list[RecordSpec]:
    """Records of a stack.

    Guests and core hosts are under the core domain, services and their slots under the public one. A service's public
    name leads to the gateway of its live slot; a service that is not released has no record. Core hosts and the
    database are reached by both gateways; what is served elsewhere, such as the registry, is where the settings say.
    Each zone says who may issue certificates for it (RFC 8659), and what the settings say about mail.
    """
    environment, dns = settings.environment, settings.dns
    # A zone needs the addresses of its name servers before it can take a record: they come with the zone.
    containers = {name: each for name, each in settings.compute.containers.items() if each.role != "name_server"}
    guests = {**settings.wanted_vms, **containers}
    found = [
        RecordSpec(
            f"host-{name}", environment.core_domain, environment.core_fqdn(name), dns.ttl_seconds, (guest.address,)
        )
        for name, guest in guests.items()
    ]
    gateways = settings.edge.gateways
    both = tuple(gateway.address for gateway in gateways.values())
    found += [
        RecordSpec(f"core-{host}", environment.core_domain, environment.core_fqdn(host), dns.ttl_seconds, both)
        for host in GATEWAY_HOSTS
    ]
    if settings.database.mode == "supabase":
        reached = tuple(gateway.addresses[-1] for gateway in gateways.values())
        name = settings.database_fqdn
        found.append(RecordSpec("public-database", environment.domain, name, dns.ttl_seconds, reached))
    if settings.delivery.coolify is not None:
        # GitHub comes from outside.
        reached = tuple(gateway.addresses[-1] for gateway in gateways.values())
        name = settings.coolify_fqdn
        found.append(RecordSpec("core-coolify", environment.core_domain, name, dns.ttl_seconds, reached))
    for service, release in settings.releases.services.items():
        found.append(
            RecordSpec(
                f"service-{service}",
                environment.domain,
                settings.service_fqdn(service),
                dns.switch_ttl_seconds,
                (settings.public_address(service, release.live),),
                service,
                release.live,
                switched_at=None if release.probation is None else release.probation.since,
            )
        )
        for slot, content in release.slots.items():
            if content is not None:
                found.append(
                    RecordSpec(
                        f"service-{service}-{slot}",
                        environment.domain,
                        settings.service_fqdn(service, slot),
                        dns.switch_ttl_seconds,
                        (gateways[slot].address,),
                        service,
                        slot,
                    )
                )
    found += _zone(settings, "public", environment.domain)
    found += _zone(settings, "core", environment.core_domain)
    return found


def _zone(settings: Settings, key: Zone, zone: str) -> Iterator[RecordSpec]:
    """What is said about a zone as a whole, and the names in it that are served elsewhere."""
    certificates, ttl = settings.edge.certificates, settings.dns.ttl_seconds
    for host, addresses in settings.dns.hosts.get(key, {}).items():
        yield RecordSpec(f"{key}-host-{host}", zone, f"{host}.{zone}", ttl, addresses)
    if certificates.issuer == "acme":
        contact = f'0 iodef "mailto:{certificates.acme_email}"'
        yield RecordSpec(f"{key}-caa", zone, zone, ttl, (*_CAA_ACME, contact), type="CAA")
    mail = settings.dns.mail.get(key, Mail())
    if mail.spf is not None:
        yield RecordSpec(f"{key}-spf", zone, zone, ttl, (_text(mail.spf),), type="TXT")
    if mail.dmarc is not None:
        yield RecordSpec(f"{key}-dmarc", zone, f"_dmarc.{zone}", ttl, (_text(mail.dmarc),), type="TXT")
    if mail.mx:
        exchanges = tuple(f"{exchange.preference} {exchange.host}." for exchange in mail.mx)
        yield RecordSpec(f"{key}-mx", zone, zone, ttl, exchanges, type="MX")


def _text(value: str) -> str:
    """A text as the strings of a TXT record; a reader puts them together again."""
    return " ".join(f'"{value[start : start + _TEXT_BYTES]}"' for start in range(0, len(value), _TEXT_BYTES))
