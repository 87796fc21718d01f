"""Specs of policy/rules/references.py."""

from typing import Any

from policy.rules import kinds

from ..good import DIGEST
from ..spec import DROP, UNKNOWN, Case, Declared, Spec, but, declared, wrong

_CM, _D, _P = kinds.CONFIG_MAP, kinds.DEPLOYMENT, kinds.NETWORK_POLICY
_SPACE = {"namespace": "commerce"}


def _named(type_: str, name: str, **props: Any) -> Declared:
    return declared(type_, {"metadata": {**_SPACE, "name": name}, **props}, name)


_POD = {
    "metadata": {**_SPACE, "name": "api"},
    "spec": {
        "template": {
            "spec": {
                "serviceAccountName": "api",
                "imagePullSecrets": [{"name": "pull"}],
                "containers": [
                    {
                        "image": f"registry.luxima.id/aceh/api@{DIGEST}",
                        "env": [
                            {"name": "T", "value": "http://tempo.commerce.svc:4318"},
                            {"name": "K", "valueFrom": {"secretKeyRef": {"name": "key", "key": "k"}}},
                        ],
                    }
                ],
            }
        }
    },
}
_T = "spec/template/spec"
_C = "spec.template.spec.containers[0]"
_REFERRED = (
    _named(kinds.SERVICE_ACCOUNT_KUBERNETES, "api"),
    _named(kinds.SECRET, "key"),
    _named(kinds.SECRET, "pull", type="kubernetes.io/dockerconfigjson"),
    _named(kinds.SERVICE, "tempo", spec={"ports": [{"port": 4318.0}]}),
)


def _refers(*changes: tuple[str, Any]) -> Case:
    return (*_REFERRED, declared(_D, but(_POD, *changes), "api"))


_UNKNOWN = declared(_CM, {"data": {"x.yaml": UNKNOWN}}, "unknown")

SPECS = (
    Spec(
        "pod-references",
        passes=(_refers(),),
        fails=(
            wrong(_refers((f"{_T}/serviceAccountName", "x")), "spec.template.spec.serviceAccountName"),
            wrong(
                _refers((f"{_T}/containers/0/env/1/valueFrom/secretKeyRef/name", "x")),
                f"{_C}.env[1].valueFrom.secretKeyRef.name",
            ),
            wrong(_refers((f"{_T}/imagePullSecrets", DROP)), "spec.template.spec.imagePullSecrets"),
            wrong(_refers((f"{_T}/imagePullSecrets/0/name", "key")), "spec.template.spec.imagePullSecrets"),
        ),
        unknown=(wrong(_refers((f"{_T}/serviceAccountName", UNKNOWN)), "spec.template.spec.serviceAccountName"),),
    ),
    Spec(
        "services-named",
        passes=(_refers(),),
        fails=(
            wrong(_refers((f"{_T}/containers/0/env/0/value", "http://x.commerce.svc")), f"{_C}.env[0].value"),
            wrong(_refers((f"{_T}/containers/0/env/0/value", "http://tempo.commerce.svc:9")), f"{_C}.env[0].value"),
        ),
        unknown=(wrong((*_refers(), _UNKNOWN), 'data["x.yaml"]'),),
    ),
)
