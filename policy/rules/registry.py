"""The image registry lets nobody in without a login, speaks TLS, and collects only while nothing is pushed (INF-6)."""

from __future__ import annotations

import contextlib
import posixpath
import re
from collections.abc import Iterator
from typing import cast

import yaml

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, UnevaluableError, Value
from . import kinds
from .buckets import REGISTRY, class_of
from .loki import hours_of

_HASHED = re.compile(r"([^:\s]+:\$2[aby]\$\S+\s*)+")
_COLLECTS = "garbage-collect"


def _at(document: object, *keys: str) -> object:
    for key in keys:
        document = cast("dict[str, object]", document).get(key) if isinstance(document, dict) else None
    return document


def registries(resource: Resource) -> Iterator[tuple[Value, object]]:
    """The registry's own documents among a container's files, by their usual name and by what is in them."""
    for upload in resource.props.at("uploads").items():
        if not upload.at("file").text.endswith(("/config.yml", "/config.yaml")):
            continue
        content = upload.at("content")
        with contextlib.suppress(yaml.YAMLError):
            document: object = yaml.load(content.text, yaml.CSafeLoader)
            if _at(document, "version") and _at(document, "storage") and _at(document, "http"):
                yield content, document


def endpoint_of(document: object) -> str:
    """Where a registry keeps its images, "" if not in object storage."""
    return str(_at(document, "storage", "s3", "regionendpoint") or "")


@resource_rule(
    "registry-login", requirements=("INF-6", "SEC-6"), types=(kinds.DOCKER_CONTAINER,), severity=Severity.CRITICAL
)
def registry_login(resource: Resource) -> Iterator[Finding]:
    """An image registry asks everybody for a login, and knows passwords as bcrypt hashes."""
    for content, document in registries(resource):
        kinds_of_login = cast("dict[str, object]", _at(document, "auth") or {})
        path = str(_at(kinds_of_login, "htpasswd", "path") or "")
        if set(kinds_of_login) != {"htpasswd"} or not path:
            yield content.wrong("lets in whoever comes", "give auth.htpasswd with a path, and no other kind of auth")
            continue
        given = [each for each in resource.props.at("uploads").items() if each.at("file").text == path]
        if not given:
            folder = posixpath.dirname(path)
            yield content.wrong(f"looks for its users at {path}, where no file is", f"give it one in {folder}")
        for each in given:
            # Hashes that are not made yet are judged when they are.
            with contextlib.suppress(UnevaluableError):
                if not _HASHED.fullmatch(each.at("content").text):
                    yield each.at("content").wrong("has what is no user with a bcrypt hash", "give user:$2b$… lines")


@resource_rule(
    "registry-tls", requirements=("INF-6", "SEC-1"), types=(kinds.DOCKER_CONTAINER,), severity=Severity.CRITICAL
)
def registry_tls(resource: Resource) -> Iterator[Finding]:
    """An image registry is known by an https:// name, and speaks TLS with its object storage."""
    for content, document in registries(resource):
        if not str(_at(document, "http", "host") or "").startswith("https://"):
            yield content.wrong("has a http.host that is not https://", "give the name that the gateways serve")
        s3 = _at(document, "storage", "s3")
        secure = _at(s3, "secure") is not False and not _at(s3, "skipverify")
        if s3 is not None and not (secure and str(_at(s3, "regionendpoint") or "https://").startswith("https://")):
            yield content.wrong(
                "speaks with its object storage without TLS",
                "give an https:// regionendpoint, secure and no skipverify",
            )


@stack_rule("registry-collects-alone", requirements=("INF-6", "REL-5"), types=(kinds.DOCKER_CONTAINER,))
def registry_collects_alone(stack: Stack) -> Iterator[Finding]:
    """What collects a registry's garbage does not run by itself, and holds the port that images are pushed to.

    An engine gives a port to one container: while the one runs, the other does not start.
    """
    containers = stack.of(kinds.DOCKER_CONTAINER)
    served = {port for each in containers if kinds.runs(each) for port in _published(each)}
    for each in containers:
        command = each.props.at("command")
        if _COLLECTS not in command.texts():
            continue
        if kinds.runs(each):
            yield each.props.at("start").wrong("is not false: it would delete what is being pushed", "give false")
        if not served.intersection(_published(each)):
            yield each.props.at("ports").wrong(
                "are none of a registry that runs, so both can run at a time", "publish the port that is pushed to"
            )


_LEAST_PURGED = 24.0
"""Hours after which what was pushed by half may be deleted."""


@stack_rule("registry-sides", requirements=("INF-6", "REL-5"), types=(kinds.DOCKER_CONTAINER,))
def registry_sides(stack: Stack) -> Iterator[Finding]:
    """One registry writes to a bucket, the others only read; images lie in object storage and are nobody else's."""
    writers: dict[str, str] = {}
    for resource in stack.of(kinds.DOCKER_CONTAINER):
        for content, document in registries(resource):
            storage = _at(document, "storage")
            bucket = str(_at(storage, "s3", "bucket") or "")
            if bucket and class_of(bucket) != REGISTRY:
                yield content.wrong(f"keeps images in {bucket}", f"name the bucket that ends with -{REGISTRY}")
            if not bucket:
                yield content.wrong("keeps images beside object storage", "give storage.s3")
            if _at(document, "proxy") is not None:
                yield content.wrong("gives images of others under its own name", "remove proxy")
            reads = _at(storage, "maintenance", "readonly", "enabled") is True
            if reads and _at(storage, "delete", "enabled") is True:
                yield content.wrong("deletes on the side that reads", "give delete.enabled false")
            if not reads and bucket and writers.setdefault(bucket, resource.name) != resource.name:
                yield content.wrong(
                    f"writes to the bucket of {writers[bucket]}: what it pushes is deleted by the other's collection",
                    "give maintenance.readonly.enabled true",
                )
            age = hours_of(str(_at(storage, "maintenance", "uploadpurging", "age") or "168h"))
            if age is None or age < _LEAST_PURGED:
                yield content.wrong(
                    "deletes what is being pushed", f"give uploadpurging.age {_LEAST_PURGED:g}h or more"
                )


def _published(resource: Resource) -> Iterator[tuple[str, str]]:
    for port in resource.props.at("ports").items():
        yield port.at("ip").text, port.at("external").text
