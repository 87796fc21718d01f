"""Specs of policy/rules/pods.py, and of tokens, programs and volumes of pods."""

from policy.rules import kinds

from ..good import DEPLOYMENT
from ..spec import UNKNOWN, Case, Spec, but, declared, one, simple, wrong

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
_BINDING = {"subjects": [{"kind": "ServiceAccount", "name": "storefront"}]}
_TOKEN = {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"expirationSeconds": 3600.0}}]}}
_READS = but(_SEEN, ("spec/template/spec/volumes/1", _TOKEN))


def _told(content: str) -> Case:
    """A container that reads what it is told from a file."""
    return one(kinds.DOCKER_CONTAINER, {"uploads": [{"file": "/run/luxima/env", "content": content}]})


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
            wrong(
                (
                    declared(kinds.PRIORITY_CLASS, _CLASS),
                    declared(kinds.PRIORITY_CLASS, but(_CLASS, ("metadata/name", "mine")), "other"),
                ),
                "value",
            ),
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
    Spec(
        "program-variables",
        passes=(one(_D, _SEEN), _told(UNKNOWN), _told("sslmode=verify-full\n")),
        fails=(
            *(
                wrong(one(_D, but(_SEEN, (f"{_AT}/env", [{"name": name, "value": value}]))), f"{_C}.env[0].value")
                for name, value in (
                    ("NODE_TLS_REJECT_UNAUTHORIZED", "0"),
                    ("DATABASE", "db:5432/x?sslmode=disable"),
                    ("DATABASE_URL", "postgres://10.10.30.41:5433/postgres"),
                    ("GF_AUTH_ANONYMOUS_ENABLED", "true"),
                )
            ),
            wrong(_told("export DB_URL='postgres://db/x?sslmode=prefer'\n"), "uploads[0].content"),
        ),
        unknown=(wrong(one(_D, but(_SEEN, (f"{_AT}/env/0/value", UNKNOWN))), f"{_C}.env[0].value"),),
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
)
