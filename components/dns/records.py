"""Which records a stack keeps: a pure function of its settings."""

from dataclasses import dataclass

from settings import Settings
from settings.values import Slot


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
    """Addresses."""
    service: str | None = None
    """Service whose slot it leads to."""
    slot: Slot | None = None
    """That slot."""
    type: str = "A"
    """Record type."""


def records(settings: Settings) -> list[RecordSpec]:
    """Records of a stack: guests under the core domain, services and their slots under the public one.

    A service's public name leads to the gateway of its live slot; a service that is not released has no record.
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
    for service, release in settings.releases.services.items():
        found.append(
            RecordSpec(
                f"service-{service}",
                environment.domain,
                settings.service_fqdn(service),
                dns.switch_ttl_seconds,
                (gateways[release.live].address,),
                service,
                release.live,
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
    return found
