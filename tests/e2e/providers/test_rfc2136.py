"""The provider of DNS records against a real Knot DNS, without the engine."""

import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import dns.message
import dns.query
import dns.tsigkeyring
import dns.update
import pytest
from pulumi.dynamic import Config, ConfigureRequest

from components.dns.rfc2136 import DnsError, Rfc2136Provider
from sandbox import credentials, process
from sandbox.layout import Layout
from sandbox.ports import free
from sandbox.servers.base import Site
from sandbox.servers.dns import HOST, Dns
from tests.recording import stack_settings
from tools import ensure

ZONE = "dev.acehcommerce.local"


@dataclass(frozen=True)
class Knot:
    """A running name server."""

    port: int
    secret: str

    def ask(self, name: str) -> list[tuple[int, str]]:
        """TTL and address of every A record of `name`, from the server itself."""
        answer = dns.query.tcp(dns.message.make_query(f"{name}.", "A"), HOST, port=self.port, timeout=5)
        return [(rrset.ttl, str(rdata)) for rrset in answer.answer for rdata in cast("Iterable[object]", rrset)]

    def change(self, name: str, ttl: int, address: str) -> None:
        """What another person does, behind the platform's back."""
        update = dns.update.UpdateMessage(
            f"{ZONE}.", keyring=dns.tsigkeyring.from_text({"luxima-dev.": self.secret}), keyalgorithm="hmac-sha256"
        )
        update.replace(f"{name}.", ttl, "A", address)
        assert dns.query.tcp(update, HOST, port=self.port, timeout=5).rcode() == 0

    def props(self, name: str, *addresses: str, ttl: int = 30, **other: Any) -> dict[str, Any]:
        """Inputs of a record of this server."""
        return {
            "zone": ZONE,
            "name": f"{name}.{ZONE}",
            "type": "A",
            "ttl": ttl,
            "records": list(addresses),
            "server": HOST,
            "port": self.port,
            "keyName": "luxima-dev",
            "keyAlgorithm": "hmac-sha256",
            **other,
        }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    return port if free(port, HOST, datagrams=True) else _free_port()


@pytest.fixture(scope="module")
def knot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Knot]:
    """A Knot DNS with the zones of the dev stack."""
    layout = Layout("dev", tmp_path_factory.mktemp("knot"))
    for folder in (layout.run, layout.logs, layout.data):
        folder.mkdir(parents=True)
    made = credentials.make()
    server, port = Dns(), _free_port()
    server.start(Site(layout, stack_settings("dev"), made, {"dns": port}, ensure("knotd")))
    try:
        yield Knot(port, made.dns_tsig_secret)
    finally:
        process.stop(server.records(layout))


def _provider(secret: str) -> Rfc2136Provider:
    provider = Rfc2136Provider()
    provider.configure(ConfigureRequest(Config({"luxima:dnsTsigSecret": secret}, "luxima")))
    return provider


@pytest.fixture
def provider(knot: Knot, monkeypatch: pytest.MonkeyPatch) -> Rfc2136Provider:
    """The provider with the server's key; the process's traceback setting is put back."""
    monkeypatch.setattr("sys.tracebacklimit", 1000, raising=False)
    return _provider(knot.secret)


def test_a_record_is_created_read_changed_and_removed(knot: Knot, provider: Rfc2136Provider) -> None:
    props = knot.props("life", "10.0.0.1")
    made = provider.create(props)
    assert knot.ask(f"life.{ZONE}") == [(30, "10.0.0.1")]
    assert made.outs is not None
    read = provider.read(made.id, made.outs)
    assert read.id == made.id
    assert read.outs == made.outs
    changed = knot.props("life", "10.0.0.2", "10.0.0.3", ttl=60)
    assert provider.diff(made.id, made.outs, changed).changes
    provider.update(made.id, made.outs, changed)
    assert sorted(knot.ask(f"life.{ZONE}")) == [(60, "10.0.0.2"), (60, "10.0.0.3")]
    provider.delete(made.id, changed)
    assert knot.ask(f"life.{ZONE}") == []
    assert not provider.read(made.id, changed).id


def test_an_identical_record_is_adopted(knot: Knot, provider: Rfc2136Provider) -> None:
    knot.change(f"adopt.{ZONE}", 30, "10.0.0.1")
    assert provider.create(knot.props("adopt", "10.0.0.1")).id


def test_a_foreign_record_is_never_overwritten(knot: Knot, provider: Rfc2136Provider) -> None:
    knot.change(f"foreign.{ZONE}", 30, "192.0.2.1")
    with pytest.raises(DnsError, match=r"is not the platform's \(192.0.2.1 with a TTL of 30 s\); it was left alone"):
        provider.create(knot.props("foreign", "10.0.0.1"))
    assert knot.ask(f"foreign.{ZONE}") == [(30, "192.0.2.1")]


def test_a_record_that_somebody_changed_is_seen_and_not_overwritten_unseen(
    knot: Knot, provider: Rfc2136Provider
) -> None:
    props = knot.props("drift", "10.0.0.1")
    made = provider.create(props)
    knot.change(f"drift.{ZONE}", 30, "192.0.2.9")
    with pytest.raises(DnsError, match="was changed by somebody else since the last look"):
        provider.update(made.id, props, knot.props("drift", "10.0.0.2"))
    with pytest.raises(DnsError, match="was changed by somebody else and was not removed"):
        provider.delete(made.id, props)
    assert knot.ask(f"drift.{ZONE}") == [(30, "192.0.2.9")]
    seen = provider.read(made.id, props)
    assert seen.outs is not None
    assert seen.outs["records"] == ["192.0.2.9"]
    provider.update(made.id, seen.outs, knot.props("drift", "10.0.0.2"))
    assert knot.ask(f"drift.{ZONE}") == [(30, "10.0.0.2")]


def test_a_removed_record_is_seen_and_its_removal_can_be_repeated(knot: Knot, provider: Rfc2136Provider) -> None:
    props = knot.props("gone", "10.0.0.1")
    made = provider.create(props)
    provider.delete(made.id, props)
    assert not provider.read(made.id, props).id
    provider.delete(made.id, props)


def test_an_update_can_be_repeated(knot: Knot, provider: Rfc2136Provider) -> None:
    old, new = knot.props("again", "10.0.0.1"), knot.props("again", "10.0.0.2")
    made = provider.create(old)
    provider.update(made.id, old, new)
    provider.update(made.id, old, new)
    assert knot.ask(f"again.{ZONE}") == [(30, "10.0.0.2")]


def test_a_wrong_key_is_named_and_its_secret_is_not(knot: Knot, provider: Rfc2136Provider) -> None:
    wrong = credentials.make().dns_tsig_secret
    with pytest.raises(DnsError, match="does not accept the TSIG key luxima-dev") as caught:
        _provider(wrong).create(knot.props("wrongkey", "10.0.0.1"))
    assert wrong not in str(caught.value)
    with pytest.raises(DnsError, match="does not accept the TSIG key other"):
        provider.create(knot.props("wrongkey", "10.0.0.1", keyName="other"))
    assert knot.ask(f"wrongkey.{ZONE}") == []


def test_a_missing_key_is_a_sentence(knot: Knot, provider: Rfc2136Provider) -> None:
    del provider
    with pytest.raises(DnsError, match="luxima:dnsTsigSecret is not set"):
        _provider("").create(knot.props("nokey", "10.0.0.1"))


def test_a_zone_that_the_server_does_not_keep_is_a_sentence(knot: Knot, provider: Rfc2136Provider) -> None:
    props = {**knot.props("x", "10.0.0.1"), "zone": "example.org", "name": "x.example.org"}
    with pytest.raises(
        DnsError, match="it does not keep the zone, or does not know the key luxima-dev; nothing was changed"
    ):
        provider.create(props)
    with pytest.raises(DnsError, match="is the zone configured there"):
        provider.read("x", props)


def test_a_server_that_is_down_is_a_sentence(knot: Knot, provider: Rfc2136Provider) -> None:
    dead = replace(knot, port=_free_port())
    with pytest.raises(DnsError, match=f"the name server {HOST}:{dead.port} does not answer "):
        provider.create({**dead.props("down", "10.0.0.1"), "port": float(dead.port)})


@pytest.mark.parametrize(
    ("changed", "property_"),
    [
        ({"name": "www.example.org"}, "name"),
        ({"name": "a..b"}, "name"),
        ({"records": ["not an address"]}, "records"),
    ],
)
def test_what_no_server_would_take_is_refused_before_anything_is_sent(
    knot: Knot, provider: Rfc2136Provider, changed: dict[str, Any], property_: str
) -> None:
    failures = provider.check({}, {**knot.props("check", "10.0.0.1"), **changed}).failures
    assert [each.property for each in failures] == [property_]


def test_the_secret_is_in_no_property(knot: Knot, provider: Rfc2136Provider) -> None:
    made = provider.create(knot.props("leak", "10.0.0.1"))
    assert knot.secret not in str(made.outs)
