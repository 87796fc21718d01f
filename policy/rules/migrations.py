"""What a database's migrations may grant: nobody reads or writes beside the API, and records stay (SEC-3, REL-7)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from ..judging import Resource, Severity, resource_rule
from ..values import Finding
from . import kinds

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_FORBIDDEN: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), problem, remedy)
    for pattern, problem, remedy in (
        (
            r"\bgrant\b[^;]*\bpg_(?:read_all_data|write_all_data|execute_server_program|(?:read|write)_server_files)\b",
            "gives a role all rows, or the server's files",
            "grant what it needs, table by table",
        ),
        (
            r"\b(?:create|alter)\s+(?:role|user)\b[^;]*?(?<!no)\b(?:superuser|bypassrls|createrole|createdb)\b",
            "makes a role that is above the rules",
            "leave it out",
        ),
        (
            r"\b(?:disable|no\s+force)\s+row\s+level\s+security\b",
            "shows rows of all tenants",
            "leave row level security on",
        ),
        (r"\bgrant\b[^;]*\bto\b[^;]*\b(?:public|anon)\b", "lets everybody in", "name the role that needs it"),
        (r"\bcreate\s+role\s+%I\s+(?!nologin\b)", "makes roles that log in", "give nologin"),
        (
            r"\bset\s+default_transaction_read_only\s*=\s*'?(?:off|false)",
            "lets who measures the database change it",
            "give on",
        ),
        (
            r"\b(?:drop\s+(?:table|schema)\s+(?:if\s+exists\s+)?|truncate\s+(?:table\s+)?)internal\b",
            "takes records of alerts and deployments away",
            "leave them",
        ),
        (
            r"\bsecurity\s+definer\b(?!(?:(?!\bas\b).)*\bset\s+search_path\b)(?=(?:(?!\bas\b).)*\bas\s+\$)",
            "has a function that acts for another and finds what the caller names",
            "give it set search_path",
        ),
    )
)
_KEPT: Mapping[str, int] = {"security": 60, "audit": 90}
_DAYS = re.compile(r"\bwhen\s+'(\w+)'\s+then\s+(?:interval\s+')?(\d+)")


@resource_rule(
    "migration-rights",
    requirements=("SEC-3", "LOG-1", "LOG-2", "REL-7", "ALR-10"),
    types=(kinds.DOCKER_CONTAINER,),
    severity=Severity.CRITICAL,
)
def migration_rights(resource: Resource) -> Iterator[Finding]:
    """No migration puts a role above the rules or lets everybody in, and records are kept as long as they have to."""
    for upload in resource.props.at("uploads").items():
        if posixpath.splitext(upload.at("file").text)[1] not in {".sql", ".psql"}:
            continue
        content = upload.at("content")
        text = _COMMENT.sub("", content.text)
        for forbidden, problem, remedy in _FORBIDDEN:
            if forbidden.search(text):
                yield content.wrong(problem, remedy)
        for kind, days in _DAYS.findall(text):
            if int(days) < _KEPT.get(kind, 0):
                yield content.wrong(f"keeps records of {kind} for {days} days", f"give {_KEPT[kind]}")
