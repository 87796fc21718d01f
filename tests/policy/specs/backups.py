"""Specs of policy/rules/backups.py."""

from __future__ import annotations

from typing import Any

from policy.rules import kinds

from ..spec import UNKNOWN, Case, Spec, Wrong, but, declared, simple, wrong

_IMAGE = "docker.io/supabase/postgres:17.6.1.140"
_ARCHIVING = "archive_mode = 'on'\narchive_command = 'sh /x/pgbackrest-spool.sh %p %f'\narchive_timeout = '60s'\n"
_SERVER = {"image": _IMAGE, "mounts": [{"source": "data", "target": "/var/lib/postgresql"}]}
_BACKUP = {
    "image": "registry.luxima.id/luxima/backup",
    "labels": [{"label": "luxima.id/backup", "value": "database"}],
    "mounts": [
        {"source": "backup-state", "target": "/var/lib/backup"},
        {"source": "data", "target": "/var/lib/postgresql", "readOnly": True},
        {"source": "config", "target": "/etc/postgresql-custom", "readOnly": True},
    ],
}
_FIGURES = {"source": "figures", "target": "/var/lib/node-exporter"}
_CONF = "[global]\nrepo1-cipher-type=aes-256-cbc\nrepo1-cipher-pass=of-the-test\n\n[main]\npg1-path=/data\n"
_CONTENT = "uploads[0].content"
_REMOTES = (
    "[source]\ntype = s3\nendpoint = https://a:443\n\n[target_server]\ntype = s3\nendpoint = https://b:443\n\n"
    "[target]\ntype = crypt\nremote = target_server:copies\npassword = obscured\nfilename_encoding = base64\n"
)
_ENDS = [{"label": "luxima.id/backup-from", "value": "a:443"}, {"label": "luxima.id/backup-to", "value": "b:443"}]


def _with(place: str, value: Any) -> Case:
    """The server, and who backs it up, of which something is another."""
    return (
        declared(kinds.DOCKER_CONTAINER, _SERVER, "server"),
        declared(kinds.DOCKER_CONTAINER, but(_BACKUP, (place, value)), "backup"),
    )


def _archiving(conf: str, label: str = "database") -> Case:
    files = {"image": _IMAGE, "start": False, "uploads": [{"file": "/etc/luxima/postgresql.conf", "content": conf}]}
    return (*_with("labels/0/value", label), declared(kinds.DOCKER_CONTAINER, files, "files"))


def _telling(source: str, **more: Any) -> Case:
    """Who backs up the database, with its figures, and who has another volume, or that one."""
    mount = {"source": source, "target": "/var/lib/node-exporter", **more}
    return (
        declared(kinds.DOCKER_CONTAINER, but(_BACKUP, ("mounts/0", _FIGURES)), "backup"),
        declared(kinds.DOCKER_CONTAINER, but(_BACKUP, ("labels/0/value", "logs"), ("mounts", [mount])), "other"),
    )


def _replaced(old: str, new: str) -> Wrong:
    return wrong(_archiving(_ARCHIVING.replace(old, new)), _CONTENT)


SPECS = (
    Spec(
        "postgres-archive",
        passes=(
            _archiving(_ARCHIVING),
            _archiving(_ARCHIVING.replace("'on'", "'off'"), "logs"),
            _archiving("", "logs"),
        ),
        fails=(
            _replaced("'on'", "'off'"),
            _replaced("sh /x/pgbackrest-spool.sh %p %f", "/bin/true"),
            _replaced("pgbackrest", "mine"),
            _replaced("60s", "6min"),
            _replaced("archive_timeout", "x"),
            wrong(_archiving(_ARCHIVING, "logs"), _CONTENT),
            # Files of the container that makes backups are no such container.
            wrong((_archiving(_ARCHIVING)[2], *_with("start", False)), _CONTENT),
        ),
        unknown=(wrong(_archiving(UNKNOWN), _CONTENT),),
    ),
    Spec(
        "database-files-read-only",
        passes=(_with("mounts/0/readOnly", False), _with("mounts/0/source", UNKNOWN)),
        fails=(
            wrong(_with("mounts/1/readOnly", False), "mounts[1].readOnly"),
            wrong(_with("mounts/2", {"source": "config", "target": "/etc/postgresql-custom"}), "mounts[2].readOnly"),
            # The volume, at another place.
            wrong(_with("mounts/1", {"source": "data", "target": "/elsewhere"}), "mounts[1].readOnly"),
        ),
        unknown=(wrong(_with("mounts/1/readOnly", UNKNOWN), "mounts[1].readOnly"),),
    ),
    simple(
        "backup-encrypted",
        kinds.DOCKER_CONTAINER,
        {"uploads": [{"file": "/etc/backup/pgbackrest.conf", "content": _CONF}]},
        ("uploads/0/content", _CONF.replace("aes-256-cbc", "none"), _CONTENT),
        ("uploads/0/content", _CONF.replace("cipher-pass=of-the-test", "cipher-pass="), _CONTENT),
        ("uploads/0/content", f"{_CONF}repo1-cipher-type=none\n", _CONTENT),
        ("uploads/0/content", _CONF.replace("[global]", "[global]\nrepo1-storage-verify-tls=n"), _CONTENT),
        ("uploads/0/content", _CONF.replace("[global]", "[other]"), _CONTENT),
        unknown=("uploads/0/content", _CONTENT),
    ),
    simple(
        "copies-encrypted",
        kinds.DOCKER_CONTAINER,
        {"labels": _ENDS, "uploads": [{"file": "/etc/backup/rclone.conf", "content": _REMOTES}]},
        *(
            ("uploads/0/content", _REMOTES.replace(old, new), _CONTENT)
            for old, new in (
                ("[target]\ntype = crypt", "[target]\ntype = s3"),
                ("password = obscured\n", ""),
                ("filename_encoding = base64", "filename_encryption = off"),
                ("filename_encoding = base64", "directory_name_encryption = false"),
                ("filename_encoding = base64", "no_data_encryption = true"),
                ("https://b", "http://b"),
            )
        ),
        unknown=("uploads/0/content", _CONTENT),
    ),
    Spec(
        "backup-volumes-own",
        passes=(
            _with("mounts/1/readOnly", True),
            _telling("figures-of-logs"),
            _telling("figures", readOnly=True),
            _telling(UNKNOWN),
        ),
        fails=(
            wrong(_telling("figures"), "mounts[0].readOnly"),
            wrong(_telling("figures", target="/elsewhere"), "mounts[0].readOnly"),
            wrong(_telling("figures", readOnly=False), "mounts[0].readOnly"),
        ),
        unknown=(wrong(_telling("figures", readOnly=UNKNOWN), "mounts[0].readOnly"),),
    ),
)
