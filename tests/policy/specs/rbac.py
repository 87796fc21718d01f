"""Specs of policy/rules/rbac.py."""

from __future__ import annotations

from policy.rules import kinds

from ..spec import UNKNOWN, Case, Spec, but, declared, one, wrong

_CLUSTER, _ROLE = kinds.ROLES
_RULES = {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]}
_GOOD = {"metadata": {"name": "reader"}, **_RULES}
_BINDING = {
    "roleRef": {"kind": "ClusterRole", "name": "reader"},
    "subjects": [{"kind": "ServiceAccount", "name": "prometheus", "namespace": "observability"}],
}
_DECLARED = declared(_CLUSTER, _GOOD, "role")


def _bound(path: str, value: object) -> Case:
    return (_DECLARED, declared(kinds.ROLE_BINDINGS[0], but(_BINDING, (path, value)), "binding"))


SPECS = (
    Spec(
        "role-narrow",
        passes=(
            one(_CLUSTER, _GOOD),
            one(_ROLE, but(_GOOD, ("rules/0/verbs", ["create"]), ("rules/0/resources", ["events"]))),
            one(_ROLE, but(_GOOD, ("rules/0/resources", ["secrets"]), ("rules/0/resourceNames", ["own"]))),
        ),
        fails=(
            wrong(one(_ROLE, but(_GOOD, ("metadata/namespace", "kube-system"))), "metadata.namespace"),
            wrong(
                one(_CLUSTER, but(_GOOD, ("rules/0/resources/0", "nodes"), ("rules/0/verbs/0", "*"))),
                "rules[0].verbs[0]",
            ),
            wrong(
                one(_CLUSTER, but(_GOOD, ("rules/0/resources/0", "nodes"), ("rules/0/verbs/0", "delete"))),
                "rules[0].verbs[0]",
            ),
            wrong(one(_ROLE, but(_GOOD, ("rules/0/verbs/0", "create"))), "rules[0].resources[0]"),
            wrong(one(_ROLE, but(_GOOD, ("aggregationRule", {"x": "y"}))), "aggregationRule"),
            wrong(
                one(_ROLE, but(_GOOD, ("rules/0/resources/0", "nodes"), ("rules/0/verbs/0", "escalate"))),
                "rules[0].verbs[0]",
            ),
            wrong(one(_ROLE, but(_GOOD, ("rules/0/resources/0", "secrets"))), "rules[0].resources[0]"),
            wrong(one(_CLUSTER, but(_GOOD, ("rules/0/resources/0", "pods/exec"))), "rules[0].resources[0]"),
        ),
        unknown=(wrong(one(_CLUSTER, but(_GOOD, ("rules/0/verbs/0", UNKNOWN))), "rules[0].verbs[0]"),),
    ),
    Spec(
        "binding-narrow",
        passes=(_bound("roleRef/name", "reader"),),
        fails=(
            wrong(_bound("roleRef/name", "cluster-admin"), "roleRef.name"),
            wrong(_bound("roleRef/name", "another"), "roleRef.name"),
            wrong(_bound("subjects/0/name", "system:authenticated"), "subjects[0].name"),
            wrong(_bound("subjects/0/name", "default"), "subjects[0].name"),
            wrong(_bound("subjects", [*_BINDING["subjects"], *_BINDING["subjects"]]), "subjects"),
        ),
        unknown=(wrong(_bound("roleRef/name", UNKNOWN), "roleRef.name"),),
    ),
    Spec(
        "account-token",
        passes=(one(kinds.SERVICE_ACCOUNT_KUBERNETES, {"automountServiceAccountToken": False}),),
        fails=(wrong(one(kinds.SERVICE_ACCOUNT_KUBERNETES, {}), "automountServiceAccountToken"),),
        unknown=(
            wrong(
                one(kinds.SERVICE_ACCOUNT_KUBERNETES, {"automountServiceAccountToken": UNKNOWN}),
                "automountServiceAccountToken",
            ),
        ),
    ),
)
