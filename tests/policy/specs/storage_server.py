"""Specs of policy/rules/storage_server.py."""

from __future__ import annotations

from typing import Any

from policy.rules import kinds

from ..spec import DROP, UNKNOWN, Case, Spec, Wrong, but, declared, wrong

_SERVER = {
    "image": "docker.io/pgsty/silo:RELEASE.2026-09-16T00-00-00Z",
    "command": ["server", "--address=:9000", "--certs-dir=/run/luxima", "/data"],
    "envs": [
        "MINIO_BROWSER=off",
        "MINIO_ROOT_PASSWORD_FILE=/run/luxima/root-password",
        "MINIO_KMS_SECRET_KEY_FILE=/run/luxima/kms-key",
    ],
    "mounts": [
        {"type": "volume", "source": "objects", "target": "/data"},
        {"type": "volume", "source": "files", "target": "/run/luxima", "readOnly": True},
    ],
    "ports": [{"internal": 9000, "external": 443, "ip": "10.10.10.41"}],
}
_NODES = ("one", "two", "three")
_DRIVES = [f"https://object-storage-{node}.luxima.id:9000/data" for node in _NODES]
_FILES = {
    "image": _SERVER["image"],
    "start": False,
    "uploads": [
        {"file": f"/run/luxima/{name}", "content": UNKNOWN}
        for name in ("root-password", "kms-key", "public.crt", "private.key")
    ],
}


def _with(place: str, value: Any) -> Case:
    return (
        declared(kinds.DOCKER_CONTAINER, but(_SERVER, (place, value)), "server"),
        declared(kinds.DOCKER_CONTAINER, _FILES, "files"),
    )


def _without(file: int, path: str) -> Wrong:
    files = declared(kinds.DOCKER_CONTAINER, but(_FILES, (f"uploads/{file}", DROP)), "files")
    return wrong((declared(kinds.DOCKER_CONTAINER, _SERVER, "server"), files), path)


def _nodes(*changes: tuple[str, Any], of: str = "two", left_out: str = "") -> Case:
    made: list[Any] = []
    for node in _NODES:
        own = {
            **_SERVER,
            "command": [*_SERVER["command"][:-1], *_DRIVES],
            "labels": [{"label": "luxima.id/host", "value": node}],
            "hostname": f"object-storage-{node}.luxima.id",
            "hosts": [
                {"host": f"object-storage-{each}.luxima.id", "ip": "10.10.10.4"} for each in _NODES if each != node
            ],
        }
        made.append(declared(kinds.DOCKER_CONTAINER, but(own, *(changes if node == of else ())), node))
    files = declared(kinds.DOCKER_CONTAINER, _FILES, "files")
    return (*(each for each, node in zip(made, _NODES, strict=True) if node != left_out), files)


_PROVIDER = declared(kinds.MINIO_PROVIDER, {"minioServer": "object-storage-one.luxima.id:443"}, "provider")


def _certified(*names: str) -> Case:
    certificate = declared(kinds.CERTIFICATE, {"spec": {"dnsNames": list(names)}}, "certificate")
    node = declared(kinds.DOCKER_CONTAINER, but(_SERVER, ("command", ["server", *_DRIVES])), "node")
    return (certificate, node, _PROVIDER)


_OWN_NAMES = [f"object-storage-{node}.luxima.id" for node in _NODES]

_ROOT = declared(kinds.MINIO_PROVIDER, {"minioUser": "luxima-root"}, "minio")


def _room(size: Any) -> Case:
    return (
        declared(kinds.DOCKER_CONTAINER, {**_SERVER, "labels": [{"label": "luxima.id/host", "value": "docker-1"}]}),
        declared(kinds.VM, {"name": "docker-1", "disks": [{"size": size}]}, "docker-1"),
        declared(kinds.BUCKET, {"bucket": "x-media", "quota": 100 * 2**30}, "media"),
    )


SPECS = (
    Spec(
        "storage-room",
        passes=(_room(200.0),),
        fails=(wrong(_room(99.0), "disks[0].size"),),
        unknown=(wrong(_room(UNKNOWN), "disks[0].size"),),
    ),
    Spec(
        "storage-root-alone",
        passes=((_ROOT, declared(kinds.DOCKER_CONTAINER, {"envs": ["MINIO_ROOT_USER=luxima-root"]}, "server")),),
        fails=(
            wrong(
                (_ROOT, declared(kinds.SECRET, {"stringData": {"AWS_ACCESS_KEY_ID": "luxima-root"}}, "key")),
                "stringData.AWS_ACCESS_KEY_ID",
            ),
            wrong((_ROOT, declared(kinds.DOCKER_CONTAINER, {"envs": ["AWS_ID=luxima-root"]}, "program")), "envs[0]"),
            wrong(
                (
                    _ROOT,
                    declared(
                        kinds.DOCKER_CONTAINER,
                        {"uploads": [{"file": "/c", "content": "aws_id = luxima-root\n"}]},
                        "files",
                    ),
                ),
                "uploads[0].content",
            ),
        ),
        unknown=(wrong((declared(kinds.MINIO_PROVIDER, {"minioUser": UNKNOWN}, "minio"),), "minioUser"),),
    ),
    Spec(
        "storage-certified",
        passes=(_certified(*_OWN_NAMES), _certified(), _certified("a.luxima.id")[::2]),
        fails=(
            wrong(_certified(*_OWN_NAMES[1:], "*.luxima.id"), "command[1]", "minioServer"),
            wrong(_certified(*_OWN_NAMES[:2]), "command[3]"),
        ),
        unknown=(wrong(_certified(UNKNOWN), "spec.dnsNames[0]"),),
    ),
    Spec(
        "object-storage-server",
        passes=(
            _with("ports", []),
            _with("ports/0/external", 9443),
            _with("mounts/1/source", UNKNOWN),
            _nodes(),
            # Nobody runs it.
            _with("start", False)[:1],
            (declared(kinds.DOCKER_CONTAINER, {"image": "docker.io/grafana/loki:3.7.8"}),),
        ),
        fails=(
            *(_without(file, path) for file, path in enumerate(("envs", "envs", "command", "command"))),
            wrong(_with("envs/0", "MINIO_BROWSER=on"), "envs"),
            wrong(_with("envs/1", DROP), "envs"),
            wrong(_with("envs/2", "MINIO_KMS_SECRET_KEY=luxima:key"), "envs", never=("luxima:key",)),
            wrong(_with("command/2", DROP), "command"),
            wrong(_with("command/2", "--certs-dir=/elsewhere"), "command"),
            wrong(_with("command/2", "--console-address=:9001"), "command", "command[2]"),
            wrong(_with("command/3", "/elsewhere"), "mounts"),
            wrong(_with("mounts/0/source", DROP), "mounts"),
            wrong(_with("mounts/0/readOnly", True), "mounts"),
            wrong(_nodes(("command/4", _DRIVES[1].replace("https", "http"))), "command", "command[4]"),
            wrong(_nodes(("command/4", DROP)), "command", "hostname"),
            wrong(_nodes(("command/5", _DRIVES[1])), "command"),
            wrong(_nodes(("labels/0/value", "one")), "labels"),
            wrong(_nodes(("labels", DROP)), "labels"),
            wrong(_nodes(("hostname", DROP)), "hostname"),
            wrong(_nodes(("hosts/0", DROP)), "hostname"),
            wrong(_nodes(("mounts/0", DROP)), "mounts"),
            wrong(_nodes(left_out="three"), "command"),
            wrong(_with("ports/1", {"internal": 9001, "external": 9001, "ip": "10.10.10.41"}), "ports[1].internal"),
        ),
        unknown=(wrong(_with("envs", UNKNOWN), "envs"), wrong(_with("mounts/0/source", UNKNOWN), "mounts[0].source")),
    ),
)
