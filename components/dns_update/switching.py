"""Lead a service's public name to the other gateway, and see that every name server does (REL-1).

Pure Python over dnspython: the release tool and the guard in the cluster use it without an engine.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

import dns.rcode
import dns.rdataclass
import dns.rrset

from components.dns_update.transport import (
    TIMEOUT_SECONDS,
    DnsError,
    Endpoint,
    Key,
    Server,
    lookup,
    name_of,
    send,
    signed_update,
    where,
)

__all__ = ["DnsError", "Endpoint", "Key", "LedElsewhereError", "Server", "Servers", "standing", "swap", "wait"]

_PAUSE_SECONDS: Final = 0.2
_LEAST_SECONDS: Final = 3.0
"""Time that a look has at least: a server that is asked last is not to seem silent."""
_TYPE: Final = "A"


class LedElsewhereError(DnsError):
    """The primary, which had the address, has another one: somebody has led the name on meanwhile."""


class Servers(Protocol):
    """The name servers of a stack; settings.dns.Dns is one."""

    @property
    def servers(self) -> Sequence[Server]:
        """All of them; the first is the primary."""
        ...


def swap(dns_settings: Servers, zone: str, fqdn: str, old: str, new: str, ttl: int, key: Key) -> bool:
    """Lead a name from one address to another: one signed message, done whole or not at all.

    Its prerequisite is that the record set is exactly `{old}`, so an edit of somebody else is never overwritten. A
    call whose answer was lost can be repeated.

    Args:
        dns_settings: The name servers; the first takes the update.
        zone: The zone that keeps the name, without the dot at the end.
        fqdn: The full name, without the dot at the end.
        old: The address that it has to have now.
        new: The address that it gets.
        ttl: How long resolvers may keep it, in seconds.
        key: The key that the update is signed with.

    Returns:
        True when the name was led over, False when it already leads to `new` alone.

    Raises:
        DnsError: When anything else stands there, when the server refuses, or when it does not answer.
    """
    primary, name, what = dns_settings.servers[0], name_of(fqdn), f"{_TYPE} record {fqdn} in zone {zone}"
    if not key.secret:
        raise DnsError(f"the TSIG key {key.name} has no secret: set what it is made of ({key.origin})")
    update = signed_update(zone, key)
    update.present(name, dns.rrset.from_text(name, 0, dns.rdataclass.IN, _TYPE, old))
    update.replace(name, dns.rrset.from_text(name, ttl, dns.rdataclass.IN, _TYPE, new))
    if send(update, primary, key, what) == dns.rcode.NOERROR:
        return True
    found = lookup(primary, fqdn, _TYPE)
    if found is not None and found.values == (new,):
        return False
    if found is None:
        stands = f"there is no {what} on the name server {where(primary)}"
    else:
        stands = f"the {what} is {', '.join(found.values)}, which is neither {old} nor {new}"
    raise DnsError(f"{stands}; nothing was changed: run pulumi up, or put {old} there, then run again")


def standing(
    servers: Sequence[Server], fqdn: str, timeout_seconds: float = TIMEOUT_SECONDS
) -> Mapping[str, tuple[str, ...]]:
    """The addresses of a name as every name server itself keeps them, by its `address:port`; no address: `()`.

    Raises:
        DnsError: When any of them does not answer for the zone; it names each of these.
    """
    seen = _look(servers, fqdn, timeout_seconds)
    silent = [str(answer) for answer in seen.values() if isinstance(answer, DnsError)]
    if silent:
        raise DnsError("; ".join(silent))
    return {server: answer for server, answer in seen.items() if not isinstance(answer, DnsError)}


def wait(
    servers: Sequence[Server],
    fqdn: str,
    expected: str,
    timeout_seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Wait until every name server follows the primary, which has been given an address for a name.

    Args:
        servers: All name servers; the first is the primary.
        fqdn: The full name.
        expected: The address.
        timeout_seconds: How long to wait; a last look may take a few seconds more.
        clock: Seconds that only grow.

    Raises:
        LedElsewhereError: As soon as the primary answers another address, which the others will follow.
        DnsError: When some are still behind at the end; it names them and what they answer.
    """
    end = clock() + timeout_seconds
    primary, late = servers[0], list(servers[1:])
    while True:
        # A secondary that answers it once stays with it, unless the primary moves on.
        rest = max(end - clock(), _LEAST_SECONDS)
        seen = _look([primary, *late], fqdn, min(rest, TIMEOUT_SECONDS))
        has = seen[where(primary)]
        if has != (expected,) and not isinstance(has, DnsError):
            found = ", ".join(has) or "no address"
            raise LedElsewhereError(
                f"{fqdn} was led to {expected}, and leads to {found} now: somebody has changed it since"
            )
        late = [server for server in late if seen[where(server)] != (expected,)]
        # What is not the address by now is a primary that does not answer.
        behind = late if has == (expected,) else [primary, *late]
        if not behind:
            return
        if clock() + _PAUSE_SECONDS >= end:
            break
        time.sleep(_PAUSE_SECONDS)
    said = "; ".join(_behind(where(server), seen[where(server)]) for server in behind)
    transfers = "" if primary in behind else "; the primary has the change, so look at the zone transfers"
    raise DnsError(f"after {timeout_seconds:g} s not every name server leads {fqdn} to {expected}: {said}{transfers}")


def _behind(server: str, answer: tuple[str, ...] | DnsError) -> str:
    if isinstance(answer, DnsError):
        return str(answer)
    return f"{server} still answers {', '.join(answer) or 'no address'}"


def _look(servers: Sequence[Server], fqdn: str, timeout_seconds: float) -> dict[str, tuple[str, ...] | DnsError]:
    """All at once, so that one that is silent does not keep the others waiting."""

    def one(server: Server) -> tuple[str, ...] | DnsError:
        try:
            found = lookup(server, fqdn, _TYPE, timeout_seconds, attempts=1)
        except DnsError as error:
            return error
        return found.values if found is not None else ()

    with ThreadPoolExecutor(max_workers=len(servers)) as pool:
        return dict(zip(map(where, servers), pool.map(one, servers), strict=True))
