"""The provider of DNS records against a real Knot DNS, without the engine."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pulumi.dynamic import Config, ConfigureRequest

from components.dns.rfc2136 import DnsError, Rfc2136Provider
from sandbox import credentials
from tests.e2e.dns.servers import HOST, ZONE, Knot, Pair, ask, props, sandbox_server
from tests.programs import free_port


@pytest.fixture(scope="module")
def knot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Knot]:
    """A Knot DNS with the zones of the dev stack."""
    with sandbox_server(tmp_path_factory.mktemp("knot")) as running:
        yield running


def _provider(secret: str) -> Rfc2136Provider:
    provider = Rfc2136Provider()
    provider.configure(ConfigureRequest(Config({"luxima:dnsTsigSecret": secret}, "luxima")))
    return provider


@pytest.fixture
def provider(knot: Knot) -> Rfc2136Provider:
    """The provider with the server's key."""
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


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("TXT", ['"v=spf1 -all"'], ['"v=spf1 -all"']),
        ("TXT", [r'"v=DMARC1; p=reject; rua=mailto:a@b.id"'], ['"v=DMARC1; p=reject; rua=mailto:a@b.id"']),
        ("TXT", [f'"{250 * "a"}"  "{9 * "b"}"'], [f'"{250 * "a"}" "{9 * "b"}"']),
        ("TXT", ["unquoted"], ['"unquoted"']),
        (
            "CAA",
            ["0  issue letsencrypt.org", '0 issuewild "letsencrypt.org"', '0 iodef "mailto:alerts@luxima.id"'],
            ['0 iodef "mailto:alerts@luxima.id"', '0 issue "letsencrypt.org"', '0 issuewild "letsencrypt.org"'],
        ),
        ("MX", ["20 mail2.luxima.id.", "10   mail.luxima.id."], ["10 mail.luxima.id.", "20 mail2.luxima.id."]),
        ("A", ["10.0.0.2", "10.0.0.1"], ["10.0.0.1", "10.0.0.2"]),
    ],
)
def test_a_value_is_read_back_as_it_was_given(
    knot: Knot, provider: Rfc2136Provider, kind: str, given: list[str], kept: list[str]
) -> None:
    checked = provider.check({}, knot.props("kinds", *given, ttl=300, type=kind))
    assert not checked.failures
    made = provider.create(checked.inputs)
    assert made.outs is not None
    read = provider.read(made.id, made.outs)
    assert read.outs == made.outs
    assert made.outs["records"] == kept
    # What the program says in its own words the next time is no change either.
    again = provider.check(made.outs, knot.props("kinds", *given, ttl=300, type=kind)).inputs
    assert not provider.diff(made.id, made.outs, again).changes
    changed = provider.check(made.outs, knot.props("kinds", *given, ttl=60, type=kind)).inputs
    provider.update(made.id, made.outs, changed)
    assert {ttl for ttl, _ in knot.ask(f"kinds.{ZONE}", kind)} == {60}
    provider.delete(made.id, changed)
    assert knot.ask(f"kinds.{ZONE}", kind) == []


def test_an_identical_record_is_adopted(knot: Knot, provider: Rfc2136Provider) -> None:
    knot.change(f"adopt.{ZONE}", 30, "10.0.0.1")
    assert provider.create(knot.props("adopt", "10.0.0.1")).id


def test_an_identical_text_is_adopted_however_it_was_written(knot: Knot, provider: Rfc2136Provider) -> None:
    knot.change(f"adopt-text.{ZONE}", 30, "v=spf1\\ -all", kind="TXT")
    assert provider.create(knot.props("adopt-text", '"v=spf1 -all"', type="TXT")).id


def test_a_foreign_text_of_the_same_name_is_left_alone(knot: Knot, provider: Rfc2136Provider) -> None:
    knot.change(f"foreign-text.{ZONE}", 30, '"site-verification=1"', kind="TXT")
    with pytest.raises(DnsError, match=r'the TXT record foreign-text\..* \("site-verification=1" with a TTL of 30 s\)'):
        provider.create(knot.props("foreign-text", '"v=spf1 -all"', type="TXT"))
    assert knot.ask(f"foreign-text.{ZONE}", "TXT") == [(30, '"site-verification=1"')]


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
    wrong = credentials.make().stack["dnsTsigSecret"]
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


def test_a_server_that_ends_in_between_leaves_each_record_whole(tmp_path: Path) -> None:
    with Pair(tmp_path) as pair:
        own = _provider(pair.secret)
        first, second = (props(pair.primary.port, name, "10.0.0.1", "10.0.0.2") for name in ("first", "second"))
        made = [own.create(first), own.create(second)]
        own.update(made[0].id, first, {**first, "records": ["10.0.0.9"]})
        pair.primary.kill()
        with pytest.raises(DnsError, match=f"the name server {HOST}:{pair.primary.port} does not answer "):
            own.update(made[1].id, second, {**second, "records": ["10.0.0.9"]})
        pair.primary.start()
        assert ask(pair.primary.port, f"first.{ZONE}") == [(30, "10.0.0.9")]
        assert sorted(ask(pair.primary.port, f"second.{ZONE}")) == [(30, "10.0.0.1"), (30, "10.0.0.2")]
        own.update(made[0].id, first, {**first, "records": ["10.0.0.9"]})
        own.update(made[1].id, second, {**second, "records": ["10.0.0.9"]})
        assert ask(pair.primary.port, f"second.{ZONE}") == [(30, "10.0.0.9")]


def test_a_server_that_is_down_is_a_sentence(knot: Knot, provider: Rfc2136Provider) -> None:
    dead = replace(knot, port=free_port(datagrams=True))
    with pytest.raises(DnsError, match=f"the name server {HOST}:{dead.port} does not answer "):
        provider.create({**dead.props("down", "10.0.0.1"), "port": float(dead.port)})


@pytest.mark.parametrize(
    ("changed", "property_"),
    [
        ({"name": "www.example.org"}, "name"),
        ({"name": "a..b"}, "name"),
        ({"records": ["not an address"]}, "records"),
        ({"type": "MX", "records": ["10 mail"]}, "records"),
        ({"type": "CAA", "records": ["issue letsencrypt.org"]}, "records"),
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


def test_users_that_the_guard_led_back_are_not_led_to_the_bad_slot_again(knot: Knot, provider: Rfc2136Provider) -> None:
    blue = knot.props("led-back", "192.0.2.1")
    provider.create(blue)
    green = {**blue, "records": ["192.0.2.2"], "switchedAt": "2026-01-31T12:00:00Z"}
    assert provider.diff("", blue, green).changes
    switched = provider.update("", blue, green).outs
    assert switched is not None
    assert not provider.diff("", switched, green).changes
    # What the guard does: the record changes behind the engine's back, and a refresh tells it.
    knot.change(f"led-back.{ZONE}", 30, "192.0.2.1")
    refreshed = provider.read("", switched).outs
    assert refreshed is not None
    with pytest.raises(DnsError, match="since the release of 2026-01-31T12:00:00Z: by the guard, or by hand"):
        provider.diff("", refreshed, green)
    # The rollback that is written down takes the release off probation; another release is another moment.
    assert not provider.diff("", refreshed, blue).changes
    assert provider.diff("", refreshed, {**green, "switchedAt": "2026-02-01T12:00:00Z"}).changes
