"""How the platform speaks to a name server: signed updates (RFC 2136, RFC 8945) and authoritative questions, by TCP.

It knows nothing of the engine, so that what runs without one (a release, its guard) uses the same code.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.update

TIMEOUT_SECONDS: Final = 10.0
"""How long an attempt may take."""
ATTEMPTS: Final = 2
"""How often something is asked: an update that is repeated is harmless, since its prerequisite then says so."""

_REASONS: Final = {
    dns.rcode.NOTAUTH: "it is not authoritative for the zone, or does not know the key",
    dns.rcode.REFUSED: "the key may not make this change, or the server does not keep the zone",
    dns.rcode.NOTZONE: "the name is not in the zone",
    dns.rcode.SERVFAIL: "it has a fault of its own: see its log",
}


class DnsError(Exception):
    """The name server did not do what it was asked; the text is one sentence for a person."""


class Server(Protocol):
    """Where a name server listens; settings.dns.NameServer is one."""

    @property
    def address(self) -> str:
        """IP address."""
        ...

    @property
    def port(self) -> int:
        """TCP port."""
        ...


@dataclass(frozen=True)
class Endpoint:
    """A name server that was not read from the settings."""

    address: str
    """IP address."""
    port: int
    """TCP port."""


@dataclass(frozen=True)
class Key:
    """A TSIG key."""

    name: str
    """Name of the key, as the name servers know it, without the dot at the end."""
    algorithm: str
    """Such as hmac-sha256."""
    secret: str = field(repr=False)
    """The secret in base64; never shown."""
    origin: str = "luxima:dns.tsig and luxima:dnsTsigSecret"
    """The settings it comes from, for a sentence that says where to look."""


@dataclass(frozen=True)
class RecordSet:
    """What a name server answers for a name and a type."""

    ttl: int
    """Time to live, in seconds."""
    values: tuple[str, ...]
    """Values as in a zone file, sorted; none when there is no such record set."""


def where(server: Server) -> str:
    """The server as it is named to a person: address:port."""
    return f"{server.address}:{server.port}"


def name_of(fqdn: str) -> dns.name.Name:
    """A full name, given without the dot at the end."""
    return dns.name.from_text(f"{fqdn}.")


def values_of(rrset: dns.rrset.RRset) -> list[str]:
    """The values as dnspython writes them, sorted."""
    return sorted(cast(str, rdata.to_text()) for rdata in cast("Sequence[Any]", list(rrset)))


def signed_update(zone: str, key: Key) -> dns.update.UpdateMessage:
    """An empty update of a zone, signed when it is sent."""
    name = name_of(key.name)
    return dns.update.UpdateMessage(f"{zone}.", keyring={name: dns.tsig.Key(name, key.secret, key.algorithm)})


def send(update: dns.update.UpdateMessage, server: Server, key: Key, what: str) -> dns.rcode.Rcode:
    """Send an update.

    Args:
        update: The update.
        server: The primary.
        key: The key it is signed with.
        what: What is changed, for an error's sentence.

    Returns:
        NOERROR, or the code of a prerequisite that does not hold: NXRRSET or YXRRSET.

    Raises:
        DnsError: For every other refusal, and when there is no answer.
    """
    code = ask(update, server, key).rcode()
    if code in (dns.rcode.NOERROR, dns.rcode.NXRRSET, dns.rcode.YXRRSET):
        return code
    raise DnsError(
        f"the name server {where(server)} refused to change the {what} "
        f"({dns.rcode.to_text(code)}): {_REASONS.get(code, 'it gave no reason that is known')}; nothing was changed"
    )


def lookup(
    server: Server, fqdn: str, type_: str, timeout_seconds: float = TIMEOUT_SECONDS, attempts: int = ATTEMPTS
) -> RecordSet | None:
    """The record set as the server itself keeps it; None if it has none.

    Raises:
        DnsError: When it does not answer, or answers what it heard from others.
    """
    query = dns.message.make_query(name_of(fqdn), type_)
    query.flags &= ~dns.flags.RD
    answer = ask(query, server, None, timeout_seconds, attempts)
    code = answer.rcode()
    if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN) or not answer.flags & dns.flags.AA:
        said = dns.rcode.to_text(code) if code != dns.rcode.NOERROR else "not authoritative"
        raise DnsError(
            f"the name server {where(server)} does not answer for {fqdn} ({said}); is the zone configured there?"
        )
    found = answer.get_rrset(answer.answer, name_of(fqdn), dns.rdataclass.IN, dns.rdatatype.from_text(type_))
    return None if found is None else RecordSet(found.ttl, tuple(values_of(found)))


def ask(
    message: dns.message.Message,
    server: Server,
    key: Key | None,
    timeout_seconds: float = TIMEOUT_SECONDS,
    attempts: int = ATTEMPTS,
) -> dns.message.Message:
    """Send a message and wait for the answer, by TCP.

    Raises:
        DnsError: When there is none, or none that can be trusted.
    """
    with _sentences(where(server), key, timeout_seconds, attempts):
        for attempt in range(attempts):
            try:
                return dns.query.tcp(message, server.address, timeout_seconds, server.port)
            except (OSError, EOFError, dns.exception.Timeout):
                if attempt == attempts - 1:
                    raise
    raise AssertionError("every attempt returns or raises")


@contextmanager
def _sentences(server: str, key: Key | None, timeout_seconds: float, attempts: int) -> Generator[None]:
    """Turn what the network and TSIG throw into a sentence."""
    name, origin = (key.name, key.origin) if key else ("", "")
    try:
        yield
    except dns.tsig.PeerBadKey:
        # Knot says the same of a key that it knows and that may not make this change.
        raise DnsError(
            f"the name server {server} does not accept the TSIG key {name} here: its name, algorithm or secret differs "
            f"({origin}), or it may not make this change; nothing was changed"
        ) from None
    except (dns.tsig.PeerBadSignature, dns.tsig.BadSignature):
        raise DnsError(
            f"the name server {server} does not accept the TSIG key {name}: its name, algorithm or secret differs "
            f"({origin}); nothing was changed"
        ) from None
    except dns.tsig.PeerBadTime:
        raise DnsError(
            f"the clocks of this machine and of the name server {server} differ by more than 5 min; nothing was changed"
        ) from None
    except dns.exception.FormError as error:
        doubt = f"it does not keep the zone, or does not know the key {name}; nothing was changed"
        raise DnsError(
            f"the name server {server} gave no answer that can be trusted ({error}); "
            f"{doubt if key else 'is it a name server?'}"
        ) from None
    except (OSError, EOFError, dns.exception.DNSException) as error:
        times = "once" if attempts == 1 else f"{attempts} times"
        raise DnsError(
            f"the name server {server} does not answer (tried {times}, {timeout_seconds:.0f} s each): "
            f"{str(error) or type(error).__name__}"
        ) from None
