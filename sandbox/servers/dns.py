"""Knot DNS: a primary name server that takes RFC 2136 updates signed with the stack's TSIG key, and no others."""

import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rdatatype

from sandbox import tls
from sandbox.layout import Layout
from sandbox.ports import Wanted
from sandbox.servers.base import Single, Site, begin_world

HOST = "127.0.0.1"
_LONGEST_SOCKET = 100

_CONFIGURATION = """\
server:
    listen: {host}@{port}
    rundir: "{folder}/run"
    identity: ""
    version: ""
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1

control:
    listen: "{control}"

log:
  - target: stderr
    any: info

database:
    storage: "{folder}/db"

key:
  - id: {key}.
    algorithm: {algorithm}
    secret: {secret}
  - id: {guard}.
    algorithm: {guard_algorithm}
    secret: {guard_secret}
{acme_key}
acl:
  - id: platform
    key: {key}.
    action: [update, transfer]
  # The guard of releases may switch a service's public name, and nothing else.
  - id: guard
    key: {guard}.
    action: update
    update-type: A
    update-owner: name
    update-owner-match: equal
    update-owner-name: [{switched}]
{acme_rule}
template:
  - id: default
    storage: "{folder}/zones"
    file: "%s.zone"
    journal-content: all
    zonefile-load: whole
    zonefile-sync: -1
    semantic-checks: on
    acl: [{rules}]

zone:
{zones}
"""

_ACME_KEY = """\
  - id: {name}.
    algorithm: {algorithm}
    secret: {secret}
"""
_ACME_RULE = """\
  # cert-manager proves with these records whose the zones are.
  - id: certificates
    key: {name}.
    action: update
    update-type: TXT
    update-owner: name
    update-owner-match: equal
    update-owner-name: [{challenges}]
"""

_ZONE = """\
$ORIGIN {zone}.
$TTL 300
@ SOA ns1.{zone}. hostmaster.{zone}. 1 3600 600 604800 60
@ NS ns1.{zone}.
ns1 A 127.0.0.1
"""


class Dns(Single):
    """The name server."""

    name = "dns"
    host = HOST
    programs: Sequence[str] = ("knotd",)
    holds_data = True

    def ports(self) -> list[Wanted]:
        """UDP and TCP."""
        return [Wanted("dns", HOST, datagrams=True)]

    def start(self, site: Site) -> None:
        """Run it with the stack's zones; records survive in its journal."""
        layout, settings = site.layout, site.settings
        folder = begin_world(layout, self.name)
        for part in ("run", "db", "zones"):
            (folder / part).mkdir(exist_ok=True)
        zones = list(dict.fromkeys(settings.environment.zones))
        for zone in zones:
            _write_once(folder / "zones" / f"{zone}.zone", _ZONE.format(zone=zone))
        (layout.run / "dns.zones").write_text("\n".join(zones), encoding="ascii")
        configuration = folder / "knot.conf"
        acme_key, acme_rule = _certificates(site, zones)
        tls.write_private(
            configuration,
            _CONFIGURATION.format(
                host=HOST,
                port=site.ports["dns"],
                folder=folder,
                control=_control(folder),
                key=settings.dns.tsig.name,
                algorithm=settings.dns.tsig.algorithm,
                secret=site.credentials.stack["dnsTsigSecret"],
                guard=settings.dns.guard_tsig.name,
                guard_algorithm=settings.dns.guard_tsig.algorithm,
                guard_secret=site.credentials.stack["dnsGuardTsigSecret"],
                acme_key=acme_key,
                acme_rule=acme_rule,
                rules="platform, guard, certificates" if acme_rule else "platform, guard",
                switched=", ".join(f"{settings.service_fqdn(name)}." for name in settings.services),
                zones="\n".join(f"  - domain: {zone}." for zone in zones),
            ).encode(),
        )
        command = [str(site.programs["knotd"]), "--config", str(configuration)]
        self.keep_running(site, folder, command, [configuration], site.environment(folder))

    def address(self, ports: Mapping[str, int]) -> str:
        """Address and port."""
        return f"{HOST}:{ports['dns']}"

    def answers(self, layout: Layout, ports: Mapping[str, int]) -> bool:
        """Whether it serves every zone."""
        zones = (layout.run / "dns.zones").read_text(encoding="ascii").split()
        return all(_serves(zone, ports["dns"]) for zone in zones)


def _certificates(site: Site, zones: Sequence[str]) -> tuple[str, str]:
    """Key and rule of cert-manager; nothing where certificates come from a private authority."""
    tsig = site.settings.edge.certificates.acme_tsig
    if tsig is None:
        return "", ""
    key = _ACME_KEY.format(name=tsig.name, algorithm=tsig.algorithm, secret=site.credentials.stack["acmeTsigSecret"])
    return key, _ACME_RULE.format(name=tsig.name, challenges=", ".join(f"_acme-challenge.{zone}." for zone in zones))


def _control(folder: Path) -> Path:
    """Where it would be told what to do; the path of a socket may have no more than 107 bytes (unix(7))."""
    path = folder / "run" / "knot.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET:
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"luxima-knot-{name}.sock"


def _serves(zone: str, port: int) -> bool:
    query = dns.message.make_query(dns.name.from_text(zone), dns.rdatatype.SOA)
    try:
        answer = dns.query.udp(query, HOST, timeout=1, port=port)
    except (OSError, dns.exception.DNSException):
        return False
    return bool(answer.answer)


def _write_once(path: Path, content: str) -> None:
    if not path.exists():
        path.write_text(content, encoding="ascii")
