"""Specs of policy/rules/flows.py, and of what the cluster asks of other machines."""

import json
from collections.abc import Sequence

from policy.rules import kinds

from ..spec import DROP, UNKNOWN, Declared, Spec, but, declared, simple, wrong

_SERVICE = {"spec": {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False, "externalTrafficPolicy": "Local"}}
_LETS = {
    "rules": [
        {"type": "in", "action": "ACCEPT", "proto": "tcp", "dest": "10.0.0.5", "dport": "443", "source": "10.9.0.0/24"},
        {"type": "out", "action": "DROP", "dest": "10.0.0.1"},
    ]
}
_ASKS = {
    "spec": {
        "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.5/32"}}], "ports": [{"port": 443.0}]}],
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "x"}},
    }
}
_RULES = kinds.FIREWALL_RULES[0]
_GATEWAY = {"metadata": {"annotations": {"kube-vip.io/loadbalancerIPs": "203.0.113.5"}}}
_HAS = 'metadata.annotations["kube-vip.io/loadbalancerIPs"]'
_OWN = "203.0.113.5"


def _asks(address: str, name: str = "policy") -> Declared:
    spec = {"egress": [{"to": [{"ipBlock": {"cidr": f"{address}/32"}}]}]}
    return declared(kinds.NETWORK_POLICY, {"metadata": {"name": name}, "spec": spec}, name)


_RECORD = {"type": "A", "zone": "x.id", "records": ["203.0.113.5"]}
_CAA = {
    "type": "CAA",
    "zone": "x.id",
    "records": [f'0 {tag} "letsencrypt.org; validationmethods=dns-01"' for tag in ("issue", "issuewild")],
}
_ACTIONS = ["s3:GetObject", "s3:PutObject"]


def _policy(*buckets: str, actions: Sequence[str] = _ACTIONS) -> str:
    return json.dumps(
        {
            "Statement": [
                {"Effect": "Allow", "Action": actions, "Resource": f"arn:aws:s3:::{each}/*"} for each in buckets
            ]
        }
    )


def _user(name: str, policy: object) -> tuple[Declared, ...]:
    return (
        declared(kinds.IAM_POLICY, {"name": f"{name}-policy", "policy": policy}, f"{name}-policy"),
        declared(kinds.IAM_ATTACHMENT, {"userName": name, "policyName": f"{name}-policy"}, f"{name}-attachment"),
    )


_REGISTRY = (
    "version: 0.1\nhttp: {addr: ':5000'}\nstorage:\n  s3: {bucket: x-registry}\n"
    "  maintenance: {readonly: {enabled: %s}}\n"
)


def _registry(text: str, name: str = "it") -> Declared:
    return declared(kinds.DOCKER_CONTAINER, {"uploads": [{"file": "/etc/config.yml", "content": text}]}, name)


SPECS = (
    simple(
        "service-reaches",
        kinds.SERVICE,
        _SERVICE,
        ("spec/type", "ExternalName", "spec.type"),
        ("spec/externalName", "db.example.com", "spec.externalName"),
        ("spec/allocateLoadBalancerNodePorts", DROP, "spec.allocateLoadBalancerNodePorts"),
        ("spec/externalTrafficPolicy", "Cluster", "spec.externalTrafficPolicy"),
        ("spec/publishNotReadyAddresses", True, "spec.publishNotReadyAddresses"),
        ("spec/internalTrafficPolicy", "Local", "spec.internalTrafficPolicy"),
        unknown=("spec/type", "spec.type"),
    ),
    Spec(
        "flows-reach",
        passes=((declared(_RULES, _LETS), declared(kinds.NETWORK_POLICY, _ASKS)),),
        fails=(
            *(
                wrong(
                    (
                        declared(_RULES, _LETS),
                        declared(kinds.NETWORK_POLICY, but(_ASKS, (f"spec/egress/0/{path}", value))),
                    ),
                    f"spec.egress[0].{found}",
                )
                for path, value, found in (
                    ("ports/0/port", 80.0, "ports[0].port"),
                    ("ports/0/port", 22.0, "ports[0].port"),
                    ("to/0/ipBlock/cidr", "10.0.0.1/32", "to[0].ipBlock.cidr"),
                    ("to/0/ipBlock/cidr", "10.0.0.0/24", "to[0].ipBlock.cidr"),
                    ("to/0/ipBlock/cidr", "169.254.169.254/32", "to[0].ipBlock.cidr"),
                )
            ),
            wrong(
                (
                    declared(_RULES, _LETS),
                    declared(kinds.NETWORK_POLICY, _ASKS),
                    declared(
                        kinds.VM,
                        {
                            "tags": ["k3s-agent"],
                            "initialization": {"ipConfigs": [{"ipv4": {"address": "10.0.0.31/24"}}]},
                        },
                    ),
                ),
                "spec.egress[0].ports[0].port",
            ),
        ),
        unknown=(
            wrong(
                (
                    declared(_RULES, _LETS),
                    declared(kinds.NETWORK_POLICY, but(_ASKS, ("spec/egress/0/to/0/ipBlock/cidr", UNKNOWN))),
                ),
                "spec.egress[0].to[0].ipBlock.cidr",
            ),
        ),
    ),
    simple(
        "firewall-logins",
        _RULES,
        _LETS,
        (
            "rules/2",
            {"type": "in", "action": "ACCEPT", "proto": "tcp", "dest": "10.0.0.5", "dport": "22", "source": "10.0.0.5"},
            "rules[2].source",
        ),
        unknown=("rules/0/dest", "rules[0].dest"),
    ),
    simple(
        "database-unasked",
        _RULES,
        _LETS,
        ("rules/0/dport", "5432", "rules[0].dport"),
        ("rules/0/dport", "5000:6000", "rules[0].dport"),
        unknown=("rules/0/dport", "rules[0].dport"),
    ),
    Spec(
        "record-own-addresses",
        passes=(
            (declared(kinds.SERVICE, _GATEWAY), declared(kinds.DNS_RECORD, _RECORD)),
            (
                declared(kinds.SERVICE, _GATEWAY),
                declared(kinds.DNS_RECORD, but(_RECORD, ("records/0", "198.51.100.9")), "dns-core-core-host-storage"),
            ),
        ),
        fails=(
            wrong((declared(kinds.SERVICE, _GATEWAY), declared(kinds.SERVICE, _GATEWAY, "other")), _HAS),
            wrong((declared(kinds.SERVICE, _GATEWAY), _asks("10.0.0.7")), _HAS),
            wrong(
                (declared(kinds.SERVICE, _GATEWAY), _asks(_OWN), _asks("198.51.100.7", "asks")),
                "spec.egress[0].to[0].ipBlock.cidr",
            ),
            wrong(
                (
                    declared(kinds.SERVICE, _GATEWAY),
                    declared(kinds.DNS_RECORD, but(_RECORD, ("records/0", "198.51.100.9"))),
                ),
                "records[0]",
            ),
            *(
                wrong((declared(kinds.SERVICE, _GATEWAY), declared(kinds.DNS_RECORD, but(_RECORD, change))), change[0])
                for change in (("name", "*.x.id"), ("type", "CNAME"), ("type", "NS"), ("name", "_acme-challenge.x.id"))
            ),
        ),
        unknown=(
            wrong(
                (declared(kinds.SERVICE, _GATEWAY), declared(kinds.DNS_RECORD, but(_RECORD, ("records/0", UNKNOWN)))),
                "records[0]",
            ),
        ),
    ),
    Spec(
        "zone-authority",
        passes=((declared(kinds.DNS_RECORD, _CAA), declared(kinds.DNS_RECORD, _RECORD, "other")),),
        fails=(
            wrong((declared(kinds.DNS_RECORD, _RECORD),), "zone"),
            wrong((declared(kinds.DNS_RECORD, but(_CAA, ("records/0", '0 issue "x.com"'))),), "records[0]"),
            wrong((declared(kinds.DNS_RECORD, but(_CAA, ("records/1", DROP))),), "records"),
        ),
        unknown=(wrong((declared(kinds.DNS_RECORD, but(_RECORD, ("zone", UNKNOWN))),), "zone"),),
    ),
    Spec(
        "storage-own-bucket",
        passes=(
            (*_user("loki", _policy("x-loki")), *_user("tempo", _policy("x-tempo"))),
            _user("copy-source", _policy("x-media", "x-registry", "x-backups", actions=["s3:GetObject"])),
        ),
        fails=(
            wrong(_user("copy-source", _policy("x-media", "x-loki", "x-tempo", actions=["s3:GetObject"])), "policy"),
            wrong(_user("copy-source", _policy("x-media")), "policy"),
            wrong(_user("shop", _policy("x-backups", actions=["s3:GetObject"])), "policy"),
            wrong(_user("shop", _policy("x-media", "x-vendor-media", actions=["s3:GetObject"])), "policy"),
            wrong((*_user("copy-target", _policy("x-copies")), *_user("shop", _policy("x-copies"))), "policy"),
            wrong(_user("loki", _policy("x-media")), "policy"),
            wrong((*_user("loki", _policy("x-loki")), *_user("shop", _policy("x-loki"))), "policy"),
            wrong(
                (
                    *_user("shop", _policy("x-media")),
                    declared(kinds.SERVICE_ACCOUNT, {"targetUser": "shop", "policy": _policy("x-loki")}),
                ),
                "policy",
            ),
        ),
        unknown=(wrong(_user("loki", UNKNOWN), "policy"),),
    ),
    Spec(
        "registry-sides",
        passes=((_registry(_REGISTRY % "true"), _registry(_REGISTRY % "false", "other")),),
        fails=(
            wrong((_registry(_REGISTRY % "false"), _registry(_REGISTRY % "false", "other")), "uploads[0].content"),
            wrong((_registry(f"{_REGISTRY % 'true'}proxy: {{remoteurl: x}}\n"),), "uploads[0].content"),
            wrong((_registry(f"{_REGISTRY % 'true'}  delete: {{enabled: true}}\n"),), "uploads[0].content"),
        ),
        unknown=(wrong((_registry(UNKNOWN),), "uploads[0].content"),),
    ),
)
