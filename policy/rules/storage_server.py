"""A server of object storage speaks TLS, encrypts what it keeps, and opens its S3 API alone (INF-5, SEC-1, SEC-5)."""

from __future__ import annotations

import contextlib
import posixpath
import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from ..judging import Resource, Severity, Stack, stack_rule
from ..values import Finding, UnevaluableError
from . import kinds
from .addresses import is_address
from .documents import secret_texts
from .registry import endpoint_of, registries

SERVER = re.compile(r"(?:^|/)(?:silo|minio)(?::|@|$)")
_CERTIFICATES = "--certs-dir="
_ADDRESS = "--address="
_CONSOLE = "--console-address"
_LEAST_NODES = 3
"""Of two nodes, neither alone takes a write."""
_TOLD_BY_FILE = ("MINIO_ROOT_PASSWORD_FILE", "MINIO_KMS_SECRET_KEY_FILE")
_TOLD_IN_PLAIN = frozenset({"MINIO_ROOT_PASSWORD", "MINIO_SECRET_KEY", "MINIO_KMS_SECRET_KEY"})


@stack_rule(
    "object-storage-server",
    requirements=("INF-5", "SEC-1", "SEC-5"),
    types=(kinds.DOCKER_CONTAINER,),
    severity=Severity.CRITICAL,
)
def object_storage_server(stack: Stack) -> Iterator[Finding]:
    """A server of object storage has a certificate, a KMS key and a volume, and publishes its S3 API and no console.

    Where it is several nodes, each is on a host of its own, and all are told of the same nodes, by TLS.
    """
    containers = stack.of(kinds.DOCKER_CONTAINER)
    files = {upload.at("file").text for each in containers for upload in each.props.at("uploads").items()}
    nodes: list[Resource] = []
    for each in kinds.running(stack, SERVER):
        yield from _told(each, files)
        yield from _doors(each)
        yield from _kept(each)
        nodes += [each] if any(map(_is_url, each.props.at("command").texts())) else []
    yield from _together(nodes)


def _is_url(argument: str) -> bool:
    return "://" in argument


def _together(nodes: Sequence[Resource]) -> Iterator[Finding]:
    """All nodes are one server, and the loss of a host takes one of them."""
    taken: set[str] = set()
    told: set[tuple[str, ...]] = set()
    for each in nodes:
        command, labels = each.props.at("command"), each.props.at("labels")
        urls = [argument for argument in command.items() if _is_url(argument.text)]
        told.add(tuple(url.text for url in urls))
        for url in urls:
            if not url.text.startswith("https://"):
                yield url.wrong("carries objects between nodes without TLS", "give https://")
        if len(urls) < _LEAST_NODES or len({urlsplit(url.text).hostname for url in urls}) < len(urls):
            yield command.wrong(
                f"has {len(urls)} drives, and no majority without one of its hosts", f"give {_LEAST_NODES} hosts"
            )
        if len(urls) != len(nodes) or len(told) > 1:
            yield command.wrong("names other nodes than there are", "name all of them, in the same order on each")
        host = kinds.host_of(each)
        if not host or host in taken:
            yield labels.wrong("has no host of its own", "put each node on another Docker host")
        taken.add(host)
        own, names = each.props.at("hostname"), {urlsplit(url.text).hostname for url in urls}
        known = {own.text, *(other.at("host").text for other in each.props.at("hosts").items())}
        if own.text not in names or not names <= known:
            yield own.wrong("is no node, or others are not known", "give the node's name, and the others' addresses")


def _told(container: Resource, files: set[str]) -> Iterator[Finding]:
    envs, command = container.props.at("envs"), container.props.at("command")
    said = {name: value for name, _, value in (env.partition("=") for env in envs.texts())}
    for name in _TOLD_BY_FILE:
        if said.get(name) not in files:
            yield envs.wrong(f"names no file of the stack as {name}", "give its path in a volume of files")
    for name in sorted(_TOLD_IN_PLAIN & said.keys()):
        yield envs.wrong(f"has {name}, which everybody on the host sees", f"give {name}_FILE")
    folders = [each.removeprefix(_CERTIFICATES) for each in command.texts() if each.startswith(_CERTIFICATES)]
    wanted = {posixpath.join(folder, name) for folder in folders for name in ("public.crt", "private.key")}
    if not wanted or not wanted <= files:
        yield command.wrong(
            "names no folder with a certificate, so it speaks without TLS",
            f"give {_CERTIFICATES} with a folder that has public.crt and private.key",
        )


def _doors(container: Resource) -> Iterator[Finding]:
    envs, command, ports = (container.props.at(name) for name in ("envs", "command", "ports"))
    if "MINIO_BROWSER=off" not in envs.texts():
        yield envs.wrong("leaves the console on", "give MINIO_BROWSER=off")
    for argument in command.items():
        if argument.text.startswith(_CONSOLE):
            yield argument.wrong("opens the console", "remove it")
    api = [each.rpartition(":")[2] for each in command.texts() if each.startswith(_ADDRESS)] or ["9000"]
    for port in ports.items():
        if port.at("internal").text not in api:
            yield port.at("internal").wrong("is not the S3 API's", f"publish {api[0]} alone")


def _is_drive(argument: str) -> bool:
    return argument.startswith("/") or _is_url(argument)


def _kept(container: Resource) -> Iterator[Finding]:
    command, mounts = container.props.at("command"), container.props.at("mounts")
    drives = {urlsplit(each).path if _is_url(each) else each for each in command.texts() if _is_drive(each)}
    # The name of a volume of files follows from them, so it may not be known yet.
    over = [mount for mount in mounts.items() if mount.at("target").text in drives]
    kept = {
        mount.at("target").text
        for mount in over
        if mount.at("type").text == "volume" and mount.at("source").text and mount.at("readOnly").flag is not True
    }
    if not drives or drives != kept:
        yield mounts.wrong("has no volume for the objects", "mount a named one at each drive of the command")


@stack_rule("storage-room", requirements=("INF-1", "INF-5"), types=(kinds.DOCKER_CONTAINER, kinds.VM, kinds.BUCKET))
def storage_room(stack: Stack) -> Iterator[Finding]:
    """The disks under the object storage hold what its buckets may take."""
    servers = [each for each in stack.of(kinds.DOCKER_CONTAINER) if SERVER.search(each.props.at("image").text)]
    hosts = {kinds.host_of(each) for each in servers if kinds.runs(each)}
    disks = [
        max(each.props.at("disks").items(), key=lambda disk: disk.at("size").number or 0)
        for each in stack.of(kinds.VM)
        if each.props.at("name").text in hosts and list(each.props.at("disks").items())
    ]
    sizes = [disk.at("size").number or 0 for disk in disks]
    asked = sum(each.props.at("quota").number or 0 for each in stack.of(kinds.BUCKET)) / 2**30
    if sizes and asked > min(sizes) * (len(sizes) - _PARITY.get(len(sizes), len(sizes) // 2)):
        smallest = disks[sizes.index(min(sizes))].at("size")
        yield smallest.wrong(f"is {smallest.text}: the buckets may take {asked:.0f} GiB", "give more, or lower quotas")


_PARITY = {1: 0, 2: 1, 3: 1}
"""Drives of so many that may be lost, of which nobody can use the room."""


@stack_rule(
    "storage-root-alone",
    requirements=("INF-5", "SEC-2", "BAK-2"),
    types=(kinds.MINIO_PROVIDER, kinds.SECRET, kinds.DOCKER_CONTAINER),
    severity=Severity.CRITICAL,
)
def storage_root_alone(stack: Stack) -> Iterator[Finding]:
    """No program asks the object storage as its administrator, who may delete every backup."""
    roots = {each.props.at("minioUser").text for each in stack.of(kinds.MINIO_PROVIDER)} - {""}
    if not roots:
        return
    asks = re.compile(rf"[=:]\s*['\"]?(?:{'|'.join(map(re.escape, sorted(roots)))})['\"]?\s*$", re.MULTILINE)
    told = [place for each in stack.of(kinds.SECRET) for _, place, text in secret_texts(each) if text in roots]
    for container in stack.of(kinds.DOCKER_CONTAINER):
        for upload in container.props.at("uploads").items():
            # What holds a password is not known before the first update.
            with contextlib.suppress(UnevaluableError):
                told += [upload.at("content")] if asks.search(upload.at("content").text) else []
        envs = container.props.at("envs").items()
        told += [each for each in envs if asks.search(each.text) and not each.text.startswith("MINIO_ROOT_USER=")]
    for place in told:
        yield place.wrong("is the administrator of the object storage", "give the program a user of its own")


@stack_rule(
    "storage-certified",
    requirements=("SEC-1", "INF-5"),
    types=(kinds.DOCKER_CONTAINER, kinds.CERTIFICATE, kinds.MINIO_PROVIDER),
)
def storage_certified(stack: Stack) -> Iterator[Finding]:
    """The names by which a stack's object storage is asked, by its nodes as well, stand in a certificate of its own."""
    named = {name for each in stack.of(kinds.CERTIFICATE) for name in each.props.at("spec", "dnsNames").texts()}
    servers = [each for each in stack.of(kinds.DOCKER_CONTAINER) if SERVER.search(each.props.at("image").text)]
    asked = [(part, part.text) for each in servers for part in each.props.at("command").items() if _is_url(part.text)]
    providers = [each.props.at("minioServer") for each in stack.of(kinds.MINIO_PROVIDER) if servers]
    asked += [(place, f"//{place.text}") for place in providers]
    for each in stack.of(kinds.DOCKER_CONTAINER) if servers else ():
        asked += [
            (env, env.text.partition("=")[2]) for env in each.props.at("envs").items() if "S3_ENDPOINT=" in env.text
        ]
        asked += [(content, endpoint_of(document)) for content, document in registries(each) if endpoint_of(document)]
    for place, url in asked if named else ():
        host = urlsplit(url).hostname or ""
        if host not in named and not is_address(host):
            yield place.wrong(f"leads to {host}, which no certificate names", "add it to dnsNames of the storage's own")
