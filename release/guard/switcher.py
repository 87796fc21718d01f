"""How the guard takes a release back: by the service's public name, which is the first thing that has to change."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from components.dns_update import DnsError, Key, Server, standing, swap

_LOOK_SECONDS: Final = 3.0


class SwitchError(Exception):
    """The name could not be looked up or led over; the text is one sentence for a person."""


class Switcher(Protocol):
    """Leads users of one service from the slot that is watched back to the one before."""

    def taken_back(self) -> bool:
        """Whether users are led to the slot before, by whomever.

        Raises:
            SwitchError: When that cannot be seen.
        """
        ...

    def back(self) -> bool:
        """Lead users back.

        Returns:
            True when this call did it, False when somebody had done it already.

        Raises:
            SwitchError: When it could not be done; nothing was changed, or it can be repeated.
        """
        ...


@dataclass(frozen=True)
class DnsSwitcher:
    """By an RFC 2136 update of the public name."""

    servers: Sequence[Server]
    """Name servers; the first is the primary."""
    zone: str
    """Zone that keeps the name."""
    fqdn: str
    """Public name of the service."""
    watched: str
    """Address of the gateway of the slot that is watched."""
    previous: str
    """Address of the gateway of the slot before."""
    ttl: int
    """How long resolvers may keep the record, in seconds."""
    key: Key
    """Key that the update is signed with."""

    def taken_back(self) -> bool:
        """See `Switcher`."""
        try:
            (addresses,) = standing(self.servers[:1], self.fqdn, _LOOK_SECONDS).values()
        except DnsError as error:
            raise SwitchError(str(error)) from None
        return addresses == (self.previous,)

    def back(self) -> bool:
        """See `Switcher`."""
        try:
            return swap(self, self.zone, self.fqdn, self.watched, self.previous, self.ttl, self.key)
        except DnsError as error:
            raise SwitchError(str(error)) from None
