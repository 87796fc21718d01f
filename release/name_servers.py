"""The name servers of a stack, as the verbs ask them and lead a name over."""

from collections.abc import Mapping
from dataclasses import dataclass

from components.dns_update import Key, standing, swap, wait
from settings import Settings

_DNS_SECONDS = 120
"""How long the name servers have to follow a change."""


@dataclass(frozen=True)
class NameServers:
    """The name servers of the stack; `release.context.Names`."""

    settings: Settings
    key: Key

    def standing(self, fqdn: str, *, primary_only: bool = False) -> Mapping[str, tuple[str, ...]]:
        """Addresses of a name by name server, the primary first."""
        servers = self.settings.dns.servers
        return standing(servers[:1] if primary_only else servers, fqdn)

    def swap(self, fqdn: str, old: str, new: str) -> bool:
        """Lead a name over; False when somebody did already."""
        dns = self.settings.dns
        return swap(dns, self.settings.environment.domain, fqdn, old, new, dns.switch_ttl_seconds, self.key)

    def wait(self, fqdn: str, expected: str) -> None:
        """Until every name server answers it."""
        wait(self.settings.dns.servers, fqdn, expected, _DNS_SECONDS)
