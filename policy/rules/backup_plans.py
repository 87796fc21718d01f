"""Backups are made as often, of as much, and kept for as long as the requirement says (BAK-1, BAK-2, BAK-4)."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .backups import copied_elsewhere
from .buckets import BACKUPS, COPIES, MEDIA, REGISTRY, class_of
from .database import PLATFORM, files
from .documents import Document

_LABEL = "luxima.id/backup"
_COPIED = frozenset({MEDIA, REGISTRY, BACKUPS})
"""Classes of buckets whose objects nobody can make again."""
_DAYS = {"database": 30, "copies": 14}
_DATA = "/var/lib/postgresql/"
_PGBACKREST = re.compile(
    r"repo1-(?:type|path|bundle|cipher-(?:type|pass)|retention-full(?:-type)?|storage-(?:port|ca-file)"
    r"|s3-(?:bucket|endpoint|region|uri-style|kms-key-id|key|key-secret))|pg1-(?:path|socket-path|port|user)"
    r"|compress-type|process-max|start-fast|(?:archive|io)-timeout|lock-path|log-level-(?:file|console|stderr)"
)
_RCLONE = re.compile(
    r"type|provider|endpoint|region|access_key_id|secret_access_key|no_check_\w+|server_side_encryption|remote|password"
    r"|filename_encoding"
)
"""What a copy may be told; what it says of encryption and certificates has the eye of another rule on it."""


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often at least, in seconds, and by which row."""

    seconds: int
    requirement: str


CADENCE: Mapping[str, Cadence] = {
    "database": Cadence(12 * 3600, "BAK-1"),
    "object_storage": Cadence(24 * 3600, "BAK-2"),
    "logs": Cadence(24 * 3600, "BAK-4"),
}


def told_of(container: Resource) -> str:
    """The kind of backups that a container says it makes, "" when it makes none."""
    return kinds.label_of(container, _LABEL)


def _plans(stack: Stack) -> Iterator[tuple[Resource, Value]]:
    for container in stack.of(kinds.DOCKER_CONTAINER):
        for content in files(container, "plan.json"):
            if not content.text:
                continue
            plan = Document("plan.json", content.text, content).content
            if plan.at("job", "kind").text in CADENCE:
                yield container, plan


@stack_rule(
    "backup-plan",
    requirements=("BAK-1", "BAK-2", "BAK-4"),
    types=(kinds.DOCKER_CONTAINER, kinds.BUCKET),
    severity=Severity.CRITICAL,
)
def backup_plan(stack: Stack) -> Iterator[Finding]:
    """Every kind of backup has a plan as frequent and as long as the requirement says, and a container that runs it."""
    plans = list(_plans(stack))
    running: dict[str, Value] = {}
    for container in stack.of(kinds.DOCKER_CONTAINER):
        if kinds.runs(container):
            running[told_of(container)] = container.props.at("command")
    for container, plan in plans:
        kind = plan.at("job", "kind")
        for name in ("interval_seconds", "deadline_seconds"):
            seconds, most = plan.at(name), CADENCE[kind.text]
            if not 0 < (seconds.number or 0) <= most.seconds:
                yield seconds.wrong(f"is {seconds.text or 'missing'}", f"give {most.seconds} ({most.requirement})")
        if kind.text not in running:
            yield kind.wrong(f"is {kind.text}, which no container runs", f"give one the label {_LABEL}={kind.text}")
        elif running[kind.text].texts() != ["serve"]:
            yield running[kind.text].wrong("makes no backups", "give serve")
        if kind.text == "object_storage":
            yield from _copies(stack, plan.at("job"), elsewhere=copied_elsewhere(container))
    there = {plan.at("job", "kind").text for _, plan in plans}
    # Whoever keeps a database elsewhere makes its backups as well; Coolify's own server is none of the platform's.
    if not kinds.running(stack, PLATFORM):
        there.add("database")
    for kind, cadence in CADENCE.items():
        if plans and kind not in there:
            yield (
                plans[0][1].at("job", "kind").wrong(f"is the kind of no plan for {kind}", f"add {cadence.requirement}")
            )


def _copies(stack: Stack, job: Value, *, elsewhere: bool) -> Iterator[Finding]:
    keep, buckets = job.at("keep_days"), job.at("buckets")
    if (keep.number or 0) < _DAYS["copies"]:
        yield keep.wrong(f"is {keep.text or 'missing'}", f"give at least {_DAYS['copies']} (BAK-2)")
    # At another site it is the remote that leads into their bucket.
    if (job.at("copies").present or not elsewhere) and class_of(job.at("copies").text) != COPIES:
        yield job.at("copies").wrong(f"is {job.at('copies').text}, no bucket for copies", "name that one")
    copied = {each.at("name").text for each in buckets.items()}
    if len({each.at("folder").text for each in buckets.items()}) < len(copied):
        yield buckets.wrong("are copied over each other", "give each a folder of its own (BAK-2)")
    for bucket in stack.of(kinds.BUCKET):
        name = bucket.props.at("bucket").text
        if class_of(name) in _COPIED and name not in copied:
            yield buckets.wrong(f"leaves {name} out", "add it (BAK-2)")


def _known(content: Value, told: configparser.RawConfigParser, known: re.Pattern[str]) -> Iterator[Finding]:
    for name in (name for section in told.sections() for name in told[section] if not known.fullmatch(name)):
        yield content.wrong(f"says {name}, which no rule reads", "remove it, or let a rule of policy/rules know it")


def _said(text: str) -> configparser.RawConfigParser:
    told = configparser.RawConfigParser(strict=False)
    told.read_string(text)
    return told


@resource_rule(
    "backup-kept", requirements=("BAK-1", "BAK-2"), types=(kinds.DOCKER_CONTAINER,), severity=Severity.CRITICAL
)
def backup_kept(resource: Resource) -> Iterator[Finding]:
    """The database's backups and their WAL are kept 30 days, in the folder whose lifecycle leaves them alone."""
    for content in files(resource, "pgbackrest.conf"):
        told = _said(content.text)
        said = dict(told["global"]) if told.has_section("global") else {}
        days = said.get("repo1-retention-full", "0")
        if said.get("repo1-retention-full-type") != "time" or int(days if days.isdigit() else 0) < _DAYS["database"]:
            yield content.wrong("keeps backups for less than 30 days", "give repo1-retention-full=30, of type time")
        if any(name.startswith("repo1-retention-") and "full" not in name for name in said):
            yield content.wrong("keeps less than what belongs to the backups", "leave repo1-retention-archive out")
        if said.get("repo1-path") != "/database":
            yield content.wrong("puts backups where a lifecycle ends them", "give repo1-path=/database")
        if said.get("repo1-type") != "s3" or class_of(said.get("repo1-s3-bucket", "")) != BACKUPS:
            yield content.wrong("puts backups into no bucket for them", "give the bucket of backups")
        yield from _known(content, told, _PGBACKREST)
        if not told.get("main", "pg1-path", fallback=_DATA).startswith(_DATA):
            yield content.wrong("is of other files than the database's", f"give a pg1-path under {_DATA}")
        if not said.get("repo1-s3-kms-key-id"):
            yield content.wrong("names no key of the object storage", "give repo1-s3-kms-key-id (SEC-5)")


@resource_rule("remotes-verified", requirements=("BAK-2", "SEC-1", "SEC-5"), types=(kinds.DOCKER_CONTAINER,))
def remotes_verified(resource: Resource) -> Iterator[Finding]:
    """A server that is copied to or from proves who it is, and encrypts what is not encrypted before."""
    for content in files(resource, "rclone.conf"):
        told = _said(content.text)
        sides = {name: dict(told[name]) for name in told.sections()}
        yield from _known(content, told, _RCLONE)
        target = sides.get(sides.get("target", {}).get("remote", "").partition(":")[0])
        if target is not None and target.get("endpoint") == sides.get("source", {}).get("endpoint"):
            yield content.wrong("copies to the server that it copies from", "give the other site's endpoint (BAK-2)")
        behind = {side.get("remote", "").partition(":")[0] for side in sides.values() if side.get("type") == "crypt"}
        for name, side in sides.items():
            if side.get("no_check_certificate", "false") != "false":
                yield content.wrong(f"checks nobody in [{name}]", "leave no_check_certificate out")
            if side.get("type") == "crypt" or name in behind:
                continue
            if not side.get("server_side_encryption", "").startswith("aws:kms"):
                yield content.wrong(f"encrypts nothing in [{name}]", "give server_side_encryption = aws:kms")
