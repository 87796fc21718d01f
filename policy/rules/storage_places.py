"""All that a stack keeps goes to its own object storage, each kind into its own bucket (INF-5, LOG-6, BAK)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from ..judging import Severity, Stack, stack_rule
from ..values import Finding, UnevaluableError, Value
from . import kinds
from .backup_plans import told_of
from .buckets import LOGS_ARCHIVE, LOKI, MEDIA, class_of, tenants_of_loki
from .database import files
from .documents import LOKI as LOKI_DOCUMENT
from .documents import TEMPO, Document, of_resource, secret_texts
from .storage_server import SERVER

_HOST = re.compile(r"^(?:https?://)?([^:/]+).*$")
_ENDPOINTS = frozenset({"S3_ENDPOINT", "GLOBAL_S3_ENDPOINT"})
_BUCKETS = frozenset({"S3_BUCKET", "GLOBAL_S3_BUCKET"})
_WEAKER = re.compile(
    r"MINIO_(?:STORAGE_CLASS_\w+=EC:0|PROMETHEUS_AUTH_TYPE=public|CI_CD=.*|IDENTITY_\w+=.+|HTTP_TRACE=.*)"
)
_TOLD = re.compile(r"server|--quiet|--json|--address=:\d+|--certs-dir=/\S+|/\S+|https?://\S+|--console-address\S*")


def _variables(stack: Stack) -> Iterator[tuple[str, str, Value]]:
    for container in stack.of(kinds.DOCKER_CONTAINER):
        for entry in container.props.at("envs").items():
            name, _, value = entry.text.partition("=")
            yield name, value, entry
    for workload in stack.of(*kinds.WORKLOADS):
        for container in kinds.all_containers(kinds.pod_spec(workload)):
            for entry in container.at("env").items():
                if not entry.at("valueFrom").present:
                    yield entry.at("name").text, entry.at("value").text, entry.at("value")


def _endpoints(stack: Stack) -> Iterator[tuple[Value, str]]:
    documents = [document for each in stack.of(kinds.CONFIG_MAP) for document in of_resource(each)]
    for document in (each for each in documents if each.kind in {LOKI_DOCUMENT, TEMPO}):
        path = ("common", "storage") if document.kind == LOKI_DOCUMENT else ("storage", "trace")
        place = document.content.at(*path, "s3", "endpoint")
        yield place, place.text
    for name, value, place in _variables(stack):
        if name in _ENDPOINTS:
            yield place, value
    for lock in stack.of(kinds.BUCKET_LOCK):
        # At another site the copies are locked where they are.
        if lock.props.at("endpoint").present:
            yield lock.props.at("endpoint"), lock.props.at("endpoint").text
    for secret in stack.of(kinds.SECRET):
        for name, value, text in secret_texts(secret):
            if name == "etcd-s3-endpoint":
                yield value, text
    yield from _of_jobs(stack)


def _of_jobs(stack: Stack) -> Iterator[tuple[Value, str]]:
    for container in stack.of(kinds.DOCKER_CONTAINER):
        with contextlib.suppress(UnevaluableError):
            for file, pattern in (
                ("pgbackrest.conf", r"^repo1-s3-endpoint=(\S+)"),
                ("rclone.conf", r"(?s)^\[source\][^\[]*?^endpoint = (\S+)"),
                ("config.yml", r"^ +regionendpoint: (\S+)"),
            ):
                for content in files(container, file):
                    for found in re.findall(pattern, content.text, re.MULTILINE):
                        yield content, found


@stack_rule(
    "storage-own",
    requirements=("INF-5", "LOG-6", "BAK-1", "BAK-2", "BAK-3"),
    types=(
        *(kinds.CONFIG_MAP, kinds.DOCKER_CONTAINER, kinds.SECRET, kinds.BUCKET_LOCK, kinds.MINIO_PROVIDER),
        *kinds.WORKLOADS,
    ),
    severity=Severity.CRITICAL,
)
def storage_own(stack: Stack) -> Iterator[Finding]:
    """Whatever is kept in object storage is kept in the stack's own, and services have buckets of media alone."""
    own = {_HOST.sub(r"\1", each.props.at("minioServer").text) for each in stack.of(kinds.MINIO_PROVIDER)}
    for place, text in _endpoints(stack) if own else ():
        if text and _HOST.sub(r"\1", text) not in own:
            yield place.wrong("leads to another object storage", f"give {min(own)}")
    for name, value, place in _variables(stack):
        if name in _BUCKETS and class_of(value) != MEDIA:
            yield place.wrong(f"is {value}, no bucket of media", "name the service's own")
        if name == "STORAGE_BACKEND" and value != "s3":
            yield place.wrong(f"is {value}: what users upload is gone with the container", "give s3")


@stack_rule("storage-server-told", requirements=("INF-5", "SEC-6", "ENV-4"), types=(kinds.DOCKER_CONTAINER,))
def storage_server_told(stack: Stack) -> Iterator[Finding]:
    """A server of object storage spreads what it keeps, opens the S3 API alone, and shows nobody figures."""
    for container in kinds.running(stack, SERVER):
        for entry in container.props.at("envs").items():
            if _WEAKER.fullmatch(entry.text):
                yield entry.wrong(f"is {entry.text}", "remove it")
        for argument in container.props.at("command").items():
            if not _TOLD.fullmatch(argument.text):
                yield argument.wrong(f"is {argument.text}", "remove it")


@stack_rule(
    "backups-of-what",
    requirements=("BAK-1", "BAK-4", "BAK-5", "LOG-6"),
    types=(kinds.DOCKER_CONTAINER, kinds.BUCKET_LIFECYCLE),
    severity=Severity.CRITICAL,
)
def backups_of_what(stack: Stack) -> Iterator[Finding]:
    """Backups read what they are of, all tenants' logs among it, keep it in their own place, and check it."""
    tenants = tenants_of_loki(stack)
    mounted: dict[str, list[str]] = {}
    for container in stack.of(kinds.DOCKER_CONTAINER):
        if kinds.runs(container):
            told = [mount.at("target").text for mount in container.props.at("mounts").items()]
            mounted.setdefault(told_of(container), []).extend(told)
    for container in stack.of(kinds.DOCKER_CONTAINER):
        for content in files(container, "plan.json"):
            job = Document("plan.json", content.text, content).content.at("job")
            kind = job.at("kind").text
            for name in ("spool", "root_key"):
                path = job.at(name)
                if path.present and not any(path.text.startswith(f"{each}/") for each in mounted.get(kind, [])):
                    yield path.wrong(f"is {path.text}, which nobody mounts", "name what the container has")
            if kind == "logs":
                yield from _logs(job, tenants)


def _logs(job: Value, tenants: set[str]) -> Iterator[Finding]:
    for name, wanted in (("source", LOKI), ("archive", LOGS_ARCHIVE)):
        if class_of(job.at(name).text) != wanted:
            yield job.at(name).wrong(
                f"is {job.at(name).text or 'missing'}", f"name the bucket that ends with -{wanted}"
            )
    missing = tenants - set(job.at("tenants").texts())
    if missing:
        yield job.at("tenants").wrong(f"lack {', '.join(sorted(missing))}", "add it (LOG-6)")
