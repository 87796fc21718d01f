"""Specs of policy/rules/backup_plans.py."""

from __future__ import annotations

import json
from typing import Any

from policy.rules import kinds

from ..spec import UNKNOWN, Case, Spec, Wrong, but, declared, one, wrong


def _plan(kind: str, seconds: int, **more: Any) -> dict[str, Any]:
    return {"interval_seconds": seconds, "deadline_seconds": seconds, "job": {"kind": kind, **more}}


_COPIES = _plan(
    "object_storage", 86400, keep_days=14, copies="luxima-prod-copies", buckets=[{"name": "luxima-prod-media"}]
)
_PLANS = {"database": _plan("database", 43200), "object_storage": _COPIES, "logs": _plan("logs", 3600)}
_AT = "uploads[0].content"


def _backed_up(kind: str = "", *changes: tuple[str, Any], command: Any = ("serve",), leave: str = "") -> Case:
    case = [declared(kinds.BUCKET, {"bucket": "luxima-prod-media"}, "bucket")]
    case.append(declared(kinds.DOCKER_CONTAINER, {"image": "docker.io/supabase/postgres:17"}, "db"))
    for each, plan in _PLANS.items():
        if each == leave:
            continue
        content = json.dumps(but(plan, *changes)) if each == kind else json.dumps(plan)
        upload = {"file": "/etc/backup/plan.json", "content": content}
        case.append(declared(kinds.DOCKER_CONTAINER, {"start": False, "uploads": [upload]}, f"{each}-files"))
        told = list(command) if each == (kind or "database") else ["serve"]
        props = {"labels": [{"label": "luxima.id/backup", "value": each}], "command": told}
        case.append(declared(kinds.DOCKER_CONTAINER, props, each))
    return tuple(case)


_ELSEWHERE: Case = (
    *(each for each in _backed_up(leave="database") if each.subject.name != "db"),
    declared(kinds.DOCKER_CONTAINER, {"image": "docker.io/library/postgres:17"}, "coolify-db"),
)
"""The database is kept by others, and Coolify's is here."""


def _file(name: str, content: str) -> Case:
    return one(kinds.DOCKER_CONTAINER, {"uploads": [{"file": f"/etc/backup/{name}", "content": content}]})


_KEPT = (
    "[global]\nrepo1-type=s3\nrepo1-path=/database\nrepo1-s3-bucket=luxima-prod-backups\nrepo1-s3-kms-key-id=k\n"
    "repo1-retention-full-type=time\nrepo1-retention-full=30\n"
)
_SIDES = (
    "[source]\nendpoint = https://a:443\nserver_side_encryption = aws:kms\n[other]\nendpoint = https://b:443\n"
    "[target]\ntype = crypt\nremote = other:copies\n"
)


def _texts(rule: str, name: str, good: str, *changes: tuple[str, str]) -> Spec:
    broken = tuple(wrong(_file(name, good.replace(old, new)), _AT) for old, new in changes)
    return Spec(rule, (_file(name, good),), broken, (wrong(_file(name, UNKNOWN), _AT),))


_BROKEN_PLANS: tuple[Wrong, ...] = (
    wrong(_backed_up("database", ("interval_seconds", 86400)), f"{_AT}.interval_seconds"),
    wrong(_backed_up("logs", ("deadline_seconds", 0)), f"{_AT}.deadline_seconds"),
    wrong(_backed_up("object_storage", ("job/keep_days", 1)), f"{_AT}.job.keep_days"),
    wrong(_backed_up("object_storage", ("job/buckets", [])), f"{_AT}.job.buckets"),
    wrong(
        _backed_up(
            "object_storage",
            ("job/buckets", [{"name": f"luxima-prod-{name}", "folder": "x"} for name in ("media", "more")]),
        ),
        f"{_AT}.job.buckets",
    ),
    wrong(_backed_up("object_storage", ("job/copies", "luxima-prod-media")), f"{_AT}.job.copies"),
    wrong(_backed_up(command=["sleep"]), "command"),
    wrong(_backed_up(leave="logs"), f"{_AT}.job.kind"),
    wrong(tuple(each for each in _backed_up() if each.subject.name != "logs"), f"{_AT}.job.kind"),
)
_UNKNOWN_PLAN = one(
    kinds.DOCKER_CONTAINER, {"start": False, "uploads": [{"file": "/etc/backup/plan.json", "content": UNKNOWN}]}
)

SPECS = (
    Spec("backup-plan", (_backed_up(), _ELSEWHERE), _BROKEN_PLANS, (wrong(_UNKNOWN_PLAN, _AT),)),
    _texts(
        "backup-kept",
        "pgbackrest.conf",
        _KEPT,
        ("full=30", "full=7"),
        ("type=time", "type=count"),
        ("full=30", "full=30\nrepo1-retention-archive=1"),
        ("path=/database", "path=/x"),
        ("prod-backups", "prod-media"),
        ("repo1-s3-kms-key-id=k\n", ""),
        ("repo1-s3-kms-key-id=k\n", "repo1-s3-kms-key-id=k\narchive-check=n\n"),
        ("full=30\n", "full=30\n[main]\npg1-path=/tmp\n"),
        ("full=30\n", "full=30\n[main]\ndb-exclude=postgres\n"),
    ),
    _texts(
        "remotes-verified",
        "rclone.conf",
        _SIDES,
        ("aws:kms", ""),
        ("[source]\n", "[source]\nno_check_certificate = true\n"),
        ("[source]\n", "[source]\nacl = public-read\n"),
        ("https://b:443", "https://a:443"),
    ),
)
