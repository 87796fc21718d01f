"""Rules on the names that the name servers know (ENV-2, ENV-3)."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from settings.database import HOST
from settings.dns import Zone
from settings.environment import GATEWAY_HOSTS
from settings.report import Path, Problem, show
from settings.rules.guests import all_guests
from settings.stack import Settings

NEEDED: Final[tuple[tuple[Zone, str, str], ...]] = (
    ("core", "object-storage", "the object storage (requirement ENV-3)"),
    ("public", HOST, "Supabase (requirement ENV-2)"),
)


def needed_hosts(settings: Settings) -> Iterator[Problem]:
    """The names of the requirements that neither a gateway nor a guest has lead somewhere."""
    hosts = settings.dns.hosts
    own = settings.database.mode == "supabase"
    for zone, host, what in NEEDED:
        if host not in hosts.get(zone, {}) and not (own and host == HOST):
            text = f"is missing; give the addresses of {what}, such as [10.10.10.41]"
            yield Problem(("dns", "hosts", zone, host), text)


def one_meaning(settings: Settings) -> Iterator[Problem]:
    """A name leads to one thing."""
    known: dict[str, str] = dict.fromkeys(GATEWAY_HOSTS, "the gateways serve that name")
    for path, _ in all_guests(settings):
        name = str(path[-1])
        if name in GATEWAY_HOSTS:
            yield Problem(path, f"{known[name]} under the core domain; give the guest another name")
        known.setdefault(name, f"{'.'.join(map(str, path))} has that name")
    for host in settings.dns.hosts.get("core", {}):
        if host in known:
            yield Problem(("dns", "hosts", "core", host), f"{known[host]} already; remove one of them")
    taken = {settings.service_fqdn(service): f"services.{service}" for service in settings.services}
    taken |= {
        settings.service_fqdn(service, slot): f"slot {slot} of services.{service}"
        for service in settings.services
        for slot in settings.edge.gateways
    }
    if settings.database.mode == "supabase":
        for name, owner in taken.items():
            if name == settings.database_fqdn:
                yield Problem(("services",), f"{owner} has the name {show(name)}, which is the database's")
        taken[settings.database_fqdn] = "the database (database.mode supabase)"
    for host in settings.dns.hosts.get("public", {}):
        owner = taken.get(settings.environment.fqdn(host))
        if owner is not None:
            yield Problem(("dns", "hosts", "public", host), f"{owner} has that name already; remove one of them")


def used_hosts(settings: Settings) -> Iterator[Problem]:
    """What the platform itself asks for in its own zones is known there."""
    observed = settings.observability
    used: tuple[tuple[Path, str], ...] = (
        (("storage", "endpoint"), settings.storage.endpoint.rpartition(":")[0]),
        (("observability", "alert_log_url"), urlsplit(observed.alert_log_url).hostname or ""),
    )
    public, core = settings.environment.zones
    known = {settings.service_fqdn(service) for service in settings.services}
    known |= {settings.environment.core_fqdn(host) for host in GATEWAY_HOSTS}
    known |= {settings.database_fqdn} if settings.database.mode == "supabase" else set()
    known |= {settings.environment.core_fqdn(str(path[-1])) for path, _ in all_guests(settings)}
    zones: tuple[tuple[Zone, str], ...] = (("public", public), ("core", core))
    for zone, domain in zones:
        known |= {f"{host}.{domain}" for host in settings.dns.hosts.get(zone, {})}
    for path, name in used:
        for zone, domain in zones:
            label = name.removesuffix(f".{domain}")
            if label != name and name not in known:
                yield Problem(path, f"no record leads to {show(name)}; give its addresses as dns.hosts.{zone}.{label}")


RULES = (needed_hosts, one_meaning, used_hosts)
