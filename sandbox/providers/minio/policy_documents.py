"""Policy documents of IAM and of buckets: their check, whether two mean the same, and those behind a bucket's `acl`."""

import json
from collections.abc import Mapping
from typing import Any, cast

_SETS = ("Action", "NotAction", "Resource", "NotResource")


def problem(text: Any) -> str | None:
    """Why a text is no policy document; None if it is one."""
    if not isinstance(text, str) or not text.startswith("{"):
        return "is not a policy: a JSON object is wanted"
    try:
        document = json.loads(text)
    except ValueError as error:
        return f"is not JSON ({error})"
    statements = _items(document.get("Statement"))
    if not statements:
        return "has no Statement"
    for index, statement in enumerate(statements):
        effect = cast("dict[str, Any]", statement).get("Effect") if isinstance(statement, dict) else None
        if effect not in ("Allow", "Deny"):
            return f'Statement {index} has no Effect "Allow" or "Deny"'
    return None


def equivalent(one: Any, other: Any) -> bool:
    """Whether two documents mean the same, however they are written."""
    try:
        return _normal(json.loads(one)) == _normal(json.loads(other))
    except (TypeError, ValueError, AttributeError):
        return one == other


def parse(text: str) -> dict[str, Any]:
    """The document in a text that `problem` found nothing wrong with."""
    return cast("dict[str, Any]", json.loads(text))


def _items(value: Any) -> list[Any]:
    if value is None:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _normal(document: Mapping[str, Any]) -> Any:
    statements = [_statement(statement) for statement in _items(document.get("Statement"))]
    return {
        "Version": document.get("Version") or "2012-10-17",
        "Statement": sorted(statements, key=lambda item: json.dumps(item, sort_keys=True)),
    }


def _statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    normal: dict[str, Any] = {"Effect": statement.get("Effect")}
    for key in _SETS:
        if values := _items(statement.get(key)):
            normal[key] = sorted({str(value) for value in values})
    if statement.get("Principal") is not None:
        normal["Principal"] = _principal(statement["Principal"])
    conditions = cast("Mapping[str, Mapping[str, Any]]", statement.get("Condition") or {})
    if conditions:
        normal["Condition"] = {
            operator: {key: sorted(str(value) for value in _items(values)) for key, values in keys.items()}
            for operator, keys in conditions.items()
        }
    if statement.get("Sid"):
        normal["Sid"] = statement["Sid"]
    return normal


def _principal(value: Any) -> dict[str, list[str]]:
    """`"*"`, `{"AWS": "*"}` and `{"AWS": ["*"]}` are the same."""
    given: Mapping[str, Any] = cast("Mapping[str, Any]", value) if isinstance(value, dict) else {"AWS": value}
    return {kind: sorted(str(item) for item in _items(names)) for kind, names in given.items()}


_OBJECT_ACTIONS = {
    "public-read": (["s3:GetObject"], True),
    "public-write": (
        ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:PutObject"],
        False,
    ),
    "public-read-write": (
        [
            "s3:AbortMultipartUpload",
            "s3:DeleteObject",
            "s3:GetObject",
            "s3:ListMultipartUploadParts",
            "s3:PutObject",
        ],
        True,
    ),
}
ACLS = ("private", "public-write", "public-read", "public-read-write", "public")


def of_acl(acl: str, bucket: str) -> dict[str, Any] | None:
    """The bucket policy that stands for an `acl`; None for a private bucket."""
    if acl == "private":
        return None
    everybody = {"Effect": "Allow", "Principal": {"AWS": ["*"]}}
    place, objects = f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"
    if acl == "public":
        statements: list[dict[str, Any]] = [{**everybody, "Action": ["s3:*"], "Resource": [place, objects]}]
    else:
        actions, listing = _OBJECT_ACTIONS[acl]
        on_bucket = ["s3:GetBucketLocation", *(["s3:ListBucket"] if listing else ["s3:ListBucketMultipartUploads"])]
        statements = [
            {**everybody, "Action": on_bucket, "Resource": [place]},
            {**everybody, "Action": actions, "Resource": [objects]},
        ]
    return {"Version": "2012-10-17", "Statement": statements}
