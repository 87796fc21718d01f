"""Going back is as quick as the clients' DNS caches allow (REL-1)."""

from __future__ import annotations

from collections.abc import Iterator

from ..judging import Resource, resource_rule
from ..values import Finding
from . import kinds
from .exposure import is_private

LONGEST_TTL = 300
"""Seconds; a switch of the live slot reaches every client within this."""
SHORTEST_TTL = 10
"""Seconds; below, resolvers raise it by themselves and name servers are asked for every request."""
_SWITCHED = frozenset({"A", "AAAA", "CNAME"})


@resource_rule("record-ttl", requirements=("REL-1",), types=(kinds.DNS_RECORD,))
def record_ttl(resource: Resource) -> Iterator[Finding]:
    """Names that a release switches are cached 300 s at most."""
    if resource.props.at("type").text.upper() not in _SWITCHED:
        return
    ttl = resource.props.at("ttl")
    seconds = ttl.number
    if seconds is None or not SHORTEST_TTL <= seconds <= LONGEST_TTL:
        yield ttl.wrong(
            "is missing" if seconds is None else f"is {seconds:g} s", f"give {SHORTEST_TTL} to {LONGEST_TTL} seconds"
        )


_SIGNED = frozenset({"hmac-sha256", "hmac-sha384", "hmac-sha512"})


@resource_rule("record-signed", requirements=("SEC-1", "REL-1"), types=(kinds.DNS_RECORD,))
def record_signed(resource: Resource) -> Iterator[Finding]:
    """A change of a record is signed, and not by a way that was broken."""
    key, algorithm = resource.props.at("keyName"), resource.props.at("keyAlgorithm")
    if not key.text:
        yield key.wrong("is missing", "name the key")
    if algorithm.text not in _SIGNED:
        yield algorithm.wrong(f"is {algorithm.text or 'missing'}", "give hmac-sha256")


@resource_rule("record-server", requirements=("SEC-1", "SEC-6"), types=(kinds.DNS_RECORD,))
def record_server(resource: Resource) -> Iterator[Finding]:
    """Records are changed on a name server of the stack's own networks."""
    server = resource.props.at("server")
    if server.text and not is_private(server.text):
        yield server.wrong(f"is {server.text}", "give the private address of a name server")
