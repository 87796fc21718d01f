"""Specs of policy/rules/registry.py."""

from __future__ import annotations

from typing import Any

from policy.rules import kinds

from ..spec import UNKNOWN, Case, Spec, declared, one, wrong

_CONFIG = """\
version: 0.1
storage:
  s3: {bucket: b, regionendpoint: 'https://objects:443', secure: true}
auth: {htpasswd: {realm: luxima, path: /etc/distribution/htpasswd}}
http: {addr: ':5051', host: 'https://registry.luxima.id'}
"""
_USERS = "push-1:$2b$10$abc.def\npull-1:$2a$10$ghi\n"
_PATH = "uploads[0].content"


def _files(
    *changes: tuple[str, str], users: Any = _USERS, config: Any = None, name: str = "/etc/distribution/config.yml"
) -> Case:
    text = _CONFIG
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    uploads = [
        {"file": name, "content": text if config is None else config},
        {"file": "/etc/distribution/htpasswd", "content": users},
    ]
    return one(kinds.DOCKER_CONTAINER, {"uploads": uploads})


def _containers(*, start: Any = False, port: Any = 5051, ip: str = "10.10.10.41", serves: bool = True) -> Case:
    pushed = {"command": ["serve"], "start": serves, "ports": [{"ip": "10.10.10.41", "external": 5051}]}
    collected = {"command": ["garbage-collect", "x"], "start": start, "ports": [{"ip": ip, "external": port}]}
    return (
        declared(kinds.DOCKER_CONTAINER, pushed, "push"),
        declared(kinds.DOCKER_CONTAINER, collected, "collect"),
        declared(kinds.DOCKER_CONTAINER, {}, "other"),
    )


SPECS = (
    Spec(
        "registry-login",
        passes=(
            _files(),
            # Hashes that are not made yet.
            _files(users=UNKNOWN),
            # No registry's.
            _files(config="version: 3\nservers: []\n"),
            _files(config="{: ["),
            _files(config=_CONFIG.replace("auth", "other"), name="/etc/other.yml"),
        ),
        fails=(
            wrong(_files(("auth:", "more:")), _PATH),
            wrong(_files(("htpasswd: {realm", "silly: {realm")), _PATH),
            wrong(_files((", path: /etc/distribution/htpasswd", "")), _PATH),
            wrong(_files(("/htpasswd}", "/passwords}")), _PATH),
            wrong(_files(users="push-1:planted\n"), "uploads[1].content", never=("planted",)),
            wrong(_files(users=_USERS + "pull-2:{SHA}planted=\n"), "uploads[1].content", never=("planted",)),
            wrong(_files(users=""), "uploads[1].content"),
        ),
        unknown=(wrong(_files(config=UNKNOWN), _PATH),),
    ),
    Spec(
        "registry-tls",
        passes=(
            _files(),
            _files(("s3: {bucket: b, regionendpoint: 'https://objects:443', secure: true}", "a: {b: c}")),
        ),
        fails=(
            wrong(_files(("https://registry", "http://registry")), _PATH),
            wrong(_files((", host: 'https://registry.luxima.id'", "")), _PATH),
            wrong(_files(("https://objects", "http://objects")), _PATH),
            wrong(_files(("secure: true", "secure: false")), _PATH),
            wrong(_files(("secure: true", "skipverify: true")), _PATH),
        ),
        unknown=(wrong(_files(config=UNKNOWN), _PATH),),
    ),
    Spec(
        "registry-collects-alone",
        passes=(_containers(), one(kinds.DOCKER_CONTAINER, {"command": ["serve"]})),
        fails=(
            wrong(_containers(start=True), "start"),
            wrong(_containers(port=5052), "ports"),
            wrong(_containers(ip="10.10.10.42"), "ports"),
            wrong(_containers(serves=False), "ports"),
        ),
        unknown=(wrong(_containers(start=UNKNOWN), "start"),),
    ),
)
