"""PostgreSQL on a Docker host speaks TLS, knows nobody without a password, and has nobody beside it (SEC-1, SEC-3)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .documents import ROUTING, contents
from .exposure import DATABASE_PORTS

_SETTING = re.compile(r"^\s*([A-Za-z_.]+)\s*[=\s]\s*'?([^'\n#]*?)'?\s*(?:#.*)?$", re.MULTILINE)
_TLS = frozenset({"TLSv1.2", "TLSv1.3"})
_OPEN_METHODS = frozenset({"trust", "password", "md5", "ident"})
BESIDE = frozenset({"samenet", "samehost", "127.0.0.1/32", "::1/128", "localhost"})
"""Addresses of those who are on the database's own host, in its own network."""
_EVERYBODY = frozenset({"all", "0.0.0.0/0", "::/0"})
SERVER = re.compile(r"(?:^|/)postgres(?:ql)?:")
"""Images of PostgreSQL itself."""
PLATFORM = re.compile(r"/supabase/postgres:")
"""Images of the platform's own; Coolify's is another."""
_PARTS = re.compile(r"/supabase/|/postgrest:|/imgproxy:|/traefik:|/postgres-exporter:|(?:^|/)postgres(?:ql)?:")
"""Images of what belongs to the database: its parts, its one door, and what measures it."""
_COOLIFY = re.compile(r"/coollabsio/")
_COOLIFY_PARTS = re.compile(rf"{_COOLIFY.pattern}|/valkey:|/library/postgres:")
"""Images of Coolify and of what it keeps its own data in."""
_TOUCHES = frozenset({"db", "meta", "postgres", "supavisor", "pooler"})
"""Hosts in the database's network that run SQL for whoever asks."""


def settings(text: str) -> Mapping[str, str]:
    """What a postgresql.conf says; the last word counts."""
    return {name.lower(): value for name, value in _SETTING.findall(text)}


def files(resource: Resource, name: str) -> Iterator[Value]:
    """Contents of the files of this name that a container is given."""
    for upload in resource.props.at("uploads").items():
        if posixpath.basename(upload.at("file").text) == name:
            yield upload.at("content")


@resource_rule(
    "postgres-tls", requirements=("SEC-1", "SEC-3"), types=(kinds.DOCKER_CONTAINER,), severity=Severity.CRITICAL
)
def postgres_tls(resource: Resource) -> Iterator[Finding]:
    """PostgreSQL speaks TLS 1.2 at least, keeps passwords as SCRAM hashes, and writes what it has promised to keep."""
    for content in files(resource, "postgresql.conf"):
        said = settings(content.text)
        if said.get("ssl", "off") not in {"on", "true", "yes", "1"}:
            yield content.wrong("does not switch TLS on", "give ssl = 'on', with a certificate and a key")
        if said.get("ssl_min_protocol_version", "TLSv1.2") not in _TLS:
            yield content.wrong(
                f"allows {said['ssl_min_protocol_version']}", "give ssl_min_protocol_version = 'TLSv1.2'"
            )
        if said.get("password_encryption", "scram-sha-256") != "scram-sha-256":
            yield content.wrong("keeps weak hashes of passwords", "give password_encryption = 'scram-sha-256'")
        for name in ("fsync", "full_page_writes"):
            if said.get(name, "on") == "off":
                yield content.wrong(f"switches {name} off: a lost host loses the database", "remove it")
    image, command = resource.props.at("image").text, resource.props.at("command")
    if not SERVER.search(image):
        return
    if "/supabase/" in image and kinds.runs(resource) and command.present:
        yield from _told(command)
    for argument in command.items():
        if re.fullmatch(r"(?:-c)?(?:ssl|fsync|full_page_writes)=(?:off|false|no|0)|--(?:ssl|fsync)=off", argument.text):
            yield argument.wrong(f"is {argument.text}", "remove it")


def _told(command: Value) -> Iterator[Finding]:
    """Supabase's own is told by its document alone."""
    said = [each for each in command.items() if re.fullmatch(r"(?:-c|--)?[a-z_.]+=.*", each.text)]
    for each in said:
        if "config_file=" not in each.text:
            yield each.wrong(f"is {each.text}, beside the document", "say it in the document")
    if "postgres" in command.texts() and not any("config_file=" in each.text for each in said):
        yield command.wrong("names no document", "give -c config_file=")


@resource_rule(
    "postgres-clients", requirements=("SEC-1", "SEC-3"), types=(kinds.DOCKER_CONTAINER,), severity=Severity.CRITICAL
)
def postgres_clients(resource: Resource) -> Iterator[Finding]:
    """Everybody gives PostgreSQL a password, and who is not on its own host and network comes over TLS."""
    for content in files(resource, "pg_hba.conf"):
        for line in content.text.splitlines():
            fields = line.partition("#")[0].split()
            if len(fields) < 4:
                continue
            method = fields[3] if fields[0] == "local" else fields[4] if len(fields) > 4 else ""
            if re.fullmatch(r"[\d.]+", method) and len(fields) > 5:
                method = fields[5]
            if method == "reject":
                continue
            if method in _OPEN_METHODS:
                yield content.wrong(f"says {line.strip()}: {method} is no proof", "give scram-sha-256")
            elif fields[0] != "local" and fields[3] in _EVERYBODY:
                yield content.wrong(f"says {line.strip()}: everybody may ask", "name the network")
            elif fields[0] in {"host", "hostnossl"} and fields[3] not in BESIDE:
                yield content.wrong(f"says {line.strip()}: without TLS from elsewhere", "give hostssl")


@stack_rule("database-network", requirements=("SEC-3",), types=(kinds.DOCKER_CONTAINER,), severity=Severity.CRITICAL)
def database_network(stack: Stack) -> Iterator[Finding]:
    """In a database's network are its own parts and nobody else: Supabase's, its door and exporter; or Coolify's."""
    held: dict[str, list[tuple[Value, str]]] = {}
    for each in stack.of(kinds.DOCKER_CONTAINER):
        for joined in each.props.at("networksAdvanced").items():
            held.setdefault(joined.at("name").text, []).append((joined.at("name"), each.props.at("image").text))
    for each in stack.of(kinds.DOCKER_CONTAINER):
        runs = kinds.runs(each) and each.props.at("restart").text
        joins = list(each.props.at("networksAdvanced").items())
        if runs and not joins and re.search(r"/supabase/|/postgrest:|/imgproxy:", each.props.at("image").text):
            yield each.props.at("networksAdvanced").wrong("joins no network of the database's", "join it")
    for inside in held.values():
        images = [image for _, image in inside]
        if not any(map(SERVER.search, images)):
            continue
        supabase = any("/supabase/" in image for image in images)
        coolify = not supabase and any(map(_COOLIFY.search, images))
        for joined, image in inside:
            stranger = supabase and "/supabase/" not in image and SERVER.search(image)
            if stranger or not (_COOLIFY_PARTS if coolify else _PARTS).search(image):
                whose, door = ("Coolify's", "its pages") if coolify else ("the database's", "the Supabase API")
                yield joined.wrong(f"is {whose} network", f"leave it, and ask {door}")


@resource_rule("database-kept", requirements=("ENV-4", "BAK-1"), types=(kinds.DOCKER_CONTAINER,))
def database_kept(resource: Resource) -> Iterator[Finding]:
    """A database that runs keeps its data on a volume, and is asked whether it is well, as are its parts."""
    props = resource.props
    image = props.at("image").text
    if not kinds.runs(resource) or not props.at("restart").text or not _PARTS.search(image):
        return
    if "/postgres-exporter:" not in image:
        tests = props.at("healthcheck", "tests")
        if tests.texts() in ([], ["NONE"]):
            yield tests.wrong("is missing", "give a command that asks the program")
    if not SERVER.search(image):
        return
    targets = [mount.at("target").text for mount in props.at("mounts").items() if mount.at("type").text == "volume"]
    targets += [volume.at("containerPath").text for volume in props.at("volumes").items()]
    if not any(each.startswith("/var/lib/postgresql") for each in targets):
        yield props.at("mounts").wrong("has no volume for the data", "mount one at /var/lib/postgresql")
    for target in props.at("tmpfs").names():
        if target.startswith("/var/lib/postgresql"):
            yield props.at("tmpfs").wrong(f"has {target}, which is gone with the container", "use a volume")


@resource_rule(
    "database-routes",
    requirements=("SEC-3",),
    types=(kinds.CONFIG_MAP, kinds.DOCKER_CONTAINER),
    severity=Severity.CRITICAL,
)
def database_routes(resource: Resource) -> Iterator[Finding]:
    """No gateway leads to the database itself, nor to what runs SQL for whoever asks."""
    for content in contents(resource, ROUTING):
        for protocol in ("tcp", "udp"):
            for _, service in content.at(protocol, "services").entries():
                for server in service.at("loadBalancer", "servers").items():
                    host, _, port = server.at("address").text.rpartition(":")
                    if host in _TOUCHES or (port.isdigit() and int(port) in DATABASE_PORTS):
                        yield server.at("address").wrong("is the database", "remove it: queries go through the API")
        for _, service in content.at("http", "services").entries():
            for server in service.at("loadBalancer", "servers").items():
                host = re.sub(r"^[a-z]+://|[:/].*$", "", server.at("url").text)
                if host in _TOUCHES:
                    yield server.at("url").wrong(f"leads to {host}", "remove it: queries go through the API")
