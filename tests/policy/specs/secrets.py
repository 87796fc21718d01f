"""Specs of policy/rules/secrets.py. Whatever looks like a secret here was made up."""

from __future__ import annotations

from policy.rules import kinds

from .. import good
from ..spec import UNKNOWN, Spec, but, one, wrong

_RANDOM = "q7Zp2Xw9Lk4Rt8Vb3Nm6Yc1Hd5Jf0Gs2Ta"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.c2lnbmF0dXJlLWhlcmU"
_PEM = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----\n"
_DSN = "postgres://luxima:hunter22@db.internal:5432/luxima"
_SLACK = "https://hooks.slack.com/services/T0000AAAA/B0000BBBB/abcdefABCDEF012345"
_K3S = "K10" + "0123456789abcdef" * 4 + "::server:0123456789abcdef"

_CONTAINER = "spec/template/spec/containers/0"
_PATH = "spec.template.spec.containers[0]"


def _env(name: str, value: str) -> dict[str, object]:
    return but(good.DEPLOYMENT, (f"{_CONTAINER}/env", [{"name": name, "value": value}]))


def _user_data(line: str) -> dict[str, object]:
    return {"sourceRaw": {"fileName": "user-data.yaml", "data": good.USER_DATA + line}}


SPECS = (
    Spec(
        "container-env-secrets",
        passes=(
            one(kinds.DEPLOYMENT, good.DEPLOYMENT),
            one(kinds.CRON_JOB, good.CRON_JOB),
            one(kinds.DEPLOYMENT, _env("DB_PASSWORD", "$(FROM_ELSEWHERE)")),
            one(kinds.DEPLOYMENT, _env("SECRET_NAME", "storefront")),
            one(kinds.DEPLOYMENT, _env("TOKEN_URL", "https://auth.acehcommerce.id/token")),
            one(kinds.DEPLOYMENT, _env("TOKEN_HOST", "auth.acehcommerce.id")),
            one(kinds.DEPLOYMENT, _env("TOKEN_PORT", "443")),
            one(kinds.DEPLOYMENT, _env("TOKEN_ENDPOINT", "auth")),
            one(kinds.DEPLOYMENT, _env("PUBLIC_KEY", "anything")),
            one(kinds.DEPLOYMENT, _env("KEYCLOAK_URL", "https://sso.luxima.id")),
            one(kinds.DEPLOYMENT, _env("TOKEN_ISSUER", "https://auth.acehcommerce.id")),
        ),
        fails=(
            wrong(one(kinds.DEPLOYMENT, _env("DB_PASSWORD", "hunter22")), f"{_PATH}.env[0].value", never=("hunter22",)),
            wrong(one(kinds.DEPLOYMENT, _env("jwtSecret", "hunter22")), f"{_PATH}.env[0].value", never=("hunter22",)),
            wrong(one(kinds.DEPLOYMENT, _env("API_KEY", "hunter22")), f"{_PATH}.env[0].value", never=("hunter22",)),
            wrong(one(kinds.DEPLOYMENT, _env("GREETING", JWT)), f"{_PATH}.env[0].value", never=(JWT,)),
            wrong(one(kinds.DEPLOYMENT, _env("DATABASE_URL", _DSN)), f"{_PATH}.env[0].value", never=("hunter22",)),
            wrong(one(kinds.DEPLOYMENT, _env("SLACK_WEBHOOK_URL", _SLACK)), f"{_PATH}.env[0].value", never=(_SLACK,)),
            wrong(one(kinds.DEPLOYMENT, _env("SALT", _RANDOM)), f"{_PATH}.env[0].value", never=(_RANDOM,)),
            wrong(
                one(kinds.POD, but(good.BARE_POD, ("spec/containers/0/env/0/value", _PEM))),
                "spec.containers[0].env[0].value",
                never=("b3BlbnNzaC1rZXk",),
            ),
        ),
        unknown=(
            wrong(one(kinds.DEPLOYMENT, _env("DB_PASSWORD", UNKNOWN)), f"{_PATH}.env[0].value"),
            wrong(one(kinds.DEPLOYMENT, _env(UNKNOWN, "x")), f"{_PATH}.env[0].name"),
        ),
    ),
    Spec(
        "container-command-secrets",
        passes=(
            one(kinds.DEPLOYMENT, good.DEPLOYMENT),
            one(kinds.DEPLOYMENT, but(good.DEPLOYMENT, (f"{_CONTAINER}/args/0", "--token-file=/run/secrets/token"))),
            one(kinds.DEPLOYMENT, but(good.DEPLOYMENT, (f"{_CONTAINER}/args/0", "--password=$(PASSWORD)"))),
        ),
        fails=(
            wrong(
                one(kinds.DEPLOYMENT, but(good.DEPLOYMENT, (f"{_CONTAINER}/args/0", "--password=hunter22"))),
                f"{_PATH}.args[0]",
                never=("hunter22",),
            ),
            wrong(
                one(kinds.DEPLOYMENT, but(good.DEPLOYMENT, (f"{_CONTAINER}/args/0", "set -e\nTOKEN=hunter22 run"))),
                f"{_PATH}.args[0]",
                never=("hunter22",),
            ),
            wrong(
                one(kinds.DEPLOYMENT, but(good.DEPLOYMENT, (f"{_CONTAINER}/command", ["sh", "-c", f"run {JWT}"]))),
                f"{_PATH}.command[2]",
                never=(JWT,),
            ),
        ),
        unknown=(
            wrong(one(kinds.DEPLOYMENT, but(good.DEPLOYMENT, (f"{_CONTAINER}/args/1", UNKNOWN))), f"{_PATH}.args[1]"),
        ),
    ),
    Spec(
        "config-map-secrets",
        passes=(
            one(kinds.CONFIG_MAP, good.CONFIG_MAP),
            one(
                kinds.CONFIG_MAP,
                but(
                    good.CONFIG_MAP,
                    ("data", {"ca.pem": "-----BEGIN CERTIFICATE-----\n" + _RANDOM * 3 + "\n-----END CERTIFICATE-----"}),
                ),
            ),
            one(
                kinds.CONFIG_MAP,
                but(
                    good.CONFIG_MAP, ("data", {"image": f"x@{good.DIGEST}", "icon": f"data:image/png;base64,{_RANDOM}"})
                ),
            ),
            one(kinds.CONFIG_MAP, but(good.CONFIG_MAP, ("data/password", "$(PASSWORD)"))),
            one(kinds.CONFIG_MAP, {"metadata": {"name": "empty"}}),
        ),
        fails=(
            wrong(
                one(kinds.CONFIG_MAP, but(good.CONFIG_MAP, ("data/password", "hunter22"))),
                "data.password",
                never=("hunter22",),
            ),
            wrong(
                one(kinds.CONFIG_MAP, but(good.CONFIG_MAP, ("data/app.yaml", f"telegram: 123456789:{_RANDOM}"))),
                'data["app.yaml"]',
                never=(_RANDOM,),
            ),
            wrong(
                one(kinds.CONFIG_MAP, but(good.CONFIG_MAP, ("data/key.pem", _PEM))),
                'data["key.pem"]',
                never=("b3BlbnNzaC1rZXk",),
            ),
            wrong(
                one(kinds.CONFIG_MAP, but(good.CONFIG_MAP, ("data/app.env", f"SALT={_RANDOM}"))),
                'data["app.env"]',
                never=(_RANDOM,),
            ),
        ),
        unknown=(
            wrong(one(kinds.CONFIG_MAP, but(good.CONFIG_MAP, ("data/rules.yml", UNKNOWN))), 'data["rules.yml"]'),
            wrong(one(kinds.CONFIG_MAP, {"data": UNKNOWN}), "data"),
        ),
    ),
    Spec(
        "annotation-secrets",
        passes=(
            one(kinds.DEPLOYMENT, good.DEPLOYMENT),
            one(kinds.SERVICE, good.SERVICE),
            one(
                kinds.DEPLOYMENT,
                but(good.DEPLOYMENT, ("spec/template/metadata/annotations/config-digest", good.DIGEST)),
            ),
        ),
        fails=(
            wrong(
                one(kinds.POD, but(good.BARE_POD, ("metadata/labels/note", JWT))), "metadata.labels.note", never=(JWT,)
            ),
            wrong(
                one(kinds.SERVICE, but(good.SERVICE, ("metadata/annotations/note", JWT))),
                "metadata.annotations.note",
                never=(JWT,),
            ),
            wrong(
                one(kinds.SERVICE, but(good.SERVICE, ("metadata/annotations/note", "password: hunter22"))),
                "metadata.annotations.note",
                never=("hunter22",),
            ),
            wrong(
                one(kinds.DEPLOYMENT, but(good.DEPLOYMENT, ("spec/template/metadata/annotations/note", _DSN))),
                "spec.template.metadata.annotations.note",
                never=("hunter22",),
            ),
        ),
        unknown=(
            wrong(
                one(kinds.SERVICE, but(good.SERVICE, ("metadata/annotations/note", UNKNOWN))),
                "metadata.annotations.note",
            ),
        ),
    ),
    Spec(
        "docker-env-secrets",
        passes=(
            one(kinds.DOCKER_CONTAINER, good.DOCKER_CONTAINER),
            one(kinds.DOCKER_CONTAINER, but(good.DOCKER_CONTAINER, ("envs/0", "POSTGRES_PASSWORD="))),
            one(kinds.DOCKER_CONTAINER, but(good.DOCKER_CONTAINER, ("envs/0", "TOKEN_URL=https://luxima.id"))),
        ),
        fails=(
            wrong(
                one(
                    kinds.DOCKER_CONTAINER,
                    but(good.DOCKER_CONTAINER, ("labels", [{"label": "note", "value": "password=hunter22"}])),
                ),
                "labels[0].value",
                never=("hunter22",),
            ),
            wrong(
                one(kinds.DOCKER_CONTAINER, but(good.DOCKER_CONTAINER, ("entrypoints", ["--secret=hunter22"]))),
                "entrypoints[0]",
                never=("hunter22",),
            ),
            wrong(
                one(kinds.DOCKER_CONTAINER, but(good.DOCKER_CONTAINER, ("envs/1", "POSTGRES_PASSWORD=hunter22"))),
                "envs[1]",
                never=("hunter22",),
            ),
            wrong(
                one(kinds.DOCKER_CONTAINER, but(good.DOCKER_CONTAINER, ("envs/1", f"DATABASE_URL={_DSN}"))),
                "envs[1]",
                never=("hunter22",),
            ),
            wrong(
                one(kinds.DOCKER_CONTAINER, but(good.DOCKER_CONTAINER, ("command/0", "--secret=hunter22"))),
                "command[0]",
                never=("hunter22",),
            ),
            wrong(
                one(kinds.DOCKER_CONTAINER, but(good.DOCKER_CONTAINER, ("labels", [{"label": "a", "value": JWT}]))),
                "labels[0].value",
                never=(JWT,),
            ),
        ),
        unknown=(wrong(one(kinds.DOCKER_CONTAINER, but(good.DOCKER_CONTAINER, ("envs/1", UNKNOWN))), "envs[1]"),),
    ),
    Spec(
        "user-data-secrets",
        passes=(
            one(kinds.FILE, _user_data("")),
            one(kinds.FILE, _user_data("password: $PASSWORD\nK3S_TOKEN_FILE: /etc/rancher/token\n")),
            one(kinds.FILE, {"sourceFile": {"path": "https://example.org/image.img"}}),
        ),
        fails=(
            wrong(one(kinds.FILE, _user_data("password: hunter22\n")), "sourceRaw.data", never=("hunter22",)),
            wrong(
                one(kinds.FILE, _user_data("runcmd:\n  - K3S_TOKEN=hunter22\n")), "sourceRaw.data", never=("hunter22",)
            ),
            wrong(one(kinds.FILE, _user_data(f"# {_K3S}\n")), "sourceRaw.data", never=(_K3S,)),
            wrong(one(kinds.FILE, _user_data(_PEM)), "sourceRaw.data", never=("b3BlbnNzaC1rZXk",)),
        ),
        unknown=(wrong(one(kinds.FILE, {"sourceRaw": {"data": UNKNOWN}}), "sourceRaw.data"),),
    ),
    Spec(
        "machine-password",
        passes=(one(kinds.VM, good.VM), one(kinds.LXC, good.LXC)),
        fails=(
            wrong(
                one(kinds.VM, but(good.VM, ("initialization/userAccount/password", "hunter22"))),
                "initialization.userAccount.password",
                never=("hunter22",),
            ),
        ),
        unknown=(
            wrong(
                one(kinds.LXC, but(good.LXC, ("initialization/userAccount/password", UNKNOWN))),
                "initialization.userAccount.password",
            ),
        ),
    ),
    Spec(
        "machine-description-secrets",
        passes=(
            one(kinds.VM, good.VM),
            one(
                kinds.LXC, but(good.LXC, ("environmentVariables", {"TZ": "Asia/Jakarta", "PASSWORD": "/run/password"}))
            ),
        ),
        fails=(
            wrong(
                one(kinds.VM, but(good.VM, ("description", "root password: hunter22"))),
                "description",
                never=("hunter22",),
            ),
            wrong(one(kinds.CLONED_VMS[0], {"description": f"token {JWT}"}), "description", never=(JWT,)),
            wrong(
                one(kinds.LXC, but(good.LXC, ("environmentVariables/DB_PASSWORD", "hunter22"))),
                "environmentVariables.DB_PASSWORD",
                never=("hunter22",),
            ),
        ),
        unknown=(wrong(one(kinds.VM, but(good.VM, ("description", UNKNOWN))), "description"),),
    ),
    Spec(
        "command-secrets",
        passes=(
            one(kinds.COMMANDS[0], {"create": "cat /etc/rancher/k3s/k3s.yaml", "connection": {"privateKey": _PEM}}),
        ),
        fails=(
            wrong(one(kinds.COMMANDS[0], {"create": f"join {_K3S}"}), "create", never=(_K3S,)),
            wrong(one(kinds.COMMANDS[0], {"update": "TOKEN=hunter22 join"}), "update", never=("hunter22",)),
            wrong(one(kinds.COMMANDS[1], {"create": "true", "delete": f"curl {_SLACK}"}), "delete", never=(_SLACK,)),
        ),
        unknown=(wrong(one(kinds.COMMANDS[0], {"create": UNKNOWN}), "create"),),
    ),
)
