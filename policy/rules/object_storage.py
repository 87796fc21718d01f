"""Object storage is open to nobody, and a key reaches what its program needs (INF-5, SEC-3)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import cast

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .buckets import BACKUPS, CLASSES, COPIES, LOGS_ARCHIVE, LOKI, MEDIA, REGISTRY, TEMPO, class_of

_ACTIONS = frozenset(
    {
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetBucketLocation",
        "s3:GetObject",
        "s3:GetObjectTagging",
        "s3:GetObjectVersion",
        "s3:ListBucket",
        "s3:ListBucketMultipartUploads",
        "s3:ListBucketVersions",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
        "s3:PutObjectTagging",
    }
)
"""What a program does with objects. Everything else changes a bucket, a user, or what keeps a backup."""
_ONE_BUCKET = re.compile(r"arn:aws:s3:::([a-z0-9][a-z0-9.-]*)(?:/(.*))?")
_DELETED_BY_PROGRAMS = ("deployment/", "database/")
"""Prefixes of backups that a program (k3s, pgBackRest) prunes itself."""
_READING = frozenset({"s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"})


@resource_rule("bucket-not-public", requirements=("SEC-3", "INF-5"), types=(kinds.BUCKET, kinds.BUCKET_POLICY))
def bucket_not_public(resource: Resource) -> Iterator[Finding]:
    """No bucket is open to the world; single objects of media may be read."""
    if resource.type == kinds.BUCKET:
        acl = resource.props.at("acl")
        if acl.text not in {"", "private"}:
            yield acl.wrong(f"is {acl.text!r}", "give private, and a policy for what may be read")
        return
    policy = resource.props.at("policy")
    is_media = class_of(kinds.bucket_of(resource).text) == MEDIA
    for statement in _allowed(policy.text):
        if "*" not in json.dumps(statement.get("Principal")):
            continue
        beyond = [action for action in _listed(statement.get("Action")) if not is_media or action != "s3:GetObject"]
        if beyond:
            yield policy.wrong(f"lets everyone {', '.join(beyond)}", "name the users; media may allow s3:GetObject")


@resource_rule(
    "storage-least-privilege", requirements=("INF-5", "SEC-3"), types=(kinds.IAM_POLICY, kinds.SERVICE_ACCOUNT)
)
def storage_least_privilege(resource: Resource) -> Iterator[Finding]:
    """A key for object storage reaches the buckets it needs, with the actions it needs."""
    policy = resource.props.at("policy")
    if not policy.text and resource.type == kinds.IAM_POLICY:
        yield policy.wrong("is missing", "name actions and buckets")
    for statement in _allowed(policy.text):
        for name in ("NotAction", "NotResource", "NotPrincipal"):
            if name in statement:
                yield policy.wrong(f"allows all but what {name} says", "name what is allowed")
        actions = _listed(statement.get("Action"))
        for action in actions:
            if action not in _ACTIONS:
                yield policy.wrong(f"allows {action}", "name the actions, as in s3:GetObject")
        for target in _listed(statement.get("Resource")):
            named = _ONE_BUCKET.fullmatch(target)
            if named is None:
                yield policy.wrong(f"allows every bucket ({target})", "name the bucket, as in arn:aws:s3:::<bucket>/*")
            elif class_of(named[1]) == BACKUPS and named[2] is not None:
                yield from _of_backups(policy, target, named[2], actions)
            elif class_of(named[1]) == LOGS_ARCHIVE and "s3:DeleteObject" in actions:
                yield policy.wrong(f"lets archived logs be deleted ({target})", "leave that to the lifecycle")
    written = sorted(bucket for bucket, actions in _grants(policy.text).items() if actions - _READING)
    if len(written) > 1:
        yield policy.wrong(f"changes {', '.join(written)}", "give each bucket a user of its own")


def _of_backups(policy: Value, target: str, path: str, actions: Sequence[str]) -> Iterator[Finding]:
    prefix = path.partition("*")[0]
    if prefix in {"", "deployment/"} and set(actions) - _READING:
        yield policy.wrong(f"allows all backups ({target})", "name the folder of the program")
    elif "s3:DeleteObject" in actions and not prefix.startswith(_DELETED_BY_PROGRAMS):
        yield policy.wrong(f"lets backups be deleted ({target})", "leave that to the lifecycle")


def _grants(policy: str) -> dict[str, set[str]]:
    """What a policy allows, by bucket."""
    found: dict[str, set[str]] = {}
    for statement in _allowed(policy):
        for target in _listed(statement.get("Resource")):
            found.setdefault(_bucket(target), set()).update(_listed(statement.get("Action")))
    return found


def _targets(policy: str) -> list[str]:
    return [target for statement in _allowed(policy) for target in _listed(statement.get("Resource"))]


def _bucket(target: str) -> str:
    return target.removeprefix("arn:aws:s3:::").partition("/")[0]


@stack_rule(
    "storage-users",
    requirements=("INF-5", "SEC-3"),
    types=(kinds.IAM_ATTACHMENT, kinds.IAM_POLICY, kinds.IAM_USER, kinds.SERVICE_ACCOUNT),
)
def storage_users(stack: Stack) -> Iterator[Finding]:
    """Users of object storage have policies of this stack, and keys are for users of it."""
    users = {each.props.at("name").text for each in stack.of(kinds.IAM_USER)}
    policies = {each.props.at("name").text for each in stack.of(kinds.IAM_POLICY)}
    of_user: dict[str, str] = {}
    for attachment in stack.of(kinds.IAM_ATTACHMENT):
        for name, known in (("policyName", policies), ("userName", users)):
            value = attachment.props.at(name)
            if value.text not in known:
                yield value.wrong(f"{value.text} is not declared here", "name one that is")
            elif name == "policyName" and value.text not in of_user.setdefault(
                attachment.props.at("userName").text, value.text
            ):
                yield value.wrong("is a second one of this user", "give each user one policy")
    for each in stack.of(kinds.IAM_USER, kinds.SERVICE_ACCOUNT):
        for name in ("disableUser", "expiration"):
            if each.props.at(name).present and each.props.at(name).text != "false":
                yield each.props.at(name).wrong("ends what its program does", "remove it")
    for key in stack.of(kinds.SERVICE_ACCOUNT):
        user = key.props.at("targetUser")
        if users and user.text not in users:
            yield user.wrong(f"{user.text} is not declared here", "name a user that is")


_ONE_WRITER = frozenset({LOKI, TEMPO, REGISTRY, LOGS_ARCHIVE, COPIES})
"""Classes of buckets that one program writes."""
_JOBS = {"copy-source": frozenset({BACKUPS, MEDIA, REGISTRY, LOGS_ARCHIVE}), "archive": frozenset({LOKI})}
"""Users of jobs, and the classes of buckets that they read besides their own."""


@stack_rule(
    "storage-own-bucket",
    requirements=("INF-5", "SEC-3"),
    types=(kinds.IAM_ATTACHMENT, kinds.IAM_POLICY, kinds.SERVICE_ACCOUNT),
)
def storage_own_bucket(stack: Stack) -> Iterator[Finding]:
    """A program has its own bucket and no other's, a job reads what it copies, and a key may what its user may."""
    policies = {each.props.at("name").text: each.props.at("policy") for each in stack.of(kinds.IAM_POLICY)}
    held = {
        each.props.at("userName").text: policies[each.props.at("policyName").text]
        for each in stack.of(kinds.IAM_ATTACHMENT)
        if each.props.at("policyName").text in policies
    }
    writers: dict[str, str] = {}
    for user, policy in held.items():
        grants, own = _grants(policy.text), next((x for x in CLASSES if user == x or user.startswith(f"{x}-")), "")
        for bucket, actions in sorted(grants.items()):
            if own and class_of(bucket) != own:
                yield policy.wrong(f"lets {user} reach {bucket}", f"name the bucket of {own}")
            reads = class_of(bucket) in _JOBS.get(user, ()) or user.endswith("-pull")
            if reads and actions - _READING:
                yield policy.wrong(f"lets {user} change {bucket}", "let it read")
            if class_of(bucket) == BACKUPS and not actions - _READING and user not in _JOBS:
                yield policy.wrong(f"lets {user} read {bucket}", "let those read backups who make them, or copy them")
            if class_of(bucket) in _ONE_WRITER and "s3:PutObject" in actions:
                other = writers.setdefault(bucket, user)
                if other != user:
                    yield policy.wrong(f"lets {user} write to {bucket}, as {other} does", "leave out what writes")
        others = sorted(bucket for bucket in grants if class_of(bucket) not in _JOBS.get(user, ()))
        if len(others) > 1:
            yield policy.wrong(f"lets {user} reach {', '.join(others)}", "give each bucket a user of its own")
    for key in stack.of(kinds.SERVICE_ACCOUNT):
        user, policy = key.props.at("targetUser"), key.props.at("policy")
        if policy.text and user.text in held and set(_targets(policy.text)) - set(_targets(held[user.text].text)):
            yield policy.wrong(f"names more than {user.text} may", "give the user's own policy")


@resource_rule(
    "storage-denied",
    requirements=("INF-5", "SEC-2", "SEC-5", "BAK-2"),
    types=(kinds.IAM_POLICY, kinds.SERVICE_ACCOUNT),
    severity=Severity.CRITICAL,
)
def storage_denied(resource: Resource) -> Iterator[Finding]:
    """A key needs TLS, deletes and replaces no version, bypasses no lock, and writes with the bucket's key alone."""
    policy = resource.props.at("policy")
    if not policy.text:
        return
    denied = [each for each in _statements(policy.text, "Deny") if "arn:aws:s3:::*" in _listed(each.get("Resource"))]

    def without(right: str, actions: set[str], condition: object) -> Iterator[Finding]:
        for each in denied:
            if actions <= set(_listed(each.get("Action"))) and each.get("Condition") == condition:
                return
        yield policy.wrong(f"does not deny {' and '.join(sorted(actions))} {right}", "add the statement")

    yield from without("without TLS", {"s3:*"}, {"Bool": {"aws:SecureTransport": ["false"]}})
    yield from without("to all", {"s3:BypassGovernanceRetention", "s3:DeleteObjectVersion"}, None)
    if any("s3:PutObject" in actions for actions in _grants(policy.text).values()):
        own, key = (f"s3:x-amz-server-side-encryption-{x}" for x in ("customer-algorithm", "aws-kms-key-id"))
        yield from without("with a key of the writer's own", {"s3:PutObject"}, {"Null": {own: [False]}})
        named = {"Null": {key: [False]}, "StringNotEquals": {key: [_kms_key(denied, key)]}}
        yield from without("with another key of the KMS", {"s3:PutObject"}, named)
        yield from without("in the place of a version", {"s3:PutObject"}, {"StringLike": {"s3:versionid": ["?*"]}})


def _kms_key(denied: Sequence[dict[str, object]], name: str) -> str:
    """The key that a policy lets objects be encrypted with."""
    for each in denied:
        condition = cast("dict[str, dict[str, list[str]]]", each.get("Condition") or {})
        keys = condition.get("StringNotEquals", {}).get(name, [])
        if len(keys) == 1 and keys[0]:
            return keys[0]
    return "?"


def _statements(policy: str, effect: str) -> list[dict[str, object]]:
    """The statements of a policy document that allow, or deny, something."""
    if not policy:
        return []
    document = cast("dict[str, object]", json.loads(policy))
    statements = document.get("Statement")
    listed = cast("list[object]", statements) if isinstance(statements, list) else [statements]
    return [
        cast("dict[str, object]", each)
        for each in listed
        if isinstance(each, dict) and cast("dict[str, object]", each).get("Effect") == effect
    ]


def _allowed(policy: str) -> list[dict[str, object]]:
    return _statements(policy, "Allow")


def _listed(value: object) -> list[str]:
    return [str(each) for each in cast("list[object]", value)] if isinstance(value, list) else [str(value or "*")]
