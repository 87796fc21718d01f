"""Record sets by RFC 2136 updates, signed with TSIG (RFC 8945) and guarded by prerequisites.

Works with any name server that takes such updates: BIND, Knot, PowerDNS. Every change is one message, which the
server does whole or not at all, and whose prerequisite says what has to be there before; so a record of somebody
else is never overwritten. The class is stored in the state by this module's path: it must not move.
"""

from collections.abc import Mapping
from io import BytesIO
from typing import Any, Final

import dns.exception
import dns.rcode
import dns.rdataclass
import dns.rrset
import dns.update
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from components.dns_update import transport
from components.dns_update.transport import DnsError, Endpoint, Key, name_of, values_of
from components.dynamic_errors import without_traceback

__all__ = ["DnsError", "Rfc2136Provider"]

_IDENTITY: Final = ("zone", "name", "type")
_KEY_FIELDS: Final = ("server", "port", "keyName", "keyAlgorithm")

Props = dict[str, Any]


def _describe(props: Mapping[str, Any]) -> str:
    return f"{props['type']} record {props['name']} in zone {props['zone']}"


def _server(props: Mapping[str, Any]) -> Endpoint:
    return Endpoint(str(props["server"]), int(props["port"]))  # numbers come back from the state as floats


def _rrset(props: Mapping[str, Any]) -> dns.rrset.RRset:
    return dns.rrset.from_text_list(
        name_of(str(props["name"])),
        int(props["ttl"]),
        dns.rdataclass.IN,
        str(props["type"]),
        [str(value) for value in props["records"]],
    )


def _expected(props: Mapping[str, Any]) -> dns.rrset.RRset:
    """The values as a prerequisite, which has no TTL (RFC 2136, 2.4.2)."""
    return _rrset({**props, "ttl": 0})


class Rfc2136Provider(ResourceProvider):
    """Creates, reads, updates and deletes one record set.

    Properties: `zone`, `name` (both without the dot at the end), `type`, `ttl` (seconds), `records` (texts as in a
    zone file), `server` and `port` of the primary, `keyName` and `keyAlgorithm` of the TSIG key. The key's secret is
    the configuration value `dnsTsigSecret` and is kept in no resource. `switchedAt` is there while a release is on
    probation: when it became live.
    """

    _secret: str

    def configure(self, req: ConfigureRequest) -> None:
        """Take the TSIG secret from the stack's configuration."""
        without_traceback()
        self._secret = req.config.get("dnsTsigSecret") or ""

    def check(self, _olds: Props, news: Props) -> CheckResult:
        """Refuse what no name server would take, before anything is changed."""
        failures: list[CheckFailure] = []
        try:
            name, zone = (name_of(str(news[key])) for key in ("name", "zone"))
            if not name.is_subdomain(zone):
                failures.append(CheckFailure("name", f"{news['name']} is not in zone {news['zone']}"))
        except dns.exception.DNSException:
            failures.append(CheckFailure("name", f"{news['name']!r} is not a DNS name, such as www.example.org"))
            return CheckResult(news, failures)
        try:
            # As the server will answer them: quotes and spaces that mean nothing make no difference later.
            return CheckResult({**news, "records": _shape(news)[1]}, failures)
        except (dns.exception.DNSException, ValueError):
            failures.append(CheckFailure("records", f"{news['records']!r} are no values of a {news['type']} record"))
        return CheckResult(news, failures)

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Another name or type is another record; everything else is changed in place."""
        replaces = [key for key in _IDENTITY if _olds.get(key) != _news.get(key)]
        self._led_back(_olds, _news)
        fields = (*_IDENTITY, "ttl", "records", *_KEY_FIELDS)
        changed = any(_olds.get(key) != _news.get(key) for key in fields)
        return DiffResult(changes=changed, replaces=replaces, stables=[], delete_before_replace=False)

    def _led_back(self, olds: Props, news: Props) -> None:
        """Refuse to undo a rollback: since the switch of this very release, the guard or a hand has led users back."""
        since = news.get("switchedAt")
        if since is not None and olds.get("switchedAt") == since and olds.get("records") != news["records"]:
            raise DnsError(
                f"the {_describe(news)} was led to {', '.join(olds.get('records') or ['nowhere'])} since the release "
                f"of {since}: by the guard, or by hand. It was left alone: see `python -m release status --stack "
                "STACK`, write the rollback down with `python -m release rollback SERVICE --stack STACK`"
            )

    def create(self, props: Props) -> CreateResult:
        """Add the record set where there is none; an identical one is adopted, a foreign one is refused."""
        update = self._update(props)
        name = name_of(str(props["name"]))
        update.absent(name, str(props["type"]))
        update.add(name, _rrset(props))
        if self._send(update, props) == dns.rcode.YXRRSET:
            live = self._lookup(props)
            if live is None or live != _shape(props):
                found = "another one" if live is None else f"{', '.join(live[1])} with a TTL of {live[0]} s"
                raise DnsError(
                    f"the {_describe(props)} exists and is not the platform's ({found}); it was left alone: "
                    f"remove it from the name server, or make it {', '.join(props['records'])} with a TTL of "
                    f"{props['ttl']:.0f} s to have it adopted"
                )
        return CreateResult(f"{props['name']}/{props['type']}", dict(props))

    def read(self, id_: str, props: Props) -> ReadResult:
        """Ask the primary what is there now."""
        live = self._lookup(props)
        if live is None:
            return ReadResult("", {})
        now = {**props, "ttl": live[0], "records": live[1]}
        return ReadResult(id_, now, {key: value for key, value in now.items() if key != "__provider"})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Put the new values in the place of the ones that were there at the last look, or do nothing at all."""
        name = name_of(str(_news["name"]))
        update = self._update(_news)
        update.present(name, _expected(_olds))
        update.replace(name, _rrset(_news))
        if self._send(update, _news) in (dns.rcode.NXRRSET, dns.rcode.YXRRSET) and self._lookup(_news) != _shape(_news):
            raise DnsError(
                f"the {_describe(_news)} was changed by somebody else since the last look and was left alone: "
                "refresh, then run again"
            )
        return UpdateResult(dict(_news))

    def delete(self, _id: str, _props: Props) -> None:
        """Remove the record set if it still is the platform's."""
        name = name_of(str(_props["name"]))
        update = self._update(_props)
        update.present(name, _expected(_props))
        update.delete(name, str(_props["type"]))
        if self._send(update, _props) == dns.rcode.NXRRSET and self._lookup(_props) is not None:
            raise DnsError(
                f"the {_describe(_props)} was changed by somebody else and was not removed: refresh, then run again"
            )

    def _key(self, props: Mapping[str, Any]) -> Key:
        if not self._secret:
            raise DnsError(
                "luxima:dnsTsigSecret is not set; set it with `pulumi config set --secret luxima:dnsTsigSecret`"
            )
        return Key(str(props["keyName"]), str(props["keyAlgorithm"]), self._secret)

    def _update(self, props: Mapping[str, Any]) -> dns.update.UpdateMessage:
        return transport.signed_update(str(props["zone"]), self._key(props))

    def _send(self, update: dns.update.UpdateMessage, props: Mapping[str, Any]) -> dns.rcode.Rcode:
        """Send an update; the prerequisites' answers are returned, every other refusal is raised."""
        return transport.send(update, _server(props), self._key(props), _describe(props))

    def _lookup(self, props: Mapping[str, Any]) -> tuple[int, list[str]] | None:
        """TTL and sorted values of the record set as the primary answers them; None if it has none."""
        found = transport.lookup(_server(props), str(props["name"]), str(props["type"]))
        return None if found is None else (found.ttl, list(found.values))


def _shape(props: Mapping[str, Any]) -> tuple[int, list[str]]:
    rrset = _rrset(props)
    # A name in a value has to be a full one, with the dot at its end: nothing completes it.
    rrset.to_wire(BytesIO())
    return (rrset.ttl, values_of(rrset))
