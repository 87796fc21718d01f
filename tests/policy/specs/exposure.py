"""Specs of policy/rules/exposure.py."""

from __future__ import annotations

import json
from typing import Any

from policy.rules import kinds

from .. import good
from ..spec import DROP, UNKNOWN, Case, Spec, but, declared, one, wrong

_BACKEND = "spec/rules/0/http/paths/0/backend/service/port"
_BACKEND_PATH = "spec.rules[0].http.paths[0].backend.service.port"


def _service(type_: str, **port: Any) -> Case:
    return one(kinds.SERVICE, {"spec": {"type": type_, "ports": [{"port": 443.0}, port]}})


def _docker(*changes: tuple[str, Any]) -> Case:
    return one(kinds.DOCKER_CONTAINER, but(good.DOCKER_CONTAINER, *changes))


def _network(*rules: dict[str, Any]) -> Case:
    return one(kinds.NETWORK_POLICY, {"spec": {"podSelector": {}, "ingress": list(rules)}})


def _document(actions: Any, resources: Any, principal: Any = None, effect: str = "Allow") -> str:
    statement = {"Effect": effect, "Action": actions, "Resource": resources}
    return json.dumps({"Statement": [statement if principal is None else {**statement, "Principal": principal}]})


def _open(bucket: str, action: str, principal: Any) -> Case:
    document = _document([action], f"arn:aws:s3:::{bucket}/*", principal)
    return one(kinds.BUCKET_POLICY, {"bucket": bucket, "policy": document})


_KMS = "s3:x-amz-server-side-encryption-aws-kms-key-id"
_DENIED: tuple[dict[str, Any], ...] = (
    {"Action": ["s3:*"], "Condition": {"Bool": {"aws:SecureTransport": ["false"]}}},
    {"Action": ["s3:BypassGovernanceRetention", "s3:DeleteObjectVersion"]},
    {
        "Action": ["s3:PutObject"],
        "Condition": {"Null": {"s3:x-amz-server-side-encryption-customer-algorithm": [False]}},
    },
    {"Action": ["s3:PutObject"], "Condition": {"Null": {_KMS: [False]}, "StringNotEquals": {_KMS: ["luxima"]}}},
    {"Action": ["s3:PutObject"], "Condition": {"StringLike": {"s3:versionid": ["?*"]}}},
)


def _denying(*, writes: bool = True, without: tuple[int, ...] = (), resource: str = "arn:aws:s3:::*") -> Case:
    allowed = {
        "Effect": "Allow",
        "Action": "s3:PutObject" if writes else "s3:GetObject",
        "Resource": "arn:aws:s3:::x/*",
    }
    denied = [each for index, each in enumerate(_DENIED) if index not in without]
    statements = [allowed, *({"Effect": "Deny", "Resource": [resource], **each} for each in denied)]
    return one(kinds.IAM_POLICY, {"policy": json.dumps({"Statement": statements})})


_FROM = "spec.ingress[0].from"
_POSTGRES = {"protocol": "TCP", "port": 5432.0}

_USERS = (
    declared(kinds.IAM_USER, {"name": "loki"}),
    declared(kinds.IAM_POLICY, {"name": "loki-logs"}),
    declared(kinds.IAM_ATTACHMENT, {"userName": "loki", "policyName": "loki-logs"}),
    declared(kinds.SERVICE_ACCOUNT, {"targetUser": "loki"}),
)


def _attached(**changes: str) -> Case:
    return (*_USERS[:2], declared(kinds.IAM_ATTACHMENT, {"userName": "loki", "policyName": "loki-logs", **changes}))


SPECS = (
    Spec(
        "database-service-private",
        passes=(
            _service("ClusterIP", port=5432.0),
            _service("LoadBalancer", port=8443.0),
            one(kinds.INGRESS, good.INGRESS),
        ),
        fails=(
            wrong(_service("LoadBalancer", port=5432.0), "spec.ports[1]"),
            wrong(_service("NodePort", port=15432.0, targetPort=6543.0), "spec.ports[1]"),
            wrong(_service("LoadBalancer", port=15432.0, targetPort="postgres"), "spec.ports[1]"),
            wrong(_service("LoadBalancer", port=15432.0, name="supavisor"), "spec.ports[1]"),
            wrong(_service("LoadBalancer", port=15432.0, name="pgbouncer"), "spec.ports[1]"),
            wrong(one(kinds.INGRESS, but(good.INGRESS, (_BACKEND, {"number": 5432.0}))), _BACKEND_PATH),
            wrong(one(kinds.INGRESS, but(good.INGRESS, (_BACKEND, {"name": "postgres"}))), _BACKEND_PATH),
        ),
        unknown=(wrong(_service("LoadBalancer", port=UNKNOWN), "spec.ports[1].port"),),
    ),
    Spec(
        "database-port-private",
        passes=(
            _docker(),
            _docker(("ports/0/ip", "::1")),
            _docker(("ports", [{"internal": 8000.0}])),
            _docker(("ports", []), ("publishAllPorts", True), ("image", "kong:3.9")),
        ),
        fails=(
            wrong(_docker(("ports/0/ip", DROP)), "ports[0].ip"),
            wrong(_docker(("ports/0/ip", "0.0.0.0")), "ports[0].ip"),  # noqa: S104 - what must be found
            wrong(_docker(("ports/0/ip", "203.0.114.9")), "ports[0].ip"),
            wrong(_docker(("ports/0/ip", "10.10.10.41")), "ports[0].ip"),
            wrong(_docker(("ports/0", {"internal": 6543.0, "external": 443.0, "ip": "::"})), "ports[0].ip"),
            wrong(_docker(("ports/0", {"internal": 8000.0, "external": 5432.0})), "ports[0].ip"),
            wrong(_docker(("ports", []), ("publishAllPorts", True)), "publishAllPorts"),
            wrong(_docker(("publishAllPorts", True), ("image", "kong:3.9")), "publishAllPorts"),
        ),
        unknown=(wrong(_docker(("ports/0/ip", UNKNOWN)), "ports[0].ip"),),
    ),
    Spec(
        "database-parts-private",
        passes=(
            _docker(),
            _docker(("ports", []), ("image", f"docker.io/supabase/gotrue@{good.DIGEST}")),
            _docker(("ports/0/ip", "10.10.10.41"), ("image", "docker.io/library/traefik:v3.7.15")),
        ),
        fails=(
            wrong(_docker(("image", "docker.io/supabase/gotrue:v2.189.0")), "ports"),
            wrong(_docker(("image", "docker.io/postgrest/postgrest:v14.12")), "ports"),
            wrong(_docker(("image", "docker.io/darthsim/imgproxy:v3.30.1")), "ports"),
            wrong(_docker(("ports", []), ("publishAllPorts", True), ("image", "supabase/studio:1")), "publishAllPorts"),
            wrong(_docker(("ports", []), ("networkMode", "host"), ("image", "supabase/studio:1")), "networkMode"),
        ),
        unknown=(wrong(_docker(("image", UNKNOWN)), "image"),),
    ),
    Spec(
        "database-network-policy",
        passes=(
            _network({"from": [{"podSelector": {"matchLabels": {"a": "b"}}}], "ports": [_POSTGRES]}),
            _network({"ports": [{"port": 8443.0}]}),
            _network({"ports": [{"port": 5432.0, "protocol": "UDP"}, {"port": 5432.0, "protocol": "SCTP"}]}),
            _network({"ports": [{"port": 5433.0, "endPort": 6542.0}]}),
            _network({"ports": [{"port": 6544.0, "endPort": 7000.0}]}),
            _network(),
        ),
        fails=(
            wrong(_network({"ports": [_POSTGRES]}), _FROM),
            wrong(_network({"ports": [{"port": 5000.0, "endPort": 7000.0}]}), _FROM),
            wrong(_network({}), _FROM),
            wrong(_network({"ports": [{"port": 6000.0, "endPort": 6543.0}]}), _FROM),
            wrong(
                _network({"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"protocol": "TCP"}]}),
                f"{_FROM}[0].ipBlock.cidr",
            ),
        ),
        unknown=(
            wrong(
                _network({"from": [{"ipBlock": {"cidr": UNKNOWN}}], "ports": [_POSTGRES]}), f"{_FROM}[0].ipBlock.cidr"
            ),
        ),
    ),
    Spec(
        "bucket-not-public",
        passes=(
            one(kinds.BUCKET, {"bucket": "luxima-media"}),
            one(kinds.BUCKET, {"bucket": "luxima-media", "acl": "private"}),
            _open("luxima-media", "s3:GetObject", {"AWS": ["*"]}),
            _open("luxima-backups", "s3:PutObject", {"AWS": ["arn:aws:iam:::user/backup"]}),
        ),
        fails=(
            wrong(one(kinds.BUCKET, {"bucket": "luxima-media", "acl": "public-read"}), "acl"),
            wrong(_open("luxima-media", "s3:PutObject", "*"), "policy"),
            wrong(_open("luxima-backups", "s3:GetObject", {"AWS": ["*"]}), "policy"),
        ),
        unknown=(wrong(one(kinds.BUCKET_POLICY, {"bucket": "luxima-media", "policy": UNKNOWN}), "policy"),),
    ),
    Spec(
        "storage-least-privilege",
        passes=(
            one(kinds.IAM_POLICY, {"policy": _document(["s3:GetObject"], ["arn:aws:s3:::luxima-media/*"])}),
            one(kinds.IAM_POLICY, {"policy": _document("s3:*", "*", effect="Deny")}),
            one(kinds.SERVICE_ACCOUNT, {"targetUser": "storefront"}),
            one(kinds.IAM_POLICY, {"policy": _document(["s3:GetObject"], ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"])}),
            one(kinds.IAM_POLICY, {"policy": _document(["s3:DeleteObject"], ["arn:aws:s3:::backups/database/*"])}),
        ),
        fails=(
            wrong(
                one(
                    kinds.IAM_POLICY, {"policy": _document(["s3:PutObject"], ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"])}
                ),
                "policy",
            ),
            wrong(one(kinds.IAM_POLICY, {"policy": _document("s3:*", ["arn:aws:s3:::luxima-media/*"])}), "policy"),
            wrong(one(kinds.IAM_POLICY, {"policy": _document(["s3:GetObject"], "arn:aws:s3:::*")}), "policy"),
            wrong(one(kinds.SERVICE_ACCOUNT, {"policy": _document(["admin:*"], ["arn:aws:s3:::a/*"])}), "policy"),
            wrong(one(kinds.IAM_POLICY, {"policy": _document(["kms:*"], ["arn:aws:s3:::a/*"])}), "policy"),
            wrong(one(kinds.IAM_POLICY, {"policy": _document("*", ["arn:aws:s3:::a/*"])}), "policy"),
            wrong(one(kinds.IAM_POLICY, {"policy": _document("s3:GetObject", "*")}), "policy"),
            wrong(one(kinds.IAM_POLICY, {"policy": _document("s3:GetObject", "arn:aws:s3:::*/*")}), "policy"),
            wrong(one(kinds.IAM_POLICY, {"policy": _document(None, "arn:aws:s3:::a/*")}), "policy"),
            wrong(one(kinds.IAM_POLICY, {"policy": "not JSON"}), ""),
        ),
        unknown=(wrong(one(kinds.IAM_POLICY, {"policy": UNKNOWN}), "policy"),),
    ),
    Spec(
        "storage-denied",
        passes=(_denying(), _denying(writes=False, without=(2, 3, 4)), one(kinds.SERVICE_ACCOUNT, {"targetUser": "x"})),
        fails=(
            *(wrong(_denying(without=(index,)), "policy") for index in range(5)),
            wrong(_denying(resource="arn:aws:s3:::media/*"), "policy"),
        ),
        unknown=(wrong(one(kinds.IAM_POLICY, {"policy": UNKNOWN}), "policy"),),
    ),
    Spec(
        "storage-users",
        passes=(_USERS,),
        fails=(
            wrong(_attached(policyName="readwrite"), "policyName"),
            wrong(_attached(userName="root"), "userName"),
            wrong((*_USERS[:1], declared(kinds.SERVICE_ACCOUNT, {"targetUser": "root"})), "targetUser"),
        ),
        unknown=(wrong(_attached(policyName=UNKNOWN), "policyName"),),
    ),
)
