"""Specs of policy/rules/own.py and vocabulary.py."""

from __future__ import annotations

import json
from typing import Any

from policy.rules import kinds

from ..good import DEPLOYMENT, VM
from ..spec import DROP, UNKNOWN, Case, Spec, but, declared, one, simple, wrong
from .pods_own import OWN

_D, _DC = kinds.DEPLOYMENT, kinds.DOCKER_CONTAINER
_POD, _IN = "spec/template/spec", "spec.template.spec"
_ENV, _AT = f"{_POD}/containers/0/env", f"{_IN}.containers[0]"
_LABELS = {"app.kubernetes.io/name": "storefront", "luxima.id/slot": "blue", "environment": "production"}
_IMAGE = "registry.luxima.id/aceh/storefront@sha256:" + "0" * 64
_SERVICE: dict[str, Any] = {
    "metadata": {"namespace": "commerce"},
    "spec": {
        "template": {
            "metadata": {"labels": _LABELS},
            "spec": {
                "containers": [
                    {
                        "image": _IMAGE,
                        "ports": [{"containerPort": 3000}],
                        "env": [
                            {"name": "SLOT", "value": "blue"},
                            {"name": "PORT", "value": "3000"},
                            {"name": "OTEL_RESOURCE_ATTRIBUTES", "value": "deployment.environment.name=production"},
                            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "storefront-storage"}}},
                        ],
                    }
                ],
                "imagePullSecrets": [{"name": "registry-pull"}],
            },
        }
    },
}
_OTHER = but(
    _SERVICE,
    ("spec/template/metadata/labels", {**_LABELS, "app.kubernetes.io/name": "api"}),
    (f"{_POD}/containers/0/image", _IMAGE.replace("storefront", "api")),
    (f"{_ENV}/3", DROP),
)
_SECRET = "valueFrom.secretKeyRef.name"


def _two(*changes: tuple[str, Any]) -> Case:
    return declared(_D, _SERVICE, "storefront"), declared(_D, but(_OTHER, *changes), "api")


def _key(name: str) -> tuple[str, Any]:
    return f"{_ENV}/3", {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": name}}}


_LEDGER = declared(kinds.LEDGER, {"file": "releases/prod.yaml"}, "ledger")
_NETWORK = declared(kinds.DOCKER_NETWORK, {"name": "supabase"}, "network")
_AUTH = {
    "name": "auth",
    "labels": [{"label": "environment", "value": "production"}],
    "networksAdvanced": [{"name": "supabase", "aliases": ["auth"]}],
    "restart": "unless-stopped",
    "command": ["auth"],
}
_GOTRUE = {
    "image": "docker.io/supabase/gotrue:v2",
    "envs": [
        "GOTRUE_MAILER_AUTOCONFIRM=false",
        "GOTRUE_JWT_EXP=604800",
        "GOTRUE_JWT_AUD=authenticated",
        "GOTRUE_SITE_URL=https://x.id",
        "GOTRUE_URI_ALLOW_LIST=https://x.id/**,https://*.x.id/**",
        "API_EXTERNAL_URL=https://supabase.x.id/auth/v1",
        *(f"GOTRUE_SMTP_{name}" for name in ("HOST=smtp.x.id", "PORT=587", "USER=mail")),
    ],
}
_DOOR: Any = {
    "http": {
        "routers": {"rest": {"rule": "PathPrefix(`/rest/v1/`) && (Header(`apikey`, `x`))", "service": "rest"}},
        "services": {"rest": {"loadBalancer": {"servers": [{"url": "http://rest:3000"}]}}},
    }
}
_UP = "uploads[0].content"


def _door(*changes: tuple[str, Any]) -> dict[str, Any]:
    return {"uploads": [{"file": "/run/routes.yaml", "content": json.dumps(but(_DOOR, *changes))}]}


def _hba(text: str) -> Case:
    return one(_DC, {"uploads": [{"file": "/etc/luxima/pg_hba.conf", "content": text}]})


SPECS = (
    Spec(
        "properties-known",
        passes=(one(_D, OWN), one(kinds.VM, VM), one(_DC, _AUTH), one(_DC, {"cpus": "1", "__defaults": ["cpus"]})),
        fails=(
            wrong(one(_D, but(DEPLOYMENT, (f"{_POD}/hostname", "x"))), f"{_IN}.hostname"),
            wrong(one(_D, but(DEPLOYMENT, (f"{_POD}/containers/0/command", ["x"]))), f"{_AT}.command"),
            wrong(one(_DC, {**_AUTH, "cpus": "0.1"}), "cpus"),
            wrong(one(_DC, but(_AUTH, ("networksAdvanced/0/ipv4Address", "1"))), "networksAdvanced[0].ipv4Address"),
            wrong(one(kinds.VM, {"cpu": {"affinity": "0"}}), "cpu.affinity"),
            wrong(one(kinds.LXC, {"cpu": {"units": 1}}), "cpu.units"),
            wrong(one(kinds.SERVICE, {"spec": {"sessionAffinity": "ClientIP"}}), "spec.sessionAffinity"),
            wrong(one(kinds.DOCKER_IMAGE, {"forceRemove": True}), "forceRemove"),
            wrong(one(kinds.IAM_USER, {"forceDestroy": True}), "forceDestroy"),
            wrong(
                one(kinds.HELM_CHART, {"chart": "cert-manager", "values": {"webhook": {"hostNetwork": True}}}),
                "values.webhook.hostNetwork",
            ),
        ),
        unknown=(wrong(one(_D, {"spec": {"template": {"spec": UNKNOWN}}}), _IN),),
    ),
    Spec(
        "secret-of-one",
        passes=(_two(), _two(_key("api-storage"))),
        fails=(
            wrong(_two(_key("storefront-storage")), f"{_AT}.env[3].{_SECRET}"),
            wrong(_two(_key("registry-pull")), f"{_AT}.env[3].{_SECRET}"),
        ),
        unknown=(wrong(_two((f"{_POD}/containers", UNKNOWN)), f"{_IN}.containers"),),
    ),
    Spec(
        "image-of-one",
        passes=((*_two(), _LEDGER),),
        fails=(
            wrong((*_two((f"{_POD}/containers/0/image", _IMAGE)), _LEDGER), f"{_AT}.image"),
            wrong(
                (*_two((f"{_POD}/containers/0/image", _IMAGE.replace("storefront", "unknown"))), _LEDGER),
                f"{_AT}.image",
            ),
            wrong(_two(), f"{_AT}.image"),
        ),
        unknown=(wrong((*_two((f"{_POD}/containers/0/image", UNKNOWN)), _LEDGER), f"{_AT}.image"),),
    ),
    simple(
        "told-of-itself",
        _D,
        _SERVICE,
        (f"{_ENV}/0/value", "green", f"{_AT}.env[0].value"),
        (f"{_POD}/containers/0/args", ["--inspect"], f"{_AT}.args[0]"),
        (f"{_ENV}/1/value", "4000", f"{_AT}.env[1].value"),
        (f"{_ENV}/2/value", "x=dev", f"{_AT}.env[2].value"),
        unknown=(f"{_ENV}/0/value", f"{_AT}.env[0].value"),
    ),
    Spec(
        "one-environment",
        passes=(_two(),),
        fails=(wrong((*_two(), declared(_DC, but(_AUTH, ("labels/0/value", "dev")))), "labels"),),
        unknown=(wrong(one(_DC, {"labels": UNKNOWN}), "labels"),),
    ),
    simple(
        "command-does",
        _DC,
        _AUTH,
        ("command", ["sleep", "1d"], "command"),
        ("entrypoints", ["/bin/sh", "-c", "sleep 1d"], "entrypoints"),
        ("networkMode", "none", "networkMode"),
        unknown=("command", "command"),
    ),
    Spec(
        "docker-names",
        passes=(
            (declared(_DC, but(_AUTH, ("envs", ["DB_HOST=auth", "SEED_SELF_HOST=true"]))), _NETWORK),
            (
                declared(_DC, but(_AUTH, ("networksAdvanced/0/aliases", ["rest"])), "rest"),
                declared(_DC, _door(), "door"),
                _NETWORK,
            ),
        ),
        fails=(
            wrong(one(_DC, _AUTH), "networksAdvanced[0].name"),
            wrong((declared(_DC, but(_AUTH, ("envs", ["POSTGREST_URL=http://rest:3000"]))), _NETWORK), "envs[0]"),
            wrong((declared(_DC, _AUTH, "a"), declared(_DC, _AUTH, "b"), _NETWORK), "networksAdvanced[0].aliases[0]"),
            wrong(
                (declared(_DC, _AUTH, "a"), declared(_DC, _door(), "door"), _NETWORK),
                f"{_UP}.http.services.rest.loadBalancer.servers[0].url",
            ),
        ),
        unknown=(wrong(one(_DC, {"networksAdvanced": UNKNOWN}), "networksAdvanced"),),
    ),
    simple(
        "supabase-told",
        _DC,
        _GOTRUE,
        ("envs/0", "GOTRUE_MAILER_AUTOCONFIRM=true", "envs[0]"),
        ("envs/0", "GOTRUE_NOBODY_KNOWS=x", "envs[0]"),
        ("envs/1", "GOTRUE_JWT_EXP=6048000", "envs[1]"),
        ("envs/2", "GOTRUE_DISABLE_SIGNUP=true", "envs"),
        ("envs/3", "GOTRUE_SITE_URL=https://x.example.com", "envs"),
        ("envs/3", "GOTRUE_DISABLE_SIGNUP=true", "envs"),
        ("envs/4", "GOTRUE_URI_ALLOW_LIST=https://x.id/**,https://example.com/**", "envs"),
        ("envs/7", "GOTRUE_SMTP_PORT=25", "envs[7]"),
        ("envs/7", DROP, "envs"),
        ("envs/8", DROP, "envs"),
        unknown=("envs/0", "envs[0]"),
    ),
    Spec(
        "supabase-keys",
        passes=(one(_DC, _door()), _hba("local all all scram-sha-256\nhost all all all reject\n")),
        fails=(
            wrong(
                one(_DC, _door(("http/routers/rest/rule", "PathPrefix(`/rest/v1/`)"))),
                f"{_UP}.http.routers.rest.rule",
                f"{_UP}.http.services.rest",
            ),
            wrong(one(_DC, _door(("http/routers", {}))), f"{_UP}.http.services.rest"),
            wrong(_hba("local all all scram-sha-256\n"), _UP),
        ),
        unknown=(wrong(_hba(UNKNOWN), _UP),),
    ),
)
