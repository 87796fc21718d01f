"""Policy documents of IAM: their check, and whether two mean the same."""

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
    # Whatever else it says is compared as it is written: the platform's have nothing more.
    normal |= {key: value for key, value in statement.items() if value and key not in normal}
    return normal
