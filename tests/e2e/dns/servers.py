"""Real name servers: the sandbox's own, and a primary with a secondary that follows it by NOTIFY and zone transfer."""

import os
import signal
import subprocess
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, Self, cast

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.tsig
import dns.tsigkeyring
import dns.update

from components.dns_update.switching import Endpoint, Key, Server
from sandbox import credentials, process
from sandbox.layout import Layout
from sandbox.servers.base import Site
from sandbox.servers.dns import HOST, Dns
from settings import Settings
from tests.programs import free_port
from tests.recording import stack_settings
from tests.waiting import wait_for
from tools import ensure

ZONE: Final = "dev.acehcommerce.local"

_ZONE_FILE: Final = f"""\
$ORIGIN {ZONE}.
$TTL 300
@ SOA ns1 hostmaster 1 2 1 604800 1
@ NS ns1
ns1 A 127.0.0.1
"""

_COMMON: Final = """\
server:
    listen: {host}@{port}
    rundir: "{folder}"
    identity: ""
    version: ""
    udp-workers: 1
    tcp-workers: 2
    background-workers: 1
log:
  - target: stderr
    any: info
database:
    storage: "{folder}/db"
key:
  - id: luxima-dev.
    algorithm: hmac-sha256
    secret: {secret}
"""

_PRIMARY: Final = """\
remote:
  - id: secondary
    address: {host}@{secondary}
    key: luxima-dev.
acl:
  - id: platform
    key: luxima-dev.
    action: {actions}
zone:
  - domain: {zone}.
    storage: "{folder}"
    file: zone
    journal-content: all
    zonefile-load: whole
    zonefile-sync: -1
    notify: secondary
    acl: platform
"""

_SECONDARY: Final = """\
remote:
  - id: primary
    address: {host}@{primary}
    key: luxima-dev.
acl:
  - id: primary
    key: luxima-dev.
    action: notify
zone:
  - domain: {zone}.
    storage: "{folder}"
    file: zone
    master: primary
    acl: primary
    refresh-min-interval: 2
    refresh-max-interval: 2
    retry-min-interval: 1
    retry-max-interval: 1
"""


def ask(port: int, name: str, kind: str = "A") -> list[tuple[int, str]]:
    """TTL and value of every record of a name, from the server itself."""
    answer = dns.query.tcp(dns.message.make_query(f"{name}.", kind), HOST, port=port, timeout=60)
    return [(rrset.ttl, str(rdata)) for rrset in answer.answer for rdata in cast("Iterable[object]", rrset)]


def props(port: int, name: str, *values: str, ttl: int = 30, **other: Any) -> dict[str, Any]:
    """Inputs of a record, as the provider gets them."""
    return {
        "zone": ZONE,
        "name": f"{name}.{ZONE}",
        "type": "A",
        "ttl": ttl,
        "records": list(values),
        "server": HOST,
        "port": port,
        "keyName": "luxima-dev",
        "keyAlgorithm": "hmac-sha256",
        **other,
    }


def denied(message: dns.message.Message, port: int) -> bool:
    """Whether the server refuses it; Knot says so by an answer that it does not sign."""
    try:
        return dns.query.tcp(message, HOST, port=port, timeout=60).rcode() == dns.rcode.REFUSED
    except dns.tsig.PeerBadKey:
        return True


@dataclass(frozen=True)
class Knot:
    """The sandbox's name server, with the zones of stack dev."""

    port: int
    secret: str
    guard_secret: str
    settings: Settings

    @property
    def servers(self) -> list[Server]:
        """As the settings have them."""
        return [Endpoint(HOST, self.port)]

    @property
    def key(self) -> Key:
        """The platform's."""
        return Key("luxima-dev", "hmac-sha256", self.secret)

    @property
    def guard(self) -> Key:
        """The guard's."""
        return Key(
            "luxima-dev-guard",
            "hmac-sha256",
            self.guard_secret,
            "luxima:dns.guard_tsig and luxima:dnsGuardTsigSecret",
        )

    def ask(self, name: str, kind: str = "A") -> list[tuple[int, str]]:
        """TTL and value of every record of `name`."""
        return ask(self.port, name, kind)

    def change(self, name: str, ttl: int, *values: str, kind: str = "A") -> None:
        """What another person does, behind the platform's back; without values the record set is removed."""
        update = dns.update.UpdateMessage(
            f"{ZONE}.", keyring=dns.tsigkeyring.from_text({"luxima-dev.": self.secret}), keyalgorithm="hmac-sha256"
        )
        update.delete(f"{name}.", kind)
        if values:
            update.add(f"{name}.", ttl, kind, *values)
        assert dns.query.tcp(update, HOST, port=self.port, timeout=60).rcode() == dns.rcode.NOERROR

    def props(self, name: str, *values: str, **other: Any) -> dict[str, Any]:
        """Inputs of a record of this server."""
        return props(self.port, name, *values, **other)


@contextmanager
def sandbox_server(folder: Path) -> Generator[Knot]:
    """The name server as `make up` runs it."""
    layout = Layout("dev", folder)
    for part in (layout.run, layout.logs, layout.data):
        part.mkdir(parents=True)
    made, settings = credentials.make(), stack_settings("dev")
    server, port = Dns(), free_port(datagrams=True)
    server.start(Site(layout, settings, made, {"dns": port}, ensure("knotd")))
    try:
        yield Knot(port, made.stack["dnsTsigSecret"], made.stack["dnsGuardTsigSecret"], settings)
    finally:
        process.stop(server.records(layout))


@dataclass
class Daemon:
    """One knotd."""

    folder: Path
    zone: str = ZONE
    port: int = field(default_factory=partial(free_port, datagrams=True))
    running: subprocess.Popen[bytes] | None = None

    def configure(self, text: str, **values: object) -> None:
        """Write the configuration; a running server reads it again."""
        common = {"folder": self.folder, "host": HOST, "port": self.port, "zone": ZONE, **values}
        self.folder.mkdir(exist_ok=True)
        (self.folder / "db").mkdir(exist_ok=True)
        (self.folder / "knot.conf").write_text((_COMMON + text).format_map(common), encoding="ascii")
        if self.running:
            self.running.send_signal(signal.SIGHUP)

    def start(self) -> None:
        """Run it until it answers for the zone."""
        with (self.folder / "log").open("ab") as log:
            self.running = subprocess.Popen(
                [str(ensure("knotd")["knotd"]), "--config", str(self.folder / "knot.conf")],
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
                stdout=log,
                stderr=log,
            )
        wait_for(self.answers, "the name server answers")

    def answers(self) -> bool:
        """Whether it keeps the zone now."""
        assert self.running
        assert self.running.poll() is None, (self.folder / "log").read_text()
        try:
            return bool(ask(self.port, self.zone, "SOA"))
        except (OSError, EOFError, dns.exception.DNSException):
            return False

    def stop(self) -> None:
        """End it; its data stays."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a crash does."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self.running:
            self.running.send_signal(how)
            self.running.wait(60)
            self.running = None


class Pair:
    """A primary and its secondary."""

    def __init__(self, folder: Path) -> None:
        self.secret = credentials.make().stack["dnsTsigSecret"]
        self.primary, self.secondary = Daemon(folder / "primary"), Daemon(folder / "secondary")

    def __enter__(self) -> Self:
        self.allow_transfers(allowed=True)
        (self.primary.folder / "zone").write_text(_ZONE_FILE, encoding="ascii")
        self.secondary.configure(_SECONDARY, secret=self.secret, primary=self.primary.port)
        try:
            self.primary.start()
            self.secondary.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.secondary.stop()
        self.primary.stop()

    @property
    def servers(self) -> list[Server]:
        """As the settings have them: the primary first."""
        return [Endpoint(HOST, self.primary.port), Endpoint(HOST, self.secondary.port)]

    @property
    def key(self) -> Key:
        """The platform's."""
        return Key("luxima-dev", "hmac-sha256", self.secret)

    def allow_transfers(self, *, allowed: bool) -> None:
        """Whether the primary gives its zone to the secondary."""
        actions = "[update, transfer]" if allowed else "[update]"
        self.primary.configure(_PRIMARY, secret=self.secret, secondary=self.secondary.port, actions=actions)
        if self.primary.running:
            wait_for(lambda: self._transferred() == allowed, "the primary took its new configuration")

    def _transferred(self) -> bool | None:
        query = dns.message.make_query(f"{ZONE}.", "AXFR")
        query.use_tsig(dns.tsigkeyring.from_text({"luxima-dev.": self.secret}), algorithm="hmac-sha256")
        try:
            return not denied(query, self.primary.port)
        except (OSError, EOFError, dns.exception.Timeout):
            # While it takes its new configuration; neither is so.
            return None
