"""The configurations that docs/how-to/dns.md gives for Knot do what the page says."""

import re
from collections.abc import Iterator
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import dns.update
import pytest

from components.dns_update.switching import DnsError, Endpoint, Key, Server, swap
from components.dns_update.transport import signed_update
from sandbox import credentials
from tests.e2e.dns.servers import HOST, Daemon, ask, denied
from tests.recording import ROOT, stack_settings
from tests.waiting import wait_for

ZONES = ("acehcommerce.id", "luxima.id")
ELSEWHERE = "elsewhere.test"


class Guided:
    """Servers with those configurations, and the resolver behind them."""

    def __init__(self, folder: Path) -> None:
        self.daemon = Daemon(folder / "knot", zone=ZONES[0])
        self.secondary = Daemon(folder / "secondary", zone=ZONES[0])
        self.resolver = Daemon(folder / "resolver", zone=ELSEWHERE)
        made = credentials.make()
        self.key = Key("luxima-prod", "hmac-sha256", made.stack["dnsTsigSecret"])
        self.guard = Key("luxima-prod-guard", "hmac-sha256", made.stack["dnsGuardTsigSecret"])
        self.acme = Key("luxima-prod-acme", "hmac-sha256", made.stack["acmeTsigSecret"])

    @property
    def servers(self) -> list[Server]:
        return [Endpoint(HOST, self.daemon.port)]

    def configure(self) -> None:
        """The page's texts; only where they listen, whom they ask and where they keep their files is another."""
        page = (ROOT / "docs/how-to/dns.md").read_text(encoding="utf-8")
        (part,) = re.findall(r"### Knot DNS\n(.*?)\n### ", page, re.DOTALL)
        texts = re.findall(r"```yaml\n(.*?)```", part, re.DOTALL)
        changes = {
            "10.10.30.53@53": f"{HOST}@{self.daemon.port}",
            "10.10.30.54@53": f"{HOST}@{self.secondary.port}",
            "10.10.30.1@53": f"{HOST}@{self.resolver.port}",
            "[127.0.0.1, 10.10.30.0/24]": f"[{HOST}]",
            "PLATFORM-SECRET": self.key.secret,
            "GUARD-SECRET": self.guard.secret,
            "ACME-SECRET": self.acme.secret,
        }
        for daemon, text in zip((self.daemon, self.secondary), texts, strict=True):
            daemon.folder.mkdir()
            for old, new in changes.items():
                assert old in texts[0], old
                text = text.replace(old, new)
            text = text.replace(
                "server:\n", f'database:\n    storage: "{daemon.folder}"\nserver:\n    rundir: "{daemon.folder}"\n'
            )
            text = text.replace("/var/lib/knot", f'"{daemon.folder}"')
            (daemon.folder / "knot.conf").write_text(text, encoding="ascii")
        for zone in ZONES:
            text = f"$ORIGIN {zone}.\n$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 604800 60\n@ NS ns1\nns1 A 127.0.0.1\n"
            (self.daemon.folder / f"{zone}.zone").write_text(text, encoding="ascii")
        self.resolver.configure(
            f'zone:\n  - domain: {ELSEWHERE}.\n    file: "{self.resolver.folder}/zone"\n', secret=self.key.secret
        )
        (self.resolver.folder / "zone").write_text(f"{ELSEWHERE}. 60 SOA a b 1 1 1 1 1\n{ELSEWHERE}. 60 NS a\n")


@pytest.fixture(scope="module")
def guided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guided]:
    made = Guided(tmp_path_factory.mktemp("guide"))
    made.configure()
    daemons = (made.resolver, made.daemon, made.secondary)
    try:
        for daemon in daemons:
            daemon.start()
        yield made
    finally:
        for daemon in daemons:
            daemon.stop()


def accepted(update: dns.update.UpdateMessage, guided: Guided) -> None:
    answer = dns.query.tcp(update, HOST, port=guided.daemon.port, timeout=60)
    assert answer.rcode() == dns.rcode.NOERROR, dns.rcode.to_text(answer.rcode())


def refused(guided: Guided, key: Key, name: str, kind: str, content: str) -> None:
    update = signed_update(ZONES[0], key)
    update.replace(f"{name}.", 30, kind, content)
    assert denied(update, guided.daemon.port), name


def test_the_platforms_key_changes_both_zones_and_the_guards_every_public_name(guided: Guided) -> None:
    settings = stack_settings("prod")
    assert settings.environment.zones == ZONES
    for service in settings.services:
        name = settings.service_fqdn(service)
        update = signed_update(ZONES[0], guided.key)
        update.add(f"{name}.", 30, "A", "10.10.30.61")
        accepted(update, guided)
        assert swap(guided, ZONES[0], name, "10.10.30.61", "10.10.30.62", 30, guided.guard)
        assert ask(guided.daemon.port, name) == [(30, "10.10.30.62")]
    update = signed_update(ZONES[1], guided.key)
    update.add(f"grafana.{ZONES[1]}.", 300, "A", "10.10.30.61")
    accepted(update, guided)


def test_the_second_server_follows_and_writes_down_what_it_is_sent(guided: Guided) -> None:
    update = signed_update(ZONES[0], guided.key)
    update.add(f"followed.{ZONES[0]}.", 30, "A", "10.10.30.61")
    accepted(update, guided)
    wait_for(lambda: ask(guided.secondary.port, f"followed.{ZONES[0]}"), "the second server has the change")
    file = guided.secondary.folder / f"{ZONES[0]}.zone"
    wait_for(lambda: "10.10.30.61" in file.read_text(), "the second server's file has it")


def test_machines_resolve_other_names_and_nobody_else_does(guided: Guided) -> None:
    question = dns.message.make_query(ELSEWHERE, "NS")
    for daemon in (guided.daemon, guided.secondary):
        assert ask(daemon.port, ELSEWHERE, "NS")
        stranger = dns.query.udp(question, HOST, port=daemon.port, source="127.0.0.2", timeout=60)
        assert stranger.rcode() == dns.rcode.REFUSED


@pytest.mark.parametrize("server", ["Knot DNS", "BIND", "PowerDNS"])
def test_each_configuration_names_every_public_name(server: str) -> None:
    """BIND and PowerDNS are not run here; at least no service is forgotten in what is given for them."""
    settings = stack_settings("prod")
    page = (ROOT / "docs/how-to/dns.md").read_text(encoding="utf-8")
    (text,) = re.findall(rf"### {server}\n.*?```\w*\n(.*?)```", page, re.DOTALL)
    named = set(re.findall(r"[\w.-]+\.id\.(?=[\s\",\]])", text))
    assert named >= {f"{settings.service_fqdn(service)}." for service in settings.services}


def test_the_guards_key_changes_nothing_else(guided: Guided) -> None:
    for name, kind, content in (
        ("api-blue.acehcommerce.id", "A", "10.10.30.62"),
        ("api.acehcommerce.id", "TXT", "x"),
        ("_acme-challenge.acehcommerce.id", "TXT", "x"),
        ("acehcommerce.id", "NS", "ns.example."),
        ("acehcommerce.id", "MX", "10 mail.example."),
    ):
        refused(guided, guided.guard, name, kind, content)
    with pytest.raises(DnsError, match="or it may not make this change"):
        swap(guided, ZONES[1], "grafana.luxima.id", "10.10.30.61", "10.10.30.62", 30, guided.guard)


def test_cert_managers_key_proves_names_and_changes_nothing_else(guided: Guided) -> None:
    settings = stack_settings("prod")
    tsig = settings.edge.certificates.acme_tsig
    assert tsig is not None
    assert tsig.name == guided.acme.name
    for zone in ZONES:
        update = signed_update(zone, guided.acme)
        update.replace(f"_acme-challenge.{zone}.", 60, "TXT", "proof")
        accepted(update, guided)
    for name, kind, content in (
        ("acehcommerce.id", "A", "10.10.30.62"),
        ("acehcommerce.id", "TXT", "v=spf1"),
        ("api.acehcommerce.id", "A", "10.10.30.62"),
        ("_acme-challenge.acehcommerce.id", "CNAME", "elsewhere.example."),
    ):
        refused(guided, guided.acme, name, kind, content)
