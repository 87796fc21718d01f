"""Specs of policy/rules/storage_places.py and docker_kept.py."""

import json
from typing import Any

from policy.rules import kinds

from ..spec import UNKNOWN, Case, Declared, Spec, declared, one, simple, wrong

_DOCKER = kinds.DOCKER_CONTAINER
_PROVIDER = declared(kinds.MINIO_PROVIDER, {"minioServer": "objects.luxima.id:443"}, "minio")
_LIFE = declared(kinds.BUCKET_LIFECYCLE, {"bucket": "x-loki", "rules": [{"filter": "audit/"}]}, "loki")
_LOGS = {"kind": "logs", "source": "x-loki", "archive": "x-logs-archive", "tenants": ["audit"]}
_DATABASE = {"kind": "database", "spool": "/run/pg/spool"}
_LABEL = [{"label": "luxima.id/backup", "value": "database"}]
_BACKS_UP = declared(_DOCKER, {"labels": _LABEL, "mounts": [{"target": "/run/pg"}]}, "backup")


def _plan(job: dict[str, Any]) -> Declared:
    return declared(_DOCKER, {"start": False, "uploads": [{"file": "/plan.json", "content": json.dumps({"job": job})}]})


def _backs(job: dict[str, Any]) -> Case:
    return (_LIFE, _BACKS_UP, _plan(job))


_JOB = "uploads[0].content.job"

SPECS = (
    Spec(
        "storage-own",
        passes=(
            (_PROVIDER, declared(_DOCKER, {"envs": ["S3_ENDPOINT=https://objects.luxima.id", "S3_BUCKET=x-media"]})),
        ),
        fails=(
            wrong((_PROVIDER, declared(_DOCKER, {"envs": ["S3_ENDPOINT=https://s3.example.com"]})), "envs[0]"),
            wrong((_PROVIDER, declared(_DOCKER, {"envs": ["S3_BUCKET=x-backups"]})), "envs[0]"),
            wrong((_PROVIDER, declared(_DOCKER, {"envs": ["STORAGE_BACKEND=file"]})), "envs[0]"),
        ),
        unknown=(wrong((_PROVIDER, declared(_DOCKER, {"envs": [UNKNOWN]})), "envs[0]"),),
    ),
    simple(
        "docker-file-modes",
        _DOCKER,
        {"uploads": [{"file": "/x", "permissions": "0440"}]},
        ("uploads/0/permissions", "0444", "uploads[0].permissions"),
        ("uploads/0/permissions", "0660", "uploads[0].permissions"),
        unknown=("uploads/0/permissions", "uploads[0].permissions"),
    ),
    simple(
        "storage-server-told",
        _DOCKER,
        {"image": "docker.io/pgsty/silo:1", "envs": ["MINIO_BROWSER=off"], "command": ["server", "/data"]},
        ("envs/0", "MINIO_PROMETHEUS_AUTH_TYPE=public", "envs[0]"),
        ("command/2", "--ftp=address=:21", "command[2]"),
        unknown=("envs/0", "envs[0]"),
    ),
    Spec(
        "backups-of-what",
        passes=(_backs(_LOGS), _backs(_DATABASE)),
        fails=(
            wrong(_backs({**_LOGS, "tenants": []}), f"{_JOB}.tenants"),
            wrong(_backs({**_LOGS, "source": "x-tempo"}), f"{_JOB}.source"),
            wrong(_backs({**_LOGS, "archive": "x-media"}), f"{_JOB}.archive"),
            wrong(_backs({**_DATABASE, "spool": "/tmp/x"}), f"{_JOB}.spool"),  # noqa: S108 - what a rule is to find
        ),
        unknown=(wrong(one(_DOCKER, {"labels": UNKNOWN}), "labels"),),
    ),
)
