"""Specs of the rules on pods, flows, programs, tokens and volumes of the cluster."""

import json
from collections.abc import Sequence

from policy.rules import kinds

from ..good import DEPLOYMENT
from ..spec import DROP, UNKNOWN, Declared, Spec, but, declared, simple, wrong

_D = kinds.DEPLOYMENT
_POD = "spec.template.spec"
_C = f"{_POD}.containers[0]"
_AT = "spec/template/spec/containers/0"
_SEEN = but(
    DEPLOYMENT,
    ("spec/template/spec/serviceAccountName", "storefront"),
    (f"{_AT}/readinessProbe/periodSeconds", 5.0),
    (f"{_AT}/lifecycle", {"preStop": {"sleep": {"seconds": 5.0}}}),
)
_CLASS = {"metadata": {"name": "luxima-services"}, "value": 100.0}
_HIGHER = {"metadata": {"name": "luxima-gateways"}, "value": 200.0}
_QUOTA = {"metadata": {"namespace": "commerce"}, "spec": {"hard": {"pods": "4", "requests.cpu": "1"}}}
_SERVICE = {
    "spec": {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False, "externalTrafficPolicy": "Local"},
}
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
_RECORD = {"type": "A", "zone": "x.id", "records": ["203.0.113.5"]}
_CAA = {
    "type": "CAA",
    "zone": "x.id",
    "records": [f'0 {tag} "letsencrypt.org; validationmethods=dns-01"' for tag in ("issue", "issuewild")],
}
_BINDING = {"subjects": [{"kind": "ServiceAccount", "name": "storefront"}]}
_TOKEN = {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"expirationSeconds": 3600.0}}]}}
_READS = but(_SEEN, ("spec/template/spec/volumes/1", _TOKEN))
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
        "workload-asked",
        _D,
        _SEEN,
        (f"{_AT}/readinessProbe", {"exec": {"command": ["true"]}}, f"{_C}.readinessProbe"),
        (f"{_AT}/readinessProbe/periodSeconds", 60.0, f"{_C}.readinessProbe.failureThreshold"),
        (f"{_AT}/readinessProbe/initialDelaySeconds", 600.0, f"{_C}.readinessProbe.initialDelaySeconds"),
        (f"{_AT}/livenessProbe/failureThreshold", 1.0, f"{_C}.livenessProbe.failureThreshold"),
        unknown=(f"{_AT}/readinessProbe/periodSeconds", f"{_C}.readinessProbe.periodSeconds"),
    ),
    simple(
        "workload-anywhere",
        _D,
        _SEEN,
        ("spec/template/spec/nodeName", "n1", f"{_POD}.nodeName"),
        (
            "spec/template/spec/nodeSelector",
            {"kubernetes.io/hostname": "n1"},
            f'{_POD}.nodeSelector["kubernetes.io/hostname"]',
        ),
        ("spec/template/spec/tolerations", [{"operator": "Exists"}], f"{_POD}.tolerations[0]"),
        unknown=("spec/template/spec/nodeName", f"{_POD}.nodeName"),
    ),
    simple(
        "workload-moves-on",
        _D,
        _SEEN,
        ("spec/paused", True, "spec.paused"),
        ("spec/revisionHistoryLimit", 0.0, "spec.revisionHistoryLimit"),
        ("spec/updateStrategy", {"rollingUpdate": {"partition": 2.0}}, "spec.updateStrategy.rollingUpdate.partition"),
        (f"{_AT}/lifecycle/preStop/sleep/seconds", 0.0, f"{_C}.lifecycle.preStop.sleep.seconds"),
        (f"{_AT}/lifecycle/preStop", {"exec": {"command": ["true"]}}, f"{_C}.lifecycle.preStop.exec.command"),
        unknown=("spec/paused", "spec.paused"),
    ),
    Spec(
        "priority-order",
        passes=((declared(kinds.PRIORITY_CLASS, _CLASS), declared(kinds.PRIORITY_CLASS, _HIGHER, "other")),),
        fails=(
            wrong(
                (
                    declared(kinds.PRIORITY_CLASS, _CLASS),
                    declared(kinds.PRIORITY_CLASS, but(_HIGHER, ("value", 1.0)), "other"),
                ),
                "value",
            ),
            wrong((declared(kinds.PRIORITY_CLASS, but(_CLASS, ("value", -1.0))),), "value"),
        ),
        unknown=(wrong((declared(kinds.PRIORITY_CLASS, but(_CLASS, ("value", UNKNOWN))),), "value"),),
    ),
    Spec(
        "quota-fits",
        passes=((declared(kinds.QUOTA, _QUOTA), declared(_D, DEPLOYMENT)),),
        fails=(
            wrong(
                (declared(kinds.QUOTA, but(_QUOTA, ("spec/hard/pods", "1"))), declared(_D, DEPLOYMENT)),
                "spec.hard.pods",
            ),
        ),
        unknown=(
            wrong(
                (declared(kinds.QUOTA, but(_QUOTA, ("spec/hard/pods", UNKNOWN))), declared(_D, DEPLOYMENT)),
                "spec.hard.pods",
            ),
        ),
    ),
    simple(
        "autoscaler-least",
        kinds.AUTOSCALER,
        {"spec": {"minReplicas": 2.0, "maxReplicas": 4.0}},
        ("spec/minReplicas", 1.0, "spec.minReplicas"),
        unknown=("spec/minReplicas", "spec.minReplicas"),
    ),
    Spec(
        "pod-token",
        passes=((declared(_D, _READS, "storefront"), declared(kinds.ROLE_BINDINGS[1], _BINDING)),),
        fails=(
            wrong((declared(_D, _READS, "storefront"),), f"{_POD}.volumes[1].projected.sources[0].serviceAccountToken"),
            wrong(
                (
                    declared(
                        _D,
                        but(
                            _READS,
                            (
                                "spec/template/spec/volumes/1/projected/sources/0/serviceAccountToken/expirationSeconds",
                                1e6,
                            ),
                        ),
                        "storefront",
                    ),
                    declared(kinds.ROLE_BINDINGS[1], _BINDING),
                ),
                f"{_POD}.volumes[1].projected.sources[0].serviceAccountToken.expirationSeconds",
            ),
            wrong(
                (
                    declared(_D, but(_SEEN, ("spec/template/spec/serviceAccountName", "prometheus"))),
                    declared(kinds.ROLE_BINDINGS[1], but(_BINDING, ("subjects/0/name", "prometheus"))),
                ),
                f"{_POD}.serviceAccountName",
            ),
        ),
        unknown=(
            wrong(
                (declared(_D, but(_READS, ("spec/template/spec/serviceAccountName", UNKNOWN)), "storefront"),),
                f"{_POD}.serviceAccountName",
            ),
        ),
    ),
    simple(
        "secret-token",
        kinds.SECRET,
        {"type": "Opaque"},
        ("type", "kubernetes.io/service-account-token", "type"),
        unknown=("type", "type"),
    ),
    simple(
        "program-variables",
        _D,
        _SEEN,
        *(
            (f"{_AT}/env", [{"name": name, "value": value}], f"{_C}.env[0].value")
            for name, value in (
                ("NODE_TLS_REJECT_UNAUTHORIZED", "0"),
                ("DATABASE", "db:5432/x?sslmode=disable"),
                ("GF_AUTH_ANONYMOUS_ENABLED", "true"),
            )
        ),
        unknown=(f"{_AT}/env/0/value", f"{_C}.env[0].value"),
    ),
    simple(
        "program-arguments",
        _D,
        but(
            _SEEN,
            (f"{_AT}/image", "docker.io/grafana/loki:3.7.8"),
            (f"{_AT}/args", ["-config.file=/etc/loki/loki.yaml"]),
            (f"{_AT}/volumeMounts", [{"name": "config", "mountPath": "/etc/loki"}]),
            ("spec/template/spec/volumes/0", {"name": "config", "configMap": {"name": "loki"}}),
        ),
        (f"{_AT}/args/1", "-auth.enabled=false", f"{_C}.args[1]"),
        (f"{_AT}/args/0", "-config.file=/tmp/x.yaml", f"{_C}.args[0]"),
        (f"{_AT}/args", ["-target=all"], f"{_C}.args"),
        unknown=(f"{_AT}/args/0", f"{_C}.args[0]"),
    ),
    simple(
        "cluster-volumes",
        kinds.PERSISTENT_VOLUME,
        {"spec": {"csi": {"driver": "x"}}},
        ("spec/nfs", {"server": "x"}, "spec.nfs"),
        ("parameters", {"encrypted": "false"}, "parameters.encrypted"),
        unknown=("spec/nfs", "spec.nfs"),
    ),
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
            wrong(
                (
                    declared(kinds.SERVICE, _GATEWAY),
                    declared(kinds.DNS_RECORD, but(_RECORD, ("records/0", "198.51.100.9"))),
                ),
                "records[0]",
            ),
            *(
                wrong((declared(kinds.SERVICE, _GATEWAY), declared(kinds.DNS_RECORD, but(_RECORD, change))), change[0])
                for change in (("name", "*.x.id"), ("type", "CNAME"))
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
