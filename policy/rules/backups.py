"""Who makes backups of the database takes its WAL, changes nothing of it, and writes it down encrypted (BAK-1)."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .database import SERVER, files, settings

_ARCHIVE_SECONDS = 300
_LABEL = "luxima.id/backup"
_DATA = re.compile(r"/var/lib/postgresql(?:/.*)?|/etc/postgresql-custom(?:/.*)?")
"""Where PostgreSQL has its data, and the key of its vault."""
_TOLD = re.compile(r"/var/lib/(?:backup|node-exporter)")
"""Where a container of backups has what it knows, and its figures."""


def _backs_up(container: Resource) -> bool:
    """Whether a container runs that makes backups of the database, and so takes its WAL."""
    return kinds.runs(container) and kinds.label_of(container, _LABEL) == "database"


@stack_rule("postgres-archive", requirements=("BAK-1",), types=(kinds.DOCKER_CONTAINER,), severity=Severity.CRITICAL)
def postgres_archive(stack: Stack) -> Iterator[Finding]:
    """PostgreSQL archives its WAL within minutes where backups are made; where none are, it does not fill its disk."""
    containers = stack.of(kinds.DOCKER_CONTAINER)
    backed_up = any(map(_backs_up, containers))
    for content in (content for each in containers for content in files(each, "postgresql.conf")):
        said = settings(content.text)
        archives = said.get("archive_mode", "off") in {"on", "always"}
        if archives and not backed_up:
            right = "give archive_mode = 'off', or the container that makes backups of the database"
            yield content.wrong("archives WAL that nobody takes: it stays until the disk is full", right)
        elif not archives and backed_up:
            yield content.wrong("archives no WAL", "give archive_mode = 'on'")
        if archives or backed_up:
            yield from _archived(content)


def _archived(content: Value) -> Iterator[Finding]:
    said = settings(content.text)
    command = said.get("archive_command", "")
    if command in {"", "true", ":", "/bin/true"}:
        yield content.wrong("throws WAL away", "give an archive_command that keeps it")
    elif "pgbackrest" not in command:
        yield content.wrong("has an archive_command that pgBackRest refuses", "give one with pgbackrest in its name")
    seconds = re.fullmatch(r"(\d+)(s|min)?", said.get("archive_timeout", "0"))
    if seconds is None or not 0 < int(seconds[1]) * (60 if seconds[2] == "min" else 1) <= _ARCHIVE_SECONDS:
        text = "may keep WAL on its own disk for longer than five minutes"
        yield content.wrong(text, "give archive_timeout = '60s'")


@stack_rule(
    "database-files-read-only",
    requirements=("BAK-1", "SEC-3"),
    types=(kinds.DOCKER_CONTAINER,),
    severity=Severity.CRITICAL,
)
def database_files_read_only(stack: Stack) -> Iterator[Finding]:
    """Nobody but PostgreSQL itself can write to its data, and to the key of its vault: who makes backups reads them."""
    servers, others = list[Resource](), list[Resource]()
    for each in stack.of(kinds.DOCKER_CONTAINER):
        (servers if SERVER.search(each.props.at("image").text) else others).append(each)
    volumes = {
        mount.at("source").text
        for each in servers
        for mount in each.props.at("mounts").items()
        if _DATA.fullmatch(mount.at("target").text)
    }
    for mount in (mount for each in others for mount in each.props.at("mounts").items()):
        there = kinds.volume_of(mount) in volumes or _DATA.fullmatch(mount.at("target").text)
        if there and mount.at("readOnly").flag is not True:
            yield mount.at("readOnly").wrong("lets another than PostgreSQL write to its files", "give true")


@resource_rule(
    "backup-encrypted",
    requirements=("BAK-1", "SEC-1", "SEC-5"),
    types=(kinds.DOCKER_CONTAINER,),
    severity=Severity.CRITICAL,
)
def backup_encrypted(resource: Resource) -> Iterator[Finding]:
    """The database's backups are encrypted before they leave the host, and go to a server that proves who it is."""
    for content in files(resource, "pgbackrest.conf"):
        told = configparser.RawConfigParser()
        told.read_string(content.text)
        said = dict(told["global"]) if told.has_section("global") else {}
        if said.get("repo1-cipher-type") != "aes-256-cbc" or not said.get("repo1-cipher-pass"):
            yield content.wrong("encrypts nothing", "give repo1-cipher-type=aes-256-cbc, with repo1-cipher-pass")
        for section in told.sections():
            for name, value in told[section].items():
                if name.endswith("-verify-tls") and value != "y":
                    yield content.wrong(f"says {name}={value}, so anybody may be the server", "remove it")
                elif section != "global" and name.startswith("repo"):
                    yield content.wrong(f"has another {name} in [{section}]", "say it in [global] alone")


def copied_elsewhere(container: Resource) -> bool:
    """Whether a container of backups copies from one server to another."""
    return kinds.label_of(container, f"{_LABEL}-from") != kinds.label_of(container, f"{_LABEL}-to")


@resource_rule(
    "copies-encrypted",
    requirements=("BAK-2", "SEC-1", "SEC-5"),
    types=(kinds.DOCKER_CONTAINER,),
    severity=Severity.CRITICAL,
)
def copies_encrypted(resource: Resource) -> Iterator[Finding]:
    """What is copied to another server is encrypted before it leaves, names as well, and by TLS."""
    elsewhere = copied_elsewhere(resource)
    for content in files(resource, "rclone.conf"):
        told = configparser.RawConfigParser()
        told.read_string(content.text)
        target = dict(told["target"]) if told.has_section("target") else {}
        if elsewhere and (
            target.get("type") != "crypt"
            or not target.get("password")
            or target.get("filename_encryption", "standard") != "standard"
            or target.get("directory_name_encryption", "true") != "true"
            or target.get("no_data_encryption", "false") != "false"
        ):
            yield content.wrong("copies to another server what that one can read", "give a target of type crypt")
        for section in told.sections():
            if not told.get(section, "endpoint", fallback="https://").startswith("https://"):
                yield content.wrong(f"speaks to [{section}] without TLS", "give https:// and its address")


@stack_rule("backup-volumes-own", requirements=("BAK-5",), types=(kinds.DOCKER_CONTAINER,))
def backup_volumes_own(stack: Stack) -> Iterator[Finding]:
    """What a job knows of its backups, and what it tells of them, is written by its own container alone."""
    mounts = [(each, mount) for each in stack.of(kinds.DOCKER_CONTAINER) for mount in each.props.at("mounts").items()]
    owners = dict[str, str]()
    for each, mount in mounts:
        if kinds.label_of(each, _LABEL) and _TOLD.fullmatch(mount.at("target").text):
            owners.setdefault(kinds.volume_of(mount), each.name)
    for each, mount in mounts:
        source = kinds.volume_of(mount)
        owner = owners.get(source, each.name) if source else each.name
        if owner != each.name and mount.at("readOnly").flag is not True:
            yield mount.at("readOnly").wrong(f"lets another than {owner} write to its volume", "give true")
