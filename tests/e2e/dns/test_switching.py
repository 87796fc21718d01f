"""A public name is led over by one signed message, seen on every name server; real Knot DNS, no engine."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dns.query
import dns.rcode
import pytest

from components.dns_update.switching import DnsError, Endpoint, LedElsewhereError, standing, swap, wait
from components.dns_update.transport import signed_update
from tests.e2e.dns.servers import HOST, ZONE, Knot, Pair, ask, denied, sandbox_server
from tests.programs import free_port

BLUE, GREEN, FOREIGN = "10.0.0.1", "10.0.0.2", "192.0.2.1"


@pytest.fixture(scope="module")
def knot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Knot]:
    """The sandbox's name server."""
    with sandbox_server(tmp_path_factory.mktemp("knot")) as running:
        yield running


def test_a_name_is_led_over_and_a_repeated_call_finds_it_done(knot: Knot) -> None:
    name = f"shop.{ZONE}"
    knot.change(name, 30, BLUE)
    assert swap(knot, ZONE, name, BLUE, GREEN, 25, knot.key)
    assert knot.ask(name) == [(25, GREEN)]
    assert not swap(knot, ZONE, name, BLUE, GREEN, 25, knot.key)
    assert standing(knot.servers, name) == {f"{HOST}:{knot.port}": (GREEN,)}
    assert swap(knot, ZONE, name, GREEN, BLUE, 25, knot.key)
    assert knot.ask(name) == [(25, BLUE)]


@pytest.mark.parametrize("there", [(FOREIGN,), (BLUE, FOREIGN), (BLUE, GREEN)])
def test_what_somebody_else_put_there_is_named_and_left_alone(knot: Knot, there: tuple[str, ...]) -> None:
    name = f"edited.{ZONE}"
    knot.change(name, 30, *there)
    with pytest.raises(DnsError, match=f"{', '.join(there)}, which is neither {BLUE} nor {GREEN}; nothing was changed"):
        swap(knot, ZONE, name, BLUE, GREEN, 30, knot.key)
    assert sorted(value for _, value in knot.ask(name)) == sorted(there)


def test_a_name_that_is_not_there_is_not_made(knot: Knot) -> None:
    with pytest.raises(DnsError, match=f"there is no A record absent.{ZONE} in zone {ZONE} on the name server {HOST}"):
        swap(knot, ZONE, f"absent.{ZONE}", BLUE, GREEN, 30, knot.key)
    assert knot.ask(f"absent.{ZONE}") == []
    assert standing(knot.servers, f"absent.{ZONE}") == {f"{HOST}:{knot.port}": ()}


def test_two_who_lead_it_over_at_once_do_not_both(knot: Knot) -> None:
    name = f"raced.{ZONE}"
    knot.change(name, 30, BLUE)
    assert swap(knot, ZONE, name, BLUE, GREEN, 30, knot.key)
    with pytest.raises(DnsError, match=f"is {GREEN}, which is neither {BLUE} nor {FOREIGN}"):
        swap(knot, ZONE, name, BLUE, FOREIGN, 30, knot.key)
    assert knot.ask(name) == [(30, GREEN)]


def test_a_wrong_key_is_named_with_the_setting_it_comes_from(knot: Knot) -> None:
    name = f"keyed.{ZONE}"
    knot.change(name, 30, BLUE)
    wrong = replace(knot.guard, secret=knot.secret)
    with pytest.raises(DnsError, match=r"TSIG key luxima-dev-guard.*: .*\(luxima:dns.guard_tsig and ") as caught:
        swap(knot, ZONE, name, BLUE, GREEN, 30, wrong)
    assert wrong.secret not in str(caught.value) + repr(wrong)
    with pytest.raises(DnsError, match=r"the TSIG key luxima-dev has no secret: set what it is made of"):
        swap(knot, ZONE, name, BLUE, GREEN, 30, replace(knot.key, secret=""))
    assert knot.ask(name) == [(30, BLUE)]


def test_the_guard_may_lead_a_public_name_over(knot: Knot) -> None:
    name = knot.settings.service_fqdn("api")
    knot.change(name, 30, BLUE)
    assert swap(knot, ZONE, name, BLUE, GREEN, 30, knot.guard)
    assert knot.ask(name) == [(30, GREEN)]


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        (f"storefront-blue.{ZONE}", "A", GREEN),
        (f"ns1.{ZONE}", "A", GREEN),
        (f"api.{ZONE}", "TXT", '"not an address"'),
        (f"api.{ZONE}", "AAAA", "2001:db8::1"),
        (f"below.api.{ZONE}", "A", GREEN),
        (ZONE, "NS", f"evil.{ZONE}."),
        (ZONE, "MX", f"10 evil.{ZONE}."),
    ],
)
def test_the_guard_may_change_nothing_else(knot: Knot, name: str, kind: str, value: str) -> None:
    if name.startswith("storefront"):
        knot.change(name, 30, BLUE)
    before = knot.ask(name, kind)
    for change in ("add", "replace"):
        update = signed_update(ZONE, knot.guard)
        getattr(update, change)(f"{name}.", 30, kind, value)
        assert denied(update, knot.port)
    update = signed_update(ZONE, knot.guard)
    update.delete(f"{name}.", kind)
    assert denied(update, knot.port)
    assert knot.ask(name, kind) == before


def test_the_guard_may_not_remove_a_name_with_all_its_types(knot: Knot) -> None:
    knot.change(ZONE, 30, BLUE)
    update = signed_update(ZONE, knot.guard)
    update.delete(f"{ZONE}.")
    assert denied(update, knot.port)
    assert knot.ask(ZONE) == [(30, BLUE)]
    assert knot.ask(ZONE, "NS")


def test_a_message_of_which_the_guard_may_do_a_part_is_refused_whole(knot: Knot) -> None:
    name = knot.settings.service_fqdn("auth")
    knot.change(name, 30, BLUE)
    update = signed_update(ZONE, knot.guard)
    update.replace(f"{name}.", 30, "A", GREEN)
    update.add(f"{name}.", 30, "TXT", "and this too")
    assert denied(update, knot.port)
    assert (knot.ask(name), knot.ask(name, "TXT")) == ([(30, BLUE)], [])


def test_what_the_guard_may_not_do_is_a_sentence_and_nothing_is_done(knot: Knot) -> None:
    name = f"storefront-green.{ZONE}"
    knot.change(name, 30, BLUE)
    with pytest.raises(DnsError, match=r"TSIG key luxima-dev-guard here: .* or it may not make this change; nothing"):
        swap(knot, ZONE, name, BLUE, GREEN, 30, knot.guard)
    assert knot.ask(name) == [(30, BLUE)]


def test_a_secondary_that_is_behind_is_named_and_waited_for(tmp_path: Path) -> None:
    with Pair(tmp_path) as pair:
        name = f"shop.{ZONE}"
        update = signed_update(ZONE, pair.key)
        update.add(f"{name}.", 30, "A", BLUE)
        assert dns.query.tcp(update, HOST, port=pair.primary.port, timeout=60).rcode() == dns.rcode.NOERROR
        wait(pair.servers, name, BLUE, 60)

        pair.allow_transfers(allowed=False)
        assert swap(pair, ZONE, name, BLUE, GREEN, 30, pair.key)
        late = f"{HOST}:{pair.secondary.port}"
        with pytest.raises(DnsError) as caught:
            wait(pair.servers, name, GREEN, 2)
        assert str(caught.value) == (
            f"after 2 s not every name server leads {name} to {GREEN}: {late} still answers {BLUE}; the primary has "
            "the change, so look at the zone transfers"
        )
        assert standing(pair.servers, name) == {f"{HOST}:{pair.primary.port}": (GREEN,), late: (BLUE,)}

        # Whoever is led on meanwhile is not waited for.
        assert swap(pair, ZONE, name, GREEN, FOREIGN, 30, pair.key)
        with pytest.raises(LedElsewhereError, match=f"{name} was led to {GREEN}, and leads to {FOREIGN} now"):
            wait(pair.servers, name, GREEN, 600)
        assert swap(pair, ZONE, name, FOREIGN, GREEN, 30, pair.key)

        pair.allow_transfers(allowed=True)
        wait(pair.servers, name, GREEN, 60)
        assert ask(pair.secondary.port, name) == [(30, GREEN)]


def test_a_secondary_that_is_down_is_named_and_catches_up(tmp_path: Path) -> None:
    with Pair(tmp_path) as pair:
        name = f"shop.{ZONE}"
        update = signed_update(ZONE, pair.key)
        update.add(f"{name}.", 30, "A", BLUE)
        assert dns.query.tcp(update, HOST, port=pair.primary.port, timeout=60).rcode() == dns.rcode.NOERROR
        wait(pair.servers, name, BLUE, 60)
        pair.secondary.stop()
        assert swap(pair, ZONE, name, BLUE, GREEN, 30, pair.key)
        silent = f"the name server {HOST}:{pair.secondary.port} does not answer"
        with pytest.raises(DnsError, match=silent):
            wait(pair.servers, name, GREEN, 1)
        with pytest.raises(DnsError, match=silent):
            standing(pair.servers, name)
        pair.secondary.start()
        wait(pair.servers, name, GREEN, 60)


def test_waiting_is_bounded_when_nobody_answers() -> None:
    nobody = [Endpoint(HOST, free_port(datagrams=True)) for _ in range(2)]
    began = time.monotonic()
    with pytest.raises(DnsError) as caught:
        wait(nobody, f"x.{ZONE}", BLUE, 1)
    assert time.monotonic() - began < 15
    assert str(caught.value).count("does not answer") == 2
    assert "zone transfers" not in str(caught.value)


def test_a_name_is_led_over_without_the_engine_being_imported() -> None:
    code = "import components.dns_update, sys; assert not [name for name in sys.modules if name.startswith('pulumi')]"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
