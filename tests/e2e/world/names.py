"""The name server: zones are read whole, by a signed transfer."""

import contextlib
from collections.abc import Iterable
from typing import cast

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsigkeyring
import dns.update
import dns.zone

_SECONDS = 60
_HOST = "127.0.0.1"


class Names:
    """A primary name server."""

    def __init__(self, port: int, key: str, algorithm: str, secret: str) -> None:
        self._port, self._algorithm = port, algorithm
        self._ring = dns.tsigkeyring.from_text({f"{key}.": secret})

    def records(self, zone: str) -> dict[str, tuple[int, tuple[str, ...]]]:
        """Time to live and values of every record set but SOA and NS and the name server's own, by name and type."""
        found = dns.zone.Zone(f"{zone}.", relativize=False)
        query = dns.message.make_query(f"{zone}.", dns.rdatatype.AXFR)
        query.use_tsig(self._ring, algorithm=self._algorithm)
        answers = dns.query.xfr(
            _HOST, f"{zone}.", port=self._port, keyring=self._ring, keyalgorithm=self._algorithm,
            lifetime=_SECONDS, relativize=False,
        )  # fmt: skip
        found = dns.zone.from_xfr(answers, relativize=False)
        own = {str(value) for value in _values(found, zone, "NS")}
        return {
            f"{str(name).rstrip('.')} {dns.rdatatype.to_text(rdataset.rdtype)}": (
                rdataset.ttl,
                tuple(sorted(str(value) for value in cast("Iterable[object]", rdataset))),
            )
            for name, rdataset in found.iterate_rdatasets()
            if rdataset.rdtype not in (dns.rdatatype.SOA, dns.rdatatype.NS) and str(name) not in own
        }

    def ask(self, name: str) -> list[tuple[int, str]]:
        """What a resolver is told about a name's addresses: time to live and address."""
        answer = _asked(dns.message.make_query(f"{name}.", "A"), self._port)
        return [(rrset.ttl, str(value)) for rrset in answer.answer for value in cast("Iterable[object]", rrset)]

    def remove(self, zone: str, name: str) -> None:
        """What somebody does who has the key."""
        update = dns.update.UpdateMessage(f"{zone}.", keyring=self._ring, keyalgorithm=self._algorithm)
        update.delete(f"{name}.", "A")
        answer = dns.query.tcp(update, _HOST, port=self._port, timeout=_SECONDS)
        assert answer.rcode() == dns.rcode.NOERROR, dns.rcode.to_text(answer.rcode())


def _asked(query: dns.message.Message, port: int) -> dns.message.Message:
    """The answer; a datagram may be lost, so it is sent again as a resolver does."""
    for _ in range(5):
        with contextlib.suppress(dns.exception.Timeout):
            return dns.query.udp(query, _HOST, port=port, timeout=10)
    return dns.query.udp(query, _HOST, port=port, timeout=10)


def _values(zone: dns.zone.Zone, name: str, kind: str) -> Iterable[object]:
    return cast("Iterable[object]", zone.find_rdataset(dns.name.from_text(name), kind))
