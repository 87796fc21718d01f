"""Specs of policy/rules/secrets.py on probes, documents, charts and tags."""

from __future__ import annotations

from policy.rules import kinds

from .. import good
from ..spec import UNKNOWN, Spec, but, one, wrong
from .secrets import JWT as _JWT

_HANDLER = "spec/template/spec/containers/0/livenessProbe"

SPECS = (
    Spec(
        "container-handler-secrets",
        passes=(one(kinds.DEPLOYMENT, good.DEPLOYMENT),),
        fails=(
            wrong(
                one(kinds.DEPLOYMENT, but(good.DEPLOYMENT, (f"{_HANDLER}/exec", {"command": [f"a {_JWT}"]}))),
                "spec.template.spec.containers[0].livenessProbe.exec.command[0]",
                never=(_JWT,),
            ),
        ),
        unknown=(
            wrong(
                one(kinds.DEPLOYMENT, but(good.DEPLOYMENT, (f"{_HANDLER}/exec", {"command": [UNKNOWN]}))),
                "spec.template.spec.containers[0].livenessProbe.exec.command[0]",
            ),
        ),
    ),
    Spec(
        "document-secrets",
        passes=(
            one(kinds.CONFIG_MAP, {"data": {"alertmanager.yml": "global: {smtp_auth_password_file: /a}"}}),
            one(kinds.HELM_CHART, {"values": {"replicaCount": 2.0}}),
        ),
        fails=(
            wrong(
                one(kinds.CONFIG_MAP, {"data": {"alertmanager.yml": "global: {smtp_auth_password: hunter22}"}}),
                'data["alertmanager.yml"].global.smtp_auth_password',
                never=("hunter22",),
            ),
            wrong(one(kinds.HELM_CHART, {"values": {"x": _JWT}}), "values.x", never=(_JWT,)),
        ),
        unknown=(wrong(one(kinds.CONFIG_MAP, {"data": {"alertmanager.yml": UNKNOWN}}), 'data["alertmanager.yml"]'),),
    ),
    Spec(
        "machine-tag-secrets",
        passes=(one(kinds.VM, {"tags": ["prod"]}),),
        fails=(wrong(one(kinds.VM, {"tags": [_JWT]}), "tags[0]", never=(_JWT,)),),
        unknown=(wrong(one(kinds.VM, {"tags": [UNKNOWN]}), "tags[0]"),),
    ),
)
