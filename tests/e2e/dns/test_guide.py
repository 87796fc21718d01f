"""The configuration that docs/how-to/dns.md gives for Knot does what the page says."""

import re
from collections.abc import Iterator
from pathlib import Path

import dns.query
import dns.rcode
import dns.update
import pytest

from components.dns_update.switching import DnsError, Endpoint, Key, Server, swap
from components.dns_update.transport import signed_update
from sandbox import credentials
from tests.e2e.dns.servers import HOST, Daemon, ask, denied
from tests.recording import ROOT, stack_settings

ZONES = ("acehcommerce.id", "luxima.id")


class Guided:
    """A server with that configuration."""

    def __init__(self, folder: Path) -> None:
        self.daemon = Daemon(folder / "knot", zone=ZONES[0])
        made = credentials.make()
        self.key = Key("luxima-prod", "hmac-sha256", made.stack["dnsTsigSecret"])
        self.guard = Key("luxima-prod-guard", "hmac-sha256", made.stack["dnsGuardTsigSecret"])
        self.acme = Key("luxima-prod-acme", "hmac-sha256", made.stack["acmeTsigSecret"])

    @property
    def servers(self) -> list[Server]:
        return [Endpoint(HOST, self.daemon.port)]

    def configuration(self) -> str:
        """The page's text; only where it listens, whom it tells and where it keeps its files is another."""
        page = (ROOT / "docs/how-to/dns.md").read_text(encoding="utf-8")
        (text,) = re.findall(r"### Knot DNS\n\n```yaml\n(.*?)```", page, re.DOTALL)
        folder, port = self.daemon.folder, self.daemon.port
        database = f'database:\n    storage: "{folder}"\n'
        changes = {
            "    listen: 10.10.30.53@53\n": f'    listen: {HOST}@{port}\n    rundir: "{folder}"\n{database}',
            "    address: 10.10.30.54@53\n": f"    address: {HOST}@1\n",
            "    storage: /var/lib/knot\n": f'    storage: "{folder}"\n',
            "PLATFORM-SECRET": self.key.secret,
            "GUARD-SECRET": self.guard.secret,
            "ACME-SECRET": self.acme.secret,
        }
        for old, new in changes.items():
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        return text


@pytest.fixture(scope="module")
def guided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guided]:
    made = Guided(tmp_path_factory.mktemp("guide"))
    folder = made.daemon.folder
    folder.mkdir()
    (folder / "knot.conf").write_text(made.configuration(), encoding="ascii")
    for zone in ZONES:
        text = f"$ORIGIN {zone}.\n$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 604800 60\n@ NS ns1\nns1 A 127.0.0.1\n"
        (folder / f"{zone}.zone").write_text(text, encoding="ascii")
    try:
        made.daemon.start()
        yield made
    finally:
        made.daemon.stop()


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
